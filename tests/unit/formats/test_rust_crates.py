"""Crates that real programs name, and what damage does to a list of them."""

from __future__ import annotations

import io
import json
import random
import zlib
from pathlib import Path

import pytest

from scanner.formats.elf import read_elf
from scanner.formats.rust_crates import (
    MAX_LIST,
    MAX_PATHS,
    Crate,
    CrateListError,
    crates_in,
    read_list,
)
from tests.fixtures.native.sparse import expand


def test_the_list_of_a_program_built_by_cargo_auditable(tmp_path: Path) -> None:
    data = expand("uv-0.13.9", tmp_path).read_bytes()
    section = read_elf(io.BytesIO(data)).section(".dep-v0")
    assert section is not None
    crates = read_list(data[section.offset : section.offset + section.size])
    assert {Crate("rustls", "0.23.46"), Crate("ring", "0.17.14")} <= crates
    # What only the build runs is not in the program.
    assert not any(each.name == "cc" for each in crates)


def test_paths_tell_the_code_that_is_there(tmp_path: Path) -> None:
    data = expand("uv-0.13.9", tmp_path).read_bytes()
    crates = crates_in([data[:30_000_000], data[30_000_000:]])
    assert {Crate("rustls", "0.23.46"), Crate("aes", "0.8.4")} <= crates
    # Its list names ring; the linker left it out.
    assert not any(each.name == "ring" for each in crates)


def test_paths_as_debian_builds(tmp_path: Path) -> None:
    crates = crates_in([expand("debian12-ripgrep-13.0.0", tmp_path).read_bytes()])
    assert Crate("grep-searcher", "0.1.10") in crates


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("/root/.cargo/registry/src/index-1949cf8c6b5b557f/sha2-0.10.9/src/lib.rs", True),
        ("/app/vendor/sha2-0.10.9/src/sha256/soft.rs", True),
        ("/src/sha2-0.11.0-rc.2/src/lib.rs", True),
        ("sha2-0.10.9.crate", False),
        ("/sha2-0.10.9/README.md", False),
        ("/usr/src/rustc-1.63.0", False),
    ],
)
def test_what_is_a_path_of_a_crate(text: str, *, found: bool) -> None:
    names = {each.name for each in crates_in([b"\0" + text.encode() + b"\0"])}
    assert names == ({"sha2"} if found else set())


def test_a_path_on_the_border_of_two_chunks() -> None:
    text = b"\0/registry/ring-0.17.14/src/aead.rs\0"
    for cut in range(len(text)):
        assert crates_in([text[:cut], text[cut:]]) == {Crate("ring", "0.17.14")}


def test_more_paths_than_any_program_has() -> None:
    with pytest.raises(CrateListError, match="more paths"):
        crates_in([b"/a-1.1.1/" * (MAX_PATHS + 10)])


def test_lists_that_are_none() -> None:
    for content in (b"", b"x", zlib.compress(b"[]"), zlib.compress(b'{"packages": 3}')):
        with pytest.raises(CrateListError):
            read_list(content)
    with pytest.raises(CrateListError):
        read_list(zlib.compress(b" " * (MAX_LIST + 10)))
    with pytest.raises(CrateListError):
        read_list(zlib.compress(b"[" * 200_000))


def test_any_damage_ends_in_a_result_or_an_error() -> None:
    chance = random.Random(5)
    packages = [{"name": f"c{n}", "version": "1.0.0", "kind": "runtime"} for n in range(50)]
    whole = zlib.compress(json.dumps({"packages": packages}).encode())
    for _ in range(300):
        data = bytearray(whole)
        for _ in range(3):
            data[chance.randrange(len(data))] = chance.randrange(256)
        try:
            read_list(bytes(data))
        except CrateListError:
            continue
