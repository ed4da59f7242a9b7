"""Lists Java archives and the archives inside them, from memory and with bounds.

Reads the central directory, manifests and single small entries; extracts nothing to disk and
knows no library by name.
"""

from __future__ import annotations

import struct
import zlib
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from functools import partial
from typing import BinaryIO

from scanner.formats.properties import parse_properties

MAX_DIRECTORY = 32 << 20
MAX_ENTRIES = 150_000
MAX_ENTRY = 1 << 20
"""Bytes of one small entry (manifest, properties) that are looked at."""
MAX_NESTED = 128 << 20
MAX_UNPACKED = 512 << 20
"""Bytes unpacked from one outer archive in all."""
MAX_LOOKED_INTO = 1 << 30
"""Bytes of entries that are looked into one by one, of one outer archive in all."""
MAX_LOOKED_AT = 128 << 20
"""Bytes of one of these."""
MAX_DEPTH = 3
MAX_ARCHIVES = 2000
MAX_STARTS = 2000
"""Entries of one archive of which the first bytes are read."""
_START_PACKED = 512
"""Packed bytes that hold the tables of one deflated block, and its first bytes."""
ARCHIVE_SUFFIXES = (".jar", ".war", ".ear", ".rar", ".hpi", ".jpi")

_STORED, _DEFLATED = 0, 8
_END = struct.Struct("<4s4H2IH")
_ENTRY = struct.Struct("<4s6H3I5H2I")


class JarError(ValueError):
    """The bytes are not a readable archive, or an entry is not.

    The text names neither, so that many alike can be told in one line.
    """


class JarTooLargeError(JarError):
    """Reading it would break a bound."""


class JarEncryptedError(JarError):
    """An entry that is needed is encrypted."""


@dataclass(frozen=True, slots=True)
class Artifact:
    """What a `pom.properties` says the archive (or what was merged into it) is."""

    group: str
    artifact: str
    version: str


@dataclass(frozen=True, slots=True)
class Problem:
    """An archive inside the outer one that could not be read, and why."""

    inside: str
    error: JarError


@dataclass(frozen=True, slots=True)
class _Entry:
    name: str
    flags: int
    method: int
    packed: int
    size: int
    offset: int


@dataclass(slots=True)
class _Budget:
    unpacked: int = MAX_UNPACKED
    archives: int = MAX_ARCHIVES
    looked_into: int = MAX_LOOKED_INTO


ReadAt = Callable[[int, int], bytes]
Contents = Callable[[Callable[[str], bool]], Iterator[tuple[str, bytes]]]


@dataclass(frozen=True)
class Jar:
    """One archive. `inside` is its path within the outer archive, `""` for the outer itself."""

    name: str
    inside: str
    names: tuple[str, ...]
    manifest: dict[str, str]
    artifacts: tuple[Artifact, ...]
    signed: bool
    """Holds a signature file; whether it verifies is not checked."""
    _read: Callable[[str], bytes] = field(repr=False)
    _contents: Contents = field(repr=False)

    def read(self, name: str) -> bytes:
        """The first `MAX_ENTRY` bytes of a small entry; valid while its stream is open.

        Raises:
            JarError: no such entry, or it cannot be unpacked.
        """
        return self._read(name)

    def contents(self, wanted: Callable[[str], bool]) -> Iterator[tuple[str, bytes]]:
        """Names and whole contents of the entries whose names are `wanted`, in their order.

        Valid while its stream is open. An entry that is damaged is passed over.

        Raises:
            JarTooLargeError: after all others, where an entry is too large, or they are too many.
        """
        return self._contents(wanted)


def walk_jars(stream: BinaryIO, size: int, name: str) -> Iterator[Jar | Problem]:
    """The archive in `stream` and the archives inside it, outermost first.

    Args:
        stream: seekable; must stay open while iterating.
        size: bytes in the stream.
        name: file name of the outer archive.

    Raises:
        JarError: the outer archive cannot be read.
    """

    def read_at(offset: int, count: int) -> bytes:
        stream.seek(offset)
        return stream.read(count)

    yield from _walk(read_at, size, name, "", 0, _Budget())


@dataclass(frozen=True, slots=True)
class Member:
    """An entry of a ZIP archive, and how it begins."""

    name: str
    start: bytes
    """Its first bytes, 16 at most; `b""` where `encrypted`, or where it was not looked at."""
    encrypted: bool


