"""Manifests of real single-file programs, and what damage does to them."""

from __future__ import annotations

import io
import random
import struct
import zlib
from pathlib import Path

import pytest

from scanner.formats.dotnet_bundle import (
    ASSEMBLY,
    NATIVE,
    RUNTIME_CONFIG,
    SIGNATURE,
    BundleError,
    read_bundle,
    read_member,
)
from tests.fixtures.native.sparse import expand


def host(offset: int) -> bytes:
    return b"\x7fELF" + bytes(12) + struct.pack("<q", offset) + SIGNATURE


def bundle(major: int, *members: tuple[str, int, bytes, bool]) -> bytes:
    """A bundle as `Microsoft.NET.HostModel` writes it: contents, then the manifest."""
    body = host(0)
    entries = b""
    for name, kind, content, packed in members:
        stored = content
        if packed:
            raw = zlib.compressobj(9, zlib.DEFLATED, -15)
            stored = raw.compress(content) + raw.flush()
        entries += struct.pack("<qq", len(body), len(content))
        if major >= 6:
            entries += struct.pack("<q", len(stored) if packed else 0)
        entries += bytes([kind, len(name)]) + name.encode()
        body += stored
    header = struct.pack("<IIi", major, 0, len(members)) + b"\x04test"
    header += bytes(40) if major >= 2 else b""
    return host(len(body)) + body[len(host(0)) :] + header + entries


def test_a_program_of_dotnet_8(tmp_path: Path) -> None:
    path = expand("metaengine-openapi-httpx-1.0.0", tmp_path)
    with path.open("rb") as stream:
        members = read_bundle(stream, path.stat().st_size)
        assert members is not None
        assert len(members) == 191
        names = {each.name for each in members if each.type == ASSEMBLY}
        assert "System.Security.Cryptography.dll" in names
        (config,) = [each for each in members if each.type == RUNTIME_CONFIG]
        assert b'"version": "8.0.28"' in read_member(stream, config, 10_000)
        with pytest.raises(BundleError, match="the limit is 10"):
            read_member(stream, config, 10)


def test_a_trimmed_program_of_dotnet_10_with_a_native_library(tmp_path: Path) -> None:
    path = expand("fabmcp-1.0.0", tmp_path)
    with path.open("rb") as stream:
        members = read_bundle(stream, path.stat().st_size) or ()
    assert [each.name for each in members if each.type == NATIVE] == ["libmsalruntime.so"]


@pytest.mark.parametrize("major", [1, 2, 6])
def test_each_version_of_the_manifest(major: int) -> None:
    data = bundle(major, ("a.dll", ASSEMBLY, b"MZ" * 50, False), ("b.so", NATIVE, b"x", False))
    members = read_bundle(io.BytesIO(data), len(data)) or ()
    assert [each.name for each in members] == ["a.dll", "b.so"]
    assert read_member(io.BytesIO(data), members[0], 1000) == b"MZ" * 50


def test_a_compressed_member() -> None:
    data = bundle(6, ("a.so", NATIVE, b"abc" * 1000, True))
    (member,) = read_bundle(io.BytesIO(data), len(data)) or ()
    assert 0 < member.compressed_size < 100
    assert read_member(io.BytesIO(data), member, 5000) == b"abc" * 1000


def test_a_member_that_unpacks_to_more_than_it_says_is_cut() -> None:
    data = bytearray(bundle(6, ("a.so", NATIVE, bytes(100_000), True)))
    where = data.rfind(struct.pack("<q", 100_000))
    struct.pack_into("<q", data, where, 10)
    (member,) = read_bundle(io.BytesIO(data), len(data)) or ()
    assert len(read_member(io.BytesIO(data), member, 5000)) == 10


def test_a_host_without_a_bundle() -> None:
    assert read_bundle(io.BytesIO(host(0)), 56) is None
    assert read_bundle(io.BytesIO(b"\x7fELF" * 100), 400) is None


@pytest.mark.parametrize("offset", [1 << 40, -5])
def test_a_manifest_outside_the_file(offset: int) -> None:
    data = host(offset)
    with pytest.raises(BundleError):
        read_bundle(io.BytesIO(data), len(data))


def test_any_damage_ends_in_a_result_or_an_error() -> None:
    chance = random.Random(3)
    whole = bundle(6, *((f"{n}.dll", ASSEMBLY, b"x" * n, n % 2 == 0) for n in range(40)))
    for _ in range(400):
        data = bytearray(whole[: chance.choice([len(whole), chance.randrange(60, len(whole))])])
        for _ in range(5):
            data[chance.randrange(16, len(data))] = chance.choice([0, 1, 0x7F, 0xFF])
        stream = io.BytesIO(bytes(data))
        try:
            for member in read_bundle(stream, len(data)) or ():
                read_member(stream, member, 1 << 16)
        except BundleError:
            continue
