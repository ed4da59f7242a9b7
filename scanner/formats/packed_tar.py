"""Finds programs in tar archives and compressed files, by the first bytes of each member.

Unpacks in pieces up to a bound and keeps nothing; knows no compression but gzip, xz and bzip2.
"""

from __future__ import annotations

import bz2
import lzma
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from typing import BinaryIO

MAX_UNPACKED = 32 << 20
"""Bytes of one archive that are unpacked: a third of a second for gzip, one second for xz."""
MAX_TOLD = 5
_PIECE = 1 << 18
_XZ_MEMORY = 128 << 20
_MAX_STREAMS = 1000
_BLOCK = 512
_ELF = b"\x7fELF"
_COMPRESSED = (b"\x1f\x8b", b"\xfd7zXZ\0", b"BZh", b"\x28\xb5\x2f\xfd")
_TAR_NAMES = (".tar.gz", ".tar.xz", ".tar.bz2", ".tar.zst", ".tgz", ".txz", ".tbz2")
_ERRORS = (zlib.error, lzma.LZMAError, OSError, EOFError, ValueError)


@dataclass(frozen=True, slots=True)
class Programs:
    """ELF files in an archive or compressed file."""

    members: tuple[str, ...] = ()
    """The first few names; `""` for the content of a compressed single file."""
    count: int = 0
    complete: bool = True
    """Whether all of it was seen: it is not too large, not damaged, and of a known form."""
    nested: str = ""
    """The name of the first archive in it, such as a layer of a saved image; `""` for none."""


def programs_in(stream: BinaryIO) -> Programs:
    """The programs and libraries in the tar archive or compressed file `stream`."""
    source = _Source(_unpacked(stream))
    block = source.read(_BLOCK)
    if block.startswith(_ELF):
        return Programs(("",), 1)
    if not _is_header(block):
        # A single file that is no program, or something else altogether.
        return Programs(complete=bool(block) and not source.failed)
    members: list[str] = []
    count = 0
    nested = ""
    while len(block) == _BLOCK and block.strip(b"\0"):
        size = _number(block[124:136])
        if size is None or not _is_header(block):
            return Programs(tuple(members), count, complete=False, nested=nested)
        start = source.read(min(size, _BLOCK))
        name = block[:100].split(b"\0", 1)[0].decode("utf-8", "replace")
        if start.startswith(_ELF):
            count += 1
            if len(members) < MAX_TOLD:
                members.append(name)
        elif not nested and _is_archive(name, start):
            nested = name
        source.skip(size - len(start) + -size % _BLOCK)
        block = source.read(_BLOCK)
    complete = not source.failed and len(block) != 0
    return Programs(tuple(members), count, complete=complete, nested=nested)


def _is_archive(name: str, start: bytes) -> bool:
    """Whether a member is an archive itself: by its first block, or what its name adds to that."""
    if _is_header(start) or start.startswith(b"PK\3\4"):
        return True
    base = name.rpartition("/")[2].lower()
    # Layers of saved images have no extension; a single compressed file has that of its content.
    return start.startswith(_COMPRESSED) and ("." not in base or base.endswith(_TAR_NAMES))


def _is_header(block: bytes) -> bool:
    # The sum of all bytes, its own field read as spaces; the oldest archives hold no other mark.
    return len(block) == _BLOCK and _number(block[148:156]) == (
        sum(block) - sum(block[148:156]) + 8 * 0x20
    )


def _number(field: bytes) -> int | None:
    if field[:1] == b"\x80":
        return int.from_bytes(field[1:], "big")
    try:
        return max(int(field.strip(b" \0") or b"0", 8), 0)
    except ValueError:
        return None


class _Source:
    """Reads what a generator gives, and remembers that it failed or went on beyond the bound."""

    def __init__(self, pieces: Iterator[bytes]) -> None:
        self._pieces = pieces
        self._rest = b""
        self.failed = False

    def _more(self) -> bytes:
        try:
            return next(self._pieces, b"")
        except _ERRORS:
            self.failed = True
            return b""

    def read(self, size: int) -> bytes:
        while len(self._rest) < size and (piece := self._more()):
            self._rest += piece
        data, self._rest = self._rest[:size], self._rest[size:]
        return data

    def skip(self, size: int) -> None:
        while size > len(self._rest):
            size -= len(self._rest)
            self._rest = self._more()
            if not self._rest:
                return
        self._rest = self._rest[size:]


def _unpacked(stream: BinaryIO) -> Iterator[bytes]:
    """The content of `stream` in pieces.

    Raises:
        ValueError: there is more than `MAX_UNPACKED`.
    """
    stream.seek(0)
    head = stream.read(6)
    stream.seek(0)
    left = MAX_UNPACKED
    for piece in _pieces(stream, head):
        left -= len(piece)
        if left < 0:
            raise ValueError(f"more than {MAX_UNPACKED} bytes")
        yield piece


def _pieces(stream: BinaryIO, head: bytes) -> Iterator[bytes]:
    if head.startswith(b"\x1f\x8b"):
        yield from _inflated(stream)
    elif head.startswith((b"\xfd7zXZ\0", b"BZh")):
        xz = head.startswith(b"\xfd")
        unpacker = lzma.LZMADecompressor(memlimit=_XZ_MEMORY) if xz else bz2.BZ2Decompressor()
        while not unpacker.eof:
            data = stream.read(_PIECE) if unpacker.needs_input else b""
            if unpacker.needs_input and not data:
                raise EOFError
            if piece := unpacker.decompress(data, _PIECE):
                yield piece
    else:
        while piece := stream.read(_PIECE):
            yield piece


def _inflated(stream: BinaryIO) -> Iterator[bytes]:
    data = stream.read(_PIECE)
    for _ in range(_MAX_STREAMS):
        if not data:
            return
        unpacker = zlib.decompressobj(31)
        while not unpacker.eof:
            if not data and not (data := stream.read(_PIECE)):
                raise EOFError
            if piece := unpacker.decompress(data, _PIECE):
                yield piece
            data = unpacker.unconsumed_tail
        # Another gzip member may follow, as `cat a.gz b.gz` makes them.
        data = unpacker.unused_data or stream.read(_PIECE)
    raise ValueError(f"more than {_MAX_STREAMS} gzip streams")
