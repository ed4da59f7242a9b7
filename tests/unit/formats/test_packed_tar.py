"""Programs in tar archives and compressed files."""

from __future__ import annotations

import bz2
import gzip
import io
import lzma
import random
import tarfile
from collections.abc import Callable

import pytest

from scanner.formats.packed_tar import MAX_UNPACKED, Programs, programs_in

ELF = b"\x7fELF\x02\x01\x01" + bytes(700)
PACKERS: list[Callable[[bytes], bytes]] = [bytes, gzip.compress, lzma.compress, bz2.compress]


def archive(*files: tuple[str, bytes], form: int = tarfile.GNU_FORMAT) -> bytes:
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w", format=form) as tar:
        for name, content in files:
            entry = tarfile.TarInfo(name)
            entry.size = len(content)
            tar.addfile(entry, io.BytesIO(content))
    return out.getvalue()


def look(data: bytes) -> Programs:
    return programs_in(io.BytesIO(data))


@pytest.mark.parametrize("pack", PACKERS)
@pytest.mark.parametrize("form", [tarfile.GNU_FORMAT, tarfile.PAX_FORMAT, tarfile.USTAR_FORMAT])
def test_programs_are_found(pack: Callable[[bytes], bytes], form: int) -> None:
    data = archive(
        ("a.txt", b"x" * 999), ("bin/app", ELF), ("empty", b""), ("lib/b", ELF), form=form
    )
    assert look(pack(data)) == Programs(("bin/app", "lib/b"), 2)
    assert look(pack(archive(("a.txt", b"x"), ("b.py", b"#!"), form=form))) == Programs()


@pytest.mark.parametrize("pack", PACKERS[1:])
def test_a_compressed_program(pack: Callable[[bytes], bytes]) -> None:
    assert look(pack(ELF)) == Programs(("",), 1)
    assert look(pack(b"a log file")) == Programs()


def test_what_was_not_seen_to_its_end_is_not_complete() -> None:
    whole = archive(("a.txt", b"x" * 5000), ("bin/app", ELF))
    assert not look(whole[:4000]).complete
    assert not look(gzip.compress(whole)[:60]).complete
    assert not look(b"").complete
    huge = archive(("zeros", bytes(MAX_UNPACKED)), ("bin/app", ELF))
    assert look(gzip.compress(huge)) == Programs(complete=False)
    # Empty streams without end cost no more than a few.
    assert not look(gzip.compress(b"") * 2000 + gzip.compress(whole)).complete


def test_streams_that_follow_one_another_are_one() -> None:
    whole = archive(("a.txt", b"x" * 5000), ("bin/app", ELF))
    assert look(gzip.compress(whole[:3000]) + gzip.compress(whole[3000:])).count == 1


def test_any_damage_ends_in_a_result() -> None:
    chance = random.Random(3)
    whole = archive(("a", b"x" * 600), ("bin/app", ELF), ("c", b"y" * 5000))
    for pack in PACKERS:
        data = pack(whole)
        for _ in range(150):
            damaged = bytearray(data[: chance.choice([len(data), chance.randrange(len(data))])])
            for _ in range(4):
                if damaged:
                    damaged[chance.randrange(len(damaged))] = chance.choice([0, 0xFF, 0x80, 0x37])
            look(bytes(damaged))


@pytest.mark.parametrize(
    ("name", "content", "expected"),
    [
        ("blobs/sha256/0a1b", archive(("bin/app", ELF)), True),
        ("blobs/sha256/0a1b", gzip.compress(archive(("bin/app", ELF))), True),
        ("layer.tar", archive(), False),  # an empty one holds nothing
        ("inner.tgz", gzip.compress(b"x"), True),
        ("inner.zip", b"PK\3\4" + bytes(600), True),
        ("app.log.gz", gzip.compress(b"a log file"), False),
        ("notes.txt", b"PK is short for Phil Katz", False),
        ("zeros", bytes(2000), False),
    ],
    # The bytes of an archive, which pytest would name it by, hold the time.
    ids=["layer", "packed-layer", "empty", "tgz", "zip", "log", "text", "zeros"],
)
def test_archives_in_archives_are_told(name: str, content: bytes, expected: bool) -> None:
    found = look(archive(("a.txt", b"x"), (name, content)))
    assert found == Programs(nested=name if expected else "")


def test_a_saved_image_is_an_archive_of_archives_however_large() -> None:
    layer = archive(("usr/lib/libcrypto.so.3", ELF), ("zeros", bytes(MAX_UNPACKED)))
    assert look(archive(("blobs/sha256/0a1b", layer))) == Programs(
        complete=False, nested="blobs/sha256/0a1b"
    )
