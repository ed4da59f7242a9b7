"""Windows executables, native and managed."""

from __future__ import annotations

import random
from pathlib import Path

import pytest

from scanner.formats.pe import PeError, is_pe, read_pe

FIXTURES = Path(__file__).parents[2] / "fixtures" / "pe"


def test_a_native_program() -> None:
    pe = read_pe((FIXTURES / "tiny-x86_64.exe").read_bytes())
    assert pe.machine == "x86_64"
    assert not pe.managed
    assert [name.lower() for name in pe.imports] == ["kernel32.dll"]


def test_a_managed_assembly() -> None:
    pe = read_pe((FIXTURES / "managed.dll").read_bytes())
    assert pe.managed
    assert pe.imports == ("mscoree.dll",)


def test_what_is_none() -> None:
    assert not is_pe(b"MZ")
    assert not is_pe(b"MZ" + bytes(200))
    assert not is_pe(b"\x7fELF" + bytes(200))
    for data in (b"", b"MZ" + bytes(200), (FIXTURES / "managed.dll").read_bytes()[:0x90]):
        with pytest.raises(PeError):
            read_pe(data)


def test_any_damage_ends_in_a_result_or_an_error() -> None:
    chance = random.Random(7)
    for name in ("tiny-x86_64.exe", "managed.dll"):
        whole = (FIXTURES / name).read_bytes()
        for _ in range(150):
            damaged = bytearray(whole[: chance.choice([len(whole), chance.randrange(len(whole))])])
            for _ in range(6):
                if damaged:
                    damaged[chance.randrange(min(len(damaged), 1000))] = chance.choice([0, 1, 0xFF])
            try:
                read_pe(bytes(damaged))
            except PeError:
                continue
