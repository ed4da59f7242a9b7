"""Where the bytes of a layer or a manifest come from, in a form that other processes can use.

Hands out bytes only; what they mean is for others.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Protocol

from scanner.errors import ImageFormatError, ImageNotFoundError, ScannerError, UsageError
from scanner.image.files import read_window
from scanner.image.streams import PIECE, compression


class Blob(Protocol):
    """Bytes of a known length. Can be pickled."""

    @property
    def size(self) -> int: ...

    @property
    def digest(self) -> str:
        """`sha256:…` of these bytes, or `""` where nobody promised one."""
        ...

    def chunks(self) -> Iterator[bytes]:
        """All bytes, in pieces; not yet checked against the digest."""
        ...


@dataclass(frozen=True, slots=True)
class FileBlob:
    """A window of a file of the host."""

    path: str
    offset: int
    size: int
    digest: str = ""

    def chunks(self) -> Iterator[bytes]:
        """As `Blob.chunks`.

        Raises:
            ImageFormatError: the file cannot be read, or became shorter.
        """
        with opened(self.path) as descriptor:
            for start in range(0, self.size, PIECE):
                length = min(PIECE, self.size - start)
                try:
                    piece = read_window(descriptor, self.offset + start, length)
                except OSError as error:
                    raise cannot_read(self.path, error) from None
                yield piece

    def compression(self) -> str:
        """As `streams.compression`."""
        with opened(self.path) as descriptor:
            return compression(os.pread(descriptor, min(8, self.size), self.offset))


@contextmanager
def opened(path: str) -> Iterator[int]:
    """A descriptor of the file at `path`, for reading.

    Raises:
        UsageError, ImageFormatError: it cannot be opened.
    """
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    except OSError as error:
        raise cannot_read(path, error) from None
    try:
        yield descriptor
    finally:
        os.close(descriptor)


def cannot_read(path: str, error: OSError) -> ScannerError:
    """The error for a file of the host that cannot be read, in words."""
    if isinstance(error, FileNotFoundError | NotADirectoryError):
        return ImageNotFoundError(f"there is no file '{path}': check the path")
    if isinstance(error, IsADirectoryError):
        return UsageError(f"'{path}' is a directory: name the archive in it, or write dir: or oci:")
    if isinstance(error, PermissionError):
        return UsageError(
            f"no permission to read '{path}': make it readable, or run as another user"
        )
    return ImageFormatError(f"cannot read '{path}': {error.strerror or error}; check the file")
