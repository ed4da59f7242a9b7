"""What every reader of a configuration syntax gives back: directives with their places.

Knows no program and no directive by name.
"""

from __future__ import annotations

from dataclasses import dataclass

MAX_TEXT = 1 << 20
"""Bytes of a configuration that are read."""
MAX_DIRECTIVES = 20_000
MAX_DEPTH = 32
MAX_VALUE = 20_000
"""Characters of one value; hand-written cipher lists have some hundred."""


class ConfigError(ValueError):
    """A text that is not of this syntax, or too much of it."""


@dataclass(frozen=True, slots=True)
class Directive:
    """One setting as it is written."""

    name: str
    """In a tree of keys, all of them joined by dots."""
    values: tuple[str, ...]
    line: int
    blocks: tuple[str, ...] = ()
    """What it stands in, outermost first."""
    scope: tuple[int, ...] = ()
    """Which blocks these are, by the number of each in the file."""

    @property
    def value(self) -> str:
        """Its values, separated by single blanks."""
        return " ".join(self.values)


class Collector:
    """Takes directives while they are few enough."""

    def __init__(self) -> None:
        self.found: list[Directive] = []
        self._blocks = 0

    def add(self, directive: Directive) -> None:
        if len(self.found) >= MAX_DIRECTIVES:
            raise ConfigError(f"it has more than {MAX_DIRECTIVES} directives")
        if any(len(each) > MAX_VALUE for each in directive.values):
            raise ConfigError(f"line {directive.line} is too long")
        self.found.append(directive)

    def block(self) -> int:
        """The number of a new block."""
        self._blocks += 1
        return self._blocks

    def done(self) -> tuple[Directive, ...]:
        return tuple(self.found)
