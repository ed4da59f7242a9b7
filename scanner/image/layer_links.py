"""Follows the symbolic links of one layer where its entries are written through them.

Knows this layer only, as engines do that unpack it into a directory of its own; what lies in
lower layers is `squash`'s business.
"""

from __future__ import annotations

from scanner.image.limits import Limits


class LayerLinks:
    """The symbolic links of a layer, as they stand when its next entry is read.

    An engine follows links in the directories of an entry's name, within the image, and takes
    the last part as it is.
    """

    def __init__(self, limits: Limits) -> None:
        self._limits = limits
        self._targets: dict[str, str] = {}
        self._real: dict[str, str | None] = {}
        self._walked: set[str] = set()
        self._steps = limits.link_steps

    def put(self, path: str, target: str) -> None:
        """A symbolic link is now at `path`."""
        if self._targets.get(path) == target:
            return
        if path in self._targets or path in self._walked:
            self._forget()
        self._targets[path] = target

    def drop(self, path: str) -> None:
        """Something else is now at `path`."""
        if self._targets.pop(path, None) is not None:
            self._forget()

    def real(self, path: str) -> str | None:
        """Where an entry named `path` is put. None: in a circle, too deep, or too costly to say."""
        if not self._targets:
            return path
        parent, _, name = path.rpartition("/")
        if not parent:
            return path
        if parent not in self._real:
            self._real[parent] = self._follow(parent)
        real = self._real[parent]
        if real is None:
            return None
        found = f"{real}/{name}"
        return found if len(found) <= self._limits.path_length else None

    def _forget(self) -> None:
        self._real.clear()
        self._walked.clear()

    def _follow(self, path: str) -> str | None:
        todo = path.split("/")[::-1]
        done: list[str] = [""]
        links = 0
        while todo:
            self._steps -= 1
            name = todo.pop()
            if name in ("", "."):
                continue
            if name == "..":
                if len(done) > 1:
                    done.pop()
                continue
            here = f"{done[-1]}/{name}"
            target = self._targets.get(here)
            if target is None:
                self._walked.add(here)
                done.append(here)
                continue
            links += 1
            todo.extend(target.split("/")[::-1])
            if target.startswith("/"):
                done = [""]
            too_deep = len(todo) + len(done) > 2 * self._limits.path_depth
            if links > self._limits.link_depth or too_deep or self._steps < 0:
                return None
        return done[-1] if len(done) <= self._limits.path_depth else None
