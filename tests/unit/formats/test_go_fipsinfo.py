"""The checksum of Go's FIPS module, on programs that the Go linker wrote."""

from __future__ import annotations

import io
from pathlib import Path

import pytest

from scanner.formats.elf import read_elf
from scanner.formats.go_fipsinfo import MAGIC, FipsInfoError, FipsSum, read_fips_sum

FIXTURES = Path(__file__).parents[2] / "fixtures"
NAMES = ("go1.27-subtle-fips-v1.0.0", "go1.27-subtle-fips-v1.0.0-s390x")


def fixture(name: str) -> bytearray:
    return bytearray((FIXTURES / "go" / name).read_bytes())


def read(whole: bytes | bytearray) -> FipsSum | None:
    stream = io.BytesIO(whole)
    return read_fips_sum(stream, read_elf(stream))


@pytest.mark.parametrize("name", NAMES)
def test_the_linker_and_the_scanner_agree(name: str) -> None:
    found = read(fixture(name))
    assert found is not None
    assert found.stored == found.computed
    assert len(found.stored) == 64


@pytest.mark.parametrize("name", NAMES)
def test_one_bit_of_the_module_changes_the_sum(name: str) -> None:
    whole = fixture(name)
    intact = read(whole)
    stream = io.BytesIO(whole)
    elf = read_elf(stream)
    record = whole.index(MAGIC)
    size, order = elf.bits // 8, elf.little_endian
    at = record + 48 + size
    begin = int.from_bytes(whole[at : at + size], "little" if order else "big")
    offset = elf.offset_of(begin)
    assert offset is not None
    whole[offset] ^= 1
    altered = read(whole)
    assert intact is not None
    assert altered is not None
    assert altered.stored == intact.stored
    assert altered.computed != altered.stored


def test_a_sum_that_was_never_written() -> None:
    whole = fixture(NAMES[0])
    record = whole.index(MAGIC)
    whole[record + 16 : record + 48] = bytes(32)
    found = read(whole)
    assert found is not None
    assert found.stored == ""


def test_programs_without_a_record() -> None:
    assert read(fixture("go1.21-go")) is None
    assert read((FIXTURES / "elf" / "app-pie").read_bytes()) is None


@pytest.mark.parametrize("where", [56, 64])
def test_a_record_that_points_to_nothing(where: int) -> None:
    whole = fixture(NAMES[0])
    at = whole.index(MAGIC) + where
    whole[at : at + 8] = b"\xff" * 8
    with pytest.raises(FipsInfoError):
        read(whole)


def test_without_section_headers_it_is_searched() -> None:
    whole = fixture(NAMES[0])
    expected = read(whole)
    whole[0x28:0x30] = bytes(8)  # where the section headers are
    whole[0x3C:0x40] = bytes(4)  # how many
    assert read_elf(io.BytesIO(whole)).sections == ()
    assert read(whole) == expected
