"""Reads the names of the functions that are in a Go program, also when it is stripped.

Every Go program carries them for its stack traces. Pure in the bytes given and bounded; knows
no package by name.
"""

from __future__ import annotations

import re
import struct
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import islice
from typing import BinaryIO

from scanner.formats.elf import SHT_NOBITS, Elf, read_upto
from scanner.formats.elf_search import STEP, data_pieces

SECTIONS = (".gopclntab", ".data.rel.ro.gopclntab")
MAX_NAMES = 64 << 20
"""Bytes of names that are read; Kubernetes' largest programs hold 8 MiB."""
MAX_FUNCTIONS = 2_000_000
MAX_CANDIDATES = 16
"""Places that are tried where no section tells; each costs a read."""
_HEADER_SIZE = 16
_MAX_TABLE = 256 << 20
_MIN_UNKNOWN = 10
"""Functions of unknown packages without a path that make a program an obfuscated one."""
_COMMON = (
    "bufio.", "bytes.", "context.", "encoding/", "errors.", "fmt.", "io.", "log.", "sort.",
    "strconv.", "strings.", "unicode/",
)  # fmt: skip
_STANDARD = frozenset(
    {
        "cmp", "flag", "hash", "iter", "main", "maps", "math", "net", "os", "path", "plugin",
        "reflect", "regexp", "runtime", "slices", "structs", "sync", "syscall", "testing", "time",
        "unique", "unsafe", "weak", "x_cgo",
    }
)  # fmt: skip
_WORD_PACKAGE = re.compile(rb"(?<![^\0])([A-Za-z0-9]\w*)\.(?!abi)[^\0]")
_SLACK = 1 << 16
"""Bytes behind the last function's record that may hold its name."""

# Which Go wrote the table: https://go.dev/src/internal/abi/symtab.go
_MAGICS = {0xFFFFFFFB: "1.2", 0xFFFFFFFA: "1.16", 0xFFFFFFF0: "1.18", 0xFFFFFFF1: "1.20"}
_HEADER = re.compile(
    rb"(?:[\xfb\xfa\xf0\xf1]\xff\xff\xff|\xff\xff\xff[\xfb\xfa\xf0\xf1])\0\0[\1\2\4][\4\x08]",
    re.DOTALL,
)


class PclntabError(ValueError):
    """The table is there and cannot be what it says."""


@dataclass(frozen=True, slots=True)
class FunctionNames:
    """The names of all functions of a Go program."""

    layout: str
    """The first Go version that wrote such a table: `1.2`, `1.16`, `1.18`, `1.20`."""
    data: bytes
    """The names, each followed by a zero byte."""
    start: int = 0
    """Where in the file the table begins."""
    order: str = "<"
    """Its byte order, as `struct` writes it."""
    pointer_size: int = 8
    entries: tuple[int, ...] = ()
    """Until Go 1.15, where the function of each name begins; later tables are read apart."""

    def beginning(self, *prefixes: str) -> Iterator[str]:
        """The names that begin with one of `prefixes`, in the order of the table."""
        if not prefixes:
            return
        any_of = b"|".join(re.escape(prefix.encode()) for prefix in prefixes)
        # A zero byte closes each name, and is searched fast.
        behind = re.compile(rb"\0((?:" + any_of + rb")[^\0]*)")
        for match in behind.finditer(b"\0" + self.data):
            yield match.group(1).decode("utf-8", "replace")

    def contains(self, text: str) -> bool:
        """Whether a name holds `text`."""
        return text.encode() in self.data

    def obfuscated(self) -> bool:
        """Whether the names were made unreadable, as garble does.

        Import paths then are single words that no package of the standard library has, and none of
        its common packages is there.
        """
        if next(self.beginning(*_COMMON), None) is not None:
            return False
        words = (match[1].decode() for match in _WORD_PACKAGE.finditer(self.data))
        unknown = (word for word in words if word not in _STANDARD)
        return len(list(islice(unknown, _MIN_UNKNOWN))) == _MIN_UNKNOWN


