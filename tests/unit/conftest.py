"""What tests of the command share."""

from collections.abc import Callable
from pathlib import Path

import pytest

import scanner.scan
from scanner.model import Report

Answer = Callable[[Report | BaseException], None]


@pytest.fixture
def rootfs(tmp_path: Path) -> Path:
    """A directory that is an image without cryptography."""
    (tmp_path / "image/etc").mkdir(parents=True)
    (tmp_path / "image/etc/os-release").write_text("ID=alpine\nVERSION_ID=3.23.0\n")
    return tmp_path / "image"


@pytest.fixture
def answers(monkeypatch: pytest.MonkeyPatch) -> Answer:
    """Makes the library answer a scan with this report, or fail with this error."""

    def answer(what: Report | BaseException) -> None:
        def scan(*_: object, **__: object) -> Report:
            if isinstance(what, BaseException):
                raise what
            return what

        monkeypatch.setattr(scanner.scan, "scan", scan)

    return answer
