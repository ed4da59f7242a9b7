"""A headless Chromium that may reach nothing, and pages for it."""

from __future__ import annotations

import contextlib
import json
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from selenium import webdriver
from selenium.webdriver.chrome.options import Options
from selenium.webdriver.chrome.service import Service

from scanner.model import Batch, Report
from scanner.report import html

FLAGS = (
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-dev-shm-usage",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)
TIMEOUT = 30


class Browser:
    """Chromium with one tab, and the few things that the tests ask of it."""

    def __init__(self, driver: webdriver.Chrome, folder: Path) -> None:
        self.driver = driver
        self._folder = folder

    def open(self, content: Report | Batch, *, theme: str = "light", width: int = 1280) -> Path:
        """Write a page, open it, and return where it lies."""
        text = html.render_many(content) if isinstance(content, Batch) else html.render(content)
        path = self._folder / "report.html"
        path.write_text(text, "utf-8")
        self.media(theme=theme)
        size = {"width": width, "height": 900, "deviceScaleFactor": 1, "mobile": False}
        self.command("Emulation.setDeviceMetricsOverride", **size)
        self.driver.get(path.as_uri())
        return path

    def media(self, *, theme: str = "light", kind: str = "") -> None:
        """Prefer a color scheme, and show the page as on `screen` or `print`."""
        features = [
            {"name": "prefers-color-scheme", "value": theme},
            # Else clicks meet a page that is still moving.
            {"name": "prefers-reduced-motion", "value": "reduce"},
        ]
        self.command("Emulation.setEmulatedMedia", media=kind, features=features)

    def run(self, script: str, *arguments: object) -> Any:
        """The value of `script`, which returns something."""
        return self.driver.execute_script(script, *arguments)

    def command(self, name: str, **arguments: object) -> Any:
        """A command of the DevTools protocol."""
        return self.driver.execute_cdp_cmd(name, arguments)

    def complaints(self) -> list[str]:
        """What the console shows: errors of the script, and what the page's policy refused."""
        return [each["message"] for each in self._log("browser")]

    def requests(self) -> list[str]:
        """What was asked for since this was asked last."""
        events = [json.loads(each["message"])["message"] for each in self._log("performance")]
        return [
            each["params"]["request"]["url"]
            for each in events
            if each["method"] == "Network.requestWillBeSent"
            # The browser's own first tab loads things, too.
            and each["params"]["documentURL"].startswith("file:")
        ]

    def _log(self, name: str) -> list[dict[str, Any]]:
        entries = self.driver.get_log(name)  # type: ignore[no-untyped-call]
        return list(entries)


@pytest.fixture(scope="session")
def browser(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Browser]:
    chromium, driver = shutil.which("chromium"), shutil.which("chromedriver")
    assert chromium, "no chromium: `make dev` installs it"
    assert driver, "no chromedriver: `make dev` installs it"
    folder = tmp_path_factory.mktemp("browser")
    options = Options()
    options.binary_location = chromium
    for flag in (*FLAGS, f"--user-data-dir={folder / 'profile'}"):
        options.add_argument(flag)
    options.set_capability("goog:loggingPrefs", {"browser": "ALL", "performance": "ALL"})
    started = webdriver.Chrome(options=options, service=Service(driver))
    try:
        started.set_page_load_timeout(TIMEOUT)
        started.set_script_timeout(TIMEOUT)
        yield Browser(started, folder)
    finally:
        with contextlib.suppress(OSError):
            started.quit()


@pytest.fixture
def opened(browser: Browser) -> Iterator[Callable[..., Browser]]:
    """Opens a page in the browser; whatever the test switches is as before afterwards."""

    def open_page(content: Report | Batch, *, theme: str = "light", width: int = 1280) -> Browser:
        browser.complaints()
        browser.requests()
        browser.open(content, theme=theme, width=width)
        return browser

    yield open_page
    browser.command("Emulation.setScriptExecutionDisabled", value=False)
    browser.media()
    browser.run("try { localStorage.clear(); } catch { /* not this page's */ }")
