"""Shows the files of a layer to a visitor. These are the jobs that worker processes do.

Runs in any process; keeps nothing between jobs.
"""

from __future__ import annotations

import os
import stat
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import NamedTuple

from scanner.errors import ImageFormatError
from scanner.image.blobs import FileBlob, opened
from scanner.image.files import FileTooLargeError, ImageFile, Visit, Visitor, WindowFile
from scanner.image.streams import DigestError, drain, verified
from scanner.model import Fact, FileEntry, FileKind, Gap, GapKind

MakeVisitor = Callable[[], Visitor]


class Item(NamedTuple):
    """A file to look at, and where its content begins."""

    number: int
    path: str
    size: int
    mode: int
    uid: int
    gid: int
    offset: int
    host_name: bytes = b""
    """Of a file in a directory: its path below the directory, as the host writes it."""


@dataclass(frozen=True, slots=True)
class Batch:
    """Files that one worker looks at in one go."""

    host_path: str
    """The archive they lie in, or with `folder` the directory they lie below."""
    layer: int
    items: tuple[Item, ...]
    folder: bool = False

    @property
    def size(self) -> int:
        return sum(item.size for item in self.items)


@dataclass(slots=True)
class Seen:
    """What was found in a batch, by number of content."""

    facts: dict[int, tuple[Fact, ...]] = field(default_factory=dict)
    gaps: dict[int, tuple[Gap, ...]] = field(default_factory=dict)
    unwanted: set[int] = field(default_factory=set)

    def add(self, number: int, visit: Visit | None) -> None:
        if visit is None:
            self.unwanted.add(number)
            return
        if visit.facts:
            self.facts[number] = visit.facts
        if visit.gaps:
            self.gaps[number] = visit.gaps


def wants(visitor: Visitor, entry: FileEntry, head: bytes) -> bool:
    """Whether the visitor wants the file. Never raises; in doubt it does."""
    try:
        return visitor.wants(entry, head)
    except Exception:  # showing it brings the mistake to light, as a gap
        return True


def look(visitor: Visitor, file: ImageFile) -> Visit:
    """The visitor's answer. Never raises."""
    path = file.entry.path
    try:
        return visitor(file)
    except FileTooLargeError as error:
        return missed(GapKind.TOO_LARGE, path, str(error))
    except MemoryError:
        return missed(GapKind.TOO_LARGE, path, "out of memory")
    except OSError as error:
        return missed(GapKind.UNREADABLE, path, str(error))
    except Exception as error:  # a bad file must never end the scan
        return missed(GapKind.INTERNAL, path, f"{type(error).__name__}: {error}")


def missed(kind: GapKind, path: str, reason: str) -> Visit:
    """A visit that saw nothing."""
    return Visit(gaps=(Gap(kind, path, f"not inspected: {reason}"),))


def visit_batch(visitor: Visitor, batch: Batch) -> Seen:
    """Look at files that lie in a file, or in a directory, of the host."""
    seen = Seen()
    if batch.folder:
        for item in batch.items:
            seen.add(item.number, _visit_host_file(visitor, batch, item))
        return seen
    with opened(batch.host_path) as descriptor:
        for item in batch.items:
            seen.add(item.number, _visit_window(visitor, batch, item, descriptor))
    return seen


def _visit_window(visitor: Visitor, batch: Batch, item: Item, descriptor: int) -> Visit | None:
    entry = FileEntry(
        item.path, FileKind.FILE, item.size, item.mode, item.uid, item.gid, "", batch.layer
    )
    try:
        file = WindowFile(entry, descriptor, item.offset)
    except OSError as error:
        return missed(GapKind.UNREADABLE, item.path, str(error))
    return look(visitor, file) if wants(visitor, entry, file.head) else None


def _visit_host_file(visitor: Visitor, batch: Batch, item: Item) -> Visit | None:
    path = os.fsencode(batch.host_path.rstrip("/")) + item.host_name
    flags = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC
    try:
        descriptor = os.open(path, flags)
    except OSError as error:
        return missed(GapKind.UNREADABLE, item.path, error.strerror or str(error))
    try:
        if not _is_regular(descriptor, path):
            return missed(GapKind.UNREADABLE, item.path, "it changed during the scan")
        return _visit_window(visitor, batch, item, descriptor)
    finally:
        os.close(descriptor)


def _is_regular(descriptor: int, path: bytes) -> bool:
    # A directory on the way may have become a link since it was listed.
    try:
        here = os.readlink(f"/proc/self/fd/{descriptor}".encode())  # noqa: PTH115
        return here == path and stat.S_ISREG(os.fstat(descriptor).st_mode)
    except OSError:
        return False


def hash_blob(_visitor: Visitor, promise: tuple[FileBlob, str, str]) -> None:
    """Check a layer that is not read as a whole otherwise.

    `promise`: its blob, the digest of its content, and what the image is called.

    Raises:
        ImageFormatError: it is not what its digest promised.
    """
    blob, digest, what = promise
    try:
        drain(verified(blob.chunks(), digest))
    except DigestError as error:
        raise wrong_digest(digest, what, error) from None


def wrong_digest(digest: str, what: str, error: DigestError) -> ImageFormatError:
    """The error for a layer that is not what was promised."""
    return ImageFormatError(
        f"layer {digest} of '{what}' {error}; the image is damaged, get it again"
    )
