"""Finds what a container printed last that it did not print in another run.

Compares two outputs and judges nothing; both are hostile, so only short printable text goes out.
"""

from __future__ import annotations

import re

_ESCAPES = re.compile(r"\x1b\[[0-9;?]*[ -/]*[@-~]")
_VARIES = re.compile(r"0x[0-9a-fA-F]+|[0-9a-fA-F]{8,}|\d+")
"""What is another one in each run: addresses, IDs, times, process IDs, ports."""
_OURS = re.compile(r"\\+x16\\+x03|\x16\x03")
"""How a question for TLS begins, as servers that speak none complain of it."""
_LINES = 3
_LONGEST = 200
_TAIL = 64 * 1024
"""Bytes at the end of an output in which its last lines are looked for."""


def new_lines(before: bytes, after: bytes) -> tuple[str, ...]:
    """The last lines of `after` that are not in `before`, in their order; numbers do not count."""
    known = {_shape(line) for line in _lines(before)}
    fresh: list[str] = []
    for line in reversed(_lines(after[-_TAIL:])):
        if _shape(line) not in known:
            known.add(_shape(line))
            fresh.append(line)
            if len(fresh) == _LINES:
                break
    return tuple(reversed(fresh))


def _lines(log: bytes) -> list[str]:
    text = _ESCAPES.sub("", log.decode("utf-8", "replace"))
    lines = (
        "".join(char if char.isprintable() else " " for char in line[:_LONGEST]).strip()
        for line in text.split("\n")
        if not _OURS.search(line)
    )
    return [line for line in lines if line]


def _shape(line: str) -> str:
    return _VARIES.sub("0", line)
