"""Makes one scenario of a scenario file and the options of a command.

Options win where there can be only one, and come after what the file has where there can be
more. All mistakes of both are told at once.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TypeVar

from scanner.errors import RuleError
from scanner.simulate.scenario.model import ExecStep, HttpStep, Scenario, Step
from scanner.simulate.scenario.mounts import Mounts
from scanner.simulate.scenario.read import MAX_FILE, read_scenario, short
from scanner.simulate.scenario.texts import (
    arguments_of,
    checked_request_of,
    command_of,
    mount_of,
    variable_of,
    wait_for_of,
)

_T = TypeVar("_T")


class ScenarioError(RuleError):
    """A scenario file, or an option that is part of a scenario, is wrong."""


@dataclass(frozen=True, slots=True)
class ScenarioOptions:
    """What the user wrote, word by word."""

    file: Path | None = None
    commands: Sequence[str] = ()
    """To run in the container."""
    requests: Sequence[str] = ()
    wait_for: str | None = None
    env: Sequence[str] = field(default=(), repr=False)
    env_files: Sequence[Path] = ()
    mounts: Sequence[str] = ()
    command: str | None = None
    """Arguments instead of the image's CMD."""

    def __bool__(self) -> bool:
        return self != ScenarioOptions()


def from_options(options: ScenarioOptions, environ: Mapping[str, str] | None = None) -> Scenario:
    """The scenario that `options` describe.

    Args:
        environ: where variables without a value take theirs from; None for this process.

    Raises:
        ScenarioError: with every mistake.
    """
    reader = _Reader(os.environ if environ is None else environ)
    scenario = reader.scenario(options)
    if reader.problems:
        raise ScenarioError(tuple(reader.problems))
    return scenario


class _Reader:
    def __init__(self, environ: Mapping[str, str]) -> None:
        self.problems: list[str] = []
        self._environ = environ

    def scenario(self, options: ScenarioOptions) -> Scenario:
        base = Scenario()
        if options.file is not None:
            base, problems = read_scenario(options.file)
            self.problems += map(str, problems)
        variables = [
            pair for each in options.env_files for pair in self._env_file(each)
        ] + self._all("--env", options.env, self._variable)
        mounts = Mounts(dict(base.files), dict(base.programs))
        for text in options.mounts:
            self._one("--mount", text, lambda each: _mount(mounts, each))
        command = base.command
        if options.command is not None:
            command = self._one("--command", options.command, arguments_of)
        wait_for = base.wait_for
        if options.wait_for is not None:
            wait_for = self._one("--wait-for", options.wait_for, wait_for_of)
        asked: list[Step] = [
            *self._all("--http", options.requests, _http_step),
            *self._all("--exec", options.commands, _exec_step),
        ]
        return Scenario(
            environment={**base.environment, **dict(variables)},
            files=mounts.files,
            programs=mounts.programs,
            command=command,
            wait_for=wait_for,
            steps=_told_apart((*base.steps, *asked)),
        )

    def _one(self, option: str, text: str, convert: Callable[[str], _T]) -> _T | None:
        try:
            return convert(text)
        except ValueError as error:
            self.problems.append(f"{option}: {error}")
            return None

    def _all(self, option: str, texts: Iterable[str], convert: Callable[[str], _T]) -> list[_T]:
        made = (self._one(option, text, convert) for text in texts)
        return [each for each in made if each is not None]

    def _variable(self, text: str) -> tuple[str, str]:
        return variable_of(text, self._environ)

    def _env_file(self, path: Path) -> list[tuple[str, str]]:
        """The variables of a file with a line for each, as container engines read it."""
        try:
            with path.open("rb") as file:
                content = file.read(MAX_FILE + 1)
            lines = content.decode().splitlines()
        except OSError as error:
            reason = (error.strerror or str(error)).lower()
            self.problems.append(f"--env-file: {path} cannot be read: {reason}")
            return []
        except UnicodeDecodeError:
            self.problems.append(f"--env-file: {path} is not text in UTF-8")
            return []
        if len(content) > MAX_FILE:
            self.problems.append(f"--env-file: {path} is larger than 1 MiB")
            return []
        found = []
        for number, line in enumerate(lines, 1):
            text = line.lstrip()
            if text and not text.startswith("#"):
                pair = self._one(f"{path}:{number}", text, self._variable)
                found += [pair] if pair else []
        return found


def _mount(mounts: Mounts, text: str) -> None:
    source, target = mount_of(text)
    mounts.add(Path(source), target)


def _http_step(text: str) -> HttpStep:
    request, status = checked_request_of(text)
    return HttpStep(short(str(request)), request, status)


def _exec_step(text: str) -> ExecStep:
    return ExecStep(short(text), command_of(text))


def _told_apart(steps: Iterable[Step]) -> tuple[Step, ...]:
    """The steps with names of which no two are the same."""
    taken: set[str] = set()
    named: list[Step] = []
    for step in steps:
        name, count = step.name, 1
        while name in taken:
            count += 1
            name = f"{step.name} ({count})"
        taken.add(name)
        named.append(replace(step, name=name))
    return tuple(named)
