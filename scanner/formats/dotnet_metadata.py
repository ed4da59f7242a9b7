"""Reads what a .NET assembly says of itself: its name, and the assemblies and libraries it calls.

Pure in the bytes given (the metadata of ECMA-335, part II, chapter 22) and bounded; judges
nothing, and reads no code.
"""

from __future__ import annotations

import struct
from dataclasses import dataclass

MAX_ROWS = 1 << 22
MAX_REFERENCES = 1000
_ROOT = 0x424A5342
_MODULE_REF, _ASSEMBLY, _ASSEMBLY_REF = 0x1A, 0x20, 0x23

# Columns: 2 and 4 are numbers of so many bytes, S G B indexes of the heaps, #xx of a table, and
# the others of one of several tables.
_COLUMNS: dict[int, str] = {
    0x00: "2 S G G G", 0x01: "scope S S", 0x02: "4 S S typedef #04 #06", 0x03: "#04",
    0x04: "2 S B", 0x05: "#06", 0x06: "4 2 2 S B #08", 0x07: "#08", 0x08: "2 2 S",
    0x09: "#02 typedef", 0x0A: "parent S B", 0x0B: "2 constant B",
    0x0C: "attribute attributetype B", 0x0D: "marshal B", 0x0E: "2 security B",
    0x0F: "2 4 #02", 0x10: "4 #04", 0x11: "B", 0x12: "#02 #14", 0x13: "#14",
    0x14: "2 S typedef", 0x15: "#02 #17", 0x16: "#17", 0x17: "2 S B", 0x18: "2 #06 semantics",
    0x19: "#02 method method", 0x1A: "S", 0x1B: "B", 0x1C: "2 forwarded S #1a", 0x1D: "4 #04",
    0x1E: "4 4", 0x1F: "4", 0x20: "4 2 2 2 2 4 B S S", 0x21: "4", 0x22: "4 4 4",
    0x23: "2 2 2 2 4 B S S B",
}  # fmt: skip
_CODED: dict[str, tuple[int, tuple[int, ...]]] = {
    "typedef": (2, (0x02, 0x01, 0x1B)),
    "constant": (2, (0x04, 0x08, 0x17)),
    "attribute": (
        5,
        (
            0x06, 0x04, 0x01, 0x02, 0x08, 0x09, 0x0A, 0x00, 0x0E, 0x17, 0x14, 0x11, 0x1A, 0x1B,
            0x20, 0x23, 0x26, 0x27, 0x28, 0x2A, 0x2B, 0x2C,
        ),
    ),
    "marshal": (1, (0x04, 0x08)),
    "security": (2, (0x02, 0x06, 0x20)),
    "parent": (3, (0x02, 0x01, 0x1A, 0x06, 0x1B)),
    "semantics": (1, (0x14, 0x17)),
    "method": (1, (0x06, 0x0A)),
    "forwarded": (1, (0x04, 0x06)),
    "attributetype": (3, (0x06, 0x0A)),
    "scope": (2, (0x00, 0x1A, 0x23, 0x01)),
}  # fmt: skip


class MetadataError(ValueError):
    """The bytes are no metadata, or cannot be what they say."""


@dataclass(frozen=True, slots=True)
class Assembly:
    """A managed library or program."""

    name: str
    """`""` of a module that belongs to another file's assembly."""
    version: str
    references: tuple[str, ...]
    """Names of the assemblies it calls."""
    natives: tuple[str, ...]
    """Names under which it loads native libraries."""


def read_assembly(data: bytes) -> Assembly:
    """Read the metadata of an assembly.

    Raises:
        MetadataError: not metadata, or damaged.
    """
    try:
        return _Metadata(data).assembly()
    except (struct.error, IndexError) as error:
        raise MetadataError("ends within its tables") from error


class _Metadata:
    def __init__(self, data: bytes) -> None:
        magic, _, _, _, length = struct.unpack_from("<IHHII", data, 0)
        if magic != _ROOT or length > 4096:
            raise MetadataError("does not begin like metadata")
        position = 16 + length
        (count,) = struct.unpack_from("<H", data, position + 2)
        position += 4
        streams: dict[bytes, bytes] = {}
        for _ in range(min(count, 16)):
            offset, size = struct.unpack_from("<II", data, position)
            end = data.find(b"\0", position + 8, position + 41)
            if end < 0:
                raise MetadataError("claims a stream without a name")
            streams.setdefault(data[position + 8 : end], data[offset : offset + size])
            position += 8 + (end - position - 8) // 4 * 4 + 4
        self._tables = streams.get(b"#~", b"") or streams.get(b"#-", b"")
        self._strings = streams.get(b"#Strings", b"")
        self._read_sizes()

    def _read_sizes(self) -> None:
        heaps, _, valid, _ = struct.unpack_from("<BBQQ", self._tables, 6)
        self._wide = {"S": heaps & 1, "G": heaps & 2, "B": heaps & 4}
        self._rows: dict[int, int] = {}
        position = 24
        for table in range(64):
            if valid >> table & 1:
                (rows,) = struct.unpack_from("<I", self._tables, position)
                if rows > MAX_ROWS:
                    raise MetadataError(f"claims a table of {rows} rows")
                self._rows[table] = rows
                position += 4
        if heaps & 0x40:  # a word of its own, of builds for Edit and Continue
            position += 4
        self._start = {}
        for table in range(_ASSEMBLY_REF + 1):
            self._start[table] = position
            position += self._rows.get(table, 0) * sum(self._widths(table))

    def _widths(self, table: int) -> list[int]:
        return [self._width(column) for column in _COLUMNS[table].split()]

    def _width(self, column: str) -> int:
        if column in ("2", "4"):
            return int(column)
        if column in self._wide:
            return 4 if self._wide[column] else 2
        if column.startswith("#"):
            return 4 if self._rows.get(int(column[1:], 16), 0) > 0xFFFF else 2
        bits, tables = _CODED[column]
        largest = max(self._rows.get(each, 0) for each in tables)
        return 4 if largest >= 1 << (16 - bits) else 2

    def _row(self, table: int, index: int) -> list[int]:
        widths = self._widths(table)
        layout = struct.Struct("<" + "".join("H" if each == 2 else "I" for each in widths))
        return list(layout.unpack_from(self._tables, self._start[table] + index * layout.size))

    def _text(self, start: int) -> str:
        end = self._strings.find(b"\0", start, start + 1024)
        return self._strings[start : max(end, start)].decode("utf-8", "replace")

    def _names(self, table: int, column: int) -> tuple[str, ...]:
        count = min(self._rows.get(table, 0), MAX_REFERENCES)
        found = (self._text(self._row(table, index)[column]) for index in range(count))
        return tuple(dict.fromkeys(each for each in found if each))

    def assembly(self) -> Assembly:
        name = version = ""
        if self._rows.get(_ASSEMBLY):
            row = self._row(_ASSEMBLY, 0)
            name, version = self._text(row[7]), ".".join(str(part) for part in row[1:5])
        return Assembly(name, version, self._names(_ASSEMBLY_REF, 6), self._names(_MODULE_REF, 0))
