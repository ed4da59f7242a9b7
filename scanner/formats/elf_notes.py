"""Reads the notes of an ELF file: its build ID, and the package that it says it was built for.

Pure in the bytes given and bounded; a note is what a builder claims, and nothing proves it.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, BinaryIO

from scanner.formats.elf import ElfError

MAX_SEGMENT = 64 << 10
"""Bytes of a note segment; real ones hold a few hundred."""
MAX_NOTES = 64
_PACKAGE = 0xCAFE1A7E
"""Type of the package metadata note, https://systemd.io/ELF_PACKAGE_METADATA/."""


@dataclass(frozen=True, slots=True)
class ElfNotes:
    """What the notes of a file say; `""` where they do not."""

    build_id: str = ""
    """Hexadecimal."""
    package: str = ""
    """`name version`."""


def read_notes(stream: BinaryIO) -> ElfNotes:
    """The build ID and package of the ELF file in `stream`.

    Raises:
        ElfError: the file is not what pyelftools can read.
    """
    try:
        notes = list(_notes(stream))
    except Exception as error:  # pyelftools raises whatever it stumbles over
        raise ElfError(f"has notes that cannot be read: {type(error).__name__}") from error
    build_id = next((note["n_desc"] for note in notes if note["n_type"] == "NT_GNU_BUILD_ID"), "")
    package = next((text for note in notes if (text := _package(note))), "")
    return ElfNotes(str(build_id)[:128], package)


def _notes(stream: BinaryIO) -> Iterator[Mapping[str, Any]]:
    from elftools.elf.elffile import ELFFile
    from elftools.elf.segments import NoteSegment

    count = 0
    for segment in ELFFile(stream).iter_segments("PT_NOTE"):
        if not isinstance(segment, NoteSegment) or segment["p_filesz"] > MAX_SEGMENT:
            continue
        for note in segment.iter_notes():
            yield note
            count += 1
            if count >= MAX_NOTES:
                return


def _package(note: Mapping[str, Any]) -> str:
    if note["n_name"] != "FDO" or note["n_type"] not in (_PACKAGE, "NT_FDO_PACKAGING_METADATA"):
        return ""
    description = note["n_descdata"]
    text = description if isinstance(description, bytes) else str(description).encode("latin-1")
    try:
        said = json.loads(text.rstrip(b"\0"))
    except ValueError:
        return ""
    if not isinstance(said, dict):
        return ""
    name, version = said.get("name"), said.get("version")
    return f"{name} {version}"[:200] if isinstance(name, str) and isinstance(version, str) else ""
