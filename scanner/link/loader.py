"""Finds which shared libraries a program would load, as the dynamic loader of the image would.

Works on facts and the file tree alone; runs no loader and opens no file. Follows ld.so(8) for
glibc and musl's dynlink for musl.
"""

from __future__ import annotations

import fnmatch
from collections import deque
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from scanner.link.world import World
from scanner.model import Fact, FactKind

_GLIBC_DEFAULTS = ("/lib64", "/usr/lib64", "/lib", "/usr/lib")
_MUSL_DEFAULTS = ("/lib", "/usr/local/lib", "/usr/lib")
_TRIPLES = {
    "x86_64": "x86_64-linux-gnu",
    "aarch64": "aarch64-linux-gnu",
    "i386": "i386-linux-gnu",
    "arm": "arm-linux-gnueabihf",
    "ppc64le": "powerpc64le-linux-gnu",
    "s390x": "s390x-linux-gnu",
    "riscv64": "riscv64-linux-gnu",
}
_MAX_OBJECTS = 2000
"""Libraries of one program; real ones stay below a few hundred."""
_MAX_INCLUDES = 200
_MAX_PRELOADED = 50


@dataclass(frozen=True, slots=True)
class Closure:
    """Everything that a program or library would load."""

    root: str
    loaded: Mapping[str, str]
    """Path of each library, and the path of the object that first needs it."""
    missing: tuple[tuple[str, str], ...]
    """`(object, name)` of what would not be found."""

    def chain(self, path: str) -> tuple[str, ...]:
        """The way from the root to a loaded library, both included."""
        steps = [path]
        while steps[-1] != self.root and len(steps) < _MAX_OBJECTS:
            steps.append(self.loaded[steps[-1]])
        return tuple(reversed(steps))


