"""Says what is packed behind the end of a program: the rest of one that unpacks itself.

Looks at the beginning and the end of what follows; unpacks nothing.
"""

from __future__ import annotations

import re
from typing import BinaryIO

from scanner.formats.elf import read_upto

MIN_PAYLOAD = 4 << 10
"""Bytes of the smallest payload; a signature or a checksum is smaller."""
_HEAD, _TAIL = 4096, 66_000

# As they begin, long enough not to be text or code.
PACKED = (
    rb"\x7fELF[\x01\x02][\x01\x02]\x01|\x1f\x8b\x08[\x00\x08]|\xfd7zXZ\x00|\x28\xb5\x2f\xfd"
    rb"|BZh[1-9]1AY&SY|PK\x03\x04"
)
# Squashfs (AppImage), 7-Zip, LZ4, Nuitka's onefile mode.
_BEGINNING = re.compile(
    PACKED + rb"|hsqs....[\x00-\xff]{4}|7z\xbc\xaf\x27\x1c|\x04\x22\x4d\x18|KA[XY]", re.DOTALL
)
_PYINSTALLER = b"MEI\x0c\x0b\x0a\x0b\x0e"
_ZIP_END = b"PK\x05\x06"


def payload_behind(stream: BinaryIO, end: int, size: int) -> str:
    """What lies between `end` and `size` bytes of `stream`.

    Returns:
        `packed` for a known container of files; `zip` for one that can be listed; `data` for
        anything else; `""` where there is nothing, or too little.
    """
    if size - end < MIN_PAYLOAD:
        return ""
    tail = read_upto(stream, max(end, size - _TAIL), min(_TAIL, size - end))
    if _PYINSTALLER in tail:
        return "packed"
    if _ZIP_END in tail:
        return "zip"
    head = read_upto(stream, end, _HEAD).lstrip(b"\0")
    if not head:
        # Padding up to a page; what is longer is looked at where it ends.
        return "data" if tail.strip(b"\0") else ""
    return "packed" if _BEGINNING.match(head) else "data"
