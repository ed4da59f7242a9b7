"""Shows how far a scan is, on standard error.

On a terminal one line that is drawn again and again; elsewhere a line for each phase.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager

from scanner.commands.terminal import say, watched
from scanner.progress import NoProgress, Progress
from scanner.report.escape import visible

_LABEL = 60


@contextmanager
def shown_progress(*, quiet: bool) -> Iterator[Progress]:
    """The progress display for the time of the context."""
    if quiet:
        yield NoProgress()
    elif watched(sys.stderr):
        with _live() as live:
            yield live
    else:
        yield PhaseLines()


class PhaseLines:
    """A line for each phase, and nothing in between."""

    def __init__(self) -> None:
        self._last = ""

    def phase(self, text: str) -> None:
        """Say what begins, unless it was said just now."""
        if text != self._last:
            self._last = text
            say(text)

    def advance(self, done: int, total: int | None, unit: str) -> None:
        """Nothing: a log is no place for it."""


@contextmanager
def _live() -> Iterator[Progress]:
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
    with Bars(*columns, console=console, transient=True, redirect_stdout=False) as bars:
        task = bars.add_task("starting", total=None, amount="")

        class Live:
            def phase(self, text: str) -> None:
                label = visible(text, _LABEL)
                bars.reset(task, description=label, total=None, amount="")

            def advance(self, done: int, total: int | None, unit: str) -> None:
                bars.update(task, completed=done, total=total, amount=_amount(done, total, unit))

        yield Live()


def _amount(done: int, total: int | None, unit: str) -> str:
    if unit == "bytes":
        return f"{done >> 20} of {total >> 20} MiB" if total else f"{done >> 20} MiB"
    return f"{done} of {total} {unit}" if total else f"{done} {unit}"
