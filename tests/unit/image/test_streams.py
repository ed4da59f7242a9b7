"""Decompression in bounded pieces, and digests."""

from __future__ import annotations

import bz2
import gzip
import os
from collections.abc import Callable

import pytest
import zstandard

from scanner.image.limits import DEFAULT_LIMITS, Limits
from scanner.image.streams import (
    DigestError,
    Hashed,
    StreamError,
    TooLongError,
    UnsupportedStreamError,
    drain,
    plain,
    verified,
)

from .image_samples import sha

DATA = os.urandom(3000) + bytes(5 << 20) + os.urandom(3000)
ZSTD = zstandard.ZstdCompressor()
_BIG = zstandard.ZstdCompressor(
    compression_params=zstandard.ZstdCompressionParameters(window_log=30)
).compressobj()
HUGE_WINDOW = _BIG.compress(b"x" * 99) + _BIG.flush()
"""Makes a reader reserve 1 GiB."""


def pieces(data: bytes, size: int, limits: Limits = DEFAULT_LIMITS) -> list[bytes]:
    return list(plain((data[at : at + size] for at in range(0, len(data), size)), limits))


@pytest.mark.parametrize("size", [1, 77, 1 << 20])
@pytest.mark.parametrize(
    ("data", "expected"),
    [
        (b"plain bytes", b"plain bytes"),
        (b"", b""),
        (
            gzip.compress(b"one" * 99, mtime=0) + gzip.compress(b"two", mtime=0),
            b"one" * 99 + b"two",
        ),
        (gzip.compress(b"padded", mtime=0) + bytes(700), b"padded"),
        (gzip.compress(b"", mtime=0), b""),
        (ZSTD.compress(b"one") + ZSTD.compress(b"two"), b"onetwo"),
        (b"\x50\x2a\x4d\x18\x03\0\0\0abc" + ZSTD.compress(b"skipped"), b"skipped"),
    ],
)
def test_bytes_come_out_as_they_went_in(data: bytes, expected: bytes, size: int) -> None:
    assert b"".join(pieces(data, size)) == expected


@pytest.mark.parametrize("compress", [gzip.compress, ZSTD.compress])
def test_pieces_are_bounded(compress: Callable[[bytes], bytes]) -> None:
    found = pieces(compress(DATA), 1 << 16)
    assert b"".join(found) == DATA
    assert max(map(len, found)) <= 1 << 20


@pytest.mark.parametrize("compress", [gzip.compress, ZSTD.compress, bytes])
def test_too_much_is_told_early(compress: Callable[[bytes], bytes]) -> None:
    with pytest.raises(TooLongError, match="more than 1000000 bytes"):
        pieces(compress(DATA), 1 << 16, Limits(layer_bytes=1_000_000))


@pytest.mark.parametrize(
    ("data", "error"),
    [
        (gzip.compress(DATA, mtime=0)[:-20], StreamError),
        (gzip.compress(b"x" * 99, mtime=0)[:-8] + bytes(8), StreamError),
        (gzip.compress(b"x", mtime=0) + b"garbage behind", StreamError),
        (b"\x1f\x8b\x08" + b"\xff" * 50, StreamError),
        (b"\x28\xb5\x2f\xfd" + b"\xff" * 50, StreamError),
        (bz2.compress(b"x"), UnsupportedStreamError),
        (HUGE_WINDOW, StreamError),
    ],
)
def test_damage_is_told(data: bytes, error: type[Exception]) -> None:
    with pytest.raises(error):
        pieces(data, 10)


def test_a_digest_is_checked_when_the_last_byte_has_passed() -> None:
    assert list(verified(iter((b"a", b"b")), sha(b"ab"), 2)) == [b"a", b"b"]
    with pytest.raises(DigestError, match="has the digest sha256:"):
        drain(verified(iter((b"x",)), sha(b"ab")))
    with pytest.raises(DigestError, match="has 1 bytes instead of 2"):
        drain(verified(iter((b"a",)), sha(b"ab"), 2))
    with pytest.raises(DigestError, match="larger than the 1 bytes"):
        drain(verified(iter((b"a", b"b")), sha(b"ab"), 1))


def test_what_passed_is_hashed() -> None:
    hashed = Hashed(iter((b"a", b"b")))
    next(hashed)
    assert hashed.digest == sha(b"a")
    drain(hashed)
    assert hashed.digest == sha(b"ab")
