"""What is packed behind the end of a program."""

from __future__ import annotations

import gzip
import io
import random
import zipfile
from pathlib import Path

import pytest

from scanner.formats.elf import read_elf
from scanner.formats.payload import MIN_PAYLOAD, payload_behind

FIXTURES = Path(__file__).parents[2] / "fixtures" / "elf"
PROGRAM = (FIXTURES / "app-pie").read_bytes()
NOISE = random.Random(1).randbytes(2 * MIN_PAYLOAD)


def behind(more: bytes) -> str:
    stream = io.BytesIO(PROGRAM + more)
    return payload_behind(stream, read_elf(stream).end, len(PROGRAM + more))


@pytest.mark.parametrize(
    "path",
    sorted(p for p in FIXTURES.iterdir() if p.suffix != ".yaml" and "no-sections" not in p.name),
    ids=lambda p: p.name,
)
def test_a_plain_program_ends_where_its_headers_say(path: Path) -> None:
    data = path.read_bytes()
    assert 0 <= len(data) - read_elf(io.BytesIO(data)).end < 64


@pytest.mark.parametrize(
    "start",
    [
        PROGRAM,  # a program in a program
        gzip.compress(NOISE, mtime=0),
        b"\xfd7zXZ\0",
        b"\x28\xb5\x2f\xfd",
        b"hsqs\x07\0\0\0\x12\x34\x56\x78",  # squashfs: an AppImage
        b"KAY\x28\xb5\x2f\xfd",  # Nuitka, --onefile
        bytes(1000) + b"\xfd7zXZ\0",
    ],
)
def test_known_containers(start: bytes) -> None:
    assert behind(start + NOISE) == "packed"


def test_pyinstaller_is_told_by_its_end() -> None:
    # https://github.com/pyinstaller/pyinstaller/blob/develop/PyInstaller/archive/writers.py
    cookie = b"MEI\x0c\x0b\x0a\x0b\x0e" + bytes(16) + b"libpython3.11.so.1.0".ljust(64, b"\0")
    assert behind(b"x\xda" + NOISE + cookie) == "packed"


def test_an_archive_that_can_be_listed() -> None:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        archive.writestr("a.txt", NOISE)
    assert behind(out.getvalue()) == "zip"


def test_other_data_and_padding() -> None:
    assert behind(NOISE) == "data"
    assert behind(bytes(3 * MIN_PAYLOAD)) == ""
    assert behind(NOISE[: MIN_PAYLOAD - 1]) == ""
