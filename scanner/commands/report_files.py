"""Reads the JSON reports that a user names: files, or standard input for `-`.

Understands nothing of them: `scanner.report.read` does.
"""

from __future__ import annotations

import stat
import sys
from pathlib import Path

from scanner.errors import UsageError
from scanner.model import Batch
from scanner.report.read import MAX_BYTES, read_batch

STDIN = Path("-")


def name_of(path: Path) -> str:
    """What `path` is called in a message."""
    return "standard input" if path == STDIN else str(path)


def reports_in(path: Path) -> Batch:
    """The reports in the file `path`, one or several.

    Raises:
        UsageError: it cannot be read, or holds no report.
    """
    try:
        content = _content(path)
    except OSError as error:
        reason = (error.strerror or str(error)).lower()
        hint = ""
        if isinstance(error, FileNotFoundError):
            hint = "; write a report with `fips-scanner scan IMAGE -o json=FILE`"
        raise UsageError(f"cannot read the report {name_of(path)}: {reason}{hint}") from error
    return read_batch(content, name_of(path))


def _content(path: Path) -> bytes:
    # One byte more than is allowed, so that the reader of reports sees that it is too large.
    if path == STDIN:
        return sys.stdin.buffer.read(MAX_BYTES + 1)
    if stat.S_ISDIR(path.stat().st_mode):
        raise UsageError(f"{path} is a directory; name a report in it")
    with path.open("rb") as file:
        return file.read(MAX_BYTES + 1)
