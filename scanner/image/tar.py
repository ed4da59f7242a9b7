"""Reads the headers of a tar, from a stream or from a window of a file.

Never trusts a length: extended headers are bounded, and content is left to the caller. The
standard library's reader is not used because it reads extended headers of any declared size
into memory and keeps every member it has seen.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from typing import NamedTuple, Protocol

from scanner.image.limits import Limits

BLOCK = 512
_ZERO_BLOCK = bytes(BLOCK)
_WITHOUT_CONTENT = frozenset(b"123456")
_READ_AHEAD = 1 << 13


class TarError(Exception):
    """The bytes are not a tar, or stop being one. The text continues "the archive …"."""


class TarMember(NamedTuple):
    """One header. Nothing of it has been checked but that it could be read."""

    name: str
    type: str
    """One character, as in the header; `S` also for sparse files told by pax records."""
    size: int
    """Of the file: what it would hold once extracted."""
    stored: int
    """Bytes of content in the archive."""
    offset: int
    """Of the content, from the start of the archive."""
    mode: int
    uid: int
    gid: int
    link: str


class TarSource(Protocol):
    """Bytes that are read forward."""

    position: int

    def read(self, size: int) -> bytes:
        """The next `size` bytes; fewer only at the end."""
        ...

    def skip_to(self, position: int) -> bool:
        """Move forward to `position`; False when the source ends before."""
        ...


class WindowSource:
    """A tar within an open, seekable file."""

    def __init__(self, descriptor: int, offset: int, size: int) -> None:
        self.position = 0
        self._descriptor = descriptor
        self._offset = offset
        self._size = size
        self._ahead = b""
        self._ahead_from = 0

    def read(self, size: int) -> bytes:
        begin = self.position - self._ahead_from
        if not 0 <= begin <= len(self._ahead) - size:
            wanted = min(max(size, _READ_AHEAD), self._size - self.position)
            if wanted <= 0:
                return b""
            self._ahead = os.pread(self._descriptor, wanted, self._offset + self.position)
            self._ahead_from = self.position
            begin = 0
        data = self._ahead[begin : begin + size]
        self.position += len(data)
        return data

    def skip_to(self, position: int) -> bool:
        self.position = position
        return position <= self._size


class StreamSource:
    """A tar that arrives in chunks."""

    def __init__(self, chunks: Iterator[bytes]) -> None:
        self.position = 0
        self._chunks = chunks
        self._chunk = b""
        self._used = 0

    def read(self, size: int) -> bytes:
        end = self._used + size
        if end <= len(self._chunk):
            data = self._chunk[self._used : end]
            self._used = end
            self.position += size
            return data
        return b"".join(self.pieces(size))

    def pieces(self, size: int) -> Iterator[bytes]:
        """The next `size` bytes as they come; fewer only at the end."""
        while size > 0:
            if self._used == len(self._chunk) and not self._next():
                return
            piece = self._chunk[self._used : self._used + size]
            self._used += len(piece)
            self.position += len(piece)
            size -= len(piece)
            yield piece

    def skip_to(self, position: int) -> bool:
        while self.position < position:
            step = min(position - self.position, len(self._chunk) - self._used)
            self._used += step
            self.position += step
            if self.position < position and not self._next():
                return False
        return True

    def _next(self) -> bool:
        for chunk in self._chunks:
            if chunk:
                self._chunk = chunk
                self._used = 0
                return True
        self._chunk = b""
        self._used = 0
        return False


class Part:
    """A member of a tar that arrives in chunks, as a source of its own."""

    def __init__(self, outer: StreamSource, size: int) -> None:
        self._outer = outer
        self._left = size

    def chunks(self, size: int = 1 << 20) -> Iterator[bytes]:
        """The member's content in pieces of at most `size` bytes."""
        while self._left > 0:
            got = 0
            for piece in self._outer.pieces(min(size, self._left)):
                got += len(piece)
                yield piece
            if not got:
                raise TarError("ends before it should")
            self._left -= got


def read_members(source: TarSource, limits: Limits) -> Iterator[TarMember]:
    """The members of a tar, in order.

    The caller may read a member's content from `source` before it asks for the next one.

    Raises:
        TarError: it is not a tar, is cut short, or exceeds a bound.
    """
    extended: dict[str, str] = {}
    while True:
        header = source.read(BLOCK)
        if not header or header == _ZERO_BLOCK:
            return
        if len(header) < BLOCK:
            raise TarError("ends inside a header")
        _check(header)
        type_, stored = header[156], _number(header[124:136])
        if type_ in b"xgLK":
            _read_extension(source, chr(type_), stored, limits, extended)
            continue
        member = _member(source, header, type_, stored, extended, limits)
        extended.clear()
        yield member
        end = member.offset + member.stored
        if not source.skip_to(end):
            raise TarError(f"ends inside '{member.name[:200]}'")
        source.skip_to(end + -end % BLOCK)


