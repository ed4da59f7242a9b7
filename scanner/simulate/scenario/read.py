"""Reads a scenario file, and finds every mistake in it at once, each with its line.

`schema-v1.json` says the same for editors. Starts nothing.
"""

from __future__ import annotations

import contextlib
import json
import shlex
from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from importlib import resources
from pathlib import Path
from typing import Annotated, Any, Literal, TypeVar, cast

from pydantic import AfterValidator, Field, PlainValidator, ValidationError

from scanner.rulefile import Location, Problem, RuleFile, problems_of, read_rule_file
from scanner.rules_base import Rule, Text
from scanner.simulate.http import Request
from scanner.simulate.scenario.model import (
    CONDITIONS,
    TIMEOUT,
    ExecStep,
    HttpStep,
    Scenario,
    Step,
    WaitFor,
)
from scanner.simulate.scenario.mounts import Mounts
from scanner.simulate.scenario.texts import (
    arguments_of,
    command_of,
    port_of,
    regex_of,
    request_of,
    target_of,
    variable_of,
)

Condition = Literal["baseline", "node", "enforced"]
MAX_FILE = 2**20
MAX_STEPS = 100
LONGEST_NAME = 80
_HTTP_ONLY = ("status", "body")
_EXEC_ONLY = ("exit", "output")
_T = TypeVar("_T")


def schema() -> dict[str, Any]:
    """The JSON Schema of a scenario file."""
    text = (
        resources.files("scanner.simulate.scenario").joinpath("schema-v1.json").read_text("utf-8")
    )
    return cast("dict[str, Any]", json.loads(text))


# --- what a file holds -----------------------------------------------------------------------


def _from_text(convert: Callable[[str], _T]) -> PlainValidator:
    def validate(raw: object) -> _T:
        if not isinstance(raw, str):
            raise ValueError("must be text")
        return convert(raw)

    return PlainValidator(validate)


def _words(convert: Callable[[str], tuple[str, ...]]) -> PlainValidator:
    """A list of words, or one text that holds them."""

    def validate(raw: object) -> tuple[str, ...]:
        if isinstance(raw, str):
            return convert(raw)
        if isinstance(raw, list) and all(isinstance(each, str) for each in raw):
            return tuple(raw)
        raise ValueError("must be text, or a list of texts")

    return PlainValidator(validate)


def _program(words: tuple[str, ...]) -> tuple[str, ...]:
    if not words or not words[0]:
        raise ValueError("is empty: write a program of the image and its arguments")
    return words


def _any_of(conditions: tuple[Condition, ...]) -> tuple[Condition, ...]:
    if not conditions:
        raise ValueError(f"names none: write some of {', '.join(CONDITIONS)}, or leave it out")
    return conditions


def _name(raw: str) -> str:
    return variable_of("=" if "=" in raw else f"{raw}=", {})[0]


Pattern = Annotated[str, _from_text(regex_of)]
Asked = Annotated[Request, _from_text(request_of)]
HeaderName = Annotated[str, Field(pattern=r"^[!-9;-~]+$")]
HeaderValue = Annotated[str, Field(pattern=r"^[^\r\n\x00]*$")]


class _WaitFor(Rule):
    log: Pattern = ""
    port: Annotated[int, _from_text(port_of)] = 0
    http: Asked | None = None


class _Expect(Rule):
    status: Annotated[int, Field(ge=100, le=599)] | None = None
    body: Pattern = ""
    exit: Annotated[int, Field(ge=0, le=255)] = 0
    output: Pattern = ""


class _Step(Rule):
    name: Annotated[str, Field(max_length=LONGEST_NAME)] = ""
    http: Asked | None = None
    headers: Mapping[HeaderName, HeaderValue] = Field(default_factory=dict)
    send: str = ""
    exec: Annotated[tuple[str, ...], _words(command_of), AfterValidator(_program)] = ()
    expect: _Expect = _Expect()
    conditions: Annotated[tuple[Condition, ...], AfterValidator(_any_of)] = CONDITIONS
    timeout: Annotated[float, Field(gt=0, le=600, allow_inf_nan=False)] = TIMEOUT

    def step(self, written: str) -> Step:
        """As it is carried out; `written` is the text of its request or command."""
        name = self.name or short(written)
        if self.http is None:
            expect = self.expect
            return ExecStep(
                name, self.exec, expect.exit, expect.output, self.conditions, self.timeout
            )
        request = replace(self.http, headers=self.headers, body=self.send.encode())
        return HttpStep(
            self.name or short(str(request)),
            request,
            self.expect.status,
            self.expect.body,
            self.conditions,
            self.timeout,
        )


