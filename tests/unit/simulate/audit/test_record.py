"""What is noted in a container is read back, and whatever else stands there is harmless."""

from __future__ import annotations

import random
import re
import struct
from pathlib import Path

from scanner.simulate.audit.record import SIZE, Noted, empty_record, read_record
from scanner.simulate.native import FOLDER
from tests.unit.simulate.audit.written import written


def test_an_empty_record_says_nothing() -> None:
    record = read_record(empty_record())
    assert record is not None
    assert (record.calls, record.programs, record.dropped) == ((), frozenset(), 0)


def test_calls_and_programs_are_read_back() -> None:
    content = written(
        objects=("/usr/bin/app", "/usr/lib/libcrypto.so.3"),
        calls=(
            ("start", "start", 0, 0xFFFF, 3, 0, 0),
            ("EVP_MD_fetch", "MD5", 0, 1, 7, 2, 1),
            ("SSL_accept", "x25519", 0xFFFF, 1, 1, 0, 2),
        ),
    )
    record = read_record(content)
    assert record is not None
    assert record.programs == {"/usr/bin/app"}
    md5, x25519 = record.calls
    assert md5 == Noted(
        program="/usr/bin/app",
        api="EVP_MD_fetch",
        algorithm="MD5",
        library="/usr/lib/libcrypto.so.3",
        caller="/usr/bin/app",
        offset=0x1234,
        count=7,
        refused=2,
        opted_out=True,
        server=False,
    )
    assert (x25519.caller, x25519.server, x25519.opted_out) == ("", True, False)


def test_an_entry_whose_writer_died_is_left_out() -> None:
    content = bytearray(written(objects=("/app",), calls=(("EVP_MD_fetch", "MD5", 0, 0, 1, 0, 0),)))
    content[1024 * 192 : 1024 * 192 + 4] = struct.pack("<I", 1)
    record = read_record(bytes(content))
    assert record is not None
    assert record.calls == ()


def test_noise_is_bounded_and_printable() -> None:
    noise = bytearray(random.Random(3).randbytes(SIZE))
    noise[:8] = empty_record()[:8]
    for at in range(192, SIZE, 192):
        noise[at : at + 4] = struct.pack("<I", 2)
    record = read_record(bytes(noise))
    assert record is not None
    assert 0 < len(record.calls) <= 9000
    assert all((each.api + each.algorithm + each.caller).isprintable() for each in record.calls)
    assert all(0 <= each.refused <= each.count for each in record.calls)


def test_another_size_or_beginning_is_no_record() -> None:
    assert read_record(b"") is None
    assert read_record(empty_record()[:-1]) is None
    assert read_record(bytes(SIZE)) is None


def test_the_reader_and_the_interposer_mean_the_same_file() -> None:
    source = Path(FOLDER / "audit_record.c").read_text()
    numbers = {name: int(n) for name, n in re.findall(r"#define (\w+) (\d+)u\b", source)}
    assert (1 + numbers["OBJECTS"] + numbers["ENTRIES"]) * 192 == SIZE
    [magic] = re.findall(r"#define MAGIC 0x([0-9a-f]{16})ull", source)
    assert empty_record()[:8] == bytes.fromhex(magic)[::-1]
