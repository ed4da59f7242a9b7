"""The HTML report in Chromium: it reaches nothing, and everybody can read it, on paper too."""

from __future__ import annotations

import base64
import gzip
import io
import re
import threading
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path

import pytest
from pypdf import PdfReader
from selenium.webdriver.common.by import By
from selenium.webdriver.common.keys import Keys

from scanner.model import Batch, Failure, Report
from tests.browser.conftest import Browser
from tests.unit.report.nginx import NOT_READY_NGINX
from tests.unit.report.reports import ALL
from tests.unit.report.test_html import MARKUP, hostile_everywhere
from tests.unit.report.test_text import HOSTILE

AXE = Path(__file__).parents[1] / "fixtures" / "axe-core" / "axe.min.js.gz"
PAGES: dict[str, Report | Batch] = {
    **{name: ALL[name] for name in ("not-ready-nginx", "waived-postgres")},
    "hostile": hostile_everywhere(HOSTILE),
    "markup": hostile_everywhere(MARKUP),
    "several": Batch(tuple(ALL.values())[:3], (Failure("gone:1", "no such image", 3),)),
}

Opened = Callable[..., Browser]


@pytest.fixture
def listener() -> Iterator[tuple[str, list[str]]]:
    """A server on this machine, and what it was asked for."""
    asked: list[str] = []

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            asked.append(self.path)
            self.send_response(200)
            self.end_headers()

        def log_message(self, *arguments: object) -> None:
            pass

    with HTTPServer(("127.0.0.1", 0), Handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}", asked
        server.shutdown()


@pytest.mark.parametrize("name", ["not-ready-nginx", "waived-postgres", "markup", "several"])
def test_nothing_is_asked_for_and_nothing_complains(name: str, opened: Opened) -> None:
    browser = opened(PAGES[name])
    assert [each.rpartition("/")[2] for each in browser.requests()] == ["report.html"]
    assert browser.complaints() == []
    # Its script was not refused: it takes this off.
    assert browser.run("return document.getElementById('filter').hidden") is False


def test_the_policy_lets_nothing_out(opened: Opened, listener: tuple[str, list[str]]) -> None:
    url, asked = listener
    browser = opened(NOT_READY_NGINX)
    browser.run(
        """
        const make = (tag, fields) => document.body.append(
            Object.assign(document.createElement(tag), fields));
        make("img", {src: arguments[0] + "/img"});
        make("script", {src: arguments[0] + "/script"});
        make("link", {rel: "stylesheet", href: arguments[0] + "/link"});

        make("script", {textContent: "window.obeyed = true"});
        document.body.setAttribute("onclick", "window.obeyed = true");
        document.body.click();
        navigator.sendBeacon(arguments[0] + "/beacon");
        """,
        url,
    )
    refused = browser.driver.execute_async_script(
        "const done = arguments[1]; fetch(arguments[0] + '/fetch').then("
        "() => done('answered'), () => done('refused'))",
        url,
    )
    assert refused == "refused"
    assert browser.run("return window.obeyed === undefined")
    assert len(browser.complaints()) >= 6
    assert asked == []


def test_without_its_script_everything_is_there_and_colors_can_be_chosen(
    browser: Browser, opened: Opened
) -> None:
    browser.command("Emulation.setScriptExecutionDisabled", value=True)
    opened(NOT_READY_NGINX)
    driver = browser.driver
    assert "Not ready" in driver.find_element(By.TAG_NAME, "h1").text
    assert not driver.find_element(By.ID, "filter").is_displayed()
    assert not driver.find_element(By.ID, "unfold").is_displayed()
    body = driver.find_element(By.TAG_NAME, "body")
    light = body.value_of_css_property("background-color")
    driver.find_element(By.ID, "theme-dark").click()
    assert body.value_of_css_property("background-color") != light
    driver.find_element(By.ID, "theme-light").click()
    assert body.value_of_css_property("background-color") == light
    assert ".paste button" not in driver.page_source.partition("</style>")[2]


def test_colors_follow_the_system_until_one_is_chosen_which_is_remembered(opened: Opened) -> None:
    browser = opened(NOT_READY_NGINX, theme="dark")
    background = "return getComputedStyle(document.body).backgroundColor"
    dark = browser.run(background)
    browser.media(theme="light")
    light = browser.run(background)
    assert light != dark
    browser.driver.find_element(By.ID, "theme-auto").send_keys(Keys.ARROW_RIGHT, Keys.ARROW_RIGHT)
    assert browser.run(background) == dark
    browser.driver.refresh()
    assert browser.run(background) == dark


def test_a_keyboard_reaches_skips_and_folds(opened: Opened) -> None:
    browser = opened(NOT_READY_NGINX)
    active = browser.driver.switch_to.active_element
    active.send_keys(Keys.TAB)
    active = browser.driver.switch_to.active_element
    assert active.text == "Skip to the report"
    assert active.is_displayed()
    active.send_keys(Keys.ENTER)
    assert browser.driver.switch_to.active_element.tag_name == "main"
    folded = "details.finding:not([open])"
    summary = browser.driver.find_element(By.CSS_SELECTOR, f"{folded} > summary")
    finding = summary.find_element(By.XPATH, "..")
    inside = finding.find_element(By.CLASS_NAME, "inside")
    assert not inside.is_displayed()
    for _ in range(200):
        active = browser.driver.switch_to.active_element
        if active == summary:
            break
        active.send_keys(Keys.TAB)
    assert active == summary
    assert browser.run("return getComputedStyle(arguments[0]).outlineStyle", summary) == "solid"
    active.send_keys(Keys.ENTER)
    assert inside.is_displayed()
    active.send_keys(Keys.SPACE)
    assert not inside.is_displayed()


