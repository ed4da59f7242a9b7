"""Reads one YAML rule file as plain text values, and remembers the line of each.

Knows nothing of what a rule means: every scalar stays text, so `3.10` is not 3.1 and `on` is
not true.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path

import yaml
from pydantic import ValidationError

# libyaml is ten times faster; the pure parser gives the same nodes.
_Loader: type[yaml.BaseLoader] = getattr(yaml, "CBaseLoader", yaml.BaseLoader)

Plain = str | list["Plain"] | dict[str, "Plain"]
Location = tuple[str | int, ...]
"""Where a value stands in a document: `("covers", 0, "module")`."""


@dataclass(frozen=True, slots=True)
class Problem:
    """A mistake in a rule, in the place where it stands."""

    file: str
    line: int
    """0 where there is none: the whole file is meant, or it is not there."""
    message: str
    warning: bool = False
    """Whether the rules can be used nevertheless."""

    def __str__(self) -> str:
        where = f"{self.file}:{self.line}" if self.line else self.file
        return f"{where}: {self.message}"


@dataclass(frozen=True, slots=True)
class RuleFile:
    """One rule file: its text values, and the lines they stand on."""

    name: str
    """Relative to the rules folder: `checks/x.yaml`."""
    display: str
    """As shown in messages."""
    content: bytes
    data: dict[str, Plain] = field(default_factory=dict)
    lines: Mapping[Location, int] = field(default_factory=dict)

    @property
    def folder(self) -> str:
        """`checks`, or `""` for a file directly in the rules folder."""
        return self.name.rpartition("/")[0]

    @property
    def id(self) -> str:
        """The rule's id: its file name without `.yaml`."""
        return self.name.rpartition("/")[2].removesuffix(".yaml")

    def line(self, location: Location) -> int:
        """The line of the value at `location`, or of the nearest thing that contains it."""
        for end in range(len(location), 0, -1):
            if location[:end] in self.lines:
                return self.lines[location[:end]]
        return 1

    def problem(self, location: Location, message: str, *, warning: bool = False) -> Problem:
        """A mistake in the value at `location`."""
        return Problem(self.display, self.line(location), message, warning)


def read_rule_file(path: Path, root: Path) -> tuple[RuleFile, tuple[Problem, ...]]:
    """The file at `path` in the rules folder `root`, and what is wrong with it as YAML."""
    name = path.relative_to(root).as_posix()
    display = f"{root.name}/{name}"
    try:
        content = path.read_bytes()
    except OSError as error:
        reason = (error.strerror or str(error)).lower()
        problem = Problem(display, 0, f"cannot be read: {reason}")
        return RuleFile(name, display, b""), (problem,)
    return parse(content, name, display)


def parse(content: bytes, name: str, display: str) -> tuple[RuleFile, tuple[Problem, ...]]:
    """`content` as a rule file, and what is wrong with it as YAML."""
    data, lines, problems = _parse(content, display)
    return RuleFile(name, display, content, data, lines), problems


def problems_of(file: RuleFile, error: ValidationError) -> Iterator[Problem]:
    """Every mistake that a model found in the values of `file`."""
    for each in error.errors(include_url=False, include_context=False):
        location: Location = each["loc"]
        kind, name = each["type"], _name(location)
        if kind == "missing":
            message = f"`{name}` is missing"
        elif kind == "extra_forbidden":
            message = f"unknown key `{name}`"
        else:
            text = each["msg"].removeprefix("Value error, ")
            text = text.replace("Input should be", "must be").replace("String should", "must")
            message = f"`{name}`: {text}" if name else text
        yield file.problem(location, message)


def _name(location: Location) -> str:
    text = ""
    for part in location:
        text += f"[{part}]" if isinstance(part, int) else f".{part}" if text else str(part)
    return text


def _parse(
    content: bytes, display: str
) -> tuple[dict[str, Plain], dict[Location, int], tuple[Problem, ...]]:
    try:
        node = yaml.compose(content, Loader=_Loader)
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        text = " ".join(str(error.problem or error.context or "is not YAML").split())
        return {}, {}, (Problem(display, mark.line + 1 if mark else 1, f"not YAML: {text}"),)
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        return {}, {}, (Problem(display, 1, f"not YAML: {' '.join(str(error).split())}"),)
    if not isinstance(node, yaml.MappingNode):
        return {}, {}, (Problem(display, 1, "holds no mapping of keys to values"),)
    reader = _Reader(display)
    data = reader.mapping(node, ())
    return data, reader.lines, tuple(reader.problems)


class _Reader:
    """Turns YAML nodes into text, lists and dictionaries."""

    def __init__(self, display: str) -> None:
        self.lines: dict[Location, int] = {}
        self.problems: list[Problem] = []
        self._display = display
        self._seen: set[int] = set()

    def mapping(self, node: yaml.MappingNode, at: Location) -> dict[str, Plain]:
        result: dict[str, Plain] = {}
        for key_node, value_node in node.value:
            if not isinstance(key_node, yaml.ScalarNode):
                self._complain(key_node, "a key must be plain text")
                continue
            key: str = key_node.value
            if key in result:
                self._complain(key_node, f"`{key}` is given twice")
                continue
            inner = (*at, key)
            self.lines[inner] = key_node.start_mark.line + 1
            result[key] = self._value(value_node, inner)
        return result

    def _value(self, node: yaml.Node, at: Location) -> Plain:
        # An alias gives the very node it names, which could also contain itself.
        if id(node) in self._seen:
            self._complain(node, "aliases (*name) are not allowed")
            return ""
        self._seen.add(id(node))
        if isinstance(node, yaml.MappingNode):
            return self.mapping(node, at)
        if isinstance(node, yaml.SequenceNode):
            items: list[Plain] = []
            for index, each in enumerate(node.value):
                inner = (*at, index)
                self.lines[inner] = each.start_mark.line + 1
                items.append(self._value(each, inner))
            return items
        text: str = node.value
        return text

    def _complain(self, node: yaml.Node, message: str) -> None:
        self.problems.append(Problem(self._display, node.start_mark.line + 1, message))