def members_of(stream: BinaryIO, size: int, look_into: Callable[[str], bool]) -> Iterator[Member]:
    """The entries of the ZIP archive in `stream`, which has `size` bytes.

    Args:
        look_into: of which names to read the first bytes; of the first `MAX_STARTS` it is done.

    Raises:
        JarError: it is none, or breaks a bound.
    """

    def read_at(offset: int, count: int) -> bytes:
        stream.seek(offset)
        return stream.read(count)

    left = MAX_STARTS
    for entry in _directory(read_at, size):
        start = b""
        if left and not entry.flags & 1 and entry.packed and look_into(entry.name):
            left -= 1
            with suppress(JarError):
                start = _start(read_at, entry)
        yield Member(entry.name, start, bool(entry.flags & 1))


def _start(read_at: ReadAt, entry: _Entry) -> bytes:
    data = read_at(_data_offset(read_at, entry), min(entry.packed, _START_PACKED))
    if entry.method == _DEFLATED:
        with suppress(zlib.error):
            return zlib.decompressobj(-15).decompress(data, 16)
    return data[:16] if entry.method == _STORED else b""


def _walk(
    read_at: ReadAt, size: int, name: str, inside: str, depth: int, budget: _Budget
) -> Iterator[Jar | Problem]:
    entries = _directory(read_at, size)
    by_name = {each.name: each for each in entries}

    def read(wanted: str) -> bytes:
        if wanted not in by_name:
            raise JarError(f"no entry {wanted}")
        return _unpack(read_at, by_name[wanted], MAX_ENTRY, budget, cut=True)

    yield Jar(
        name,
        inside,
        tuple(by_name),
        _manifest(read, by_name),
        _artifacts(read, by_name),
        any(_is_signature(each) for each in by_name),
        read,
        partial(_contents, read_at, tuple(by_name.values()), budget),
    )
    for entry in entries:
        if not entry.name.lower().endswith(ARCHIVE_SUFFIXES):
            continue
        where = f"{inside}!/{entry.name}" if inside else entry.name
        budget.archives -= 1
        try:
            if depth >= MAX_DEPTH or budget.archives < 0:
                raise JarTooLargeError("archives are nested too deeply or are too many")
            nested, nested_size = _nested(read_at, entry, budget)
            base = entry.name.rsplit("/", 1)[-1]
            yield from _walk(nested, nested_size, base, where, depth + 1, budget)
        except JarError as error:
            yield Problem(where, error)
            if budget.archives < 0:
                return


def _contents(
    read_at: ReadAt, entries: tuple[_Entry, ...], budget: _Budget, wanted: Callable[[str], bool]
) -> Iterator[tuple[str, bytes]]:
    too_large: JarTooLargeError | None = None
    for each in entries:
        if not wanted(each.name):
            continue
        looks = _Budget(budget.looked_into)
        try:
            content = _unpack(read_at, each, MAX_LOOKED_AT, looks)
        except JarTooLargeError as error:
            too_large = error
            budget.looked_into = max(looks.unpacked, 0)
            if looks.unpacked <= 0:  # nothing is left for others
                break
            continue
        except JarError:
            continue
        budget.looked_into = looks.unpacked
        yield each.name, content
    if too_large is not None:
        raise too_large


def _directory(read_at: ReadAt, size: int) -> list[_Entry]:
    tail_at = max(0, size - _END.size - 0xFFFF)
    tail = read_at(tail_at, size - tail_at)
    found = tail.rfind(b"PK\5\6")
    if found < 0 or found + _END.size > len(tail):
        raise JarError("no end of central directory")
    *_rest, count, length, start, _comment = _END.unpack_from(tail, found)
    end = tail_at + found
    if count == 0xFFFF or length == 0xFFFFFFFF or start == 0xFFFFFFFF:
        record = read_at(max(0, end - 76), 56)
        if record[:4] == b"PK\6\6" and len(record) == 56:
            count, length, start = struct.unpack_from("<3Q", record, 32)
            end -= 76
    if count > MAX_ENTRIES or length > MAX_DIRECTORY:
        raise JarTooLargeError(f"{count} entries, a directory of {length} bytes")
    if length > end:
        raise JarError("its central directory begins before the file")
    # A script or launcher may stand before the archive; all offsets move by its length.
    shift = end - length - start
    directory = read_at(end - length, length)
    entries: list[_Entry] = []
    at = 0
    while at + _ENTRY.size <= len(directory) and len(entries) < MAX_ENTRIES:
        fields = _ENTRY.unpack_from(directory, at)
        if fields[0] != b"PK\1\2":
            break
        flags, method, packed, unpacked = fields[3], fields[4], fields[8], fields[9]
        name_length, extra, comment, offset = fields[10], fields[11], fields[12], fields[16]
        raw = directory[at + _ENTRY.size : at + _ENTRY.size + name_length]
        name = raw.decode("utf-8", "replace")
        entries.append(_Entry(name, flags, method, packed, unpacked, offset + shift))
        at += _ENTRY.size + name_length + extra + comment
    if count and not entries:
        raise JarError("its central directory holds no entry")
    return entries


