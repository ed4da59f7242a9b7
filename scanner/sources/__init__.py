"""Finds out what is to be scanned: images by name, lists, Compose files, Dockerfiles.

Asks no engine and no registry.
"""

from __future__ import annotations

import os
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

from scanner.errors import SourceError, UsageError
from scanner.image.config import parse_platform
from scanner.image.reference import parse_reference
from scanner.sources import build, compose
from scanner.sources.build import dockerfile_images
from scanner.sources.compose import compose_images
from scanner.sources.files import STDIN, is_file, shown_name
from scanner.sources.lists import listed, place
from scanner.sources.wanted import Target, Wanted, together

__all__ = ["SourceOptions", "Target", "Wanted", "build_arguments", "wanted_images"]

_COMPOSE, _DOCKERFILE = "compose:", "dockerfile:"
_MOST = 10_000


@dataclass(frozen=True, slots=True)
class SourceOptions:
    """How files that name images are understood."""

    platform: str | None = None
    """For images of which no file says another."""
    build_arguments: Mapping[str, str] = field(default_factory=dict)
    stage: str = ""
    """Of a Dockerfile; `""` for the last one."""
    profiles: Collection[str] = ()
    """Of a Compose file; `*` for all."""


def build_arguments(texts: Sequence[str]) -> dict[str, str]:
    """What `NAME=VALUE` says; `NAME` alone takes the value from the environment, as builders do.

    Raises:
        UsageError: one has no name.
    """
    found: dict[str, str] = {}
    for text in texts:
        name, equals, value = text.partition("=")
        if not name:
            raise UsageError(f"--build-arg {text} has no name: write NAME=VALUE")
        if not equals and name not in os.environ:
            raise UsageError(f"--build-arg {name}: no such variable; write {name}=VALUE")
        found[name] = value if equals else os.environ[name]
    return found


def wanted_images(
    names: Sequence[str], lists: Sequence[str] = (), options: SourceOptions | None = None
) -> Wanted:
    """All images that are to be scanned.

    Args:
        names: images, `compose:FILE`, `dockerfile:FILE`, the name of a file that Compose or a
            builder looks for by itself, or `-` for a list on standard input.
        lists: files that hold such names, one on a line.

    Raises:
        SourceError: names that cannot be, or files that cannot be understood: all of them.
        UsageError: there is nothing to scan.
    """
    options = options or SourceOptions()
    problems: list[str] = []
    parts: list[Wanted] = []
    readers = sum(each.rpartition(":")[2] == STDIN for each in names) + list(lists).count(STDIN)
    if readers > 1:
        raise UsageError("standard input can be read only once: write - in one place")
    for name, is_list in _sources(names, lists):
        try:
            parts += _of_list(name, options) if is_list else [_of(name, options)]
        except SourceError as error:
            problems += error.problems
        except UsageError as error:
            problems.append(str(error))
    if problems:
        raise SourceError(tuple(dict.fromkeys(problems)))
    found = together(parts)
    if not found.targets and not found.failures:
        why = (
            f": {'; '.join(found.notes)}"
            if found.notes
            else ": name an IMAGE, or a file that lists some"
        )
        raise UsageError(f"there is nothing to scan{why}")
    if len(found.targets) > _MOST:
        raise UsageError(f"there are more than {_MOST} images: scan fewer at once")
    return found


def _sources(names: Sequence[str], lists: Sequence[str]) -> Iterator[tuple[str, bool]]:
    """Each name, and whether it is that of a list."""
    yield from ((each, each == STDIN) for each in names)
    yield from ((each, True) for each in lists)


def _of_list(name: str, options: SourceOptions) -> list[Wanted]:
    found: list[Wanted] = []
    problems: list[str] = []
    for line, image in listed(name):
        where = place(name, line)
        try:
            if image == STDIN:
                raise UsageError("a list cannot be read from within a list")
            found.append(_of(image, options, where))
        except UsageError as error:
            problems += [f"{where}: {each}" for each in getattr(error, "problems", (str(error),))]
    if problems:
        raise SourceError(tuple(problems))
    if not found:
        raise UsageError(f"{shown_name(name)} names no image: write one on a line")
    return found


def _of(name: str, options: SourceOptions, asked_by: str = "") -> Wanted:
    """What one name means. A file is told from an image by what it is called, and being there."""
    base = Path(name).name
    if name.startswith(_COMPOSE) or (base in compose.NAMES and is_file(name)):
        wanted = compose_images(
            name.removeprefix(_COMPOSE), environment=os.environ, profiles=options.profiles
        )
    elif name.startswith(_DOCKERFILE) or (base in build.NAMES and is_file(name)):
        wanted = dockerfile_images(
            name.removeprefix(_DOCKERFILE),
            arguments=options.build_arguments,
            stage=options.stage,
            platform=options.platform,
        )
    else:
        parse_reference(name)
        places = (asked_by,) if asked_by else ()
        return Wanted((Target(name, options.platform, places),))
    return _checked(wanted, options)


def _checked(wanted: Wanted, options: SourceOptions) -> Wanted:
    """`wanted`, with names and platforms that can be, and a platform for all.

    Raises:
        SourceError: some cannot.
    """
    targets: list[Target] = []
    problems: list[str] = []
    for each in wanted.targets:
        try:
            parse_reference(each.reference)
            if each.platform:
                parse_platform(each.platform)
        except UsageError as error:
            problems.append(f"{each.asked_by[0]}: {error}")
        targets.append(replace(each, platform=each.platform or options.platform))
    if problems:
        # A variable that is not set is often why.
        unset = [each for each in wanted.notes if each.endswith("is not set")]
        raise SourceError((*unset, *problems))
    return replace(wanted, targets=tuple(targets))
