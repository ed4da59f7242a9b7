"""Finds which packages of a Go program call given functions, by its machine code.

Calls and loads of a function's address are seen, on x86-64 and ARM64; what is reached through a
table of the program itself is not. Pure in the bytes given and bounded; knows no package.
"""

from __future__ import annotations

import re
import struct
import sys
from array import array
from bisect import bisect_right
from collections.abc import Iterable, Iterator, Mapping
from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from typing import BinaryIO

from scanner.formats.elf import PF_X, PT_LOAD, Elf, Segment, read_upto
from scanner.formats.go_functions import Functions

MAX_CODE = 256 << 20
"""Bytes of machine code that are searched; Kubernetes' largest programs hold 50 MiB."""
MAX_DATA = 256 << 20
MAX_WORDS = 100_000
MAX_CALLS = 20_000
_STEP = 1 << 20
_DATA_STEP = 64 << 10
_OVERLAP = 16
_MAX_ITAB = 512
_ITAB_METHODS = 24
"""Where the methods begin in Go's interface tables, and what code loads is the table."""

# LEA with an address relative to the next instruction; the byte before says 64 bits.
_LEA = rb"\x8d[\x05\x0d\x15\x1d\x25\x2d\x35\x3d]"
_CALL = rb"\xe8"
_WIDE = b"\x48\x4c"
# The last bytes of BL, and of ADRP.
_ARM = re.compile(rb"[\x94-\x97]|[\x90\xb0\xd0\xf0]")
_DISTANCE = struct.Struct("<i")
_TWO_WORDS = struct.Struct("<II")


class CallsError(ValueError):
    """There is more than is looked at."""


@dataclass(frozen=True, slots=True)
class Call:
    """One function that calls another one, or takes its address."""

    caller: str
    called: str


@dataclass(frozen=True, slots=True)
class Site:
    """A place of the code that names a function."""

    address: int
    target: int
    """What the instruction points to: the function, or a word that points to it."""
    called: int
    """The function's place among all."""


def can_read_calls(elf: Elf) -> bool:
    """Whether the machine code of `elf` is one that is understood."""
    return elf.machine in ("x86_64", "aarch64")


def read_calls(
    stream: BinaryIO, elf: Elf, functions: Functions, wanted: Iterable[int]
) -> tuple[Call, ...]:
    """Who calls the functions `wanted`, given by their place in `functions`; each pair once.

    Raises:
        CallsError: there is more code, or more calls, than is looked at.
    """
    seen: dict[tuple[int, int], None] = {}
    for site in call_sites(stream, elf, functions, wanted):
        caller = bisect_right(functions.entries, site.address) - 1
        if caller >= 0 and caller != site.called:
            seen[caller, site.called] = None
        if len(seen) > MAX_CALLS:
            raise CallsError(f"more than {MAX_CALLS} calls")
    name = functions.name
    return tuple(Call(name(caller), name(called)) for caller, called in seen)


def call_sites(
    stream: BinaryIO, elf: Elf, functions: Functions, wanted: Iterable[int]
) -> Iterator[Site]:
    """Every place of the code that calls one of the functions `wanted` or takes its address."""
    code = [each for each in elf.segments if each.type == PT_LOAD and each.flags & PF_X]
    if sum(each.file_size for each in code) > MAX_CODE:
        raise CallsError(f"more than {MAX_CODE} bytes of code")
    targets = {functions.entries[each]: each for each in wanted}
    loaded: dict[int, int] = {}
    for address, entry in _words(stream, elf, frozenset(targets), functions.table):
        # A word that holds a function's address is what code loads as the function's value. In
        # an interface's table it is that of a method, and code loads the table.
        is_method = ".(" in functions.name(targets[entry])
        at = _table_of(stream, elf, functions, address) if is_method else address
        loaded.setdefault(at, targets[entry])
    find = _x86 if elf.machine == "x86_64" else _arm
    for segment in code:
        for base, piece in _pieces(stream, segment, MAX_CODE):
            yield from find(piece, base, targets, loaded)


def _pieces(stream: BinaryIO, segment: Segment, limit: int) -> Iterator[tuple[int, bytes]]:
    size = min(segment.file_size, max(limit, 0))
    for start in range(0, size, _STEP):
        piece = read_upto(stream, segment.offset + start, min(_STEP + _OVERLAP, size - start))
        yield segment.address + start, piece


def _x86(
    piece: bytes, base: int, targets: Mapping[int, int], loaded: Mapping[int, int]
) -> Iterator[Site]:
    unpack = _DISTANCE.unpack_from
    for start, wanted in ((_CALL, targets), (_LEA, loaded)):
        halves = _upper_halves(base, len(piece), wanted)
        pattern = re.compile(start + rb"(?=..(?:" + halves + rb"))", re.DOTALL)
        for match in pattern.finditer(piece):
            end = match.end()
            if start is _LEA and piece[match.start() - 1] not in _WIDE:
                continue
            target = base + end + 4 + unpack(piece, end)[0]
            if target in wanted:
                yield Site(base + end, target, wanted[target])


