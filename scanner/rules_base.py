"""The kinds of value that all rules are made of: texts, flags, regular expressions.

Every value is frozen, and every unknown key is an error.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Annotated

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field


def _flag(raw: object) -> bool:
    if isinstance(raw, bool):
        return raw
    if raw not in ("yes", "no"):
        raise ValueError("must be yes or no")
    return raw == "yes"


def none_or(raw: object) -> object:
    """None for the word `none`."""
    return None if raw == "none" else raw


def _regex(raw: object) -> object:
    if isinstance(raw, str):
        try:
            re.compile(raw)
        except (re.error, OverflowError) as error:
            raise ValueError(f"not a regular expression: {error}") from None
    return raw


def listed(raw: object) -> object:
    """An empty list for a key without a value."""
    return () if raw == "" else raw


def _hex_bytes(value: object) -> bytes:
    try:
        return bytes.fromhex(str(value))
    except ValueError as error:
        raise ValueError("must be bytes in hexadecimal") from error


Flag = Annotated[bool, BeforeValidator(_flag)]
Text = Annotated[str, Field(min_length=1)]
Regex = Annotated[str, BeforeValidator(_regex), Field(min_length=1)]
OptionalRegex = Annotated[str, BeforeValidator(_regex)]
Texts = Annotated[tuple[Text, ...], BeforeValidator(listed)]
Regexes = Annotated[tuple[Regex, ...], BeforeValidator(listed)]
HexBytes = Annotated[bytes, BeforeValidator(_hex_bytes), Field(min_length=10)]
"""Long enough not to turn up by chance in a gigabyte of other bytes."""


class Rule(BaseModel):
    """Base of all: frozen, and no unknown keys."""

    model_config = ConfigDict(frozen=True, extra="forbid", arbitrary_types_allowed=True)


class Identified(Rule):
    """A rule that has a file of its own."""

    id: Text
    """The file name without `.yaml`; never written in the file."""


class Examples(Rule):
    """What shows what a rule is about, and what it is not about."""

    equivalent: Mapping[Text, Text] = Field(default_factory=dict)
    """Changes that make the rule no weaker (see `scanner.mutate`) → why."""
