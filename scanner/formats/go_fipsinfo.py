"""Computes the checksum of a Go program's FIPS module as the program itself does at its start.

The linker leaves the sum and the addresses of what it covers in the program. Pure in the bytes
given and bounded; says nothing of what a wrong sum means.
"""

from __future__ import annotations

import hashlib
import hmac
import struct
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import islice
from typing import BinaryIO

from scanner.formats.elf import PT_LOAD, SHT_NOBITS, Elf, read_upto
from scanner.formats.elf_search import data_pieces

MAGIC = b"\xff Go fipsinfo \xff\0"
SECTION = ".go.fipsinfo"
MAX_RANGE = 64 << 20
"""Bytes of one of the four parts; of Go 1.27 the largest has 0.4 MiB."""
MAX_CANDIDATES = 16
_SUM_SIZE = 32
_PARTS = 4  # text, read-only data, data without and with pointers
_STEP = 1 << 20
_KEY = bytes(32)
_HEADER = b"go fips object v1\n"


class FipsInfoError(ValueError):
    """The record is there and cannot be what it says."""


@dataclass(frozen=True, slots=True)
class FipsSum:
    """What the module should sum up to, and what it does."""

    stored: str
    """Hexadecimal; `""` where the linker wrote none."""
    computed: str


def read_fips_sum(stream: BinaryIO, elf: Elf) -> FipsSum | None:
    """The sums of the program `elf`, read from `stream`; None where it has no record.

    Raises:
        FipsInfoError: the record points to where nothing is.
    """
    broken: FipsInfoError | None = None
    for start in islice(_candidates(stream, elf), MAX_CANDIDATES):
        try:
            return _read(stream, elf, start)
        except FipsInfoError as error:
            broken = error
    if broken is not None:
        raise broken
    return None


def _candidates(stream: BinaryIO, elf: Elf) -> Iterator[int]:
    section = elf.section(SECTION)
    if section is not None:
        if section.type != SHT_NOBITS:
            yield section.offset
        return
    for segment, position, piece in data_pieces(stream, elf, len(MAGIC)):
        found = piece.find(MAGIC)
        while found >= 0:
            # The linker aligns the record; what is not aligned is text about it.
            if not (position + found - segment.offset + segment.address) % (elf.bits // 8):
                yield position + found
            found = piece.find(MAGIC, found + 1)


def _read(stream: BinaryIO, elf: Elf, start: int) -> FipsSum:
    order = "<" if elf.little_endian else ">"
    words = struct.Struct(f"{order}{1 + 2 * _PARTS}{'Q' if elf.bits == 64 else 'I'}")
    size = len(MAGIC) + _SUM_SIZE + words.size
    record = read_upto(stream, start, size)
    if len(record) != size or not record.startswith(MAGIC):
        raise FipsInfoError("its FIPS record does not begin like one, or is cut off")
    stored = record[len(MAGIC) : len(MAGIC) + _SUM_SIZE]
    # The first word points to the record itself.
    addresses = words.unpack_from(record, len(MAGIC) + _SUM_SIZE)[1:]
    total = hmac.new(_KEY, _HEADER, hashlib.sha256)
    for begin, end in zip(addresses[::2], addresses[1::2], strict=True):
        total.update(struct.pack(">Q", (end - begin) & (1 << 64) - 1))
        for piece in _pieces(stream, elf, begin, end):
            total.update(piece)
    return FipsSum(stored.hex() if any(stored) else "", total.hexdigest())


def _pieces(stream: BinaryIO, elf: Elf, begin: int, end: int) -> Iterator[bytes]:
    for segment in elf.segments:
        if segment.type == PT_LOAD and segment.address <= begin <= end <= (
            segment.address + segment.file_size
        ):
            break
    else:
        raise FipsInfoError(f"its FIPS record points outside the file ({begin:#x} to {end:#x})")
    if end - begin > MAX_RANGE:
        raise FipsInfoError(f"its FIPS record claims a part of {end - begin} bytes")
    position, left = segment.offset + begin - segment.address, end - begin
    while left:
        piece = read_upto(stream, position, min(_STEP, left))
        if not piece:
            raise FipsInfoError("a part of its FIPS module lies outside the file")
        yield piece
        position, left = position + len(piece), left - len(piece)
