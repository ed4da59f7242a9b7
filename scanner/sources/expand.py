"""Puts variables into texts, as the formats do that have them: `${TAG:-latest}`.

Reads no environment itself.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass

from scanner.errors import UsageError

Lookup = Callable[[str], str | None]

_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
_OPERATORS = (":-", ":?", ":+", "-", "?", "+")
_DEPTH = 20
_LONGEST = 65536


def expand(
    text: str,
    lookup: Lookup,
    *,
    escape: str = "$",
    missing: Callable[[str], None] = lambda _: None,
) -> str:
    r"""`text` with its variables replaced by what `lookup` knows of them; else by nothing.

    Args:
        escape: what makes a `$` after it stand for itself: `$` in Compose files, `\` in
            Dockerfiles.
        missing: told the name of a variable that is not set, and has no default.

    Raises:
        UsageError: it is not well-formed, or `${NAME:?}` asks for what is not set.
    """
    if len(text) > _LONGEST:
        raise UsageError(f"a text with variables is longer than {_LONGEST} characters")
    expander = _Expander(text, lookup, f"{escape}$", missing)
    return expander.until("", 0)


@dataclass
class _Expander:
    """One text, read from its start to its end."""

    text: str
    lookup: Lookup
    escaped: str
    missing: Callable[[str], None]
    at: int = 0

    def until(self, end: str, depth: int) -> str:
        """What comes before `end`, expanded; goes on behind it."""
        if depth > _DEPTH:
            raise UsageError("variables are nested too deeply")
        made: list[str] = []
        while self.at < len(self.text):
            if end and self._takes(end):
                return "".join(made)
            if self._takes(self.escaped):
                made.append("$")
            elif self._takes("${"):
                made.append(self._braced(depth))
            elif self._takes("$"):
                name = self._name()
                made.append(self._value(name) if name else "$")
            else:
                made.append(self.text[self.at])
                self.at += 1
        if end:
            raise UsageError("a variable begins with ${ and has no }")
        return "".join(made)

    def _braced(self, depth: int) -> str:
        name = self._name()
        if not name:
            raise UsageError("'${' is not followed by a variable's name")
        if self._takes("}"):
            return self._value(name)
        if self.at == len(self.text):
            raise UsageError("a variable begins with ${ and has no }")
        operator = next((each for each in _OPERATORS if self._takes(each)), "")
        if not operator:
            raise UsageError(f"'${{{name}' goes on in a way that is not understood")
        # The word is read in any case; what it lacks matters where it is used.
        quiet = _Expander(self.text, self.lookup, self.escaped, lambda _: None, self.at)
        word = quiet.until("}", depth + 1)
        self.at = quiet.at
        value = self.lookup(name)
        is_set = value is not None if len(operator) == 1 else bool(value)
        if operator.endswith("+"):
            return word if is_set else ""
        if is_set:
            return value or ""
        if operator.endswith("?"):
            raise UsageError(f"the variable {name} is not set{f': {word}' if word else ''}")
        return word

    def _value(self, name: str) -> str:
        value = self.lookup(name)
        if value is None:
            self.missing(name)
        return value or ""

    def _name(self) -> str:
        found = _NAME.match(self.text, self.at)
        self.at = found.end() if found else self.at
        return found[0] if found else ""

    def _takes(self, text: str) -> bool:
        if not self.text.startswith(text, self.at):
            return False
        self.at += len(text)
        return True
