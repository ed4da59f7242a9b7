"""Reads the small text files that name images, within bounds.

Understands none of them.
"""

from __future__ import annotations

import os
import sys
from pathlib import Path

from scanner.errors import UsageError

STDIN = "-"
MAX_BYTES = 1 << 20


def read_text(name: str) -> str:
    """The text of the file `name`, or of standard input for `-`.

    Raises:
        UsageError: it cannot be read, is too large or no text.
    """
    shown = shown_name(name)
    try:
        if name == STDIN:
            content = sys.stdin.buffer.read(MAX_BYTES + 1)
        else:
            with Path(name).open("rb") as file:
                content = file.read(MAX_BYTES + 1)
    except OSError as error:
        reason = (error.strerror or str(error)).lower()
        raise UsageError(f"cannot read {shown}: {reason}; check its name") from None
    if len(content) > MAX_BYTES:
        raise UsageError(f"{shown} is larger than {MAX_BYTES >> 20} MiB; name another file")
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError:
        raise UsageError(f"{shown} is not UTF-8 text; name another file") from None
    if "\0" in text:
        raise UsageError(f"{shown} is not a text file; name another file")
    return text


def is_file(name: str) -> bool:
    """Whether there is a file called `name`."""
    try:
        return Path(name).is_file()
    except OSError:  # the name is too long for one
        return False


def shown_name(name: str) -> str:
    """`name` as messages call it."""
    return "standard input" if name == STDIN else name


def folder_of(name: str) -> Path:
    """The folder that paths in the file `name` are relative to."""
    return Path.cwd() if name == STDIN else Path(os.path.realpath(name)).parent
