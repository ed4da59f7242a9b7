"""Begins scans, hears from their processes, and lets them take turns in running containers.

A scan that fails or takes its process down costs its image, never the others.
"""

from __future__ import annotations

import contextlib
import os
import signal
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from datetime import date
from multiprocessing import forkserver
from multiprocessing.connection import Connection, wait
from multiprocessing.context import ForkServerContext, ForkServerProcess
from typing import Any, Protocol

from scanner.gate import UNDETERMINED
from scanner.interruption import Interrupted, Interruption
from scanner.machine import Means
from scanner.model import Failure, Report
from scanner.processes import process_context
from scanner.rulebook import RuleBook
from scanner.scan import ScanOptions
from scanner.several.work import INTERRUPTED, PUT_AWAY, work
from scanner.sources.wanted import Target

NOT_BEGUN = "not scanned: interrupted before it was begun"


Finish = Callable[[int, Report], Report]


class Watcher(Protocol):
    """Hears how the scans go. Images are named by their place in the list of targets."""

    def begun(self, at: int) -> None:
        """The scan of an image begins."""
        ...

    def phase(self, at: int, text: str) -> None:
        """As `Progress.phase`."""
        ...

    def advance(self, at: int, done: int, total: int | None, unit: str) -> None:
        """As `Progress.advance`."""
        ...

    def ended(self, at: int, outcome: Report | Failure, trace: str) -> None:
        """The scan of an image is over; `trace` tells where an error of our own arose."""
        ...

    def interrupted(self, running: int) -> None:
        """No further scan begins, and those that run are told to end."""
        ...


def scan_several(
    targets: Sequence[Target],
    *,
    rules: RuleBook,
    today: date,
    options: ScanOptions,
    means: Means,
    watcher: Watcher,
    interruption: Interruption,
    finish: Finish = lambda _, report: report,
) -> tuple[Report | Failure, ...]:
    """What became of each of `targets`, in their order.

    Args:
        finish: given each report as soon as it is there; what it makes of it takes its place.

    An interruption lets those that run tell what they know; a second one, or any other exception,
    ends all of them, and their containers are removed.
    """
    crew = _Crew(targets, rules, today, options, means, watcher, finish)
    try:
        crew.work(interruption)
    finally:
        crew.end()
    return tuple(crew.outcomes[at] for at in range(len(targets)))


@dataclass(slots=True)
class _Scan:
    """A scan that runs."""

    process: ForkServerProcess
    connection: Connection
    outcome: Report | Failure | None = None
    trace: str = ""


