"""Options for all tests."""

import signal

import pytest


@pytest.fixture(autouse=True)
def no_kept_certificates(
    monkeypatch: pytest.MonkeyPatch, tmp_path_factory: pytest.TempPathFactory
) -> None:
    """Certificates that whoever runs the tests keeps must not change what the tests find."""
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path_factory.getbasetemp() / "no-data"))


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption(
        "--update-snapshots",
        action="store_true",
        help="write tests/snapshots anew; then read the difference before committing it",
    )


def pytest_configure() -> None:
    # A shell starts what runs behind it with SIGINT ignored, and children inherit that: the
    # programs under test would not hear the Ctrl-C that the tests send them.
    if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
        signal.signal(signal.SIGINT, signal.default_int_handler)
