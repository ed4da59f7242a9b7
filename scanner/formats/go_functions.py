"""Reads where the functions of a Go program begin, and what each is called.

Pure in the bytes given and bounded; `scanner.formats.go_pclntab` finds the table and its names.
"""

from __future__ import annotations

import re
import struct
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import accumulate
from typing import BinaryIO

from scanner.formats.elf import PF_X, PT_LOAD, Elf, read_upto
from scanner.formats.elf_search import data_pieces
from scanner.formats.go_pclntab import FunctionNames, PclntabError

MAX_RECORDS = 128 << 20
MAX_CANDIDATES = 64
MAX_NAME = 4096
_FIRST_FUNCTION, _TEXT, _LAYOUT_WORDS = 20, 22, 24
"""Of Go's record of the program's layout: which words hold the addresses of the first function
and of all code. Source: `moduledata` of https://go.dev/src/runtime/symtab.go, alike since 1.16."""


@dataclass(frozen=True, slots=True)
class Functions:
    """The functions of a program, in the order of their addresses."""

    entries: Sequence[int]
    name_offsets: Sequence[int]
    """Where each one's name begins in `names`."""
    names: bytes
    table: range
    """Where in the file the table of functions lies."""

    def name(self, index: int) -> str:
        """What the function in place `index` is called."""
        start = self.name_offsets[index]
        end = self.names.find(b"\0", start, start + MAX_NAME)
        return self.names[start:end].decode("utf-8", "replace") if end > start >= 0 else ""

    def beginning(self, *prefixes: str) -> tuple[int, ...]:
        """The places of the functions whose names begin with one of `prefixes`."""
        if not prefixes:
            return ()
        any_of = b"|".join(re.escape(prefix.encode()) for prefix in prefixes)
        # A zero byte closes each name, and is searched fast.
        behind = re.compile(rb"\0(?:" + any_of + rb")")
        offsets = {match.start() + 1 for match in behind.finditer(self.names)}
        if self.names.startswith(tuple(prefix.encode() for prefix in prefixes)):
            offsets.add(0)
        return tuple(i for i, offset in enumerate(self.name_offsets) if offset in offsets)


def read_functions(stream: BinaryIO, elf: Elf, names: FunctionNames) -> Functions:
    """The functions of `elf` with their addresses.

    Raises:
        PclntabError: the table cannot be what it says.
    """
    if names.layout == "1.2":
        ends = accumulate(len(each) + 1 for each in names.data.split(b"\0")[:-1])
        offsets = [0, *ends][: len(names.entries)]
        return Functions(names.entries, offsets, names.data, range(0))
    order, size = names.order, names.pointer_size
    word = "Q" if size == 8 else "I"
    words = struct.unpack(f"{order}8{word}", _at(stream, names.start + 8, 8 * size))
    count, records = words[0], names.start + (words[6] if names.layout == "1.16" else words[7])
    wide = names.layout == "1.16"
    pair = struct.Struct(f"{order}2{word if wide else 'I'}")
    table = list(pair.iter_unpack(_at(stream, records, count * pair.size)))
    last = max((record for _, record in table), default=0)
    if last > MAX_RECORDS:
        raise PclntabError(f"its function table is said to be {last} bytes long")
    body = _at(stream, records, last + 16)
    unpack, behind = struct.Struct(f"{order}i").unpack_from, size if wide else 4
    offsets = [unpack(body, record + behind)[0] for _, record in table]
    base = 0 if wide else words[2] or _text(stream, elf, names)
    return Functions(
        [base + entry for entry, _ in table],
        offsets,
        names.data,
        range(names.start, records + last),
    )


def _text(stream: BinaryIO, elf: Elf, names: FunctionNames) -> int:
    """The address from which entries count, which the table of Go 1.26 no longer holds."""
    address = elf.address_of(names.start)
    order, size = names.order, names.pointer_size
    layout = struct.Struct(f"{order}{_LAYOUT_WORDS}{'Q' if size == 8 else 'I'}")
    pointer = struct.pack(f"{order}{'Q' if size == 8 else 'I'}", address or 0)
    tried = 0
    for segment, position, piece in data_pieces(stream, elf, layout.size):
        found = piece.find(pointer)
        while found >= 0 and address and tried < MAX_CANDIDATES:
            tried += 1
            place = position + found
            aligned = not (place - segment.offset + segment.address) % size
            data = read_upto(stream, place, layout.size) if aligned else b""
            if len(data) == layout.size:
                words = layout.unpack(data)
                if words[_TEXT] <= words[_FIRST_FUNCTION] and _is_code(elf, words[_TEXT]):
                    return int(words[_TEXT])
            found = piece.find(pointer, found + 1)
    raise PclntabError("where its code begins is not told")


def _is_code(elf: Elf, address: int) -> bool:
    return any(
        each.type == PT_LOAD and each.flags & PF_X and 0 <= address - each.address < each.file_size
        for each in elf.segments
    )


def _at(stream: BinaryIO, offset: int, size: int) -> bytes:
    data = read_upto(stream, offset, size)
    if len(data) != size:
        raise PclntabError("its function table ends outside the file")
    return data
