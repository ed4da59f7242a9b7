"""Shows how far scans are, on standard error.

On a terminal lines that are drawn again and again; elsewhere a line for each phase.
"""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING

from scanner.commands.terminal import say, watched
from scanner.model import Failure, Report
from scanner.progress import NoProgress, Progress
from scanner.report.escape import visible
from scanner.sources.wanted import Target

if TYPE_CHECKING:
    from rich.progress import Progress as Bars
    from rich.progress import TaskID

    from scanner.several import Watcher

_LABEL = 60
_OFTEN, _SELDOM = 4, 2
"""Times a second that one line, or several, are drawn: a line costs a millisecond."""
_NAME = 30
"""Columns of an image's name beside its phase."""


@contextmanager
def shown_progress(*, quiet: bool, verbose: bool = False) -> Iterator[Progress]:
    """The progress display of one scan for the time of the context."""
    if quiet:
        yield NoProgress()
    elif watched(sys.stderr):
        with _bars(_OFTEN) as bars:
            yield _Bar(bars)
    else:
        lines = PhaseLines(timed=verbose)
        yield lines
        lines.close()


@contextmanager
def shown_scans(
    targets: Sequence[Target], *, quiet: bool, verbose: bool = False
) -> Iterator[Watcher]:
    """The progress display of several scans for the time of the context."""
    names = [visible(each.reference) for each in targets]
    if quiet:
        yield _Unseen()
    elif watched(sys.stderr):
        with _bars(_SELDOM) as bars:
            yield _ManyBars(bars, names)
    else:
        yield _ManyLines(names, timed=verbose)


class PhaseLines:
    """A line for each phase, and nothing in between."""

    def __init__(self, prefix: str = "", *, timed: bool = False) -> None:
        """Begin.

        Args:
            timed: whether each line tells the seconds so far, and how much was done.
        """
        self._prefix = prefix
        self._last = ""
        self._amount = ""
        self._begin = time.monotonic() if timed else None

    def phase(self, text: str) -> None:
        """Say what begins, unless it was said just now."""
        if text != self._last:
            self.close()
            self._last = text
            self._say(text)

    def advance(self, done: int, total: int | None, unit: str) -> None:
        """Nothing at once: a log is no place for it."""
        if self._begin is not None:
            self._amount = _amount(done, total, unit)

    def close(self) -> None:
        """Say how much of the last phase was done."""
        if self._amount:
            self._say(f"{self._last}: {self._amount}")
        self._amount = ""

    def _say(self, text: str) -> None:
        spent = "" if self._begin is None else f"{time.monotonic() - self._begin:6.1f} s  "
        say(f"{self._prefix}{spent}{text}")


class _Bar:
    """One scan in one line."""

    def __init__(self, bars: Bars, name: str = "") -> None:
        self._bars = bars
        self._label = f"{name}  " if name else ""
        self.task: TaskID = bars.add_task(f"{self._label}starting", total=None, amount="")

    def phase(self, text: str) -> None:
        label = f"{self._label}{visible(text, _LABEL)}"
        self._bars.update(self.task, description=label, completed=0, total=None, amount="")

    def advance(self, done: int, total: int | None, unit: str) -> None:
        self._bars.update(self.task, completed=done, total=total, amount=_amount(done, total, unit))


class _Unseen:
    """Several scans of which nobody wants to hear."""

    def begun(self, at: int) -> None:
        pass

    def phase(self, at: int, text: str) -> None:
        pass

    def advance(self, at: int, done: int, total: int | None, unit: str) -> None:
        pass

    def ended(self, at: int, outcome: Report | Failure, trace: str) -> None:  # noqa: ARG002
        _show_trace(trace)

    def interrupted(self, running: int) -> None:
        pass


