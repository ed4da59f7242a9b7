"""ELF files of several linkers and machines, and files that only claim to be ELF."""

from __future__ import annotations

import io
import random
import struct
from pathlib import Path
from typing import Any

import pytest
from elftools.elf.dynamic import DynamicSection
from elftools.elf.elffile import ELFFile
from elftools.elf.sections import SymbolTableSection

from scanner.formats.elf import ElfError, read_dynamic_symbols, read_elf

FIXTURES = Path(__file__).parents[2] / "fixtures" / "elf"
LINKED = sorted(p for p in FIXTURES.iterdir() if p.suffix not in (".yaml", ".o"))


@pytest.mark.parametrize(
    ("name", "linkage"),
    [
        ("app-pie", "dynamic"),
        ("app-exec", "dynamic"),
        ("app-static", "static"),
        ("app-static-pie", "static-pie"),
        ("libfoo.so.1", "shared-object"),
        ("libfoo-no-sections.so", "shared-object"),
        ("st.o", ""),
    ],
)
def test_linkage(name: str, linkage: str) -> None:
    assert read_elf(io.BytesIO((FIXTURES / name).read_bytes())).linkage == linkage


def test_a_library() -> None:
    stream = io.BytesIO((FIXTURES / "libfoo.so.1").read_bytes())
    elf = read_elf(stream)
    assert (elf.machine, elf.type, elf.soname) == ("x86_64", "dyn", "libfoo.so.1")
    assert elf.needed == ("libcrypto.so.3",)
    assert elf.rpath == ("$ORIGIN/../lib", "/opt/lib")
    assert elf.runpath == ()
    assert elf.stripped
    symbols = read_dynamic_symbols(stream, elf)
    assert "EVP_DigestInit_ex" in symbols.imported
    assert {"foo_version", "foo_data"} <= set(symbols.exported)
    assert "EVP_DigestInit_ex" not in symbols.exported


def test_a_program() -> None:
    elf = read_elf(io.BytesIO((FIXTURES / "app-pie").read_bytes()))
    assert elf.interpreter == "/lib64/ld-linux-x86-64.so.2"
    assert elf.runpath == ("$ORIGIN/../lib",)
    assert elf.rpath == ()
    assert not elf.stripped
    other = read_elf(io.BytesIO((FIXTURES / "app-exec").read_bytes()))
    assert other.interpreter == "/lib/ld-musl-x86_64.so.1"


@pytest.mark.parametrize(
    ("name", "machine"),
    [
        ("libfoo-aarch64-linux-gnu.so", "aarch64"),
        ("libfoo-s390x-linux-gnu.so", "s390x"),
        ("libfoo-x86-linux-gnu.so", "i386"),
        ("libfoo-sysv.so", "x86_64"),
        ("libfoo-no-sections.so", "x86_64"),
    ],
)
def test_symbols_on_other_machines_and_without_sections(name: str, machine: str) -> None:
    stream = io.BytesIO((FIXTURES / name).read_bytes())
    elf = read_elf(stream)
    assert elf.machine == machine
    symbols = read_dynamic_symbols(stream, elf)
    assert "foo_version" in symbols.exported
    assert "EVP_DigestInit_ex" in symbols.imported


@pytest.mark.parametrize("path", [p for p in LINKED if "no-sections" not in p.name], ids=str)
def test_agrees_with_pyelftools(path: Path) -> None:
    stream = io.BytesIO(path.read_bytes())
    elf = read_elf(stream)
    symbols = read_dynamic_symbols(stream, elf)
    other = ELFFile(io.BytesIO(path.read_bytes()))
    dynamic = other.get_section_by_name(".dynamic")
    tags: list[Any] = list(dynamic.iter_tags()) if isinstance(dynamic, DynamicSection) else []
    assert elf.needed == tuple(str(t.needed) for t in tags if t.entry.d_tag == "DT_NEEDED")
    assert elf.soname == next((str(t.soname) for t in tags if t.entry.d_tag == "DT_SONAME"), "")
    assert [s.name for s in elf.sections] == [s.name for s in other.iter_sections()]
    table = other.get_section_by_name(".dynsym")
    names = list(table.iter_symbols())[1:] if isinstance(table, SymbolTableSection) else []
    defined = tuple(s.name for s in names if s.name and s.entry.st_shndx != "SHN_UNDEF")
    assert symbols.exported == defined


def test_upx_leaves_its_mark_behind_the_program_headers() -> None:
    # Recalled from UPX's l_info: a checksum, then the magic; no section headers remain.
    whole = bytearray((FIXTURES / "app-static").read_bytes())
    whole[0x28:0x30] = bytes(8)
    whole[0x3C:0x40] = bytes(4)
    assert read_elf(io.BytesIO(whole)).packed == ""
    (count,) = struct.unpack_from("<H", whole, 0x38)
    end = 64 + 56 * count
    packed = whole[:end] + b"\x12\x34\x56\x78UPX!" + bytes(64) + whole[end:]
    assert read_elf(io.BytesIO(packed)).packed == "upx"
    # A program that only speaks of UPX is not packed.
    assert read_elf(io.BytesIO(whole + b"UPX!")).packed == ""


def test_what_is_no_elf() -> None:
    for data in (b"", b"\x7fELF", b"#!/bin/sh\n" + bytes(100), b"\x7fELF\x03\x01" + bytes(100)):
        with pytest.raises(ElfError):
            read_elf(io.BytesIO(data))


def test_absurd_counts_are_refused() -> None:
    whole = bytearray((FIXTURES / "libfoo.so.1").read_bytes())
    segments = bytes(whole)
    struct.pack_into("<H", whole, 0x38, 0xFFFF)
    with pytest.raises(ElfError, match="65535 segments"):
        read_elf(io.BytesIO(whole))
    # Section headers do not matter to a program, so absurd ones cost nothing but themselves.
    broken = bytearray(segments)
    struct.pack_into("<H", broken, 0x3C, 0xFFFF)
    assert read_elf(io.BytesIO(broken)).sections == ()


def test_any_damage_ends_in_a_result_or_an_error() -> None:
    chance = random.Random(20261123)
    for path in LINKED:
        whole = path.read_bytes()
        for _ in range(150):
            damaged = bytearray(whole[: chance.choice([len(whole), chance.randrange(len(whole))])])
            for _ in range(chance.randrange(1, 9)):
                if damaged:
                    damaged[chance.randrange(min(len(damaged), 1200))] = chance.choice(
                        [0, 1, 0x7F, 0xFF, chance.randrange(256)]
                    )
            stream = io.BytesIO(damaged)
            try:
                read_dynamic_symbols(stream, read_elf(stream))
            except ElfError:
                continue
