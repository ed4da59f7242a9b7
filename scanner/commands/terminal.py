"""Where output goes and how it may look there: standard output, standard error, or a file.

Formats nothing itself, and lets no control character through that is not the scanner's own.
"""

from __future__ import annotations

import contextlib
import os
import secrets
import shutil
import stat
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import TextIO

from scanner.errors import UsageError
from scanner.report.escape import visible
from scanner.report.look import Look

PROGRAM = "fips-scanner"
_LONGEST = 2000
"""Characters of one message on standard error."""


def look_for(
    stream: TextIO, *, verbose: bool = False, environment: Mapping[str, str] = os.environ
) -> Look:
    """How text on `stream` is to look: plain unless a person watches it on a color terminal."""
    terminal = stream.isatty()
    wanted = bool(environment.get("FORCE_COLOR")) or (
        terminal and not environment.get("CI") and environment.get("TERM", "dumb") != "dumb"
    )
    unicode = "utf" in (stream.encoding or "").lower()
    width = min(max(shutil.get_terminal_size().columns, 60), 100) if terminal else 80
    return Look(
        width=width,
        color=wanted and unicode and not environment.get("NO_COLOR"),
        verbose=verbose,
    )


def watched(stream: TextIO, environment: Mapping[str, str] = os.environ) -> bool:
    """Whether a person watches `stream` live, so that lines may be drawn again and again."""
    return (
        stream.isatty() and not environment.get("CI") and environment.get("TERM", "dumb") != "dumb"
    )


def put(text: str) -> None:
    """Write a result to standard output. A reader that has gone away is no error."""
    try:
        sys.stdout.write(text)
        sys.stdout.flush()
    except BrokenPipeError:
        # Python flushes once more at its end, and would complain.
        with contextlib.suppress(OSError, ValueError):
            os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def say(text: str) -> None:
    """Write one line to standard error. That nobody reads it is no error."""
    with contextlib.suppress(OSError, ValueError):
        sys.stderr.write(f"{visible(text, _LONGEST)}\n")
        sys.stderr.flush()


def complain(text: str) -> None:
    """Say what went wrong, in one line with the program's name."""
    say(f"{PROGRAM}: {' '.join(text.split())}")


class OutputFile:
    """A file that gets its content at once and as a whole, or stays as it was.

    Made before the long work begins, so that a mistake in its name is told in time. Use as a
    context manager.

    Raises:
        UsageError: it cannot be written.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self._target = Path(os.path.realpath(path))
        self._partial: Path | None = None
        self._prepare()

    def __enter__(self) -> OutputFile:
        return self

    def __exit__(self, *_: object) -> None:
        if self._partial is not None:
            self._partial.unlink(missing_ok=True)

    @property
    def target(self) -> Path | None:
        """The file that links and `..` lead to; None for a device or a pipe: it takes several."""
        is_device = self._target.exists() and not self._target.is_file()
        return None if is_device else self._target

    def write(self, text: str) -> None:
        """Give the file its content.

        Raises:
            UsageError: the disk is full, or the file cannot be written after all.
        """
        try:
            if self._partial is not None:
                self._partial.write_text(text, encoding="utf-8")
                try:
                    self._partial.replace(self._target)
                except OSError:  # one file of another file system, mounted into a container
                    self._target.write_text(text, encoding="utf-8")
                else:
                    self._partial = None
            else:
                self._target.write_text(text, encoding="utf-8")
        except OSError as error:
            raise self._problem(error) from error

    def _prepare(self) -> None:
        try:
            mode = self._target.stat().st_mode
        except FileNotFoundError:
            mode = None
        except OSError as error:
            raise self._problem(error) from error
        if mode is not None and stat.S_ISDIR(mode):
            raise UsageError(f"cannot write {self.path}: it is a directory; name a file in it")
        if mode is not None and not os.access(self._target, os.W_OK):
            raise UsageError(f"cannot write {self.path}: permission denied")
        if mode is not None and not stat.S_ISREG(mode):
            return  # a device or a pipe cannot be replaced
        partial = self._target.with_name(f".{self._target.name[:64]}.{secrets.token_hex(4)}")
        try:
            partial.touch(exist_ok=False)
        except OSError as error:
            if mode is None:
                raise self._problem(error) from error
            return  # the file may be written, its folder may not
        self._partial = partial
        if mode is not None:
            partial.chmod(stat.S_IMODE(mode))

    def _problem(self, error: OSError) -> UsageError:
        reason = (error.strerror or str(error)).lower()
        fix = "name another file"
        if isinstance(error, FileNotFoundError):
            fix = f"make the folder first, or {fix}"
        return UsageError(f"cannot write {self.path}: {reason}; {fix}")