def _data_offset(read_at: ReadAt, entry: _Entry) -> int:
    if entry.flags & 1:
        raise JarEncryptedError("it is encrypted")
    local = read_at(entry.offset, 30) if entry.offset >= 0 else b""
    if local[:4] != b"PK\3\4" or len(local) < 30:
        raise JarError("it is not where the directory says")
    name_length, extra = struct.unpack_from("<2H", local, 26)
    return int(entry.offset + 30 + name_length + extra)


def _unpack(
    read_at: ReadAt, entry: _Entry, limit: int, budget: _Budget, *, cut: bool = False
) -> bytes:
    """Content of an entry; over `limit` it is cut, or refused. Trusts no declared size."""
    data = read_at(_data_offset(read_at, entry), min(entry.packed, limit))
    if entry.method == _DEFLATED:
        unpacker = zlib.decompressobj(-15)
        try:
            data = unpacker.decompress(data, min(limit, max(budget.unpacked, 1)) + 1)
        except zlib.error as error:
            raise JarError(f"it cannot be unpacked: {error}") from error
    elif entry.method != _STORED:
        raise JarError(f"it is packed with unknown method {entry.method}")
    budget.unpacked -= len(data)
    if budget.unpacked < 0:
        raise JarTooLargeError(f"more than {MAX_UNPACKED} bytes unpacked")
    if len(data) > limit or entry.packed > limit:
        if not cut:
            raise JarTooLargeError(f"it is larger than {limit} bytes")
        data = data[:limit]
    return data


def _nested(read_at: ReadAt, entry: _Entry, budget: _Budget) -> tuple[ReadAt, int]:
    if entry.method == _STORED:
        start = _data_offset(read_at, entry)

        def window(offset: int, count: int) -> bytes:
            offset = max(offset, 0)
            return read_at(start + offset, max(0, min(count, entry.packed - offset)))

        return window, entry.packed
    data = _unpack(read_at, entry, MAX_NESTED, budget)

    def from_memory(offset: int, count: int) -> bytes:
        offset = max(offset, 0)
        return data[offset : offset + count]

    return from_memory, len(data)


def _manifest(read: Callable[[str], bytes], by_name: dict[str, _Entry]) -> dict[str, str]:
    if "META-INF/MANIFEST.MF" not in by_name:
        return {}
    try:
        text = read("META-INF/MANIFEST.MF").decode("utf-8", "replace")
    except JarError:
        return {}
    text = text.replace("\r\n", "\n").replace("\r", "\n")
    main_section = text.split("\n\n", 1)[0].replace("\n ", "")
    pairs = (line.partition(":") for line in main_section.split("\n"))
    return {key.strip(): value.strip() for key, colon, value in pairs if colon}


def _artifacts(read: Callable[[str], bytes], by_name: dict[str, _Entry]) -> tuple[Artifact, ...]:
    found: list[Artifact] = []
    for name in by_name:
        if not (name.startswith("META-INF/maven/") and name.endswith("/pom.properties")):
            continue
        if len(found) >= 500:
            break
        try:
            pom = parse_properties(read(name).decode("utf-8", "replace"), limit=50)
        except JarError:
            continue
        parts = name.split("/")
        found.append(
            Artifact(
                pom.get("groupId", parts[2]),
                pom.get("artifactId", parts[-2]),
                pom.get("version", ""),
            )
        )
    return tuple(found)


def _is_signature(name: str) -> bool:
    return name.startswith("META-INF/") and name.endswith(".SF") and name.count("/") == 1