class _File(Rule):
    command: Annotated[tuple[str, ...], _words(arguments_of)] | None = None
    env: Mapping[Annotated[str, _from_text(_name)], str] = Field(default_factory=dict)
    mounts: Mapping[Text, Annotated[str, _from_text(target_of)]] = Field(default_factory=dict)
    wait_for: _WaitFor | None = None
    steps: Annotated[tuple[_Step, ...], Field(max_length=MAX_STEPS)] = ()


def short(text: str) -> str:
    """`text` on one line, no longer than a name may be."""
    line = " ".join(text.split())
    return line if len(line) <= LONGEST_NAME else f"{line[: LONGEST_NAME - 3]}..."


# --- reading it ------------------------------------------------------------------------------


def read_scenario(path: Path) -> tuple[Scenario, tuple[Problem, ...]]:
    """The scenario in the file at `path`, and everything that is wrong with it.

    The scenario is worth nothing when anything is.
    """
    try:
        size = path.stat().st_size
    except OSError as error:
        reason = (error.strerror or str(error)).lower()
        return Scenario(), (Problem(str(path), 0, f"cannot be read: {reason}"),)
    if size > MAX_FILE:
        return Scenario(), (Problem(str(path), 0, "is larger than 1 MiB"),)
    raw, mistakes = read_rule_file(path, path.parent)
    file = replace(raw, display=str(path))
    problems = [replace(each, file=str(path)) for each in mistakes]
    if problems:
        return Scenario(), tuple(problems)
    try:
        content: _File | None = _File.model_validate(file.data)
    except ValidationError as error:
        content = None
        problems += problems_of(file, error)
    problems += (file.problem(at, message) for at, message in _across(file))
    mounts = Mounts()
    for source, target in _pairs(file.data.get("mounts")):
        place = "/"
        with contextlib.suppress(ValueError):  # a wrong target is told already
            place = target_of(target)
        try:
            mounts.add(path.parent / source, place)
        except ValueError as error:
            problems.append(file.problem(("mounts", source), str(error)))
    if content is None or problems:
        unique = dict.fromkeys(sorted(problems, key=lambda each: (each.line, each.message)))
        return Scenario(), tuple(unique)
    return _scenario(content, file, mounts), ()


def _scenario(content: _File, file: RuleFile, mounts: Mounts) -> Scenario:
    wait = content.wait_for
    written = [each.get("exec", "") for each in _steps(file)]
    return Scenario(
        environment=content.env,
        files=mounts.files,
        programs=mounts.programs,
        command=content.command,
        wait_for=WaitFor(wait.log, wait.port, wait.http) if wait else None,
        steps=tuple(
            step.step(shlex.join(text) if isinstance(text, list) else text)
            for step, text in zip(content.steps, written, strict=True)
        ),
    )


def _across(file: RuleFile) -> Iterator[tuple[Location, str]]:
    """Mistakes that lie between values, which are looked for even where others are wrong."""
    wait = file.data.get("wait_for")
    if isinstance(wait, dict) and len(wait) != 1:
        yield ("wait_for",), "`wait_for` needs one of `log`, `port` and `http`"
    names: set[object] = set()
    for index, step in enumerate(_steps(file)):
        at: Location = ("steps", index)
        if ("http" in step) == ("exec" in step):
            yield at, f"`steps[{index}]` needs one of `http` and `exec`"
            continue
        expect = step.get("expect")
        kind, foreign = ("http", _EXEC_ONLY) if "http" in step else ("exec", _HTTP_ONLY)
        for key in foreign:
            if isinstance(expect, dict) and key in expect:
                yield (*at, "expect", key), f"`{key}` is nothing that `{kind}` gives"
        if kind == "exec":
            for key in ("headers", "send"):
                if key in step:
                    yield (*at, key), f"`{key}` belongs to `http`"
        name = step.get("name", "")
        if name and name in names:
            yield (*at, "name"), f"the name `{name}` is taken: results are told apart by it"
        names.add(name)


def _steps(file: RuleFile) -> list[dict[str, Any]]:
    steps = file.data.get("steps")
    return [each for each in steps if isinstance(each, dict)] if isinstance(steps, list) else []


def _pairs(mounts: object) -> Iterator[tuple[str, str]]:
    if isinstance(mounts, dict):
        yield from ((key, each) for key, each in mounts.items() if isinstance(each, str))
