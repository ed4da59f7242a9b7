"""Notes archives that no other inspector opens, and what is packed behind programs and scripts.

Only lists names and looks at first bytes; keeps nothing of what it unpacks for that.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import BinaryIO

from scanner.facts import fact
from scanner.formats.elf import MAGIC, Elf
from scanner.formats.jar import ARCHIVE_SUFFIXES, JarError, members_of
from scanner.formats.packed_tar import Programs, programs_in
from scanner.formats.payload import PACKED, payload_behind
from scanner.image import ImageFile
from scanner.model import Fact, FactKind, FileEntry, Gap, GapKind
from scanner.rulebook import RuleBook

MIN_PAYLOAD = 16 << 10
"""Bytes of the smallest script that is searched for a payload."""
MAX_MEMBERS = 5

_ZIP = b"PK\3\4"
_PACKED = (".tar", ".tgz", ".txz", ".tbz2", ".gz", ".xz", ".bz2")
_UNKNOWN = (".tar.zst", ".tar.lz4", ".tar.br", ".tzst", ".7z")
_DULL = ("/usr/share/doc/", "/usr/share/man/", "/usr/share/info/", "/usr/share/locale/")
_NATIVE = re.compile(
    r"\.(?:so|so\.[0-9.]+|node|pyd|jar|war|whl|egg|apk|class)\Z|(?:^|/)s?bin/[^/]+\Z", re.IGNORECASE
)
_TEXT = re.compile(
    r"\.(?:pyc?|pyi|js|mjs|ts|json|html?|css|md|rst|txt|xml|ya?ml|toml|go|c|h|cc|java|rb|php|svg|png)\Z",
    re.IGNORECASE,
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
        if head.startswith(_ZIP):
            return True
        name = entry.path.lower()
        return entry.size > 0 and name.endswith(_PACKED + _UNKNOWN) and not name.startswith(_DULL)

    def inspect(self, file: ImageFile) -> Iterator[Fact | Gap]:
        path = file.entry.path
        if file.head.startswith(b"#!"):
            yield from _script(file)
            return
        if not file.head.startswith(_ZIP) and path.lower().endswith(_UNKNOWN):
            yield fact(FactKind.ARCHIVE, path, form="tar")
            return
        with file.open() as stream:
            if file.head.startswith(_ZIP):
                yield from _listed(file.entry, stream)
            else:
                yield from _unpacked(path, programs_in(stream))


def carried(entry: FileEntry, stream: BinaryIO, elf: Elf) -> Iterator[Fact | Gap]:
    """What the program `elf`, read from `stream`, carries behind its end."""
    form = payload_behind(stream, elf.end, entry.size)
    if form == "zip":
        yield from _listed(entry, stream)
    # Without section headers their data (symbols, comments) may still lie there.
    elif form == "packed" or (form and elf.sections):
        yield fact(FactKind.ARCHIVE, entry.path, form=f"{form}-behind-program")


def _unpacked(path: str, found: Programs) -> Iterator[Fact]:
    if found.count:
        yield fact(
            FactKind.ARCHIVE, path, form="native-tar", members=found.members, count=found.count
        )
    elif found.nested:
        yield fact(FactKind.ARCHIVE, path, form="nested", members=(found.nested,), count=1)
    elif not found.complete:
        yield fact(FactKind.ARCHIVE, path, form="tar")


def _listed(entry: FileEntry, stream: BinaryIO) -> Iterator[Fact | Gap]:
    native: list[str] = []
    encrypted = 0
    try:
        for member in members_of(stream, entry.size, _may_be_program):
            encrypted += member.encrypted
            if member.start.startswith(MAGIC) or _NATIVE.search(member.name):
                native.append(member.name)
    except JarError as error:
        yield Gap(GapKind.MALFORMED, entry.path, f"this archive cannot be listed: {error}")
        return
    if native:
        yield fact(
            FactKind.ARCHIVE,
            entry.path,
            form="native-zip",
            members=tuple(native[:MAX_MEMBERS]),
            count=len(native),
        )
    elif encrypted:
        yield Gap(GapKind.ENCRYPTED, entry.path, "an archive with a password, not looked into")


def _may_be_program(name: str) -> bool:
    return not name.endswith("/") and _TEXT.search(name) is None


def _script(file: ImageFile) -> Iterator[Fact | Gap]:
    payload = _payload(file)
    if payload == _ZIP:
        # A program of Python, as zipapp and pex write it: its members tell.
        with file.open() as stream:
            yield from _listed(file.entry, stream)
    elif payload:
        yield fact(FactKind.ARCHIVE, file.entry.path, form="self-extracting")


def _payload(file: ImageFile) -> bytes:
    """The first bytes of what is packed behind a script, or `b""`."""
    tail = b""
    for chunk in file.chunks():
        if found := _PAYLOAD.search(tail + chunk):
            return found[0]
        tail = chunk[-_OVERLAP:]
    return b""


def make(_rules: RuleBook) -> ArchiveInspector:
    """The inspector for archives; it needs no rules."""
    return ArchiveInspector()
