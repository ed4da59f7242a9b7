"""Finds the policy that holds for a working directory.

Reads none. A policy decides what passes, so it is looked for only where the project's own people
write.
"""

from __future__ import annotations

import stat
from collections.abc import Iterator
from pathlib import Path

from scanner.errors import UsageError

NAME = ".fips-scanner.yaml"
_MISTAKEN = (".fips-scanner.yml", "fips-scanner.yaml", "fips-scanner.yml")


def find_policy(start: Path, home: Path | None = None) -> Path | None:
    """The nearest policy in `start` or above it, within the repository.

    The search ends with the folder that holds `.git`. Outside of a repository it ends below the
    home directory, the root of the file system, and folders that everybody may write to, such as
    `/tmp`: there is nobody's project there, and a stranger could decide what passes.

    Raises:
        UsageError: a file is there that would not be read because of its name, or of what it is.
    """
    for folder in _folders(start.resolve(), home.resolve() if home else None):
        path = folder / NAME
        if path.is_file() or path.is_symlink():
            return path
        if path.exists():  # as engines make of a file that is mounted and is not there
            raise UsageError(f"{path} is no file, so no policy is read; remove it, or write one")
        for name in _MISTAKEN:
            if (folder / name).is_file() or (folder / name).is_symlink():
                raise UsageError(f"{folder / name} is not read: a policy is called {NAME}")
    return None


def _folders(start: Path, home: Path | None) -> Iterator[Path]:
    yield start
    if (start / ".git").exists():
        return
    for folder in start.parents:
        if folder in (home, Path(folder.anchor)) or _open_to_all(folder):
            return
        yield folder
        if (folder / ".git").exists():
            return


def _open_to_all(folder: Path) -> bool:
    try:
        return bool(folder.stat().st_mode & stat.S_IWOTH)
    except OSError:
        return True
