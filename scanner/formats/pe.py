"""Reads what a scan needs of a Windows executable: its machine, what it imports, if it is managed.

Pure in the bytes given and bounded; judges nothing. Managed assemblies run on Linux as well,
so a .NET image is full of these files.

The reader is our own for the reason that the one for ELF is: lief parses in C++, where a hostile
file can end the process. The tests hold this reader against lief, file by file.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator
from dataclasses import dataclass
from typing import BinaryIO

from scanner.formats.dotnet_metadata import Assembly, MetadataError, read_assembly
from scanner.formats.elf import read_upto

MAGIC = b"MZ"
MAX_IMPORTS = 512
MAX_SECTIONS = 256
MAX_METADATA = 64 << 20

_MACHINES = {0x14C: "i386", 0x8664: "x86_64", 0x1C0: "arm", 0x1C4: "arm", 0xAA64: "aarch64"}
# The framework's own native images are marked as for another system: the machine's number XOR
# one of these (Linux, macOS, FreeBSD, NetBSD, SunOS).
_SYSTEMS = (0, 0x7B79, 0x4644, 0xADC4, 0x1993, 0x1992)
_IMPORTS, _DELAYED, _CLR = 1, 13, 14


class PeError(ValueError):
    """The bytes are no Windows executable, or one that cannot be read."""


@dataclass(frozen=True, slots=True)
class Pe:
    """A Windows executable or library."""

    machine: str
    managed: bool
    """Whether it has a CLR header, as .NET assemblies do."""
    imports: tuple[str, ...]
    """Names of the libraries it imports from, in order; those that it loads late come last."""
    assembly: Assembly | None
    """What a managed one says of itself; None where it is none, or cannot be read."""


def is_pe(head: bytes) -> bool:
    """Whether a file that begins with `head` is a Windows executable."""
    if head[:2] != MAGIC or len(head) < 0x40:
        return False
    (start,) = struct.unpack_from("<I", head, 0x3C)
    return bool(head[start : start + 4] == b"PE\0\0")


def read_pe(stream: BinaryIO) -> Pe:
    """Read headers, imports and, of an assembly, its metadata.

    Args:
        stream: seekable, at any position.

    Raises:
        PeError: not a Windows executable, or broken.
    """
    head = read_upto(stream, 0, 4096)
    if not is_pe(head):
        raise PeError("does not begin like a Windows executable")
    try:
        return _Reader(stream, head).pe()
    except struct.error as error:
        raise PeError("ends within its headers") from error


@dataclass(frozen=True, slots=True)
class _Section:
    address: int
    size: int
    offset: int


class _Reader:
    def __init__(self, stream: BinaryIO, head: bytes) -> None:
        self._stream = stream
        (start,) = struct.unpack_from("<I", head, 0x3C)
        self._number, count, _, _, _, optional, _ = struct.unpack_from("<HHIIIHH", head, start + 4)
        begin = start + 24
        (magic,) = struct.unpack_from("<H", head, begin)
        if magic not in (0x10B, 0x20B):
            raise PeError(f"claims an optional header of kind {magic:#x}")
        self._wide = magic == 0x20B
        where = begin + (108 if self._wide else 92)
        (directories,) = struct.unpack_from("<I", head, where)
        self._directories = [
            struct.unpack_from("<II", head, where + 4 + 8 * index)
            for index in range(min(directories, 16))
        ]
        rows = read_upto(stream, begin + optional, min(count, MAX_SECTIONS) * 40)
        self._sections = [
            _Section(address, max(virtual, size), offset)
            for virtual, address, size, offset in (
                struct.unpack_from("<IIII", rows, index * 40 + 8)
                for index in range(len(rows) // 40)
            )
        ]

    def pe(self) -> Pe:
        clr, _ = self._directory(_CLR)
        return Pe(
            machine=self._machine(),
            managed=bool(clr),
            imports=tuple(dict.fromkeys((*self._imports(), *self._delayed()))),
            assembly=self._assembly(clr) if clr else None,
        )

    def _machine(self) -> str:
        for system in _SYSTEMS:
            if name := _MACHINES.get(self._number ^ system):
                return name
        return f"unknown-{self._number:#x}"

    def _directory(self, index: int) -> tuple[int, int]:
        return self._directories[index] if index < len(self._directories) else (0, 0)

    def _at(self, address: int, size: int) -> bytes:
        """At most `size` bytes that are loaded at `address`, without what follows the section."""
        for each in self._sections:
            inside = address - each.address
            if 0 <= inside < each.size:
                return read_upto(self._stream, each.offset + inside, min(size, each.size - inside))
        return b""

    def _text(self, address: int) -> str:
        return self._at(address, 256).split(b"\0", 1)[0].decode("utf-8", "replace")

    def _imports(self) -> Iterator[str]:
        address, _ = self._directory(_IMPORTS)
        table = self._at(address, MAX_IMPORTS * 20) if address else b""
        for index in range(len(table) // 20):
            row = struct.unpack_from("<IIIII", table, index * 20)
            if not row[3]:
                return
            if name := self._text(row[3]):
                yield name

    def _delayed(self) -> Iterator[str]:
        address, _ = self._directory(_DELAYED)
        table = self._at(address, MAX_IMPORTS * 32) if address else b""
        for index in range(len(table) // 32):
            attributes, name, *_ = struct.unpack_from("<II", table, index * 32)
            if not name:
                return
            # Old linkers wrote addresses there, not offsets from the image's base.
            if attributes & 1 and (text := self._text(name)):
                yield text

    def _assembly(self, clr: int) -> Assembly | None:
        header = self._at(clr, 16)
        if len(header) < 16:
            return None
        address, size = struct.unpack_from("<II", header, 8)
        try:
            return read_assembly(self._at(address, min(size, MAX_METADATA)))
        except MetadataError:
            return None
