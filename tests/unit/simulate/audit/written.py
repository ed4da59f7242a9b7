"""Writes a record as the interposer does."""

from __future__ import annotations

import struct
from collections.abc import Sequence

from scanner.simulate.audit.record import empty_record

Entry = tuple[str, str, int, int, int, int, int]
"""API, algorithm, indexes of caller and library, count, refused, flags."""


def written(objects: Sequence[str], calls: Sequence[Entry]) -> bytes:
    """A record whose program is the first of `objects`."""
    content = bytearray(empty_record())
    for index, path in enumerate(objects):
        at = (1 + index) * 192
        content[at : at + 192] = struct.pack("<I188s", 2, path.encode())
    for index, (api, name, caller, library, count, refused, flags) in enumerate(calls):
        at = (1024 + index) * 192
        content[at : at + 192] = struct.pack(
            "<II4QHHHH32s112s",
            *(2, flags, count, refused, 0, 0x1234, 0, caller, library, 0),
            *(api.encode(), name.encode()),
        )
    return bytes(content)
