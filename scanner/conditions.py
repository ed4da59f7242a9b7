"""The language of `when:` in a check: a kind of fact, and tests for its attributes.

Turns the written form into values and back into examples; whether a condition holds is decided
in `scanner.match`.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType

from scanner.facts import FACT_ATTRIBUTES
from scanner.model import Fact, FactKind, Value

FLAGS = ("yes", "no")


@dataclass(frozen=True, slots=True)
class OneOf:
    """The value, or an item of it, is one of `values`."""

    values: frozenset[str]


@dataclass(frozen=True, slots=True)
class NoneOf:
    """Neither the value nor an item of it is one of `values`."""

    values: frozenset[str]


@dataclass(frozen=True, slots=True)
class Matches:
    """The value, or an item of it, matches `pattern` from its start."""

    pattern: str


@dataclass(frozen=True, slots=True)
class Below:
    """The value is a version below `version`."""

    version: str


@dataclass(frozen=True, slots=True)
class AtLeast:
    """The value is the version `version`, or a later one."""

    version: str


@dataclass(frozen=True, slots=True)
class IsSet:
    """Whether the value is there and not empty."""

    expected: bool


Test = OneOf | NoneOf | Matches | Below | AtLeast | IsSet


@dataclass(frozen=True, slots=True)
class Condition:
    """A fact of `kind` is stated, of which every test holds."""

    kind: FactKind
    tests: tuple[tuple[str, Test], ...]
    """Attribute, or `path`, and what is asked of it."""


def parse_condition(raw: object) -> Condition:
    """Read `{kind: {attribute: …}}`.

    Raises:
        ValueError: says which kind, attribute or test does not exist.
    """
    kind, asked = _kind_and_attributes(raw)
    tests: list[tuple[str, Test]] = []
    for name, wanted in asked.items():
        attribute_type = _attribute_type(kind, name)
        tests.extend((name, test) for test in _tests(kind, name, wanted, attribute_type))
    return Condition(kind, tuple(tests))


def parse_fact(raw: object) -> Fact:
    """Read a fact of an example: `{kind: {attribute: value}}`.

    Raises:
        ValueError: says which kind or attribute does not exist, or what a value should be.
    """
    kind, given = _kind_and_attributes(raw)
    attributes: dict[str, Value] = {}
    path = ""
    for name, value in given.items():
        if name == "path":
            path = _text(value, "path")
        else:
            attributes[name] = _typed(kind, name, value)
    return Fact(kind, path, MappingProxyType(attributes))


def _kind_and_attributes(raw: object) -> tuple[FactKind, Mapping[str, object]]:
    if not isinstance(raw, Mapping) or len(raw) != 1:
        raise ValueError("must name one kind of fact: {kind: {attribute: value}}")
    [(name, attributes)] = raw.items()
    try:
        kind = FactKind(name)
    except ValueError:
        raise ValueError(f"no such kind of fact: `{name}`{_near(name, FactKind)}") from None
    if attributes == "":
        attributes = {}
    if not isinstance(attributes, Mapping):
        raise ValueError(f"`{name}` must hold attributes: {{attribute: value}}")
    return kind, attributes


def _attribute_type(kind: FactKind, name: str) -> type:
    if name == "path":
        return str
    allowed = FACT_ATTRIBUTES[kind]
    if name not in allowed:
        raise ValueError(
            f"a `{kind.value}` fact has no attribute `{name}`{_near(name, allowed)}; "
            f"it has: path, {', '.join(sorted(allowed))}"
        )
    return allowed[name]


def _near(name: str, known: Sequence[str] | type[FactKind] | Mapping[str, type]) -> str:
    from difflib import get_close_matches

    close = get_close_matches(str(name), [str(each) for each in known], 1)
    return f" (did you mean `{close[0]}`?)" if close else ""


def _tests(kind: FactKind, name: str, wanted: object, attribute_type: type) -> list[Test]:
    if not isinstance(wanted, Mapping):
        return [OneOf(_values(name, wanted, attribute_type))]
    if not wanted:
        raise ValueError(f"`{name}` asks for nothing")
    tests: list[Test] = []
    for word, argument in wanted.items():
        if word == "not":
            tests.append(NoneOf(_values(name, argument, attribute_type)))
        elif word in _WORDS:
            tests.append(_WORDS[word](_text(argument, f"{name}.{word}")))
        else:
            raise ValueError(
                f"`{kind.value}.{name}` cannot be asked `{word}`; "
                f"there are: not, {', '.join(_WORDS)}"
            )
    return tests


def _values(name: str, wanted: object, attribute_type: type) -> frozenset[str]:
    values = wanted if isinstance(wanted, Sequence) and not isinstance(wanted, str) else [wanted]
    if not values:
        raise ValueError(f"`{name}` asks for one of nothing")
    texts = frozenset(_text(value, name) for value in values)
    if attribute_type is bool and not texts <= frozenset(FLAGS):
        raise ValueError(f"`{name}` is a flag: write yes or no, not {', '.join(sorted(texts))}")
    return texts


def _matches(argument: str) -> Matches:
    try:
        re.compile(argument)
    except re.error as error:
        raise ValueError(f"`{argument}` is not a regular expression: {error}") from None
    return Matches(argument)


def _version(argument: str) -> str:
    if not re.match(r"v?\d", argument):
        raise ValueError(f"`{argument}` is not a version")
    return argument


def _is_set(argument: str) -> IsSet:
    if argument not in FLAGS:
        raise ValueError(f"`set` takes yes or no, not `{argument}`")
    return IsSet(argument == "yes")


_WORDS: Mapping[str, Callable[[str], Test]] = {
    "matches": _matches,
    "below": lambda argument: Below(_version(argument)),
    "at_least": lambda argument: AtLeast(_version(argument)),
    "set": _is_set,
}


def _text(value: object, name: str) -> str:
    if not isinstance(value, str):
        raise ValueError(f"`{name}` must be text")
    return value


def _typed(kind: FactKind, name: str, value: object) -> Value:
    wanted = _attribute_type(kind, name)
    if wanted is tuple:
        items = value if isinstance(value, list) else [value]
        return tuple(_text(item, name) for item in items)
    text = _text(value, name)
    if wanted is bool:
        if text not in FLAGS:
            raise ValueError(f"`{name}` is a flag: write yes or no, not {text}")
        return text == "yes"
    if wanted is int:
        if not re.fullmatch(r"-?\d{1,18}", text):
            raise ValueError(f"`{name}` is a number, not {text}")
        return int(text)
    return text
