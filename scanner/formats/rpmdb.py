"""Reads rpm's package databases from memory: sqlite, ndb and Berkeley DB.

Yields the raw package headers of a database; nothing is written, and nothing of the database's
own schema (triggers, views, extensions) is allowed to run.
"""

from __future__ import annotations

import sqlite3
import struct
from collections.abc import Iterator
from contextlib import closing

MAX_SIZE = 512 << 20
MAX_PACKAGES = 50_000
MAX_BLOB = 64 << 20
_SQLITE_MAGIC = b"SQLite format 3\0"
_NDB_MAGIC = b"RpmP"
_BDB_HASH_MAGIC = 0x061561
# Steps of sqlite's virtual machine; listing 50,000 packages takes well under a tenth of it.
_MAX_SQLITE_STEPS = 20_000_000


class RpmDatabaseError(ValueError):
    """The bytes are not a package database, or a damaged one."""


def headers(data: bytes) -> Iterator[bytes]:
    """Package headers of a database, whichever of the three formats it is in.

    Raises:
        RpmDatabaseError: unknown format, damaged, or over a bound.
    """
    if len(data) > MAX_SIZE:
        raise RpmDatabaseError(f"larger than {MAX_SIZE} bytes")
    if data.startswith(_SQLITE_MAGIC):
        yield from _sqlite_headers(data)
    elif data.startswith(_NDB_MAGIC):
        yield from _ndb_headers(data)
    elif _bdb_byte_order(data):
        yield from _bdb_headers(data, _bdb_byte_order(data))
    else:
        raise RpmDatabaseError("neither sqlite, ndb nor Berkeley DB")


# --- sqlite --------------------------------------------------------------------------------


def _sqlite_headers(data: bytes) -> Iterator[bytes]:
    # rpm leaves the database in write-ahead mode, which a database in memory cannot have.
    image = bytearray(data)
    image[18:20] = b"\x01\x01"
    with closing(sqlite3.connect(":memory:")) as connection:
        try:
            connection.deserialize(bytes(image))
            del image
            _harden(connection)
            kind = connection.execute(
                "SELECT type FROM sqlite_master WHERE name = 'Packages'"
            ).fetchall()
            if kind != [("table",)]:
                raise RpmDatabaseError("it has no table of packages")
            rows = connection.execute(
                "SELECT blob FROM Packages ORDER BY hnum LIMIT ?", [MAX_PACKAGES]
            )
            total = 0
            for (blob,) in rows:
                if isinstance(blob, bytes):
                    total += len(blob)
                    if total > MAX_SIZE:  # a generated column can be larger than the file
                        raise RpmDatabaseError("sqlite: packages larger than a bound allows")
                    yield blob
        except (sqlite3.Error, OverflowError, UnicodeDecodeError) as error:
            raise RpmDatabaseError(f"sqlite: {error}") from error