def _upper_halves(base: int, size: int, targets: Iterable[int]) -> bytes:
    """A pattern of how the upper half of a distance from here to a target may read.

    It leaves few places to look at one by one, and a literal before it is searched fast.
    """
    upper: dict[int, set[int]] = {}
    for block in {each >> 16 for each in targets}:
        # From the end of the piece to the block's beginning, to the other way round.
        nearest, farthest = (block << 16) - base - size - 8, (block + 1 << 16) - base
        for half in range(nearest >> 16, (farthest >> 16) + 1):
            if -0x8000 <= half < 0x8000:
                upper.setdefault(half >> 8 & 0xFF, set()).add(half & 0xFF)
    ways = (_class(lows) + b"\\x%02x" % high for high, lows in sorted(upper.items()))
    return b"|".join(ways) or rb"(?!)"


def _class(values: AbstractSet[int]) -> bytes:
    """A pattern of one byte that has one of `values`."""
    firsts = sorted(each for each in values if each - 1 not in values)
    lasts = sorted(each for each in values if each + 1 not in values)
    ranges = zip(firsts, lasts, strict=True)
    return b"[" + b"".join(b"\\x%02x-\\x%02x" % each for each in ranges) + b"]"


def _arm(
    piece: bytes, base: int, targets: Mapping[int, int], loaded: Mapping[int, int]
) -> Iterator[Site]:
    unpack = _TWO_WORDS.unpack_from
    last = len(piece) - 8
    for match in _ARM.finditer(piece):
        at = match.start() - 3
        if at % 4 or not 0 <= at <= last:
            continue
        first, second = unpack(piece, at)
        if first >> 26 == 0x25:
            target, wanted = base + at + 4 * _signed(first & 0x3FFFFFF, 26), targets
        elif first & 0x9F000000 == 0x90000000 and second & 0xFFC00000 == 0x91000000:
            # ADRP and the ADD behind it, of the same register.
            if second >> 5 & 0x1F != first & 0x1F:
                continue
            page = _signed((first >> 5 & 0x7FFFF) << 2 | first >> 29 & 3, 21) << 12
            target, wanted = (base + at & ~0xFFF) + page + (second >> 10 & 0xFFF), loaded
        else:
            continue
        if target in wanted:
            yield Site(base + at, target, wanted[target])


def _signed(value: int, bits: int) -> int:
    return value - (1 << bits) if value >> (bits - 1) else value


def _table_of(stream: BinaryIO, elf: Elf, functions: Functions, address: int) -> int:
    """Where the interface's table begins in which the method at `address` stands.

    Before the methods, of which some may have been left out as zeros, it has a hash, which is
    neither, and two pointers.
    """
    offset = elf.offset_of(address)
    data = read_upto(stream, max(0, (offset or 0) - _MAX_ITAB), min(offset or 0, _MAX_ITAB))
    words = struct.unpack(f"<{len(data) // 8}Q", data[len(data) % 8 :])
    first = address
    for word in reversed(words):
        if word and not functions.entries[0] <= word <= functions.entries[-1]:
            break
        first -= 8
    return first - _ITAB_METHODS


def _words(
    stream: BinaryIO, elf: Elf, wanted: AbstractSet[int], table: range
) -> Iterator[tuple[int, int]]:
    """Where pointers to `wanted` lie in the data, and to which they point."""
    found = 0
    for base, piece in _data(stream, elf, table):
        skip = -base % 8
        words = array("Q", piece[skip : skip + (len(piece) - skip & ~7)])
        if sys.byteorder == "big":
            words.byteswap()
        for index, word in enumerate(words) if not wanted.isdisjoint(words) else ():
            if word in wanted:
                found += 1
                yield base + skip + 8 * index, word
        if found > MAX_WORDS:
            raise CallsError(f"more than {MAX_WORDS} pointers to functions")


def _data(stream: BinaryIO, elf: Elf, table: range) -> Iterator[tuple[int, bytes]]:
    """The data in small pieces, without the table of functions, which has no pointers."""
    for segment in elf.segments:
        if segment.type != PT_LOAD or segment.flags & PF_X:
            continue
        end = min(segment.file_size, MAX_DATA)
        for start in range(0, end, _DATA_STEP):
            offset, size = segment.offset + start, min(_DATA_STEP, end - start)
            if offset not in table or offset + size not in table:
                yield segment.address + start, read_upto(stream, offset, size)
