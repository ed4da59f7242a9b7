"""Reads what a .NET single-file program carries: the manifest behind the host, and its members.

Pure in the bytes given, bounded in time and memory whatever they say; judges nothing, and runs
nothing of it.
"""

from __future__ import annotations

import struct
import zlib
from dataclasses import dataclass
from typing import BinaryIO

from scanner.formats.elf import read_upto

SIGNATURE = bytes.fromhex("8b1202b96a612038727b930214d7a03213f5b9e6efae3318ee3b2dce24b36aae")
"""SHA-256 of `.net core bundle` and a line feed. The 8 bytes in front say where the manifest is;
zero in a host that carries nothing."""
MAX_MEMBERS = 50_000
MAX_MANIFEST = 16 << 20
_STEP = 4 << 20
_MAX_SEARCH = 256 << 20
_COMPRESSING = 6
"""Major version of the manifest since which members may be compressed (.NET 6)."""
_LOCATED = 2
"""Since which the header says where the JSON files are (.NET 5)."""

ASSEMBLY, NATIVE, DEPS_JSON, RUNTIME_CONFIG = 1, 2, 3, 4


class BundleError(ValueError):
    """The manifest cannot be what it says."""


@dataclass(frozen=True, slots=True)
class Member:
    """A file in the bundle."""

    name: str
    """With the folders that it gets when it is extracted."""
    type: int
    offset: int
    size: int
    compressed_size: int
    """0 where it is stored as it is."""


def read_bundle(stream: BinaryIO, size: int) -> tuple[Member, ...] | None:
    """The members of the single-file program in `stream`, of `size` bytes.

    Returns:
        None for a host that carries no bundle.

    Raises:
        BundleError: the manifest lies outside the file, or cannot be true.
    """
    offset = _manifest_offset(stream)
    if not offset:
        return None
    if not 0 < offset < size:
        raise BundleError(f"claims a manifest at {offset} of {size} bytes")
    data = read_upto(stream, offset, min(size - offset, MAX_MANIFEST))
    try:
        return _members(data, size)
    except (struct.error, IndexError) as error:
        raise BundleError("ends within its manifest") from error


def read_member(stream: BinaryIO, member: Member, limit: int) -> bytes:
    """The content of `member`, unpacked.

    Raises:
        BundleError: larger than `limit`, or damaged.
    """
    if member.size > limit:
        raise BundleError(f"{member.name} holds {member.size} bytes, the limit is {limit}")
    data = read_upto(stream, member.offset, min(member.compressed_size or member.size, limit))
    if member.compressed_size:
        unpack = zlib.decompressobj(-15)
        try:
            data = unpack.decompress(data, member.size) if member.size else b""
        except zlib.error as error:
            raise BundleError(f"{member.name} cannot be unpacked") from error
    if len(data) != member.size:
        raise BundleError(f"{member.name} ends early")
    return data


def _manifest_offset(stream: BinaryIO) -> int:
    """What the host's marker says; 0 where there is no marker, or where it says nothing."""
    position = 0
    while position < _MAX_SEARCH:
        piece = read_upto(stream, position, _STEP + 64)
        found = piece.find(SIGNATURE)
        if found >= 8:
            return int(struct.unpack_from("<q", piece, found - 8)[0])
        if len(piece) <= 64:
            break
        position += _STEP
    return 0


def _members(data: bytes, size: int) -> tuple[Member, ...]:
    major, _, count = struct.unpack_from("<IIi", data, 0)
    if not 1 <= major <= 32 or not 0 <= count <= MAX_MEMBERS:
        raise BundleError(f"claims version {major} and {count} members")
    _, position = _text(data, 12)
    if major >= _LOCATED:
        position += 40
    found = []
    for _ in range(count):
        offset, length = struct.unpack_from("<qq", data, position)
        position += 16
        packed = 0
        if major >= _COMPRESSING:
            (packed,) = struct.unpack_from("<q", data, position)
            position += 8
        kind = data[position]
        name, position = _text(data, position + 1)
        if not (0 < offset <= size and length >= 0 and 0 <= packed <= size):
            raise BundleError(f"claims a member at {offset} of {size} bytes")
        if not packed and offset + length > size:
            raise BundleError(f"claims {length} bytes at {offset} of {size}")
        found.append(Member(name, kind, offset, length, packed))
    return tuple(found)


def _text(data: bytes, position: int) -> tuple[str, int]:
    """A string behind its length: 7 bits a byte, two bytes at most, as the host reads it."""
    length = data[position]
    position += 1
    if length & 0x80:
        length = (length & 0x7F) | (data[position] << 7)
        position += 1
    text = data[position : position + length]
    if len(text) != length:
        raise IndexError
    return text.decode("utf-8", "replace"), position + length
