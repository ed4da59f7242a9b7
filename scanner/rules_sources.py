"""How source code of a language asks for cryptography, as frozen values.

Reads no file. What is approved is for `rules/algorithms` to say, and for nothing here.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated, Literal

from pydantic import AfterValidator, Field

from scanner.rules_base import Flag, Identified, Regex, Regexes, Rule, Text, Texts

Grammar = Literal["python", "javascript", "typescript", "tsx", "ruby", "php", "perl"]

_PLACE = "{algorithm}"


def _is_name(value: str) -> str:
    if value.count(_PLACE) > 1:
        raise ValueError(f"holds {_PLACE} more than once")
    return value


class ApiRule(Rule):
    """A call, or a name, with which code asks for an algorithm."""

    names: Annotated[tuple[Annotated[Text, AfterValidator(_is_name)], ...], Field(min_length=1)]
    """In full, as after resolving what was imported; `{algorithm}` stands for one word."""
    argument: Annotated[int | None, Field(ge=0, le=20)] = None
    """Which argument holds the algorithm, counted from 0."""
    keywords: Texts = ()
    """Named arguments, or keys of an object among the arguments, that hold the algorithm."""
    algorithm: str = ""
    """The algorithm where the name alone says it."""
    reference: Flag = False
    """Whether the name counts without being called."""
    values: Mapping[Text, Text] = Field(default_factory=dict)
    """What the code writes → the name that rules/algorithms knows, where they differ."""
    only: Regexes = ()
    """Whole texts of what may be an algorithm here; anything else is no use of crypto."""

    def allows(self, text: str) -> bool:
        """Whether `text` may be an algorithm here."""
        return not self.only or any(re.fullmatch(pattern, text) for pattern in self.only)


class Harmless(Rule):
    """A named argument that says that nothing is protected."""

    keyword: Text
    value: Text


class SourceExample(Rule):
    """A piece of code, and what is seen in it: `api algorithm`, with ` harmless` behind it."""

    code: Text
    seen: Texts = ()


class SourceRule(Identified):
    """One file of `sources/`: a language and the ways in which it asks for crypto."""

    language: Text
    grammars: Mapping[Text, Grammar]
    """Suffix of a file name → the grammar to read it with; `#!` → of scripts without one."""
    interpreters: Texts = ()
    """Beginnings of program names in a first line."""
    mark: Regex
    """On bytes: what is not in a file that has nothing to do with crypto. Cheap, and proves
    nothing."""
    imports: Text
    """Query: `@module`, and where there are such `@name` and `@alias`; `@seen` of a module to which
    it gives no name."""
    calls: Text
    """Query: `@call`, with `@arguments` where it has any."""
    names: str = ""
    """Query: `@reference`, a name that may count without being called."""
    keyword_nodes: Texts = ()
    """Kinds of node that hold a named argument or a key with its value."""
    open_names: Flag = False
    """Whether a name means itself without being imported."""
    ignore_case: Flag = False
    module_prefixes: Texts = ()
    """Beginnings of module names that change nothing: `node:`."""
    separator: str = "."
    ecosystem: str = ""
    """Whose packages, in rules/packages, its imports name."""
    installed: Regexes = ()
    """Whole paths of dependencies; group `package` is the package's name where the path tells."""
    ignored: Regexes = ()
    """Beginnings of paths of what came with the runtime or its package manager."""
    apis: tuple[ApiRule, ...]
    harmless: tuple[Harmless, ...] = ()
    references: Texts = ()
    examples: Annotated[tuple[SourceExample, ...], Field(min_length=1)]


@dataclass(frozen=True)
class ApiTable:
    """The APIs of a language, found by name in one step."""

    patterns: tuple[tuple[re.Pattern[str], ApiRule], ...]

    @classmethod
    def of(cls, rule: SourceRule) -> ApiTable:
        """Compile the names of `rule`."""
        flags = re.IGNORECASE if rule.ignore_case else 0
        return cls(
            tuple(
                (re.compile("|".join(_pattern(name) for name in api.names), flags), api)
                for api in rule.apis
            )
        )

    def find(self, name: str, *, reference: bool = False) -> tuple[ApiRule, str] | None:
        """The API that `name` is, and the algorithm that stands in the name, if any."""
        for pattern, api in self.patterns:
            if (reference and not api.reference) or not (found := pattern.fullmatch(name)):
                continue
            word = next((each for each in found.groups() if each), "")
            if not word or api.allows(word):
                return api, word
        return None


def _pattern(name: str) -> str:
    before, place, after = name.partition(_PLACE)
    return re.escape(before) + (r"(\w{1,64})" if place else "") + re.escape(after)