def _harden(connection: sqlite3.Connection) -> None:
    connection.setlimit(sqlite3.SQLITE_LIMIT_LENGTH, MAX_BLOB)
    connection.setlimit(sqlite3.SQLITE_LIMIT_ATTACHED, 0)
    connection.execute("PRAGMA trusted_schema = OFF")
    connection.execute("PRAGMA cell_size_check = ON")
    steps = iter(range(_MAX_SQLITE_STEPS // 100_000))
    connection.set_progress_handler(lambda: 1 if next(steps, None) is None else 0, 100_000)
    connection.set_authorizer(_allow_reading)


def _allow_reading(
    action: int, first: str | None, _second: str | None, _database: str | None, _by: str | None
) -> int:
    """Only selecting from the table of packages; `_by` is set inside views and triggers."""
    if action == sqlite3.SQLITE_SELECT:
        return sqlite3.SQLITE_OK
    if action == sqlite3.SQLITE_READ and first in ("Packages", "sqlite_master") and _by is None:
        return sqlite3.SQLITE_OK
    return sqlite3.SQLITE_DENY


# --- ndb -----------------------------------------------------------------------------------

_NDB_PAGE = 4096
_NDB_BLOCK = 16
_NDB_SLOT = struct.Struct("<4sIII")


def _ndb_headers(data: bytes) -> Iterator[bytes]:
    if len(data) < 32:
        raise RpmDatabaseError("ndb: cut short")
    version, _generation, slot_pages = struct.unpack_from("<III", data, 4)
    end = slot_pages * _NDB_PAGE
    if version != 0 or end > len(data):
        raise RpmDatabaseError("ndb: unknown version, or cut short")
    slots: list[tuple[int, int]] = []
    for offset in range(32, end, _NDB_SLOT.size):
        magic, package, block, _blocks = _NDB_SLOT.unpack_from(data, offset)
        if magic != b"Slot":
            raise RpmDatabaseError("ndb: a slot without its mark")
        if package:
            slots.append((package, block))
    for package, block in sorted(slots)[:MAX_PACKAGES]:
        start = block * _NDB_BLOCK
        if start + 16 > len(data):
            raise RpmDatabaseError("ndb: a package outside of the file")
        mark, number, _generation, size = _NDB_SLOT.unpack_from(data, start)
        if mark != b"BlbS" or number != package or start + 16 + size > len(data):
            raise RpmDatabaseError("ndb: a damaged package")
        yield data[start + 16 : start + 16 + size]


# --- Berkeley DB, hash access method -------------------------------------------------------

_BDB_PAGE_HEADER = 26
_HASH_UNSORTED, _OVERFLOW, _HASH = 2, 7, 13
_ON_PAGE, _OFF_PAGE = 1, 3


def _bdb_byte_order(data: bytes) -> str:
    for order in ("<", ">"):
        if len(data) >= 512 and struct.unpack_from(f"{order}I", data, 12)[0] == _BDB_HASH_MAGIC:
            return order
    return ""


def _bdb_headers(data: bytes, order: str) -> Iterator[bytes]:
    (page_size,) = struct.unpack_from(f"{order}I", data, 20)
    if page_size not in {1 << power for power in range(9, 17)}:
        raise RpmDatabaseError("Berkeley DB: impossible page size")
    found = total = 0
    for start in range(page_size, len(data) - page_size + 1, page_size):
        if data[start + 25] not in (_HASH, _HASH_UNSORTED):
            continue
        (count,) = struct.unpack_from(f"{order}H", data, start + 20)
        count = min(count, (page_size - _BDB_PAGE_HEADER) // 2)
        offsets = struct.unpack_from(f"{order}{count}H", data, start + _BDB_PAGE_HEADER)
        # Keys and values alternate; only values large enough for a header are off the page,
        # and the one small value is the counter under key 0.
        for index in range(1, count, 2):
            blob = _bdb_value(data, start, page_size, offsets[index - 1 : index + 1], order)
            if len(blob) > 16:
                yield blob
                found, total = found + 1, total + len(blob)
            if found >= MAX_PACKAGES or total > MAX_SIZE:
                raise RpmDatabaseError("Berkeley DB: more than a bound allows")


def _bdb_value(
    data: bytes, start: int, page_size: int, offsets: tuple[int, ...], order: str
) -> bytes:
    key_offset, offset = offsets
    if offset + 12 > page_size:
        # An item on the page may be as small as one byte; only off-page references need 12.
        return b""
    if data[start + offset] == _ON_PAGE:
        return data[start + offset + 1 : start + max(key_offset, offset)]
    if data[start + offset] != _OFF_PAGE:
        return b""
    page, size = struct.unpack_from(f"{order}II", data, start + offset + 4)
    if size > MAX_BLOB:
        raise RpmDatabaseError("Berkeley DB: a package larger than a bound allows")
    parts: list[bytes] = []
    gathered = 0
    while page and gathered < size:
        at = page * page_size
        if at + page_size > len(data) or data[at + 25] != _OVERFLOW:
            raise RpmDatabaseError("Berkeley DB: a damaged chain of pages")
        page, length = (
            struct.unpack_from(f"{order}I", data, at + 16)[0],
            struct.unpack_from(f"{order}H", data, at + 22)[0],
        )
        part = data[at + _BDB_PAGE_HEADER : at + _BDB_PAGE_HEADER + min(length, page_size)]
        if not part:
            raise RpmDatabaseError("Berkeley DB: an empty page in a chain")
        parts.append(part)
        gathered += len(part)
    return b"".join(parts)[:size]
