"""Reads what a scan needs of a Windows executable: its machine, what it imports, if it is managed.

Pure in the bytes given and bounded; judges nothing. Managed assemblies run on Linux as well,
so a .NET image is full of these files.
"""

from __future__ import annotations

import struct
from dataclasses import dataclass
from typing import Any

MAGIC = b"MZ"
MAX_SIZE = 64 << 20
MAX_IMPORTS = 512

_MACHINES = {0x14C: "i386", 0x8664: "x86_64", 0x1C0: "arm", 0x1C4: "arm", 0xAA64: "aarch64"}


class PeError(ValueError):
    """The bytes are no Windows executable, or one that cannot be read."""


@dataclass(frozen=True, slots=True)
class Pe:
    """A Windows executable or library."""

    machine: str
    managed: bool
    """Whether it has a CLR header, as .NET assemblies do."""
    imports: tuple[str, ...]
    """Names of the libraries it imports from, in order."""


def is_pe(head: bytes) -> bool:
    """Whether a file that begins with `head` is a Windows executable."""
    if head[:2] != MAGIC or len(head) < 0x40:
        return False
    (start,) = struct.unpack_from("<I", head, 0x3C)
    return bool(head[start : start + 4] == b"PE\0\0")


def read_pe(data: bytes) -> Pe:
    """Read a whole file.

    Raises:
        PeError: not a Windows executable, too large, or broken.
    """
    if not is_pe(data[:4096]):
        raise PeError("does not begin like a Windows executable")
    if len(data) > MAX_SIZE:
        raise PeError(f"{len(data)} bytes, the limit is {MAX_SIZE}")
    # A fifth of a second to import, and most images have no such file.
    import lief

    config = lief.PE.ParserConfig()
    config.parse_signature = False
    config.parse_exports = False
    config.parse_reloc = False
    config.parse_rsrc = False
    lief.logging.disable()
    parsed: Any = lief.PE.parse(data, config)
    if parsed is None:
        raise PeError("lief cannot read it")
    number = struct.unpack_from("<H", data, struct.unpack_from("<I", data, 0x3C)[0] + 4)[0]
    clr = parsed.data_directory(lief.PE.DataDirectory.TYPES.CLR_RUNTIME_HEADER)
    names = [str(each.name) for _, each in zip(range(MAX_IMPORTS), parsed.imports, strict=False)]
    return Pe(
        machine=_MACHINES.get(number, f"unknown-{number:#x}"),
        managed=clr is not None and bool(clr.rva),
        imports=tuple(dict.fromkeys(names)),
    )
