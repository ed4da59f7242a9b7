"""Finds the file of an image that a name on a command line leads to."""

from __future__ import annotations

from scanner.image.view import ImageView
from scanner.model import FileKind, ImageConfig

DEFAULT_PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
"""What an engine sets when the image sets no PATH (moby, `system.DefaultPathEnv`)."""


def find_program(name: str, view: ImageView, config: ImageConfig) -> str | None:
    """The file that an engine would execute for `name`, or None when the image has none.

    Looks where `execvp` would: through PATH for a bare name, from the working directory for a
    relative one.
    """
    if "/" in name:
        absolute = name if name.startswith("/") else f"{config.working_dir or '/'}/{name}"
        return _executable(absolute, view)
    search = config.env_get("PATH")
    for folder in (DEFAULT_PATH if search is None else search).split(":"):
        found = _executable(f"{folder or config.working_dir or '/'}/{name}", view)
        if found is not None:
            return found
    return None


def _executable(path: str, view: ImageView) -> str | None:
    resolved = file_at(path, view)
    entry = view.entry(resolved) if resolved else None
    return resolved if entry is not None and entry.executable else None


def file_at(path: str, view: ImageView) -> str | None:
    """The regular file that `path` leads to, or None."""
    resolved = view.resolve(path)
    entry = view.entry(resolved) if resolved else None
    is_file = entry is not None and entry.kind in (FileKind.FILE, FileKind.HARDLINK)
    return resolved if is_file else None
