"""Finds out which images a Dockerfile brings into what it builds.

These are the base of the final stage and what files are copied from. What is built in other stages
shows only in the built image.
"""

from __future__ import annotations

import platform as platforms
from collections.abc import Mapping

from scanner.errors import UsageError
from scanner.image.reference import parse_reference
from scanner.sources.dockerfile import Dockerfile, DockerfileError, Stage, parse_dockerfile
from scanner.sources.expand import expand
from scanner.sources.files import read_text, shown_name
from scanner.sources.wanted import Target, Wanted, plain_name

NAMES = ("Dockerfile", "Containerfile")

_SCRATCH = "scratch"
_ARCHITECTURES = {"x86_64": "amd64", "aarch64": "arm64", "armv7l": "arm/v7", "i686": "386"}


def dockerfile_images(
    name: str,
    *,
    arguments: Mapping[str, str],
    stage: str = "",
    platform: str | None = None,
) -> Wanted:
    """The images that the Dockerfile `name` brings into what it builds; `-` is standard input.

    Args:
        arguments: values of `ARG`, as `--build-arg` gives them.
        stage: the stage that is built; the last one where that is `""`.
        platform: the one it is built for; None for this machine's.

    Raises:
        UsageError: it cannot be read or understood, or a variable is missing that it needs.
    """
    shown = shown_name(name)
    text = read_text(name)
    try:
        return _Build(shown, parse_dockerfile(text), arguments, platform).images(stage)
    except DockerfileError as error:
        raise UsageError(f"{shown}:{error}") from None


class _Build:
    """One build: the values of its arguments, and what was found so far."""

    def __init__(
        self, shown: str, file: Dockerfile, arguments: Mapping[str, str], platform: str | None
    ) -> None:
        self._shown = shown
        self._file = file
        self._platform = platform
        self._targets: list[Target] = []
        self._notes: list[str] = []
        self._values = _platforms(platform)
        for name, default in file.arguments:
            given = arguments.get(name)
            if given is None and default is not None:
                given = self._expanded(default, 1)
            if given is not None:
                self._values[name] = given

    def images(self, stage: str) -> Wanted:
        """The images of `stage`."""
        index: int | None = self._wanted(stage)
        built: dict[str, None] = {}
        copied: list[tuple[str, int]] = []
        while index is not None:
            found = self._file.stages[index]
            for source, line in found.copies:
                other = self._stage(source, index)
                if other is None:
                    copied.append((source, line))
                else:
                    built[self._name(other)] = None
            index = self._base(found, index)
        for source, line in copied:
            self._add(source, self._platform, line, "files are copied from it")
        if built:
            stages = f"stage{'' if len(built) == 1 else 's'} {', '.join(built)}"
            self._notes.append(
                f"{self._shown}: what comes from its {stages} shows only in the built image; "
                "scan that, too"
            )
        return Wanted(tuple(self._targets), notes=tuple(self._notes))

    def _base(self, stage: Stage, index: int) -> int | None:
        """The stage that `stage` is built on; None when that is an image."""
        unset: list[str] = []
        base = self._expanded(stage.base, stage.line, unset)
        other = self._stage(base, index)
        if other is not None:
            return other
        if base == _SCRATCH:
            self._notes.append(
                f"{self._shown}:{stage.line}: scratch is empty, so it brings nothing"
            )
            return None
        if unset:
            name = unset[0]
            if not _is_reference(base):
                advice = f"the argument {name} is not set: add --build-arg {name}=VALUE"
                raise DockerfileError(stage.line, advice)
            self._notes.append(f"{self._shown}:{stage.line}: the argument {name} is not set")
        platform = self._expanded(stage.platform, stage.line) or self._platform
        self._add(base, platform, stage.line, "what it is built on")
        return None

    def _add(self, image: str, platform: str | None, line: int, why: str) -> None:
        place = f"{self._shown}:{line} ({why})"
        self._targets.append(Target(plain_name(image), platform, (place,)))

    def _stage(self, name: str, before: int) -> int | None:
        """The stage called `name`, or of that number, of those before another one."""
        if name.isdecimal() and int(name) < before:
            return int(name)
        named = [
            at for at, each in enumerate(self._file.stages[:before]) if each.name == name.lower()
        ]
        return named[-1] if named and name else None

    def _wanted(self, stage: str) -> int:
        stages = self._file.stages
        if not stage:
            return len(stages) - 1
        found = self._stage(stage, len(stages))
        if found is None:
            names = ", ".join(each.name for each in stages if each.name)
            raise DockerfileError(
                1, f"there is no stage {stage}; there are {names or 'none named'}"
            )
        return found

    def _name(self, index: int) -> str:
        return self._file.stages[index].name or str(index)

    def _expanded(self, text: str, line: int, unset: list[str] | None = None) -> str:
        told = unset if unset is not None else []
        try:
            return expand(
                text, self._values.get, escape=self._file.escape, missing=told.append
            ).strip()
        except UsageError as error:
            raise DockerfileError(line, str(error)) from None


def _platforms(platform: str | None) -> dict[str, str]:
    """The arguments that every Dockerfile has: what it is built for, and where."""
    machine = platforms.machine()
    here = f"linux/{_ARCHITECTURES.get(machine, machine)}"
    values: dict[str, str] = {}
    for prefix, each in (("TARGET", platform or here), ("BUILD", here)):
        system, _, rest = each.partition("/")
        architecture, _, variant = rest.partition("/")
        values |= {
            f"{prefix}PLATFORM": each,
            f"{prefix}OS": system,
            f"{prefix}ARCH": architecture,
            f"{prefix}VARIANT": variant,
        }
    return values


def _is_reference(text: str) -> bool:
    try:
        parse_reference(text)
    except UsageError:
        return False
    return True
