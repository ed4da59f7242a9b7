"""Notes archives that no other inspector opens, and scripts with something packed behind them.

Only lists names and looks for the first bytes of known formats; unpacks nothing.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import BinaryIO

from scanner.facts import fact
from scanner.formats.elf import Elf
from scanner.formats.jar import ARCHIVE_SUFFIXES, JarError, names_in
from scanner.formats.payload import PACKED, payload_behind
from scanner.image import ImageFile
from scanner.model import Fact, FactKind, FileEntry, Gap, GapKind
from scanner.rulebook import RuleBook

MIN_PAYLOAD = 16 << 10
"""Bytes of the smallest script that is searched for a payload."""
MAX_MEMBERS = 5

_ZIP = b"PK\3\4"
_TARS = (".tar", ".tgz", ".tar.gz", ".tar.xz", ".txz", ".tar.bz2", ".tar.zst")
_NATIVE = re.compile(
    r"\.(?:so|so\.[0-9.]+|node|pyd|jar|war|whl|egg|apk|class)\Z|(?:^|/)s?bin/[^/]+\Z", re.IGNORECASE
)
_PAYLOAD = re.compile(PACKED)
_OVERLAP = 16


class ArchiveInspector:
    """Inspects ZIP archives, tar archives by name, and large scripts."""

    name = "archive"

    def wants(self, entry: FileEntry, head: bytes) -> bool:
        if entry.path.lower().endswith(ARCHIVE_SUFFIXES):
            return False  # the Java inspector's
        if head.startswith(b"#!"):
            return entry.executable and entry.size >= MIN_PAYLOAD
        return head.startswith(_ZIP) or (entry.size > 0 and entry.path.endswith(_TARS))

    def inspect(self, file: ImageFile) -> Iterator[Fact | Gap]:
        path = file.entry.path
        if file.head.startswith(b"#!"):
            if _has_payload(file):
                yield fact(FactKind.ARCHIVE, path, form="self-extracting")
            return
        if not file.head.startswith(_ZIP):
            yield fact(FactKind.ARCHIVE, path, form="tar")
            return
        with file.open() as stream:
            yield from _listed(file.entry, stream)


def carried(entry: FileEntry, stream: BinaryIO, elf: Elf) -> Iterator[Fact | Gap]:
    """What the program `elf`, read from `stream`, carries behind its end."""
    form = payload_behind(stream, elf.end, entry.size)
    if form == "zip":
        yield from _listed(entry, stream)
    # Without section headers their data (symbols, comments) may still lie there.
    elif form == "packed" or (form and elf.sections):
        yield fact(FactKind.ARCHIVE, entry.path, form=f"{form}-behind-program")


def _listed(entry: FileEntry, stream: BinaryIO) -> Iterator[Fact | Gap]:
    try:
        members = [each for each in names_in(stream, entry.size) if _is_native(each)]
    except JarError as error:
        yield Gap(GapKind.MALFORMED, entry.path, f"this archive cannot be listed: {error}")
        return
    if members:
        yield fact(
            FactKind.ARCHIVE,
            entry.path,
            form="native-zip",
            members=tuple(members[:MAX_MEMBERS]),
            count=len(members),
        )


def _is_native(name: str) -> bool:
    return _NATIVE.search(name) is not None


def _has_payload(file: ImageFile) -> bool:
    tail = b""
    for chunk in file.chunks():
        if _PAYLOAD.search(tail + chunk):
            return True
        tail = chunk[-_OVERLAP:]
    return False


def make(_rules: RuleBook) -> ArchiveInspector:
    """The inspector for archives; it needs no rules."""
    return ArchiveInspector()