class _ManyLines(_Unseen):
    """A line for each phase of each scan."""

    def __init__(self, names: Sequence[str], *, timed: bool) -> None:
        self._names = names
        self._timed = timed
        self._lines: dict[int, PhaseLines] = {}

    def begun(self, at: int) -> None:
        self._lines[at] = PhaseLines(self._prefix(at), timed=self._timed)

    def phase(self, at: int, text: str) -> None:
        self._lines[at].phase(text)

    def advance(self, at: int, done: int, total: int | None, unit: str) -> None:
        self._lines[at].advance(done, total, unit)

    def ended(self, at: int, outcome: Report | Failure, trace: str) -> None:
        super().ended(at, outcome, trace)
        if at in self._lines:  # it was begun
            self._lines.pop(at).close()
            say(f"{self._prefix(at)}{_answer(outcome)}")

    def interrupted(self, running: int) -> None:
        say(_interrupted(running))

    def _prefix(self, at: int) -> str:
        return f"[{at + 1}/{len(self._names)}] {self._names[at]}: "


class _ManyBars(_Unseen):
    """A line for each scan that runs, and one for all."""

    def __init__(self, bars: Bars, names: Sequence[str]) -> None:
        self._bars = bars
        self._names = names
        self._running: dict[int, _Bar] = {}
        self._all = bars.add_task("images", total=len(names), amount=f"0 of {len(names)}")
        self._done = 0

    def begun(self, at: int) -> None:
        name = visible(self._names[at], _NAME - 5)
        self._running[at] = _Bar(self._bars, f"{name:<{_NAME}}")

    def phase(self, at: int, text: str) -> None:
        self._running[at].phase(text)

    def advance(self, at: int, done: int, total: int | None, unit: str) -> None:
        self._running[at].advance(done, total, unit)

    def ended(self, at: int, outcome: Report | Failure, trace: str) -> None:
        super().ended(at, outcome, trace)
        if at not in self._running:  # it was not begun
            return
        self._bars.remove_task(self._running.pop(at).task)
        self._done += 1
        amount = f"{self._done} of {len(self._names)}"
        self._bars.update(self._all, completed=self._done, amount=amount)
        self._print(f"{self._names[at]}: {_answer(outcome)}")

    def interrupted(self, running: int) -> None:
        self._print(_interrupted(running))

    def _print(self, text: str) -> None:
        self._bars.console.print(visible(text, 2000), markup=False, highlight=False, soft_wrap=True)


def _answer(outcome: Report | Failure) -> str:
    if isinstance(outcome, Failure):
        return "not scanned"  # why is told at the end, where it is not overlooked
    result = outcome.policy
    gate = "" if result is None else f", gate {'passed' if result.gate.passed else 'not passed'}"
    return f"{outcome.verdict.kind}, score {outcome.verdict.score}{gate}"


def _interrupted(running: int) -> str:
    left = f"waiting for {running} to end" if running else "nothing runs any more"
    return f"interrupted: {left}; interrupt once more to end at once"


def _show_trace(trace: str) -> None:
    if trace and os.environ.get("FIPS_SCANNER_DEBUG", "") not in ("", "0"):
        for line in trace.splitlines():
            say(line)


@contextmanager
def _bars(refreshes: int) -> Iterator[Bars]:
    from rich.console import Console
    from rich.progress import BarColumn, SpinnerColumn, TextColumn, TimeElapsedColumn
    from rich.progress import Progress as Bars

    columns = (
        SpinnerColumn(),
        TextColumn("{task.description}", markup=False),
        BarColumn(bar_width=20),
        TextColumn("{task.fields[amount]}", markup=False),
        TimeElapsedColumn(),
    )
    console = Console(stderr=True, highlight=False)
    with Bars(
        *columns,
        console=console,
        transient=True,
        redirect_stdout=False,
        refresh_per_second=refreshes,
    ) as bars:
        yield bars


def _amount(done: int, total: int | None, unit: str) -> str:
    if total is not None and done > total:  # an engine tells sizes roughly
        total = None
    if unit == "bytes":
        shift, unit = (20, "MiB") if max(done, total or 0) >= 1 << 20 else (10, "KiB")
        done, total = done >> shift, None if total is None else total >> shift
    return f"{done} of {total} {unit}" if total else f"{done} {unit}"
