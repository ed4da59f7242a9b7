"""Files for inspector tests, and what an inspector says of them."""

from __future__ import annotations

from typing import Protocol

from scanner.image.files import ImageFile, MemoryFile
from scanner.model import Fact, FileEntry, FileKind, Gap


class Inspector(Protocol):
    def wants(self, entry: FileEntry, head: bytes) -> bool: ...
    def inspect(self, file: ImageFile) -> object: ...


def image_file(path: str, content: bytes, *, mode: int = 0o644) -> MemoryFile:
    return MemoryFile(FileEntry(path, FileKind.FILE, len(content), mode, 0, 0), content)


def wants(inspector: Inspector, path: str, content: bytes = b"", *, mode: int = 0o644) -> bool:
    file = image_file(path, content, mode=mode)
    return inspector.wants(file.entry, file.head)


def seen(
    inspector: Inspector, path: str, content: bytes | str, *, mode: int = 0o644
) -> list[Fact | Gap]:
    """What the inspector says, if it wants the file at all."""
    data = content.encode() if isinstance(content, str) else content
    file = image_file(path, data, mode=mode)
    if not inspector.wants(file.entry, file.head):
        return []
    found = inspector.inspect(file)
    assert hasattr(found, "__iter__")
    return list(found)


def the_fact(inspector: Inspector, path: str, content: bytes | str, *, mode: int = 0o644) -> Fact:
    (only,) = seen(inspector, path, content, mode=mode)
    assert isinstance(only, Fact)
    return only
