"""The process that scans one of several images, and tells the first process how it goes.

Knows nothing of the other images.
"""

from __future__ import annotations

import contextlib
import multiprocessing
import os
import signal
import threading
import time
import traceback
from datetime import date
from multiprocessing.connection import Connection
from types import FrameType, TracebackType

from scanner.errors import ScannerError, UsageError
from scanner.gate import UNDETERMINED, USAGE
from scanner.interruption import Interrupted, Interruption
from scanner.rulebook import RuleBook
from scanner.scan import ScanOptions, scan

PUT_AWAY = 20.0
"""Seconds that a process may take to remove its containers."""
INTERRUPTED = 128 + signal.SIGINT
_HALFWAY = "not scanned: interrupted before all of its files were inspected"
_PAUSE = 0.1
"""Seconds between two messages of how far a phase is."""


def work(
    connection: Connection, reference: str, rules: RuleBook, today: date, options: ScanOptions
) -> None:
    """Scan an image, and send what becomes of it to the other end of `connection`."""
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
        connection.send(("failure", _HALFWAY, INTERRUPTED, ""))
    except Exception as error:  # the last line of defense
        connection.send(("failure", *explained(error)))
    else:
        connection.send(("report", report))
    connection.close()


def explained(error: Exception) -> tuple[str, int, str]:
    """An error in one line for people, its exit code, and where an unexpected one arose."""
    if isinstance(error, ScannerError):
        return str(error), USAGE if isinstance(error, UsageError) else UNDETERMINED, ""
    if isinstance(error, MemoryError):
        return "out of memory; scan with fewer --jobs, or on a larger machine", UNDETERMINED, ""
    text = f"internal error, please report it: {type(error).__name__}: {error}"
    return text, UNDETERMINED, traceback.format_exc()


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
        time.sleep(PUT_AWAY)
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