@dataclass(slots=True)
class _Crew:
    """All scans: those that run, wait, and are over."""

    targets: Sequence[Target]
    rules: RuleBook
    today: date
    options: ScanOptions
    means: Means
    watcher: Watcher
    finish: Finish
    outcomes: dict[int, Report | Failure] = field(default_factory=dict)
    running: dict[int, _Scan] = field(default_factory=dict)
    waiting: list[int] = field(default_factory=list)
    """Those that want to run containers."""
    at_turn: set[int] = field(default_factory=set)
    begun: int = 0
    interrupted: bool = False

    def work(self, interruption: Interruption) -> None:
        context = process_context()
        # Imported once, and shared by all processes that scan.
        context.set_forkserver_preload([work.__module__])
        _start_server()
        with interruption.deferred():
            while self.running or (self.begun < len(self.targets) and not interruption.requested):
                while (
                    self.begun < len(self.targets)
                    and len(self.running) < self.means.scans
                    and not interruption.requested
                ):
                    self._begin(context)
                with contextlib.suppress(Interrupted):
                    self._hear(interruption)
                if interruption.requested and not self.interrupted:
                    self._interrupt()
        for at in range(self.begun, len(self.targets)):
            self._over(at, self._failure(at, NOT_BEGUN, INTERRUPTED))

    def end(self) -> None:
        """End what still runs; each process removes what it made."""
        for each in self.running.values():
            each.process.terminate()
        deadline = time.monotonic() + PUT_AWAY
        for each in self.running.values():
            each.process.join(max(0.0, deadline - time.monotonic()))
            if each.process.is_alive():
                each.process.kill()
                each.process.join()
            each.connection.close()
        self.running.clear()

    def _begin(self, context: ForkServerContext) -> None:
        at = self.begun
        target = self.targets[at]
        ours, theirs = context.Pipe()
        options = replace(self.options, platform=target.platform or self.options.platform)
        process = context.Process(
            target=work, args=(theirs, target.reference, self.rules, self.today, options)
        )
        process.start()
        theirs.close()
        self.begun += 1
        self.running[at] = _Scan(process, ours)
        self.watcher.begun(at)

    def _hear(self, interruption: Interruption) -> None:
        """Wait for news, and act on it."""
        sources = {each.connection: at for at, each in self.running.items()}
        if interruption.requested:
            ready = wait(list(sources))
        else:
            with interruption.allowed():
                ready = wait(list(sources))
        for connection in ready:
            assert isinstance(connection, Connection)
            at = sources[connection]
            try:
                news = connection.recv()
            except (EOFError, OSError):
                self._gone(at)
            else:
                self._take(at, *news)
        self._grant()

    def _take(self, at: int, what: str, *told: Any) -> None:  # noqa: ANN401 - as each says it
        found = self.running[at]
        match what:
            case "phase":
                self.watcher.phase(at, *told)
            case "advance":
                self.watcher.advance(at, *told)
            case "turn":
                self.waiting.append(at)
                if len(self.at_turn) >= self.means.runs:
                    self.watcher.phase(at, "waiting for its turn to run")
            case "over":
                self._leave(at)
            case "report":
                [found.outcome] = told
            case "failure":
                text, code, found.trace = told
                found.outcome = self._failure(at, text, code)

    def _grant(self) -> None:
        while self.waiting and len(self.at_turn) < self.means.runs:
            at = self.waiting.pop(0)
            self.at_turn.add(at)
            with contextlib.suppress(OSError):  # one that is gone is noticed elsewhere
                self.running[at].connection.send("go")

    def _leave(self, at: int) -> None:
        self.at_turn.discard(at)
        if at in self.waiting:
            self.waiting.remove(at)

    def _gone(self, at: int) -> None:
        """A process has ended, with or without an answer."""
        found = self.running.pop(at)
        self._leave(at)
        found.process.join(PUT_AWAY)
        code = found.process.exitcode
        found.connection.close()
        if found.outcome is None and code == -signal.SIGUSR1:  # it did not come to listen
            found.outcome = self._failure(at, NOT_BEGUN, INTERRUPTED)
        if found.outcome is None:
            found.outcome = self._failure(at, why_ended(code), UNDETERMINED)
        self._over(at, found.outcome, found.trace)

    def _over(self, at: int, outcome: Report | Failure, trace: str = "") -> None:
        if isinstance(outcome, Report):
            image = replace(outcome.image, asked_by=self.targets[at].asked_by)
            outcome = self.finish(at, replace(outcome, image=image))
        self.outcomes[at] = outcome
        self.watcher.ended(at, outcome, trace)

    def _failure(self, at: int, text: str, code: int) -> Failure:
        target = self.targets[at]
        return Failure(target.reference, text, code, target.platform or "", target.asked_by)

    def _interrupt(self) -> None:
        self.interrupted = True
        self.watcher.interrupted(len(self.running))
        for each in self.running.values():
            if each.process.pid is not None and each.process.is_alive():
                with contextlib.suppress(ProcessLookupError):
                    os.kill(each.process.pid, signal.SIGUSR1)


def _start_server() -> None:
    """Start the process from which those that scan are forked."""
    try:
        before = signal.signal(signal.SIGINT, signal.SIG_IGN)
    except ValueError:  # not in the main thread, which Ctrl-C would reach
        forkserver.ensure_running()
        return
    try:
        # It and its children inherit that Ctrl-C, which reaches all of them, is not for them.
        forkserver.ensure_running()
    finally:
        signal.signal(signal.SIGINT, before)


def why_ended(code: int | None) -> str:
    """Why a process gave no answer, by its exit code as `multiprocessing` tells it."""
    number = -code if code is not None and code < 0 else (code or 0) - 128
    if number in signal.valid_signals():
        name = signal.Signals(number).name
        advice = {
            "SIGKILL": ", perhaps for lack of memory; scan with fewer --jobs",
            "SIGTERM": "; scan it again",
            "SIGHUP": "; scan it again",
        }
        return f"its process was ended by {name}{advice.get(name, '; please report it')}"
    return f"its process ended without an answer, with exit code {code}; please report it"