def package_of(function: str) -> str:
    """The import path of the package that a function belongs to.

    `golang.org/x/crypto/ssh.(*Client).Dial` is of `golang.org/x/crypto/ssh`. Dots that the
    linker escaped (`%2e`) come back.
    """
    # Type arguments hold import paths of their own.
    plain = function.split("[", 1)[0].split("(", 1)[0]
    folder, slash, last = plain.rpartition("/")
    return f"{folder}{slash}{last.split('.', 1)[0]}".replace("%2e", ".")


def read_function_names(stream: BinaryIO, elf: Elf) -> FunctionNames | None:
    """The function names of the program `elf`, read from `stream`; None when it has no table.

    Raises:
        PclntabError: there is a table, and it is broken or too large.
    """
    broken: PclntabError | None = None
    for start in islice(_candidates(stream, elf), MAX_CANDIDATES):
        try:
            return _read(stream, start)
        except PclntabError as error:
            broken = error
    if broken is not None:
        raise broken
    return None


def _candidates(stream: BinaryIO, elf: Elf) -> Iterator[int]:
    named = [each for each in elf.sections if each.name in SECTIONS and each.type != SHT_NOBITS]
    for section in named:
        yield section.offset
    if named:
        return
    for _, position, piece in data_pieces(stream, elf, _HEADER_SIZE):
        for match in _HEADER.finditer(piece, 0, STEP + _HEADER_SIZE // 2):
            if not (position + match.start()) % 4:
                yield position + match.start()


def _read(stream: BinaryIO, start: int) -> FunctionNames:
    head = _at(stream, start, 8 + 8 * 8)
    little = head[1:4] == b"\xff\xff\xff"
    order = "<" if little else ">"
    layout = _MAGICS.get(struct.unpack_from(order + "I", head)[0])
    if layout is None or head[4:6] != b"\0\0" or head[7] not in (4, 8):
        raise PclntabError("its function table has an unknown header")
    word = "Q" if head[7] == 8 else "I"
    words = struct.unpack_from(f"{order}8{word}", head, 8)
    if words[0] > MAX_FUNCTIONS:
        raise PclntabError(f"its function table claims {words[0]} functions")
    if layout == "1.2":
        data, entries = _scattered(stream, start, order, head[7], words[0])
        return FunctionNames(layout, data, start, order, head[7], entries)
    begin, end = words[2:4] if layout == "1.16" else words[3:5]
    if not 8 <= begin <= end or end - begin > MAX_NAMES:
        raise PclntabError(f"its function names are said to lie from {begin} to {end}")
    names = _at(stream, start + begin, end - begin)
    if words[0] and (not names or b"\0" not in names):
        raise PclntabError("its function table names no function")
    return FunctionNames(layout, names, start, order, head[7])


def _scattered(
    stream: BinaryIO, start: int, order: str, size: int, count: int
) -> tuple[bytes, tuple[int, ...]]:
    """Names as they lay until Go 1.15: anywhere in the table, behind each function's record."""
    word = "Q" if size == 8 else "I"
    table = _at(stream, start + 8 + size, count * 2 * size)
    rows = list(struct.iter_unpack(f"{order}2{word}", table))
    last = max((record for _, record in rows), default=0)
    if last > _MAX_TABLE:
        raise PclntabError(f"its function table is said to be {last} bytes long")
    # Records and names alternate, so one read up to the last record and a little more has all.
    body = read_upto(stream, start, last + _SLACK)
    names: list[bytes] = []
    entries: list[int] = []
    total = 0
    for entry, record in rows:
        if record + size + 4 > len(body):
            raise PclntabError("a function's record lies outside the file")
        (offset,) = struct.unpack_from(order + "i", body, record + size)
        if not 0 < offset < len(body):
            continue
        end = body.find(b"\0", offset, offset + 4096)
        name = body[offset : max(end, offset)]
        total += len(name) + 1
        if total > MAX_NAMES:
            raise PclntabError("its function names are too long")
        names.append(name)
        entries.append(entry)
    return b"\0".join((*names, b"")), tuple(entries)


def _at(stream: BinaryIO, offset: int, size: int) -> bytes:
    data = read_upto(stream, offset, size)
    if len(data) != size:
        raise PclntabError("its function table ends outside the file")
    return data
