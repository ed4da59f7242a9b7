"""The tar reader against Python's own, and against hostile headers."""

from __future__ import annotations

import io
import shutil
import subprocess
import tarfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from scanner.image.limits import DEFAULT_LIMITS, Limits
from scanner.image.tar import (
    StreamSource,
    TarError,
    TarMember,
    WindowSource,
    read_members,
    text,
)

from .image_samples import tar_of


def stream(data: bytes, size: int = 1000) -> StreamSource:
    return StreamSource(data[start : start + size] for start in range(0, len(data), size))


def members(data: bytes, limits: Limits = DEFAULT_LIMITS, size: int = 1000) -> list[TarMember]:
    return list(read_members(stream(data, size), limits))


def window(data: bytes, path: Path) -> Iterator[TarMember]:
    path.write_bytes(b"before" + data + b"after")
    with path.open("rb") as file:
        yield from read_members(WindowSource(file.fileno(), 6, len(data)), DEFAULT_LIMITS)


LONG = "d" * 90 + "/" + "e" * 90 + "/" + "f" * 90


@pytest.fixture
def varied() -> list[tuple[str, object]]:
    big = tarfile.TarInfo("owner")
    big.uid, big.gid, big.mode = 3_000_000, 0o7777777, 0o4755
    return [
        ("etc/", None),
        ("etc/a", b"x" * 513),
        ("./b", b""),
        ("n" * 100, b"hundred"),
        (LONG, b"long"),
        ("prefix/" * 20 + "name", b"prefixed"),
        ("link", f"-> {LONG}"),
        ("hard", "= etc/a"),
        ("ünïcode", b"u"),
        ("owner", big),
        ("last", b"y" * 100_000),
    ]


@pytest.mark.parametrize("pax", [False, True])
@pytest.mark.parametrize("how", ["stream", "tiny-chunks", "window"])
def test_agrees_with_tarfile(
    varied: list[tuple[str, object]], pax: bool, how: str, tmp_path: Path
) -> None:
    data = tar_of(*varied, pax=pax)
    with tarfile.open(fileobj=io.BytesIO(data)) as tar:
        expected = [
            (each.name, each.type.decode(), each.size, each.mode, each.uid, each.gid, each.linkname)
            for each in tar
        ]
        offsets = {each.name: each.offset_data for each in tar.getmembers() if each.size}
    if how == "window":
        found = list(window(data, tmp_path / "w"))
    else:
        found = members(data, size=1000 if how == "stream" else 3)
    assert [
        (m.name.rstrip("/"), m.type, m.size, m.mode, m.uid, m.gid, m.link) for m in found
    ] == expected
    assert {m.name: m.offset for m in found if m.size} == offsets


@pytest.mark.skipif(not shutil.which("tar"), reason="no tar")
@pytest.mark.parametrize("form", ["v7", "oldgnu", "gnu", "ustar", "posix"])
def test_reads_what_gnu_tar_writes(form: str, tmp_path: Path) -> None:
    root = tmp_path / "root"
    (root / "sub").mkdir(parents=True)
    (root / "sub" / "file").write_bytes(b"content")
    (root / "link").symlink_to("sub/file")
    data = subprocess.run(
        ["tar", f"--format={form}", "-c", "sub", "link"], cwd=root, check=True, capture_output=True
    ).stdout
    kinds = {m.name.rstrip("/"): (m.type, m.size, m.link) for m in members(data)}
    assert kinds == {
        "sub": ("5", 0, ""),
        "sub/file": ("0", 7, ""),
        "link": ("2", 0, "sub/file"),
    }


@pytest.mark.parametrize("form", ["gnu", "posix"])
def test_a_sparse_file_is_told_with_its_true_size_and_the_next_one_is_found(
    form: str, tmp_path: Path
) -> None:
    with (tmp_path / "sparse").open("wb") as file:
        for start in range(0, 40 << 16, 1 << 17):
            file.seek(start)
            file.write(b"data")
        file.truncate(50 << 16)
    (tmp_path / "next").write_bytes(b"n")
    data = subprocess.run(
        ["tar", f"--format={form}", "-S", "-c", "sparse", "next"],
        cwd=tmp_path,
        check=True,
        capture_output=True,
    ).stdout
    first, second = members(data)
    assert (first.name, first.type, first.size) == ("sparse", "S", 50 << 16)
    assert first.stored < first.size
    assert (second.name, second.size) == ("next", 1)


def test_the_content_of_a_member_can_be_read_between_two() -> None:
    source = stream(tar_of(("a", b"first"), ("b", b"second")), 100)
    found = [
        source.read(3 if member.name == "a" else 6)
        for member in read_members(source, DEFAULT_LIMITS)
    ]
    assert found == [b"fir", b"second"]


def test_nothing_and_an_end_mark_are_empty_tars() -> None:
    assert members(b"") == []
    assert members(bytes(1024)) == []


@pytest.mark.parametrize(
    ("data", "words"),
    [
        (b"not a tar" * 100, "not a tar header"),
        (b"short", "inside a header"),
        (tar_of(("a", b"x" * 2000))[:1500], "ends inside 'a'"),
        (tar_of((LONG, b""))[:700], "inside a header"),
        (tar_of(("a", b""))[:512] + b"\1" * 512, "not a tar header"),
    ],
)
def test_damage_is_told(data: bytes, words: str) -> None:
    with pytest.raises(TarError, match=words):
        members(data)


def header(name: str = "a", type_: bytes = b"0", **fields: int) -> bytes:
    info = tarfile.TarInfo(name)
    info.type = type_
    for key, value in fields.items():
        setattr(info, key, value)
    return info.tobuf(tarfile.GNU_FORMAT)


def test_a_lying_size_ends_the_reading_and_takes_no_memory() -> None:
    with pytest.raises(TarError, match="ends inside 'a'"):
        members(header(size=1 << 40) + bytes(2048))


@pytest.mark.parametrize("type_", [b"x", b"g", b"L", b"K"])
def test_an_extended_header_of_any_size_is_not_read(type_: bytes) -> None:
    with pytest.raises(TarError, match="limit is 1048576"):
        members(header(type_=type_, size=1 << 33) + bytes(2048))


@pytest.mark.parametrize(
    "record", [b"9999 path=x\n", b"x path=x\n", b"8 pathx\n", b"0 path=\n", b"11 path=a\0\n"]
)
def test_a_wrong_pax_header_is_told(record: bytes) -> None:
    data = header(type_=b"x", size=len(record)) + record.ljust(512, b"\0") + header()
    with pytest.raises(TarError, match="wrong pax header"):
        members(data)


def test_a_negative_size_is_told() -> None:
    raw = bytearray(header())
    raw[124:136] = b"\xff" * 12
    raw[148:156] = b"%06o\0 " % (sum(raw[:148]) + sum(raw[156:]) + 256)
    with pytest.raises(TarError, match="wrong number"):
        members(bytes(raw))


def test_names_stay_apart_when_made_printable() -> None:
    raw = [b"a\xff", b"a\\xff", b"a\\\\xff", "ä".encode(), b"\xe4"]
    names = [text(each) for each in raw]
    assert len(set(names)) == len(raw)
    assert all(name.encode("utf-8") for name in names)
