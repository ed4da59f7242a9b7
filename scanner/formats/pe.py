"""Reads what a scan needs of a Windows executable: its machine, what it imports, if it is managed.

Pure in the bytes given and bounded; judges nothing. Managed assemblies run on Linux as well,
so a .NET image is full of these files.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import islice
from typing import TYPE_CHECKING, BinaryIO

from scanner.formats.dotnet_metadata import Assembly, MetadataError, read_assembly
from scanner.formats.elf import read_upto

if TYPE_CHECKING:
    import lief

MAGIC = b"MZ"
MAX_SIZE = 64 << 20
"""Bytes of a file that is read; what is larger is not."""
MAX_IMPORTS = 512
MAX_METADATA = MAX_SIZE

_MACHINES = {0x14C: "i386", 0x8664: "x86_64", 0x1C0: "arm", 0x1C4: "arm", 0xAA64: "aarch64"}
# The framework's own native images are marked as for another system: the machine's number XOR
# one of these (Linux, macOS, FreeBSD, NetBSD, SunOS).
_SYSTEMS = (0, 0x7B79, 0x4644, 0xADC4, 0x1993, 0x1992)


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
    data = read_upto(stream, 0, MAX_SIZE + 1)
    if not is_pe(data[:4096]):
        raise PeError("does not begin like a Windows executable")
    if len(data) > MAX_SIZE:
        raise PeError(f"is larger than {MAX_SIZE >> 20} MiB")
    # A fifth of a second to import, and most images have no such file.
    import lief

    lief.logging.disable()
    config = lief.PE.ParserConfig()
    config.parse_signature = config.parse_exports = False
    config.parse_reloc = config.parse_rsrc = config.parse_exceptions = False
    parsed = lief.PE.parse(data, config)
    if parsed is None:
        raise PeError("cannot be read by lief")
    clr = parsed.data_directory(lief.PE.DataDirectory.TYPES.CLR_RUNTIME_HEADER)
    header = clr.rva if clr is not None else 0
    return Pe(
        machine=_machine(data),
        managed=bool(header),
        imports=tuple(dict.fromkeys(_imports(parsed))),
        assembly=_assembly(data, parsed, header) if header else None,
    )


def _machine(data: bytes) -> str:
    (start,) = struct.unpack_from("<I", data, 0x3C)
    (number,) = struct.unpack_from("<H", data, start + 4)
    for system in _SYSTEMS:
        if name := _MACHINES.get(number ^ system):
            return name
    return f"unknown-{number:#x}"


def _imports(parsed: lief.PE.Binary) -> Iterator[str]:
    yield from (str(each.name) for each in islice(parsed.imports, MAX_IMPORTS))
    yield from (str(each.name) for each in islice(parsed.delay_imports, MAX_IMPORTS))


def _assembly(data: bytes, parsed: lief.PE.Binary, clr: int) -> Assembly | None:
    try:
        start = parsed.rva_to_offset(clr)
        address, size = struct.unpack_from("<II", data, start + 8)
        where = parsed.rva_to_offset(address)
        return read_assembly(data[where : where + min(size, MAX_METADATA)])
    except (MetadataError, struct.error, OverflowError):
        return None