def test_unfolding_everything_and_a_link_into_what_is_folded(opened: Opened) -> None:
    browser = opened(NOT_READY_NGINX)
    folded = "return document.querySelectorAll('main details:not([open])').length"
    assert browser.run(folded) > 3
    browser.driver.find_element(By.ID, "unfold").click()
    assert browser.run(folded) == 0
    browser.driver.find_element(By.ID, "fold").click()
    target = browser.driver.find_element(By.ID, "finding-tool-uses-unvalidated-crypto")
    link = browser.driver.find_element(
        By.CSS_SELECTOR, ".scores a[href='#finding-tool-uses-unvalidated-crypto']"
    )
    link.click()
    browser.driver.implicitly_wait(10)
    browser.driver.find_element(
        By.XPATH, "//details[@open][.//*[@id='finding-tool-uses-unvalidated-crypto']]"
    )
    browser.driver.implicitly_wait(0)
    assert target.is_displayed()


def test_the_filter_finds_what_is_folded_and_puts_it_back(opened: Opened) -> None:
    browser = opened(NOT_READY_NGINX)
    field = browser.driver.find_element(By.ID, "filter-text")
    row = browser.driver.find_element(By.XPATH, "//tr[th[contains(., 'ca-certificates.crt')]]")
    assert not row.is_displayed()
    field.send_keys("ca-certificates")
    browser.driver.implicitly_wait(10)
    status = browser.driver.find_element(By.XPATH, "//*[@id='status'][contains(., 'match')]")
    assert status.text == "1 entry matches."
    assert row.is_displayed()
    others = browser.run("return document.querySelectorAll('[data-row]:not(.filtered)').length")
    assert others == 1
    field.send_keys(Keys.CONTROL, "a")
    field.send_keys(Keys.DELETE)
    browser.driver.find_element(By.XPATH, "//*[@id='status'][not(text())]")
    browser.driver.implicitly_wait(0)
    assert not row.is_displayed()


@pytest.mark.parametrize(
    ("name", "theme"),
    [
        ("not-ready-nginx", "light"),
        ("not-ready-nginx", "dark"),
        ("waived-postgres", "light"),
        ("several", "dark"),
    ],
)
def test_axe_finds_no_barrier(name: str, theme: str, opened: Opened) -> None:
    browser = opened(PAGES[name], theme=theme)
    browser.run("document.querySelectorAll('main details').forEach((e) => { e.open = true; })")
    script = gzip.decompress(AXE.read_bytes()).decode()
    browser.command("Runtime.evaluate", expression=script)
    found = browser.driver.execute_async_script(
        "const done = arguments[0];"
        "axe.run(document, {resultTypes: ['violations']}).then((r) => done(r.violations.map("
        "(v) => v.id + ': ' + v.nodes.slice(0, 3).map((n) => n.html).join(' '))))"
    )
    assert found == []


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_the_map_can_be_read(theme: str, opened: Opened) -> None:
    # Axe looks at no text in drawings.
    browser = opened(NOT_READY_NGINX, theme=theme)
    pairs = browser.run(
        """
        return Array.from(document.querySelectorAll(".map .box text")).map((text) => [
            getComputedStyle(text).fill,
            getComputedStyle(text.parentElement.querySelector("rect")).fill,
        ]);
        """
    )
    assert len(pairs) > 10
    assert min(contrast(*map(rgb, pair)) for pair in pairs) >= 4.5


def rgb(color: str) -> tuple[float, ...]:
    found = re.findall(r"[\d.]+", color)
    assert len(found) == 3, color
    return tuple(float(each) / 255 for each in found)


def contrast(one: tuple[float, ...], other: tuple[float, ...]) -> float:
    """By WCAG 2."""

    def luminance(color: tuple[float, ...]) -> float:
        linear = [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in color]
        return sum(w * c for w, c in zip((0.2126, 0.7152, 0.0722), linear, strict=True))

    dark, light = sorted((luminance(one), luminance(other)))
    return (light + 0.05) / (dark + 0.05)


@pytest.mark.parametrize("name", ["not-ready-nginx", "hostile", "markup", "several"])
def test_a_narrow_screen_never_scrolls_sideways(name: str, opened: Opened) -> None:
    browser = opened(PAGES[name], width=360)
    browser.run("document.querySelectorAll('main details').forEach((e) => { e.open = true; })")
    assert browser.run("return document.documentElement.scrollWidth <= innerWidth")


@pytest.mark.parametrize("scripted", [True, False])
def test_paper_has_every_finding_and_what_is_folded(
    scripted: bool, browser: Browser, opened: Opened
) -> None:
    browser.command("Emulation.setScriptExecutionDisabled", value=not scripted)
    opened(NOT_READY_NGINX, theme="dark")
    # A filter is of the screen.
    if scripted:
        browser.driver.find_element(By.ID, "filter-text").send_keys("nothing has this")
        browser.driver.implicitly_wait(10)
        browser.driver.find_element(By.XPATH, "//*[@id='status'][contains(., '0 entries')]")
        browser.driver.implicitly_wait(0)
    printed = browser.command("Page.printToPDF", printBackground=True)
    pages = PdfReader(io.BytesIO(base64.b64decode(printed["data"]))).pages
    text = "".join("".join(each.extract_text() for each in pages).split())
    for finding in NOT_READY_NGINX.findings:
        assert finding.id in text
        for line in (finding.title, *finding.locations[:100], *finding.evidence):
            assert "".join(line.split()) in text
    for asset in NOT_READY_NGINX.assets:
        assert asset.path in text
    assert "Unfoldall" not in text
    if scripted:
        folded = browser.run("return document.querySelectorAll('main details:not([open])').length")
        assert folded > 3
