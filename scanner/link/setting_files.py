"""Finds the configuration files that a server reads: by default, by its command, by includes.

Only names and the file tree; what stands in the files was stated by the inspector.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from fnmatch import fnmatchcase

from scanner.link.programs import file_at
from scanner.link.started import Launch
from scanner.link.world import World
from scanner.model import Fact, FactKind, FileKind
from scanner.rules_servers import ServerRule

MAX_INCLUDED = 1_000


_FOLDERS = ("/etc/", "/usr/local/", "/opt/", "/var/lib/", "/usr/lib/ssl/")
"""Where a configuration may be a link: Debian's my.cnf is one."""


def linked_files(world: World) -> dict[str, str]:
    """Symbolic links in folders of configuration, and the files that they lead to."""
    found: dict[str, str] = {}
    for path in world.view.paths():
        entry = world.view.entry(path)
        if entry is not None and entry.kind is FileKind.SYMLINK and path.startswith(_FOLDERS):
            target = file_at(path, world.view)
            if target is not None:
                found[path] = target
    return found


class Files:
    """The files of one server in one image."""

    def __init__(
        self,
        rule: ServerRule,
        world: World,
        stated: dict[str, list[Fact]],
        links: Mapping[str, str],
    ) -> None:
        self._rule = rule
        self._links = {path: target for path, target in links.items() if target in stated}
        self._world = world
        self._stated = {
            path: sorted(facts, key=lambda each: each.number("line"))
            for path, facts in sorted(stated.items())
        }
        self._roots = [re.compile(each) for each in rule.files]
        self._known = [re.compile(each) for each in (*rule.files, *rule.also)]

    def all(self) -> Iterator[Fact]:
        """Everything stated, file by file."""
        for facts in self._stated.values():
            yield from facts

    def at(self, path: str) -> list[Fact]:
        """What was stated of one file, in its order."""
        return self._stated.get(path, [])

    def was_seen(self, path: str) -> bool:
        """Whether the inspector takes a file of this name for the server's configuration."""
        return any(each.fullmatch(path) for each in self._known)

    def roots(self) -> tuple[str, ...]:
        """Files that it reads unless told otherwise, in the order of the rule."""
        names = {path: path for path in self._stated} | self._links
        return tuple(
            dict.fromkeys(
                names[name]
                for each in self._roots
                for name in sorted(names)
                if each.fullmatch(name)
            )
        )

    # --- the command -----------------------------------------------------------------------

    def named_by_start(self, programs: re.Pattern[str]) -> tuple[bool, tuple[str, ...]]:
        """Whether the image starts it with its default files, and the files that it names."""
        by_default = False
        named: dict[str, None] = {}
        launched = False
        for launch in self._world.start.launches:
            at = program_at(launch, programs)
            if at is None:
                continue
            launched = True
            found = [*self._by_options(launch, at), *self._by_variables(launch)]
            named.update(dict.fromkeys(found))
            by_default = by_default or not found
        if not launched:
            by_default = any(self._is_used(each, programs) for each in self._world.start.programs)
        return by_default, tuple(named)

    def _is_used(self, started: str, programs: re.Pattern[str]) -> bool:
        """Whether a started program is the server, or is linked with it where it is a library."""
        if programs.fullmatch(started, started.rfind("/") + 1):
            return True
        elf = self._world.facts.one(FactKind.ELF, started)
        return elf is not None and any(programs.fullmatch(each) for each in elf.texts("needed"))

    def _by_options(self, launch: Launch, at: int) -> Iterator[str]:
        words = launch.words[at + 1 :]
        for number, word in enumerate(words):
            if word is None:
                continue
            for option in self._rule.options:
                value: str | None = None
                if not option and not number and not word.startswith("-"):
                    value = word
                elif option and word == option:
                    value = words[number + 1] if number + 1 < len(words) else None
                elif option and word.startswith(f"{option}="):
                    value = word[len(option) + 1 :]
                path = self._path(value, launch.folder) if value else None
                if path is not None:
                    yield path

    def _by_variables(self, launch: Launch) -> Iterator[str]:
        for name in self._rule.variables:
            setting = launch.variables.get(name)
            value = setting.value if setting is not None else None
            path = self._path(value, launch.folder) if value else None
            if path is not None:
                yield path

    def _path(self, name: str, folder: str) -> str | None:
        view = self._world.view
        return file_at(name if name.startswith("/") else f"{folder or '/'}/{name}", view)

    # --- includes --------------------------------------------------------------------------

    def included(self, include: Fact, root: str) -> tuple[str, ...]:
        """The files that an include leads to, in the order of their names."""
        found: dict[str, None] = {}
        for value in _values(include):
            for base in self._bases(value, include.path, root):
                paths = self._matching(f"{base}/{value}" if base else value)
                if paths:
                    found.update(dict.fromkeys(self._files_of(paths, include.text("entry"))))
                    break
        return tuple(found)

    def _bases(self, value: str, path: str, root: str) -> tuple[str, ...]:
        """Where a relative name may begin: it depends on how the program was built."""
        if value.startswith("/"):
            return ("",)
        folder = root.rpartition("/")[0]
        return tuple(dict.fromkeys((folder, path.rpartition("/")[0], folder.rpartition("/")[0])))

    def _files_of(self, paths: list[str], names: str) -> Iterator[str]:
        view = self._world.view
        for path in paths:
            resolved = view.resolve(path)
            entry = view.entry(resolved) if resolved else None
            if resolved and entry is not None and entry.kind is FileKind.DIRECTORY:
                inner = [
                    each
                    for each in view.children(resolved)
                    if fnmatchcase(each.rpartition("/")[2], names or "*")
                ]
                yield from (found for each in inner if (found := file_at(each, view)) is not None)
            elif found := file_at(path, view):
                yield found

    def _matching(self, pattern: str) -> list[str]:
        """Paths that a pattern like `/etc/x/*.conf` matches, name by name."""
        view = self._world.view
        found = [""]
        for part in pattern.split("/"):
            if part in ("", "."):
                continue
            if part == "..":
                found = [each.rpartition("/")[0] for each in found]
            elif any(char in part for char in "*?["):
                found = [
                    child
                    for each in found
                    for child in view.children(view.resolve(each or "/") or "/")
                    if fnmatchcase(child.rpartition("/")[2], part)
                    and not child.rpartition("/")[2].startswith(".")
                ][:MAX_INCLUDED]
            else:
                found = [f"{each}/{part}" for each in found]
        return [each for each in found if view.exists(each)]


def _values(include: Fact) -> tuple[str, ...]:
    return tuple(each.strip("\"'<>") for each in include.text("value").split() if each.strip("\"'"))


def program_at(launch: Launch, programs: re.Pattern[str]) -> int | None:
    """Which word of a command line is the program: `su-exec redis redis-server` has it third."""
    for number, word in enumerate(launch.words[:6]):
        if word is not None and programs.fullmatch(word, word.rfind("/") + 1):
            return number
    return None
