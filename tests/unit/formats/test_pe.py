"""Windows executables, native and managed."""

from __future__ import annotations

import io
import random
from pathlib import Path

import pytest

from scanner.formats.dotnet_metadata import MetadataError, read_assembly
from scanner.formats.pe import PeError, is_pe, read_pe
from tests.fixtures.native.sparse import expand

FIXTURES = Path(__file__).parents[2] / "fixtures" / "pe"
FILES = ("tiny-x86_64.exe", "managed.dll", "clr-loader-0.3.1-ClrLoader.dll")


def content(name: str) -> bytes:
    return (FIXTURES / name).read_bytes()


def test_a_native_program() -> None:
    pe = read_pe(io.BytesIO(content("tiny-x86_64.exe")))
    assert pe.machine == "x86_64"
    assert not pe.managed
    assert [name.lower() for name in pe.imports] == ["kernel32.dll"]
    assert pe.assembly is None


def test_a_managed_assembly() -> None:
    pe = read_pe(io.BytesIO(content("clr-loader-0.3.1-ClrLoader.dll")))
    assert pe.managed
    assert pe.imports == ("mscoree.dll",)
    assert pe.assembly is not None
    assert (pe.assembly.name, pe.assembly.version) == ("ClrLoader", "1.0.0.0")
    assert pe.assembly.references == ("mscorlib", "System.Core", "System")


def test_what_a_managed_assembly_calls() -> None:
    pe = read_pe(io.BytesIO(content("managed.dll")))
    assert pe.assembly is not None
    assert "System.Security.Cryptography.Algorithms" in pe.assembly.references


@pytest.mark.parametrize(
    ("name", "library"),
    [("grpcio-1.85.3-cygrpc.pyd", "bcrypt.dll"), ("pynacl-1.6.2-sodium.pyd", "ADVAPI32.dll")],
)
def test_imports_of_large_libraries(name: str, library: str, tmp_path: Path) -> None:
    with expand(name, tmp_path).open("rb") as stream:
        assert library in read_pe(stream).imports


def test_what_is_none() -> None:
    assert not is_pe(b"MZ")
    assert not is_pe(b"MZ" + bytes(200))
    assert not is_pe(b"\x7fELF" + bytes(200))
    for data in (b"", b"MZ" + bytes(200), content("managed.dll")[:0x90]):
        with pytest.raises(PeError):
            read_pe(io.BytesIO(data))
    for data in (b"", b"BSJB", bytes(100), b"BSJB" + bytes(60)):
        with pytest.raises(MetadataError):
            read_assembly(data)


def test_any_damage_ends_in_a_result_or_an_error() -> None:
    chance = random.Random(7)
    for name in FILES:
        whole = content(name)
        for _ in range(400):
            damaged = bytearray(whole[: chance.choice([len(whole), chance.randrange(len(whole))])])
            for _ in range(6):
                if damaged:
                    damaged[chance.randrange(len(damaged))] = chance.choice([0, 1, 0x7F, 0xFF])
            try:
                read_pe(io.BytesIO(bytes(damaged)))
            except PeError:
                continue


def test_damaged_metadata_ends_in_a_result_or_an_error() -> None:
    chance = random.Random(9)
    whole = content("clr-loader-0.3.1-ClrLoader.dll")
    metadata = whole[whole.find(b"BSJB") :]
    for _ in range(800):
        damaged = bytearray(metadata)
        for _ in range(4):
            damaged[chance.randrange(400)] = chance.choice([0, 1, 0x7F, 0xFF])
        try:
            read_assembly(bytes(damaged))
        except MetadataError:
            continue
