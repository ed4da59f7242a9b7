"""Scans side by side, in real processes, of directories."""

import multiprocessing
import os
import signal
from collections.abc import Callable
from datetime import date
from pathlib import Path

import pytest

from scanner.errors import EngineError, UsageError
from scanner.interruption import Interruption
from scanner.machine import Means
from scanner.model import Failure, Report
from scanner.rulebook import RuleBook
from scanner.scan import ScanOptions
from scanner.several import explained, scan_several, why_ended
from scanner.sources.wanted import Target


class Heard:
    """Keeps what it hears, and does something when a scan of its choice is at a phase."""

    def __init__(self, act: Callable[[int, str], None] = lambda _, __: None) -> None:
        self.phases: list[tuple[int, str]] = []
        self.over: list[int] = []
        self.told_to_end: list[int] = []
        self._act = act

    def begun(self, at: int) -> None:
        self._act(at, "begun")

    def phase(self, at: int, text: str) -> None:
        self.phases.append((at, text))
        self._act(at, text)

    def advance(self, at: int, done: int, total: int | None, unit: str) -> None:
        pass

    def ended(self, at: int, outcome: Report | Failure, trace: str) -> None:
        self.over.append(at)
        self._act(at, "ended")

    def interrupted(self, running: int) -> None:
        self.told_to_end.append(running)


@pytest.fixture(scope="module")
def rules() -> RuleBook:
    return RuleBook.load()


def run(
    targets: list[Target],
    rules: RuleBook,
    heard: Heard,
    interruption: Interruption | None = None,
    scans: int = 2,
) -> tuple[Report | Failure, ...]:
    return scan_several(
        targets,
        rules=rules,
        today=date(2026, 11, 23),
        options=ScanOptions(static=True),
        means=Means(scans, 1),
        watcher=heard,
        interruption=interruption or Interruption(),
        finish=lambda at, report: report,
    )


def newest() -> int:
    pids = [each.pid for each in multiprocessing.active_children() if each.pid is not None]
    return max(pids)


def test_one_that_fails_or_dies_does_not_stop_the_others(rootfs: Path, rules: RuleBook) -> None:
    def kill(at: int, what: str) -> None:
        if (at, what) == (1, "begun"):
            os.kill(newest(), signal.SIGKILL)

    heard = Heard(kill)
    here = Target(f"dir:{rootfs}", asked_by=("list:1",))
    gone, broken = Target("dir:/no/such", "linux/arm64", ("list:3",)), Target("oci:/dev/null")
    outcomes = run([here, here, gone, broken, here], rules, heard)
    first, dead, missing, wrong, last = outcomes
    assert isinstance(first, Report)
    assert first.image.asked_by == ("list:1",)
    assert isinstance(dead, Failure)
    assert dead.error == (
        "its process was ended by SIGKILL, perhaps for lack of memory; scan with fewer --jobs"
    )
    assert isinstance(missing, Failure)
    assert (missing.exit_code, missing.platform, missing.asked_by) == (
        2,
        "linux/arm64",
        ("list:3",),
    )
    assert "/no/such" in missing.error
    assert isinstance(wrong, Failure)
    assert isinstance(last, Report)
    assert sorted(heard.over) == [0, 1, 2, 3, 4]
    assert (0, "judging") in heard.phases
    assert not multiprocessing.active_children()


def test_an_interruption_ends_what_runs_and_begins_nothing(rootfs: Path, rules: RuleBook) -> None:
    interruption = Interruption()

    def interrupt(at: int, what: str) -> None:
        if what == "ended" and not interruption.requested:
            interruption.request()

    heard = Heard(interrupt)
    outcomes = run([Target(f"dir:{rootfs}")] * 3, rules, heard, interruption, scans=1)
    assert isinstance(outcomes[0], Report)
    for each in outcomes[1:]:
        assert isinstance(each, Failure)
        assert each.error == "not scanned: interrupted before it was begun"
        assert each.exit_code == 130
    assert heard.told_to_end == [0]


def test_a_second_interruption_leaves_no_process_behind(rootfs: Path, rules: RuleBook) -> None:
    interruption = Interruption()

    def interrupt(at: int, what: str) -> None:
        interruption.request()

    with pytest.raises(KeyboardInterrupt):
        run([Target(f"dir:{rootfs}")] * 2, rules, Heard(interrupt), interruption)
    assert not multiprocessing.active_children()


def test_errors_are_told_as_the_command_does() -> None:
    assert explained(UsageError("x")) == ("x", 2, "")
    assert explained(EngineError("x")) == ("x", 3, "")
    assert explained(MemoryError())[0].startswith("out of memory; scan with fewer --jobs")
    try:
        raise KeyError("x")
    except KeyError as error:
        text, code, trace = explained(error)
    assert (text, code) == ("internal error, please report it: KeyError: 'x'", 3)
    assert trace.startswith("Traceback")


@pytest.mark.parametrize(
    ("code", "says"),
    [
        (-9, "SIGKILL, perhaps for lack of memory"),
        (-11, "SIGSEGV; please report it"),
        (143, "SIGTERM; scan it again"),
        (1, "exit code 1; please report it"),
        (None, "without an answer"),
    ],
)
def test_why_a_process_ended(code: int | None, says: str) -> None:
    assert says in why_ended(code)
