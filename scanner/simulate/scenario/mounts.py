"""Reads files and folders of the user's machine that are to be copied into containers.

Reads all of them before anything starts, within bounds; copies nothing.
"""

from __future__ import annotations

import os
import posixpath
import stat
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

MAX_BYTES = 64 * 2**20
MAX_FILES = 500
"""Each is copied into each container by a request of its own."""


@dataclass
class Mounts:
    """What was read so far."""

    files: dict[str, bytes] = field(default_factory=dict)
    programs: dict[str, bytes] = field(default_factory=dict)

    def add(self, source: Path, target: str) -> None:
        """Read a file, or every file of a folder, for `target`.

        A later one for the same place replaces an earlier one.

        Raises:
            ValueError: it cannot be read, or there is too much.
        """
        try:
            for path, inside in list(_files(source, target)):
                self._read(path, inside)
        except OSError as error:
            path = error.filename or source
            reason = (error.strerror or str(error)).lower()
            raise ValueError(f"{path} cannot be read: {reason}") from None

    def _read(self, path: Path, target: str) -> None:
        with path.open("rb") as file:
            mode = os.fstat(file.fileno()).st_mode
            room = MAX_BYTES - sum(map(len, (*self.files.values(), *self.programs.values())))
            content = file.read(room + 1)
        if len(content) > room:
            raise ValueError(f"{path}: more than {MAX_BYTES // 2**20} MiB are to be copied")
        self.files.pop(target, None)
        self.programs.pop(target, None)
        (self.programs if mode & 0o100 else self.files)[target] = content
        if len(self.files) + len(self.programs) > MAX_FILES:
            raise ValueError(f"{path}: more than {MAX_FILES} files are to be copied")


def _files(source: Path, target: str) -> Iterator[tuple[Path, str]]:
    """Every file at `source`, and its place in the container."""
    if not source.is_dir():
        if not stat.S_ISREG(source.stat().st_mode):
            raise ValueError(f"{source} is neither a file nor a folder")
        inside = posixpath.join(target, source.name) if target.endswith("/") else target
        yield source, inside
        return
    found = 0
    for folder, folders, names in os.walk(source, onerror=_fail):
        folders.sort()
        for name in folders:
            if (link := Path(folder, name)).is_symlink():
                raise ValueError(f"{link} is a link to a folder: mount that folder itself")
        for name in sorted(names):
            path = Path(folder, name)
            if not stat.S_ISREG(path.stat().st_mode):
                raise ValueError(f"{path} is not a file")
            yield path, posixpath.join(target, path.relative_to(source).as_posix())
            found += 1
            if found > MAX_FILES:  # a folder of a million files is not listed to its end
                raise ValueError(f"{source}: more than {MAX_FILES} files are to be copied")
    if not found:
        raise ValueError(f"{source} holds no file")


def _fail(error: OSError) -> None:
    raise error