class Loader:
    """The dynamic loader of one image. Remembers what it has looked up."""

    def __init__(self, world: World) -> None:
        self._world = world
        self._objects = {each.path: each for each in world.facts.of(FactKind.ELF)}
        self._system: dict[tuple[str, str, bool], str | None] = {}

    def closure(self, root: str) -> Closure:
        """What the object at `root` would load, itself excluded."""
        loaded: dict[str, str] = {}
        missing: list[tuple[str, str]] = []
        seen_names: dict[str, str | None] = {}
        start = self._objects.get(root)
        if start is None:
            return Closure(root, loaded, ())
        musl = self._is_musl(start)
        for preloaded in self._preloaded(start, musl):
            loaded[preloaded] = root
            seen_names.setdefault(self._objects[preloaded].text("soname"), preloaded)
        queue = deque([*loaded, root])
        while queue and len(loaded) < _MAX_OBJECTS:
            path = queue.popleft()
            current = self._objects[path]
            for name in current.texts("needed"):
                if name in seen_names:
                    continue
                found = self._find(name, self._ancestors(path, loaded, root), musl)
                seen_names[name] = found
                if found is None:
                    missing.append((path, name))
                elif found not in loaded and found != root:
                    loaded[found] = path
                    soname = self._objects[found].text("soname")
                    seen_names.setdefault(soname, found)
                    queue.append(found)
        return Closure(root, loaded, tuple(missing))

    def _preloaded(self, program: Fact, musl: bool) -> Iterator[str]:
        """What LD_PRELOAD puts before everything else; a name that leads nowhere is passed over."""
        value = self._world.start.get("LD_PRELOAD") if program.text("interpreter") else None
        for name in (value or "").replace(":", " ").split()[:_MAX_PRELOADED]:
            found = self._find(name, (program.path,), musl)
            if found is not None and found != program.path:
                yield found

    def find(self, name: str, machine: str, *, musl: bool = False) -> str | None:
        """The library that `dlopen(name)` of a program without RPATH would load, or None."""
        return self._in_system(name, machine, musl)

    def _is_musl(self, start: Fact) -> bool:
        interpreter = start.text("interpreter")
        if interpreter:
            return "ld-musl" in interpreter
        return any(name.startswith("libc.musl") for name in start.texts("needed"))

    @staticmethod
    def _ancestors(path: str, loaded: Mapping[str, str], root: str) -> tuple[str, ...]:
        chain = [path]
        while chain[-1] != root and len(chain) < _MAX_OBJECTS:
            chain.append(loaded[chain[-1]])
        return tuple(chain)

    def _find(self, name: str, chain: tuple[str, ...], musl: bool) -> str | None:
        machine = self._objects[chain[0]].text("machine")
        if "/" in name:
            return self._usable(name, machine)
        for folder in self._folders(chain, musl):
            found = self._usable(f"{folder}/{name}", machine)
            if found is not None:
                return found
        return self._in_system(name, machine, musl)

    def _folders(self, chain: tuple[str, ...], musl: bool) -> Iterator[str]:
        """The folders before the system's own, in the loader's order."""
        if musl:
            # musl takes RPATH and RUNPATH for the same thing and lets both be inherited.
            yield from self._environment()
            for path in chain:
                each = self._objects[path]
                yield from self._expanded(each, each.texts("runpath") or each.texts("rpath"))
            return
        first = self._objects[chain[0]]
        if not first.texts("runpath"):
            for path in chain:
                each = self._objects[path]
                if not each.texts("runpath"):
                    yield from self._expanded(each, each.texts("rpath"))
        yield from self._environment()
        yield from self._expanded(first, first.texts("runpath"))

    def _environment(self) -> Iterator[str]:
        value = self._world.start.get("LD_LIBRARY_PATH") or ""
        yield from (folder for folder in value.replace(";", ":").split(":") if folder)

    def _expanded(self, origin: Fact, folders: tuple[str, ...]) -> Iterator[str]:
        own = origin.path.rpartition("/")[0] or "/"
        triple = _TRIPLES.get(origin.text("machine"), "")
        for folder in folders:
            base = folder
            for token in ("ORIGIN", "{ORIGIN}"):
                base = base.replace(f"${token}", own)
            if "$LIB" in base or "${LIB}" in base:
                for lib in ("lib64", "lib", f"lib/{triple}"):
                    yield base.replace("${LIB}", lib).replace("$LIB", lib)
            elif base and "$" not in base:
                yield base

    def _in_system(self, name: str, machine: str, musl: bool) -> str | None:
        key = (name, machine, musl)
        if key not in self._system:
            self._system[key] = next(
                (
                    found
                    for folder in self._system_folders(machine, musl)
                    if (found := self._usable(f"{folder}/{name}", machine)) is not None
                ),
                None,
            )
        return self._system[key]

    def _system_folders(self, machine: str, musl: bool) -> tuple[str, ...]:
        configured = self._configured("musl" if musl else "glibc")
        if musl:
            return configured or _MUSL_DEFAULTS
        triple = _TRIPLES.get(machine)
        multiarch = (f"/lib/{triple}", f"/usr/lib/{triple}") if triple else ()
        return (*configured, *multiarch, *_GLIBC_DEFAULTS)

    def _configured(self, form: str) -> tuple[str, ...]:
        by_path = {
            each.path: each
            for each in self._world.facts.of(FactKind.LD_CONFIG)
            if each.text("form") == form
        }
        if form == "musl":
            return tuple(folder for each in by_path.values() for folder in each.texts("paths"))
        folders: list[str] = []
        done: set[str] = set()
        todo = ["/etc/ld.so.conf"]
        while todo and len(done) < _MAX_INCLUDES:
            path = todo.pop(0)
            config = by_path.get(path)
            if config is None or path in done:
                continue
            done.add(path)
            folders.extend(config.texts("paths"))
            for pattern in config.texts("includes"):
                absolute = pattern if pattern.startswith("/") else f"/etc/{pattern}"
                todo.extend(sorted(fnmatch.filter(by_path, absolute)))
        return tuple(dict.fromkeys(folders))

    def _usable(self, path: str, machine: str) -> str | None:
        resolved = self._world.view.resolve(path)
        if resolved is None:
            return None
        found = self._objects.get(resolved)
        # The loader goes on to the next folder when a library is for another machine.
        return resolved if found is not None and found.text("machine") == machine else None
