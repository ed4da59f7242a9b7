"""Says which archives of an image the class path of a start of a JVM reaches.

A program may load further ones by itself; which, no file tells.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from scanner.link.java_options import JvmOptions
from scanner.link.world import World
from scanner.model import Fact, FactKind

_CLASS_PATH = frozenset(("-cp", "-classpath", "--class-path"))
_MODULE_PATH = frozenset(("-p", "--module-path", "--upgrade-module-path"))
_ADDED = ("-Xbootclasspath/a:", "-javaagent:", "-Djava.ext.dirs=", "-Djava.endorsed.dirs=")
_MAX_ENTRIES = 20_000


@dataclass(frozen=True, slots=True)
class ClassPath:
    """What one start of a JVM can load classes from, in order."""

    entries: tuple[str, ...]
    """Archives and folders, links resolved."""
    untold: str
    """Why there may be more entries, or `""`."""

    def position(self, jar: Fact) -> int | None:
        """Where the archive (or the folder of classes) `jar` stands, or None."""
        path = jar.text("container") or jar.path
        if path in self.entries:
            return self.entries.index(path)
        if path.endswith(".class"):
            for at, each in enumerate(self.entries):
                if path.startswith(f"{each}/"):
                    return at
        return None


def class_path(world: World, options: JvmOptions, homes: tuple[str, ...]) -> ClassPath:
    """The class path of a start with `options`, and what JVMs at `homes` load besides."""
    walk = _Entries(world, options.launch.folder if options.launch else "")
    for home in homes:
        # Up to Java 8; later JVMs refuse to start where this folder is.
        for folder in ("lib/ext", "jre/lib/ext"):
            walk.all_in(f"{home}/{folder}")
    if options.launch is None:
        return ClassPath(walk.entries, "no command line of java is known")
    walk.line(options)
    return ClassPath(walk.entries, options.untold or walk.untold)


class _Entries:
    def __init__(self, world: World, folder: str) -> None:
        self._world = world
        self._folder = folder
        self._found: dict[str, None] = {}
        self.untold = ""

    @property
    def entries(self) -> tuple[str, ...]:
        return tuple(self._found)

    def line(self, options: JvmOptions) -> None:
        words, paths, jar = options.options, None, ""
        at = 0
        while at < len(words):
            word = words[at]
            value = words[at + 1] if at + 1 < len(words) else ""
            name, equals, joined = word.partition("=")
            if word in _CLASS_PATH or word in _MODULE_PATH or word == "-jar":
                at += 1
            if word == "-jar":
                jar = value
            elif word in _CLASS_PATH:
                paths = value
            elif name in ("--class-path", "-Djava.class.path") and equals:
                paths = joined
            elif word in _MODULE_PATH or (name in _MODULE_PATH and equals):
                self._modules(value if word in _MODULE_PATH else joined)
            elif option := next((each for each in _ADDED if word.startswith(each)), ""):
                self._added(option, word.removeprefix(option))
            at += 1
        if jar:  # then neither -cp nor CLASSPATH is read
            self._archive(jar)
            return
        if paths is None:
            given = options.launch.variables.get("CLASSPATH") if options.launch else None
            if given is not None and given.value is None:
                self.untold = f"CLASSPATH is put together in {given.source}"
            paths = (given.value if given else None) or "."
        for each in paths.split(":"):
            self._entry(each or ".")

    def all_in(self, folder: str) -> None:
        """The archives that lie directly in `folder`."""
        resolved = self._world.view.resolve(folder)
        for each in self._world.view.children(resolved) if resolved else ():
            if each.lower().endswith(".jar"):
                self._archive(each)

    def _absolute(self, path: str) -> str:
        if path.startswith("/"):
            return path
        if not self._folder:
            self.untold = self.untold or f"the folder that {path} lies in is not known"
            return ""
        return f"{self._folder}/{path}"

    def _entry(self, path: str) -> None:
        absolute = self._absolute(path)
        if path == "*" or path.endswith("/*"):
            self.all_in(absolute.removesuffix("*"))
        elif absolute:
            self._archive(absolute)

    def _modules(self, paths: str) -> None:
        for each in paths.split(":"):
            absolute = self._absolute(each or ".")
            if absolute:
                self._archive(absolute)
                self.all_in(absolute)

    def _added(self, option: str, value: str) -> None:
        if option == "-javaagent:":
            self._entry(value.partition("=")[0])
        elif option == "-Xbootclasspath/a:":
            for each in value.split(":"):
                self._entry(each or ".")
        else:
            for each in value.split(":"):
                self.all_in(self._absolute(each) or "/nowhere")

    def _archive(self, path: str) -> None:
        """An archive or a folder, and what the manifest of the archive names."""
        todo = [self._absolute(path)]
        while todo and len(self._found) < _MAX_ENTRIES:
            named = todo.pop(0)
            resolved = self._world.view.resolve(named) if named else None
            if resolved is None or resolved in self._found:
                continue
            self._found[resolved] = None
            todo.extend(self._named_by(resolved, named))

    def _named_by(self, archive: str, named: str) -> Iterator[str]:
        told = self._world.facts.one(FactKind.JAVA_ARCHIVE, archive)
        for each in told.texts("class_path") if told else ():
            # Relative to where the archive was found, links not followed.
            path = each.removeprefix("file:")
            yield path if path.startswith("/") else f"{named.rpartition('/')[0]}/{path}"
