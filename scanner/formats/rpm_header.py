"""Reads the header of an installed rpm package, as rpm's databases store it.

Reads only the tags that name the package and its files, and trusts no count or offset.
"""

from __future__ import annotations

import struct
from dataclasses import dataclass

MAX_ENTRIES = 4096
MAX_FILES = 500_000

_NAME, _VERSION, _RELEASE, _EPOCH = 1000, 1001, 1002, 1003
_SOURCE_RPM = 1044
_DIR_INDEXES, _BASE_NAMES, _DIR_NAMES = 1116, 1117, 1118
_OLD_FILE_NAMES = 1027
_WANTED = frozenset(
    {
        *(_NAME, _VERSION, _RELEASE, _EPOCH, _SOURCE_RPM),
        *(_DIR_INDEXES, _BASE_NAMES, _DIR_NAMES, _OLD_FILE_NAMES),
    }
)
_INT32, _STRING, _STRING_ARRAY, _I18N_STRING = 4, 6, 8, 9


class RpmHeaderError(ValueError):
    """The bytes are not a package header."""


@dataclass(frozen=True, slots=True)
class Package:
    """An installed package and its files (absolute paths).

    `version` is `[epoch:]version-release`; `source` is the name of the source package.
    """

    name: str
    version: str
    source: str
    files: tuple[str, ...]


def parse_header(blob: bytes) -> Package:
    """The package that `blob` (index count, data size, index, data; big-endian) describes.

    Raises:
        RpmHeaderError: it is cut short, or its counts point outside of it.
    """
    if len(blob) < 8:
        raise RpmHeaderError("shorter than its own preamble")
    entries, data_size = struct.unpack_from(">II", blob)
    start = 8 + 16 * entries
    if not 0 < entries <= MAX_ENTRIES or start + data_size > len(blob):
        raise RpmHeaderError(f"{entries} entries and {data_size} bytes do not fit {len(blob)}")
    data = blob[start : start + data_size]
    texts: dict[int, list[str]] = {}
    numbers: dict[int, tuple[int, ...]] = {}
    for index in range(entries):
        tag, kind, offset, count = struct.unpack_from(">IIiI", blob, 8 + 16 * index)
        if tag not in _WANTED or not 0 <= offset < max(data_size, 1) or count > MAX_FILES:
            continue
        if kind == _INT32 and offset + 4 * count <= data_size:
            numbers[tag] = struct.unpack_from(f">{count}I", data, offset)
        elif kind in (_STRING, _STRING_ARRAY, _I18N_STRING):
            texts[tag] = _strings(data, offset, 1 if kind == _STRING else count)
    name = _first(texts, _NAME)
    if not name:
        raise RpmHeaderError("it has no name")
    version = f"{_first(texts, _VERSION)}-{_first(texts, _RELEASE)}"
    if epoch := next(iter(numbers.get(_EPOCH, ())), 0):
        version = f"{epoch}:{version}"
    return Package(
        name, version, _source_name(_first(texts, _SOURCE_RPM)) or name, _files(texts, numbers)
    )


def _strings(data: bytes, offset: int, count: int) -> list[str]:
    found: list[str] = []
    for _ in range(count):
        end = data.find(b"\0", offset)
        if end < 0:
            break
        found.append(data[offset:end].decode("utf-8", "replace"))
        offset = end + 1
    return found


def _first(texts: dict[int, list[str]], tag: int) -> str:
    return next(iter(texts.get(tag, ())), "")


def _source_name(source_rpm: str) -> str:
    """`openssl` of `openssl-3.0.7-27.el9.src.rpm`."""
    return source_rpm.rsplit("-", 2)[0] if source_rpm.count("-") >= 2 else ""


def _files(texts: dict[int, list[str]], numbers: dict[int, tuple[int, ...]]) -> tuple[str, ...]:
    if _BASE_NAMES not in texts:
        return tuple(texts.get(_OLD_FILE_NAMES, ()))
    folders = texts.get(_DIR_NAMES, [])
    pairs = zip(numbers.get(_DIR_INDEXES, ()), texts[_BASE_NAMES], strict=False)
    return tuple(folders[where] + base for where, base in pairs if where < len(folders))
