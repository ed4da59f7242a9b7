"""Finds out which images the services of a Compose file run.

Understands what decides on that, variables, profiles, `extends` and `include`, and nothing else.
Starts and builds nothing.
"""

from __future__ import annotations

import os
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import yaml

from scanner.errors import UsageError
from scanner.model import Failure
from scanner.sources.expand import expand
from scanner.sources.files import STDIN, folder_of, read_text, shown_name
from scanner.sources.wanted import Target, Wanted, plain_name

NAMES = ("compose.yaml", "compose.yml", "docker-compose.yaml", "docker-compose.yml")
"""What Compose itself looks for."""

_MOST_FILES = 50
_MOST_SERVICES = 1000
_STEPS = 20
"""From a service to one that it extends."""


@dataclass(frozen=True, slots=True)
class _Service:
    """A service, with what it takes from those that it extends."""

    name: str
    file: str
    line: int
    image: str = ""
    platform: str = ""
    profiles: tuple[str, ...] = ()
    is_built: bool = False

    @property
    def place(self) -> str:
        return f"{shown_name(self.file)}:{self.line} (service {self.name})"


def compose_images(
    name: str,
    *,
    environment: Mapping[str, str],
    profiles: Collection[str] = (),
) -> Wanted:
    """The images of the services in the Compose file `name`; `-` is standard input.

    Args:
        environment: variables, which win over those of a `.env` file beside it.
        profiles: those that are active; `*` stands for all. Those in `COMPOSE_PROFILES` are too.

    Raises:
        UsageError: it cannot be read or understood, or a variable is missing that it demands.
    """
    variables = {**_dot_env(folder_of(name)), **environment}
    active = {*profiles, *filter(None, variables.get("COMPOSE_PROFILES", "").split(","))}
    reader = _Reader(variables)
    targets: list[Target] = []
    failures: list[Failure] = []
    notes: list[str] = []
    for each in reader.services(name):
        if each.profiles and "*" not in active and not active & set(each.profiles):
            needed = " or ".join(each.profiles)
            notes.append(f"{each.place} is left out: it needs the profile {needed} (--profile)")
        elif each.image:
            targets.append(Target(plain_name(each.image), each.platform or None, (each.place,)))
        else:
            failures.append(_unnamed(each))
    if not (targets or failures or notes):
        raise UsageError(f"{shown_name(name)} has no services: name a Compose file")
    notes += reader.notes
    return Wanted(tuple(targets), tuple(failures), tuple(notes))


def _unnamed(service: _Service) -> Failure:
    if service.is_built:
        reason = "it is built and its image has no name: build it, and name it with 'image:'"
    else:
        reason = "it has neither an image nor a build: give it one"
    return Failure(
        f"service {service.name}", f"not scanned: {reason}", 3, asked_by=(service.place,)
    )


def _dot_env(folder: Path) -> dict[str, str]:
    """The variables of the `.env` file in `folder`, as far as there is one."""
    path = folder / ".env"
    if not path.is_file():
        return {}
    from io import StringIO

    from dotenv.main import DotEnv

    # As in Compose, the environment wins where one of its variables names another one, too.
    found = DotEnv(None, StringIO(read_text(str(path))), override=False).dict()
    return {name: value for name, value in found.items() if value is not None}


class _Reader:
    """Reads Compose files, each once."""

    def __init__(self, variables: Mapping[str, str]) -> None:
        self.notes: list[str] = []
        self._variables = variables
        self._files: dict[str, _File] = {}

    def services(self, name: str) -> Iterator[_Service]:
        """Those of the file, and of all files that it includes."""
        count = 0
        waiting = [name]
        seen = {_key(name)}
        while waiting:
            current = waiting.pop(0)
            file = self._file(current)
            count += len(file.services)
            if count > _MOST_SERVICES:
                raise UsageError(f"{shown_name(name)} has more than {_MOST_SERVICES} services")
            for service in file.services:
                yield self._service(current, service)
            for each in self._included(file):
                if _key(each) not in seen:
                    seen.add(_key(each))
                    waiting.append(each)

    def _file(self, name: str) -> _File:
        key = _key(name)
        if key not in self._files:
            if len(self._files) >= _MOST_FILES:
                raise UsageError(f"more than {_MOST_FILES} Compose files include each other")
            self._files[key] = _File(name)
        return self._files[key]

    def _included(self, file: _File) -> Iterator[str]:
        for each in file.list("include"):
            paths = each.get("path") if isinstance(each, dict) else each
            for path in paths if isinstance(paths, list) else [paths]:
                if not isinstance(path, str):
                    raise UsageError(f"{file.shown}: 'include' holds no path")
                yield str(folder_of(file.name) / self._expanded(file, 1, path))

    def _service(self, name: str, service: str, depth: int = 0) -> _Service:
        file = self._file(name)
        line = file.line(service)
        if depth > _STEPS:
            raise UsageError(f"{file.shown}:{line}: services extend each other in a circle")
        told = file.services.get(service)
        if told is None:
            raise UsageError(f"{file.shown} has no service {service}, which another one extends")
        if not isinstance(told, dict):
            raise UsageError(f"{file.shown}:{line}: the service {service} is no mapping")

        def text(key: str) -> str:
            value = told.get(key)
            if value is None:
                return ""
            if not isinstance(value, str):
                raise UsageError(f"{file.shown}:{line}: {key} of the service {service} is no text")
            return self._expanded(file, file.line(service, key), value).strip()

        profiles = told.get("profiles") or []
        found = _Service(
            service,
            name,
            file.line(service, "image"),
            text("image"),
            text("platform"),
            tuple(self._expanded(file, line, str(each)) for each in profiles)
            if isinstance(profiles, list)
            else (),
            "build" in told,
        )
        extended = told.get("extends")
        if extended is None:
            return found
        parent = self._extended(file, line, extended, depth)
        return replace(
            found,
            image=found.image or parent.image,
            platform=found.platform or parent.platform,
            profiles=(*parent.profiles, *found.profiles),
            is_built=found.is_built or parent.is_built,
        )

    def _extended(self, file: _File, line: int, extended: object, depth: int) -> _Service:
        told = {"service": extended} if isinstance(extended, str) else extended
        if not isinstance(told, dict) or not isinstance(told.get("service"), str):
            raise UsageError(f"{file.shown}:{line}: 'extends' names no service")
        other = told.get("file")
        name = file.name
        if isinstance(other, str):
            name = str(folder_of(name) / self._expanded(file, line, other))
        return self._service(name, self._expanded(file, line, told["service"]), depth + 1)

    def _expanded(self, file: _File, line: int, text: str) -> str:
        def missing(name: str) -> None:
            self.notes.append(f"{file.shown}:{line}: the variable {name} is not set")

        try:
            return expand(text, self._variables.get, missing=missing)
        except UsageError as error:
            raise UsageError(f"{file.shown}:{line}: {error}") from None


