"""How a command ends: errors in one line, signals, and the exit code of each.

Shows a traceback only to whoever asks for it with `FIPS_SCANNER_DEBUG=1`.
"""

from __future__ import annotations

import os
import re
import signal
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import FrameType

from scanner.commands.terminal import PROGRAM, complain
from scanner.errors import MistakesError, ScannerError, UsageError
from scanner.gate import UNDETERMINED, USAGE
from scanner.interruption import Interruption

INTERRUPTED = 128 + signal.SIGINT
_PLAIN = (
    (r"\bValue error, ", ""),
    (r"\bInput should be a valid integer\b.*", "must be a whole number"),
    (r"\bInput should be a valid number\b.*", "must be a number"),
    (r"\bInput should be greater than or equal to (\S+)", r"must be \1 or more"),
    (r"\bInput should be less than or equal to (\S+)", r"must be \1 or less"),
    (r"\bInput should be\b", "must be"),
)
"""How a library tells of a value that does not fit, and how we do."""


class _Ended(BaseException):
    """A signal asks the scanner to end: whatever was started is put away on the way out."""

    def __init__(self, number: int) -> None:
        super().__init__(number)
        self.number = number


def guarded(command: Callable[[], int]) -> int:
    """The exit code of `command`, whatever happens in it. Tells of trouble in one line."""
    with _signals_as_exceptions():
        try:
            code = command()
        except _Ended as ended:
            complain(f"ended by {signal.Signals(ended.number).name}; cleaned up")
            return 128 + ended.number
        except KeyboardInterrupt:
            code = INTERRUPTED
        except Exception as error:  # the last line of defense
            return _failed(error)
    # Typer has turned Ctrl-C into this code already, in most of its versions.
    if code == INTERRUPTED:
        complain("interrupted; cleaned up")
    return code


@contextmanager
def interruptible() -> Iterator[Interruption]:
    """Ctrl-C ends work early with what is known, and a second one at once."""
    interruption = Interruption()
    before = signal.getsignal(signal.SIGINT)

    def interrupt(number: int, frame: FrameType | None) -> None:
        del number, frame
        interruption.request()

    if before is not signal.SIG_IGN:  # as behind a shell's `&`
        signal.signal(signal.SIGINT, interrupt)
    try:
        yield interruption
    finally:
        signal.signal(signal.SIGINT, before)


def _failed(error: Exception) -> int:
    debug = os.environ.get("FIPS_SCANNER_DEBUG", "") not in ("", "0")
    if debug:
        import traceback

        sys.stderr.write(traceback.format_exc())
    if isinstance(error, MistakesError):
        for problem in error.problems:
            complain(problem)
        return USAGE
    if isinstance(error, ScannerError):
        complain(str(error))
        return USAGE if isinstance(error, UsageError) else UNDETERMINED
    # Typer's own errors have no public base class in all its versions.
    message = getattr(error, "format_message", None)
    if callable(message):
        context = getattr(error, "ctx", None)
        command = context.command_path if context else PROGRAM
        complain(f"{_plain(str(message())).rstrip('.')}; see `{command} --help`")
        return USAGE
    if type(error).__name__ == "Abort":
        complain("interrupted; cleaned up")
        return INTERRUPTED
    if isinstance(error, MemoryError):
        complain("out of memory; scan with fewer --workers, or on a larger machine")
        return UNDETERMINED
    hint = "" if debug else "; FIPS_SCANNER_DEBUG=1 shows where"
    complain(f"internal error, please report it: {type(error).__name__}: {error}{hint}")
    return UNDETERMINED


def _plain(message: str) -> str:
    for pattern, words in _PLAIN:
        message = re.sub(pattern, words, message)
    return message


@contextmanager
def _signals_as_exceptions() -> Iterator[None]:
    """Turn a request to end into an exception, so that containers are removed first."""
    owner = os.getpid()
    numbers = (signal.SIGTERM, signal.SIGHUP)

    def end(number: int, frame: FrameType | None) -> None:
        del frame
        if os.getpid() != owner:  # a forked worker has nothing to put away
            os._exit(128 + number)
        for each in numbers:
            signal.signal(each, signal.SIG_IGN)
        raise _Ended(number)

    before = {each: signal.getsignal(each) for each in numbers}
    for number, handler in before.items():
        if handler is not signal.SIG_IGN:  # as under nohup
            signal.signal(number, end)
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