def _member(
    source: TarSource,
    header: bytes,
    type_: int,
    stored: int,
    extended: dict[str, str],
    limits: Limits,
) -> TarMember:
    name = extended.get("path")
    if name is None:
        name = text(header[:100].split(b"\0", 1)[0])
        if header[257:263] == b"ustar\0" and header[345]:
            name = text(header[345:500].split(b"\0", 1)[0]) + "/" + name
    link = extended.get("linkpath")
    if link is None:
        link = text(header[157:257].split(b"\0", 1)[0]) if header[157] else ""
    if "size" in extended:
        stored = _decimal(extended["size"])
    size = stored
    kind = chr(type_)
    if kind == "\0":
        kind = "5" if name.endswith("/") else "0"
    elif kind == "S":
        size = _number(header[483:495])
        _skip_sparse_maps(source, header, limits)
    elif "GNU.sparse.major" in extended or "GNU.sparse.size" in extended:
        kind = "S"
        size = _decimal(extended.get("GNU.sparse.realsize", extended.get("GNU.sparse.size", "0")))
        name = extended.get("GNU.sparse.name", name)
    if type_ in _WITHOUT_CONTENT:
        stored = size = 0
    uid = _decimal(extended["uid"]) if "uid" in extended else _number(header[108:116])
    gid = _decimal(extended["gid"]) if "gid" in extended else _number(header[116:124])
    mode = _number(header[100:108]) & 0o7777
    return TarMember(name, kind, size, stored, source.position, mode, uid, gid, link)


def _check(header: bytes) -> None:
    field = header[148:156]
    try:
        expected = _number(field)
    except TarError:
        raise TarError("holds something that is not a tar header") from None
    found = sum(header) - sum(field) + 8 * 0x20
    if found == expected:
        return
    # Old writers summed signed characters.
    if found - 256 * sum(byte > 127 for byte in header[:148] + header[156:]) != expected:
        raise TarError("holds something that is not a tar header")


def _number(field: bytes) -> int:
    if field[0] == 0x80:
        return int.from_bytes(field[1:], "big")
    digits = field.split(b"\0", 1)[0].strip()
    if not digits:
        return 0
    if not digits.isdigit():
        raise TarError("holds a header with a wrong number")
    try:
        return int(digits, 8)
    except ValueError:
        raise TarError("holds a header with a wrong number") from None


def _decimal(value: str) -> int:
    if not (value.isascii() and value.isdigit() and len(value) <= 19):
        raise TarError("holds a header with a wrong number")
    return int(value)


def _skip_sparse_maps(source: TarSource, header: bytes, limits: Limits) -> None:
    more = header[482]
    for _ in range(limits.header_bytes // BLOCK):
        if not more:
            return
        block = source.read(BLOCK)
        if len(block) < BLOCK:
            raise TarError("ends inside a header")
        more = block[504]
    raise TarError(f"holds a header of more than {limits.header_bytes} bytes")


def _read_extension(
    source: TarSource, type_: str, size: int, limits: Limits, extended: dict[str, str]
) -> None:
    if size > limits.header_bytes:
        raise TarError(f"holds a header of {size} bytes, the limit is {limits.header_bytes}")
    data = source.read(size)
    if len(data) < size or not source.skip_to(source.position + -size % BLOCK):
        raise TarError("ends inside a header")
    if type_ == "L":
        extended["path"] = text(data.split(b"\0", 1)[0])
    elif type_ == "K":
        extended["linkpath"] = text(data.split(b"\0", 1)[0])
    elif type_ == "x":
        extended.update(_pax_records(data))
    # Global records ("g") say nothing that container engines heed.


def _pax_records(data: bytes) -> Iterator[tuple[str, str]]:
    start = 0
    while start < len(data):
        space = data.find(b" ", start, start + 20)
        digits = data[start:space] if space > 0 else b""
        if not digits.isdigit():
            raise TarError("holds a wrong pax header")
        end = start + int(digits)
        key, equals, value = data[space + 1 : end - 1].partition(b"=")
        if end > len(data) or end <= space or data[end - 1 : end] != b"\n" or not equals:
            raise TarError("holds a wrong pax header")
        name = key.decode("utf-8", "replace")
        if name in _HEEDED:
            if b"\0" in value:
                raise TarError("holds a wrong pax header")
            yield name, text(value)
        start = end


_HEEDED = frozenset(
    {
        "path",
        "linkpath",
        "size",
        "uid",
        "gid",
        "GNU.sparse.major",
        "GNU.sparse.size",
        "GNU.sparse.realsize",
        "GNU.sparse.name",
    }
)


def text(name: bytes) -> str:
    """A name as text that can always be printed, and never the same for two names."""
    try:
        decoded = name.decode("utf-8")
    except UnicodeDecodeError:
        # Doubled, so that an escaped byte cannot look like another file's name.
        return name.replace(b"\\", b"\\\\").decode("utf-8", "backslashreplace")
    return decoded.replace("\\", "\\\\") if "\\" in decoded else decoded
