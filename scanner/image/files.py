"""One file of an image as a visitor sees it: its entry, its first bytes, ways to read it.

Reads on demand and never writes; knows nothing of what a visitor looks for.
"""

from __future__ import annotations

import io
import os
from abc import ABC, abstractmethod
from collections.abc import Iterator
from dataclasses import dataclass
from typing import BinaryIO, Protocol, cast

from scanner.model import Fact, FileEntry, Gap

HEAD_SIZE = 4096
"""Bytes of a file that are read before anybody asks."""


class FileTooLargeError(Exception):
    """A file is larger than its reader is willing to take."""


class FileChangedError(OSError):
    """A file, or the archive around it, ended before it should have."""


@dataclass(frozen=True, slots=True)
class Visit:
    """What a visitor found in one file."""

    facts: tuple[Fact, ...] = ()
    gaps: tuple[Gap, ...] = ()


class ImageFile(ABC):
    """A regular file of an image. Valid only while its visitor runs."""

    entry: FileEntry
    head: bytes
    """The first bytes, 4096 at most."""

    def read(self, limit: int) -> bytes:
        """The whole file.

        Raises:
            FileTooLargeError: it holds more than `limit` bytes.
        """
        if self.entry.size > limit:
            raise FileTooLargeError(f"{self.entry.size} bytes, the limit is {limit}")
        return self._whole()

    @abstractmethod
    def _whole(self) -> bytes: ...

    @abstractmethod
    def open(self) -> BinaryIO:
        """A seekable reader, to be closed by the caller."""

    @abstractmethod
    def chunks(self, size: int = 1 << 20) -> Iterator[bytes]:
        """The content from its start in pieces of at most `size` bytes."""


class MemoryFile(ImageFile):
    """A file that was read out of a stream."""

    def __init__(self, entry: FileEntry, content: bytes) -> None:
        self.entry = entry
        self.head = content[:HEAD_SIZE]
        self._content = content

    def _whole(self) -> bytes:
        return self._content

    def open(self) -> BinaryIO:
        return io.BytesIO(self._content)

    def chunks(self, size: int = 1 << 20) -> Iterator[bytes]:
        if len(self._content) <= size:
            yield self._content
            return
        for start in range(0, len(self._content), size):
            yield self._content[start : start + size]


class WindowFile(ImageFile):
    """A file that lies in a window of an open file of the host.

    Read with `pread`: a mapping would count every page read as memory in use.
    """

    def __init__(self, entry: FileEntry, descriptor: int, offset: int) -> None:
        self.entry = entry
        self._descriptor = descriptor
        self._offset = offset
        self.head = read_window(descriptor, offset, min(HEAD_SIZE, entry.size))

    def _whole(self) -> bytes:
        if self.entry.size <= len(self.head):
            return self.head
        return read_window(self._descriptor, self._offset, self.entry.size)

    def open(self) -> BinaryIO:
        raw = WindowReader(self._descriptor, self._offset, self.entry.size)
        return cast("BinaryIO", io.BufferedReader(raw, 1 << 16))

    def chunks(self, size: int = 1 << 20) -> Iterator[bytes]:
        if self.entry.size <= len(self.head):
            yield self.head
            return
        for start in range(0, self.entry.size, size):
            length = min(size, self.entry.size - start)
            yield read_window(self._descriptor, self._offset + start, length)


class WindowReader(io.RawIOBase):
    """A read-only, seekable view of `size` bytes at `offset` of an open file."""

    def __init__(self, descriptor: int, offset: int, size: int) -> None:
        super().__init__()
        self._descriptor = descriptor
        self._offset = offset
        self._size = size
        self._position = 0

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return True

    def tell(self) -> int:
        return self._position

    def seek(self, offset: int, whence: int = io.SEEK_SET) -> int:
        base = {io.SEEK_SET: 0, io.SEEK_CUR: self._position, io.SEEK_END: self._size}[whence]
        if base + offset < 0:
            raise ValueError(f"negative position {base + offset}")
        self._position = base + offset
        return self._position

    def readinto(self, buffer: bytearray | memoryview) -> int:  # type: ignore[override]
        length = min(len(buffer), self._size - self._position)
        if length <= 0:
            return 0
        got = os.preadv(
            self._descriptor, [memoryview(buffer)[:length]], self._offset + self._position
        )
        self._position += got
        return got


def read_window(descriptor: int, offset: int, size: int) -> bytes:
    """Exactly `size` bytes at `offset`.

    Raises:
        FileChangedError: the file ends before.
    """
    data = os.pread(descriptor, size, offset)
    if len(data) == size:
        return data
    # A single pread moves at most 2 GiB, and may stop early on some file systems.
    pieces = [data]
    got = len(data)
    while got < size:
        piece = os.pread(descriptor, size - got, offset + got)
        if not piece:
            raise FileChangedError(f"ends {size - got} bytes early; it changed during the scan")
        pieces.append(piece)
        got += len(piece)
    return b"".join(pieces)


class Visitor(Protocol):
    """Looks at the files of an image, one at a time."""

    def wants(self, entry: FileEntry, head: bytes) -> bool:
        """Whether to show this file. Must be cheap: it is asked for every file."""
        ...

    def __call__(self, file: ImageFile) -> Visit:
        """What is in the file."""
        ...
