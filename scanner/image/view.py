"""The squashed file tree of an image: what a container of it would see at its start.

Metadata only: no content, and no judgment of it.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping

from scanner.image.limits import DEFAULT_LIMITS
from scanner.model import FileEntry, FileKind

_REMEMBERED = 100_000


class ImageView:
    """Looks up paths of an image. Paths are absolute and normalized, as in `FileEntry`."""

    def __init__(
        self,
        entries: Mapping[str, FileEntry],
        children: Mapping[str, Collection[str]],
        link_depth: int = DEFAULT_LIMITS.link_depth,
    ) -> None:
        self._entries = entries
        self._children = children
        self._link_depth = link_depth
        self._resolved: dict[str, str | None] = {}

    def entry(self, path: str) -> FileEntry | None:
        """What lies at `path` itself; symbolic links are not followed."""
        return self._entries.get(path)

    def resolve(self, path: str) -> str | None:
        """The path at the end of all symbolic links, as within a `chroot` to the image.

        None when it leads to nothing, or in a circle.
        """
        if path not in self._resolved:
            if len(self._resolved) >= _REMEMBERED:
                self._resolved.clear()
            self._resolved[path] = self._follow(path)
        return self._resolved[path]

    def _follow(self, path: str) -> str | None:
        todo = path.split("/")[::-1]
        done: list[str] = []
        links = 0
        while todo:
            name = todo.pop()
            if name in ("", "."):
                continue
            if name == "..":
                if done:
                    done.pop()
                continue
            here = "/" + "/".join((*done, name))
            entry = self._entries.get(here)
            if entry is None:
                return None
            if entry.kind is FileKind.SYMLINK:
                links += 1
                if links > self._link_depth or len(todo) > 4096:
                    return None
                if entry.link_target.startswith("/"):
                    done = []
                todo.extend(entry.link_target.split("/")[::-1])
                continue
            # Only a directory, a name's last part excepted, leads on.
            if entry.kind is not FileKind.DIRECTORY and any(todo):
                return None
            done.append(name)
        return "/" + "/".join(done)

    def exists(self, path: str) -> bool:
        """Whether `path` leads to something, links followed."""
        return self.resolve(path) is not None

    def children(self, path: str) -> tuple[str, ...]:
        """Paths of what lies directly in the directory `path`, sorted; links are not followed."""
        prefix = path.rstrip("/")
        return tuple(f"{prefix}/{name}" for name in sorted(self._children.get(path, ())))

    def paths(self) -> Iterator[str]:
        """Every path, sorted."""
        return iter(sorted(self._entries))

    def __len__(self) -> int:
        return len(self._entries)

    def __contains__(self, path: object) -> bool:
        return path in self._entries
