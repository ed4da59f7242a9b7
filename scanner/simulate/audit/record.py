"""The file in which the audit's interposer notes calls: made empty, and read once a container ends.

Every process of the container can write it, so nothing that it says is trusted or unbounded.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator
from dataclasses import dataclass

PATH = "/.fips-scanner/audit"

_MAGIC = b"AUDFIPS1"
_OBJECTS, _ENTRIES = 1023, 9000
_SIZE = 192
"""Bytes of the header, of an object and of an entry alike; see `audit_record.c`."""
_ENTRY = struct.Struct("<II4QHHHH32s112s")
_READY = 2
_OPTED_OUT, _SERVER = 1, 2
_START = "start"
SIZE = (1 + _OBJECTS + _ENTRIES) * _SIZE


@dataclass(frozen=True, slots=True)
class Noted:
    """One algorithm that one place in a program asked for."""

    program: str
    api: str
    algorithm: str
    library: str
    caller: str
    """Path of the file whose code called; `""` where it is none, as in code made at run time."""
    offset: int
    count: int
    refused: int
    opted_out: bool
    """Whether the call said itself that it is not for security (`-fips`)."""
    server: bool


@dataclass(frozen=True, slots=True)
class Record:
    """Everything that was noted in one container."""

    calls: tuple[Noted, ...] = ()
    programs: frozenset[str] = frozenset()
    """Those that began with the interposer in them."""
    dropped: int = 0
    """Calls for which there was no room."""


def empty_record() -> bytes:
    """A record for a container to write into."""
    return _MAGIC + bytes(SIZE - len(_MAGIC))


def read_record(content: bytes) -> Record | None:
    """What a record says; None where it is no record any more."""
    if len(content) != SIZE or not content.startswith(_MAGIC):
        return None
    objects = dict(_objects(content))
    calls: list[Noted] = []
    programs: set[str] = set()
    for at in range((1 + _OBJECTS) * _SIZE, SIZE, _SIZE):
        state, flags, count, failed, _, offset, program, caller, callee, _, api, name = (
            _ENTRY.unpack_from(content, at)
        )
        if state != _READY:
            continue
        if _text(api) == _START:
            programs.add(objects.get(program, ""))
            continue
        calls.append(
            Noted(
                program=objects.get(program, ""),
                api=_text(api),
                algorithm=_text(name),
                library=objects.get(callee, ""),
                caller=objects.get(caller, ""),
                offset=offset,
                count=count,
                refused=min(failed, count),
                opted_out=bool(flags & _OPTED_OUT),
                server=bool(flags & _SERVER),
            )
        )
    dropped = int.from_bytes(content[8:16], "little")
    return Record(tuple(sorted(calls, key=_order)), frozenset(programs - {""}), dropped)


def _objects(content: bytes) -> Iterator[tuple[int, str]]:
    for index in range(_OBJECTS):
        at = (1 + index) * _SIZE
        if int.from_bytes(content[at : at + 4], "little") == _READY:
            yield index, _text(content[at + 4 : at + _SIZE])


def _order(call: Noted) -> tuple[str, str, str, str, int]:
    return (call.program, call.algorithm, call.api, call.caller, call.offset)


def _text(field: bytes) -> str:
    text = field.partition(b"\0")[0].decode("utf-8", "replace")
    return "".join(each if each.isprintable() else "?" for each in text)