def _key(name: str) -> str:
    """What a file is known by, whatever way leads to it."""
    return name if name == STDIN else os.path.realpath(name)


class _File:
    """One Compose file: its plain values, and the lines of its services."""

    def __init__(self, name: str) -> None:
        self.name = name
        self.shown = shown_name(name)
        text = read_text(name)
        try:
            loaded = yaml.load(text, _Loader)  # noqa: S506 - makes texts, lists and mappings only
            self._lines = _lines(yaml.compose(text, _Loader))
        except RecursionError:
            raise UsageError(f"{self.shown} is nested too deeply") from None
        except yaml.YAMLError as error:
            raise UsageError(f"{self.shown}{_where(error)} is no YAML: {_what(error)}") from None
        if not isinstance(loaded, dict):
            raise UsageError(f"{self.shown} is no Compose file: it has no 'services:'")
        self._top: dict[str, Any] = loaded
        services = loaded.get("services") or {}
        if not isinstance(services, dict):
            raise UsageError(f"{self.shown}: 'services' is no mapping")
        self.services: dict[str, Any] = {str(key): value for key, value in services.items()}

    def list(self, key: str) -> list[Any]:
        """The list called `key`; empty where there is none."""
        found = self._top.get(key) or []
        return found if isinstance(found, list) else [found]

    def line(self, service: str, key: str = "") -> int:
        """The line of a service, or of `key` in it where it has that."""
        return self._lines.get((service, key)) or self._lines.get((service, ""), 1)


class _Loader(yaml.SafeLoader):
    """Texts stay as they are written; only `<<` means something."""


def _tagged(loader: _Loader, suffix: str, node: yaml.Node) -> object:
    """A value with a tag of Compose: `!override` replaces as it is, `!reset` takes away."""
    if suffix != "override":
        return None
    if isinstance(node, yaml.MappingNode):
        return loader.construct_mapping(node, deep=True)
    if isinstance(node, yaml.SequenceNode):
        return loader.construct_sequence(node, deep=True)
    return loader.construct_scalar(node) if isinstance(node, yaml.ScalarNode) else None


_Loader.yaml_implicit_resolvers = {"<": yaml.SafeLoader.yaml_implicit_resolvers["<"]}
_Loader.add_multi_constructor("!", _tagged)


def _lines(root: yaml.Node | None) -> dict[tuple[str, str], int]:
    """The line of each service, and of each key in it."""
    found: dict[tuple[str, str], int] = {}
    for key, services in _pairs(root):
        if key.value != "services":
            continue
        for service, told in _pairs(services):
            found[service.value, ""] = service.start_mark.line + 1
            for each, _ in _pairs(told):
                found[service.value, each.value] = each.start_mark.line + 1
    return found


def _pairs(node: yaml.Node | None) -> Iterator[tuple[yaml.ScalarNode, yaml.Node]]:
    if isinstance(node, yaml.MappingNode):
        for key, value in node.value:
            if isinstance(key, yaml.ScalarNode):
                yield key, value


def _where(error: yaml.YAMLError) -> str:
    mark = getattr(error, "problem_mark", None)
    return f":{mark.line + 1}" if mark else ""


def _what(error: yaml.YAMLError) -> str:
    return str(getattr(error, "problem", None) or "it cannot be read").split("\n")[0]
