"""Notes of ELF files, made by the assembler that every Debian build uses."""

from __future__ import annotations

import io
import json
import struct
import subprocess
from pathlib import Path

import pytest

from scanner.formats.elf import ElfError
from scanner.formats.elf_notes import MAX_SEGMENT, ElfNotes, read_notes

SAID = {"type": "deb", "os": "Debian", "name": "shadow", "version": "1:4.17.4-2"}


def note(description: bytes, kind: int = 0xCAFE1A7E, owner: bytes = b"FDO\0") -> bytes:
    padded = description + b"\0" * (-len(description) % 4)
    return struct.pack("<III", len(owner), len(description), kind) + owner + padded


def elf_with(content: bytes, size: int | None = None) -> io.BytesIO:
    """A 64-bit little-endian ELF file with one program header, which is a note segment."""
    header = b"\x7fELF\x02\x01\x01" + b"\0" * 9
    header += struct.pack("<HHIQQQIHHHHHH", 3, 62, 1, 0, 64, 0, 0, 64, 56, 1, 64, 0, 0)
    length = len(content) if size is None else size
    program = struct.pack("<IIQQQQQQ", 4, 4, 120, 0, 0, length, length, 4)
    return io.BytesIO(header + program + content)


def test_the_package_of_a_note_is_read() -> None:
    stream = elf_with(note(json.dumps(SAID).encode() + b"\0"))
    assert read_notes(stream) == ElfNotes("", "shadow 1:4.17.4-2")


@pytest.mark.parametrize(
    "content",
    [
        note(b"not json"),
        note(b"[]"),
        note(b'{"name": 1, "version": "2"}'),
        note(json.dumps(SAID).encode(), owner=b"XYZ\0"),
        note(json.dumps(SAID).encode(), kind=3),
        b"",
    ],
)
def test_other_notes_say_nothing(content: bytes) -> None:
    assert read_notes(elf_with(content)).package == ""


def test_a_huge_segment_is_passed_over() -> None:
    content = note(json.dumps(SAID).encode()) + b"\0" * MAX_SEGMENT
    assert read_notes(elf_with(content)) == ElfNotes()


def test_garbage_is_an_error_and_not_a_crash() -> None:
    with pytest.raises(ElfError, match="notes"):
        read_notes(io.BytesIO(b"\x7fELF\x02\x01\x01" + b"\xff" * 60))


def test_a_real_build_id_is_read(tmp_path: Path) -> None:
    source = tmp_path / "x.c"
    source.write_text("int x;")
    library = tmp_path / "x.so"
    subprocess.run(
        ["cc", "-shared", "-Wl,--build-id=0xc0ffee", "-o", library, source], check=True, timeout=60
    )
    with library.open("rb") as stream:
        assert read_notes(stream).build_id == "c0ffee"
