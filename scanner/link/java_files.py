"""Says which option files a JVM of the image is started with: by their names, or by their product.

`java @FILE` and `-XX:VMOptionsFile=` name one; a product's start program (Elasticsearch, Liberty)
reads the `jvm.options` of its own folders. Looks at no other file.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

from scanner.formats.java_args import for_version
from scanner.link.started import Launch
from scanner.link.world import World
from scanner.model import Fact, FactKind

_MAX_ABOVE = 5
"""Folders above an option file in which its product's `bin` may lie."""
_OF_VM = ("-XX:VMOptionsFile=", "-Xoptionsfile=")


@dataclass(frozen=True, slots=True)
class OptionFile:
    """A `jvm.options` file of a product."""

    path: str
    options: tuple[str, ...]
    homes: tuple[str, ...]
    """Folders that may be the product's."""
    is_read: bool
    """Whether the image starts a program of the product, or a JVM that reads it."""


def reader(world: World, folder: str) -> Callable[[str], tuple[str, ...] | None]:
    """Gives the options in a file by its name, as `java` in `folder` would read it."""

    def read(name: str) -> tuple[str, ...] | None:
        if not name.startswith("/"):
            name = f"{folder or world.config.working_dir or ''}/{name}"
        path = world.view.resolve(name)
        told = world.facts.one(FactKind.JVM_OPTIONS, path) if path else None
        if told is None:
            return None
        options = told.texts("options")
        if told.text("source") == "lines":
            return tuple(word for line in options for word in line.split())
        return options

    return read


def with_vm_files(
    options: tuple[str, ...], read: Callable[[str], tuple[str, ...] | None]
) -> tuple[str, ...]:
    """`options`, with those in place that stand in files which the virtual machine reads."""
    found: list[str] = []
    for each in options:
        named = next((each.removeprefix(o) for o in _OF_VM if each.startswith(o)), "")
        found.extend((named and read(named)) or (each,))
    return tuple(found)


def from_files(world: World, launch: Launch | None) -> tuple[str, ...]:
    """The options that the start program of a product gives to its JVM from `jvm.options`."""
    found: list[str] = []
    for file in option_files(world):
        own = launch is None or _is_of_vm(file.path)
        own = own or any(launch and launch.source.startswith(f"{h}/") for h in file.homes)
        if file.is_read and own:
            found.extend(file.options)
    return tuple(found)


def option_files(world: World) -> Iterator[OptionFile]:
    """The `jvm.options` files of the image, in order of their paths."""
    files = (e for e in world.facts.of(FactKind.JVM_OPTIONS) if e.text("source") == "lines")
    for each in sorted(files, key=lambda each: each.path):
        homes = tuple(_homes(world, each))
        yield OptionFile(
            each.path,
            for_version(each.texts("options"), java_version(world)),
            homes,
            _is_openj9(world, each.path)
            if _is_of_vm(each.path)
            else any(_starts_from(world, home) for home in homes),
        )


def _is_of_vm(path: str) -> bool:
    """Whether OpenJ9 reads the file by itself, whoever starts it."""
    return path.endswith("/options.default")


def _is_openj9(world: World, path: str) -> bool:
    homes = (e.text("home") for e in world.facts.of(FactKind.JAVA_RUNTIME) if e.flag("openj9"))
    return any(path.startswith(f"{home}/lib/") for home in homes)


def _homes(world: World, file: Fact) -> Iterator[str]:
    above = file.path.split("/")[1:-1]
    for count in range(len(above), max(0, len(above) - _MAX_ABOVE), -1):
        home = "/" + "/".join(above[:count])
        if world.view.resolve(f"{home}/bin"):
            yield home
    # A package keeps its configuration in /etc, and its programs elsewhere.
    if above[:1] == ["etc"] and len(above) > 1:
        yield from (f"{root}/{above[1]}" for root in ("/usr/share", "/opt", "/usr/lib"))


def _starts_from(world: World, home: str) -> bool:
    return any(each.startswith(f"{home}/bin/") for each in world.start.programs)


def java_version(world: World) -> int:
    """The version of Java that counts in such files; 0 where several are there, or none is."""
    told = {each.text("version") for each in world.facts.of(FactKind.JAVA_RUNTIME)} - {""}
    numbers = {each.removeprefix("1.").partition(".")[0].partition("+")[0] for each in told}
    only = numbers.pop() if len(numbers) == 1 else ""
    return int(only) if only.isdecimal() and len(only) < 4 else 0
