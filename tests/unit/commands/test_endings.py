import signal
import subprocess
import sys

import pytest

from scanner import cli
from scanner.errors import EngineError, ImageNotFoundError, RuleError, UsageError
from tests.unit.commands.running import COMMAND, environment
from tests.unit.conftest import Answer


@pytest.mark.parametrize(
    ("error", "code", "says"),
    [
        (ImageNotFoundError("there is no x\x1b[2J"), 2, r"there is no x\x1b[2J"),
        (UsageError("two\nlines"), 2, "two lines"),
        (EngineError("the engine broke"), 3, "the engine broke"),
        (MemoryError(), 3, "out of memory"),
        (KeyError("x"), 3, "internal error, please report it: KeyError: 'x'"),
        (KeyboardInterrupt(), 130, "interrupted; cleaned up"),
    ],
)
def test_an_error_is_one_line(
    error: BaseException,
    code: int,
    says: str,
    answers: Answer,
    capsys: pytest.CaptureFixture[str],
) -> None:
    answers(error)
    assert cli.run(["scan", "x"]) == code
    seen = capsys.readouterr()
    assert seen.out == ""
    assert seen.err.count("\n") == 1
    assert seen.err.startswith(f"fips-scanner: {says}")


@pytest.mark.parametrize(
    ("option", "value"),
    [
        ("--fail-on", "hgih"),
        ("--min-score", "101"),
        ("--min-score", "-1"),
        ("--min-score", "high"),
        ("--timeout", "soon"),
        ("--date", "2027-13-01"),
    ],
)
def test_a_value_that_does_not_fit_is_told_in_plain_words(
    option: str, value: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert cli.run(["scan", "x", option, value]) == 2
    told = capsys.readouterr().err
    assert told.startswith(f"fips-scanner: Invalid value for '{option}': ")
    assert not [each for each in ("Value error", "Input should", "parse") if each in told]


def test_every_mistake_in_the_rules_is_told(
    answers: Answer, capsys: pytest.CaptureFixture[str]
) -> None:
    answers(RuleError(("a:1: wrong", "b:2: wrong, too")))
    assert cli.run(["scan", "x"]) == 2
    seen = capsys.readouterr()
    assert seen.err == "fips-scanner: a:1: wrong\nfips-scanner: b:2: wrong, too\n"


def test_a_traceback_is_shown_on_request_only(
    answers: Answer,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    answers(ValueError("x"))
    monkeypatch.setenv("FIPS_SCANNER_DEBUG", "1")
    assert cli.run(["scan", "x"]) == 3
    assert "Traceback" in capsys.readouterr().err
    monkeypatch.setenv("FIPS_SCANNER_DEBUG", "0")
    assert cli.run(["scan", "x"]) == 3
    assert "Traceback" not in capsys.readouterr().err


WAITING = """
import sys, time
from scanner import cli, scan
def wait(*_, **__):
    try:
        print("waiting", flush=True)
        time.sleep(30)
    finally:
        print("put away", flush=True)
scan.scan = wait
sys.exit(cli.run(["scan", "x"]))
"""


@pytest.mark.parametrize(
    ("number", "code", "says"),
    [
        (signal.SIGINT, 130, "interrupted"),
        (signal.SIGTERM, 143, "ended by SIGTERM"),
        (signal.SIGHUP, 129, "ended by SIGHUP"),
    ],
)
def test_a_signal_lets_the_scan_put_things_away(number: int, code: int, says: str) -> None:
    with subprocess.Popen(
        [sys.executable, "-c", WAITING],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env=environment(),
    ) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "waiting\n"
        process.send_signal(number)
        out, err = process.communicate(timeout=20)
    assert process.returncode == code
    assert out == "put away\n"
    assert err.splitlines()[-1] == f"fips-scanner: {says}; cleaned up"
    assert "Traceback" not in err


def test_handlers_are_as_before(capsys: pytest.CaptureFixture[str]) -> None:
    before = signal.getsignal(signal.SIGTERM)
    cli.run(["--version"])
    assert signal.getsignal(signal.SIGTERM) is before
    capsys.readouterr()


def test_a_reader_that_goes_away_is_no_error() -> None:
    with subprocess.Popen(
        [*COMMAND, "rules", "list"],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        env=environment(),
    ) as process:
        assert process.stdout is not None
        assert process.stderr is not None
        process.stdout.close()
        assert process.wait(30) == 0
        assert process.stderr.read() == b""
