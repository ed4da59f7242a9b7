"""Turns the bytes of a blob into the bytes of a tar: decompression and digests.

Works in pieces of bounded size and keeps nothing.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from itertools import chain
from typing import IO, cast

from scanner.image.limits import Limits

PIECE = 1 << 20
_GZIP = b"\x1f\x8b\x08"
_ZSTD = b"\x28\xb5\x2f\xfd"
_OTHERS = {b"BZh": "bzip2", b"\xfd7zXZ\x00": "xz"}


class StreamError(Exception):
    """Compressed bytes are damaged, or of a kind that is not read."""


class UnsupportedStreamError(StreamError):
    """A compression that no image may use."""


class TooLongError(Exception):
    """A stream yields more bytes than allowed."""


class DigestError(Exception):
    """Bytes are not what their digest promised."""


def compression(head: bytes) -> str:
    """`gzip`, `zstd`, `bzip2`, `xz` or `""`, told by the first bytes."""
    if head.startswith(_GZIP):
        return "gzip"
    # Skippable frames may come first: 0x184D2A50 to 5F, little-endian.
    if head.startswith(_ZSTD) or (head[1:4] == b"\x2a\x4d\x18" and head[0] >> 4 == 5):
        return "zstd"
    return next((name for magic, name in _OTHERS.items() if head.startswith(magic)), "")


def plain(chunks: Iterator[bytes], limits: Limits) -> Iterator[bytes]:
    """`chunks` without their compression, in pieces of at most 1 MiB.

    Raises:
        StreamError: damaged, or an unsupported compression.
        TooLongError: more than `limits.layer_bytes`.
    """
    head = b""
    for chunk in chunks:
        head += chunk
        if len(head) >= 6:
            break
    whole = chain((head,), chunks)
    pieces: Iterator[bytes]
    match compression(head):
        case "":
            pieces = whole
        case "gzip":
            pieces = _gunzip(whole)
        case "zstd":
            pieces = _unzstd(whole, limits)
        case other:
            raise UnsupportedStreamError(f"is compressed with {other}, which images may not use")
    total = 0
    for piece in pieces:
        total += len(piece)
        if total > limits.layer_bytes:
            raise TooLongError(f"holds more than {limits.layer_bytes} bytes")
        yield piece


def _gunzip(chunks: Iterator[bytes]) -> Iterator[bytes]:
    from isal import igzip_lib

    stream = None
    for chunk in chunks:
        data = chunk
        while data:
            if stream is None:
                if not data.strip(b"\0"):
                    break  # padding after the last member
                stream = igzip_lib.IgzipDecompressor(flag=igzip_lib.DECOMP_GZIP)
            try:
                piece = stream.decompress(data, PIECE)
                while piece:
                    yield piece
                    if stream.eof or stream.needs_input:
                        break
                    piece = stream.decompress(b"", PIECE)
            except igzip_lib.error as error:  # type: ignore[misc]  # wrong in isal's stubs
                raise StreamError(f"has damaged gzip data: {error}") from None
            data = b""
            if stream.eof:
                data = stream.unused_data
                stream = None
    if stream is not None:
        raise StreamError("ends inside its gzip data")


def _unzstd(chunks: Iterator[bytes], limits: Limits) -> Iterator[bytes]:
    import zstandard

    reader = zstandard.ZstdDecompressor(max_window_size=limits.zstd_window).stream_reader(
        cast("IO[bytes]", ChunkReader(chunks)), read_across_frames=True
    )
    while True:
        try:
            piece = reader.read(PIECE)
        except zstandard.ZstdError as error:
            raise StreamError(f"has damaged zstd data: {error}") from None
        if not piece:
            return
        yield piece


class ChunkReader:
    """`read` over chunks, for libraries that want a file."""

    def __init__(self, chunks: Iterator[bytes]) -> None:
        self._chunks = chunks
        self._rest = b""

    def read(self, size: int = -1) -> bytes:
        """At most `size` bytes (all of the next chunk when negative); empty at the end."""
        if not self._rest:
            self._rest = next(self._chunks, b"")
        if size < 0:
            size = len(self._rest)
        data, self._rest = self._rest[:size], self._rest[size:]
        return data


def verified(chunks: Iterator[bytes], digest: str, size: int | None = None) -> Iterator[bytes]:
    """`chunks`, checked against `sha256:…` (and a size) once the last one has passed.

    Raises:
        DigestError: they are something else. What was yielded before must be thrown away.
    """
    state = hashlib.sha256()
    total = 0
    for chunk in chunks:
        state.update(chunk)
        total += len(chunk)
        if size is not None and total > size:
            raise DigestError(f"is larger than the {size} bytes it should have")
        yield chunk
    if size is not None and total != size:
        raise DigestError(f"has {total} bytes instead of {size}")
    found = f"sha256:{state.hexdigest()}"
    if found != digest:
        raise DigestError(f"has the digest {found}")


class Hashed:
    """`chunks`, with the digest of all that have passed."""

    def __init__(self, chunks: Iterator[bytes]) -> None:
        self._chunks = chunks
        self._state = hashlib.sha256()

    def __iter__(self) -> Iterator[bytes]:
        return self

    def __next__(self) -> bytes:
        chunk = next(self._chunks)
        self._state.update(chunk)
        return chunk

    @property
    def digest(self) -> str:
        """`sha256:…`."""
        return f"sha256:{self._state.hexdigest()}"


def drain(chunks: Iterator[bytes]) -> None:
    """Read to the end, for the sake of what checks the bytes as they pass."""
    for _ in chunks:
        pass
