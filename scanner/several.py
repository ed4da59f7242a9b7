"""Scans several images side by side, each in a process of its own.

A scan that fails or takes its process down costs its image, never the others. Prints nothing.
"""

from __future__ import annotations

import contextlib
import multiprocessing
import os
import signal
import threading
import time
import traceback
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from datetime import date
from multiprocessing import forkserver
from multiprocessing.connection import Connection, wait
from multiprocessing.context import ForkServerContext, ForkServerProcess
from types import FrameType, TracebackType
from typing import Any, Protocol

from scanner.errors import ScannerError, UsageError
from scanner.interruption import Interrupted, Interruption
from scanner.machine import Means
from scanner.model import Failure, Report
from scanner.rulebook import RuleBook
from scanner.scan import ScanOptions, scan
from scanner.sources.wanted import Target

NOT_BEGUN = "not scanned: interrupted before it was begun"
_HALFWAY = "not scanned: interrupted before all of its files were inspected"
_INTERRUPTED = 128 + signal.SIGINT
_USAGE, _UNDETERMINED = 2, 3
_PUT_AWAY = 20.0
"""Seconds that a process may take to remove its containers."""
_PAUSE = 0.1
"""Seconds between two messages of how far a phase is."""


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
        context = multiprocessing.get_context("forkserver")
        # Imported once, and shared by all processes that scan.
        context.set_forkserver_preload([__name__])
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
            self._over(at, self._failure(at, NOT_BEGUN, _INTERRUPTED))

    def end(self) -> None:
        """End what still runs; each process removes what it made."""
        for each in self.running.values():
            each.process.terminate()
        deadline = time.monotonic() + _PUT_AWAY
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
            target=_work, args=(theirs, target.reference, self.rules, self.today, options)
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
        found.process.join(_PUT_AWAY)
        code = found.process.exitcode
        found.connection.close()
        if found.outcome is None and code == -signal.SIGUSR1:  # it did not come to listen
            found.outcome = self._failure(at, NOT_BEGUN, _INTERRUPTED)
        if found.outcome is None:
            found.outcome = self._failure(at, why_ended(code), _UNDETERMINED)
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


# --- in the process of one scan ------------------------------------------------------------------


def _work(
    connection: Connection, reference: str, rules: RuleBook, today: date, options: ScanOptions
) -> None:
    interruption = Interruption()
    _listen(interruption)
    teller = _Teller(connection)
    try:
        report = scan(
            reference,
            rules=rules,
            today=today,
            options=options,
            progress=teller,
            interruption=interruption,
            turn=lambda: _Turn(connection),
        )
    except Interrupted:
        connection.send(("failure", _HALFWAY, _INTERRUPTED, ""))
    except Exception as error:  # the last line of defense
        connection.send(("failure", *explained(error)))
    else:
        connection.send(("report", report))
    connection.close()


def explained(error: Exception) -> tuple[str, int, str]:
    """An error in one line for people, its exit code, and where an unexpected one arose."""
    if isinstance(error, ScannerError):
        return str(error), _USAGE if isinstance(error, UsageError) else _UNDETERMINED, ""
    if isinstance(error, MemoryError):
        return "out of memory; scan with fewer --jobs, or on a larger machine", _UNDETERMINED, ""
    text = f"internal error, please report it: {type(error).__name__}: {error}"
    return text, _UNDETERMINED, traceback.format_exc()


def _listen(interruption: Interruption) -> None:
    """Ctrl-C reaches the whole process group; the first process decides, and tells by SIGUSR1."""
    ends = (signal.SIGTERM, signal.SIGHUP)

    def end(number: int, frame: FrameType | None) -> None:
        del frame
        for each in ends:
            signal.signal(each, signal.SIG_IGN)
        raise SystemExit(128 + number)

    def interrupt(number: int, frame: FrameType | None) -> None:
        del number, frame
        if not interruption.requested:
            interruption.request()

    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.signal(signal.SIGUSR1, interrupt)
    for each in ends:
        signal.signal(each, end)
    threading.Thread(target=_end_with_parent, daemon=True).start()


def _end_with_parent() -> None:
    parent = multiprocessing.parent_process()
    if parent is not None:
        with contextlib.suppress(OSError):
            parent.join()
        os.kill(os.getpid(), signal.SIGTERM)
        time.sleep(_PUT_AWAY)
        os._exit(1)


class _Teller:
    """Tells the first process how far the scan is."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection
        self._next = 0.0

    def phase(self, text: str) -> None:
        self._next = 0.0
        self._connection.send(("phase", text))

    def advance(self, done: int, total: int | None, unit: str) -> None:
        now = time.monotonic()
        if now >= self._next or done == total:
            self._next = now + _PAUSE
            self._connection.send(("advance", done, total, unit))


class _Turn:
    """The time in which this scan may run containers."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def __enter__(self) -> None:
        self._connection.send(("turn",))
        try:
            self._connection.recv()
        except BaseException:
            self._over()
            raise

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._over()

    def _over(self) -> None:
        with contextlib.suppress(OSError):
            self._connection.send(("over",))
