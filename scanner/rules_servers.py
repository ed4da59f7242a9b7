"""What a rule of `rules/servers` holds: a server or tool, its configuration, what settings mean.

Reads no configuration: `scanner.server_settings` does.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import Annotated, Literal, Self

from pydantic import Field, model_validator

from scanner.rules_base import (
    Examples,
    Flag,
    Identified,
    OptionalRegex,
    Regex,
    Regexes,
    Rule,
    Text,
    Texts,
)

Syntax = Literal[
    "nginx",
    "braces",
    "apache",
    "haproxy",
    "words",
    "assignments",
    "folded",
    "ini",
    "yaml",
    "json",
    "toml",
    "properties",
    "xml",
    "caddyfile",
    "tree",
    "erlang",
]
"""How a configuration is written; `scanner.formats.config_syntaxes` reads each."""

Topic = Literal[
    "protocols",
    "suites",
    "groups",
    "signatures",
    "kex",
    "ciphers",
    "macs",
    "keys",
    "hash",
    "mode",
]

Grammar = Literal[
    "openssl-ciphers",
    "gnutls-priority",
    "suite-names",
    "groups",
    "openssl-groups",
    "signatures",
    "names",
    "ike-proposals",
    "protocols",
    "protocols-on-off",
    "protocols-off",
    "protocols-adding",
    "protocols-excluding",
    "protocol-range",
    "protocol-minimum",
    "protocol-maximum",
    "meanings",
]
"""How a value is written; `scanner.cipher_lists` reads each."""


def any_of(patterns: Iterable[str]) -> re.Pattern[str]:
    """One pattern that matches what any of `patterns` does; nothing if there are none."""
    parts = (
        f"(?i:{each[4:]})" if each.startswith("(?i)") else f"(?:{each})"
        for each in dict.fromkeys(patterns)
    )
    return re.compile("|".join(parts) or r"(?!)")


class SwitchRule(Rule):
    """A directive that shows that something is switched on."""

    name: Regex
    block: OptionalRegex = ""
    value: Regex = ".*"
    """On the whole value, its words separated by single blanks."""


class IncludeRule(Rule):
    """A directive that reads another file at its place."""

    name: Regex
    names: str = ""
    """Where its value is a folder: which files of it, `*.conf`."""


class DirectiveRule(Rule):
    """A directive that says which algorithms are allowed."""

    name: Regex
    """On the whole name; in a tree of keys, on all of them joined by dots."""
    block: OptionalRegex = ""
    """On what it stands in, all of it: `http > server`."""
    topic: Topic
    values: Grammar
    after: OptionalRegex = ""
    """The value is the word that follows this one among the directive's words."""
    pick: OptionalRegex = ""
    """The value is those of the directive's words that match this."""
    unless: OptionalRegex = ""
    """Whole values, their words separated by blanks, that say nothing."""
    flags: Texts = ()
    """Options on the command line that set the same: `--tls-min-version`, `-c ssl_ciphers`."""
    variables: Texts = ()
    """Environment variables that set the same."""
    meanings: Mapping[Text, Texts] = Field(default_factory=dict)
    """With `values: meanings`: the value, without regard to case → the algorithms it stands for;
    of the topic `mode`, `on` or `off`."""
    needs: str = ""
    """The switch without which it has no effect."""
    everywhere: Flag = False
    """Whether it rules what stands outside its own block as well."""
    repeats: Literal["last", "first", "all", "join"] = "last"
    """Which of several in one block counts; `join`: they are one list."""
    default: str = ""
    """Its value where it is not written and its switch is on, if that is surely known."""
    shown: str = ""
    """Its name in what is said of the default; the pattern `name` where that is one name."""
    advice: Text
    """What to write instead."""

    @model_validator(mode="after")
    def _has_meanings(self) -> Self:
        if (self.values == "meanings") != bool(self.meanings):
            raise ValueError("`meanings` belong to `values: meanings`")
        return self


class SettingExample(Rule):
    """A configuration, and what is to be found in it."""

    text: Text
    directive: str = ""
    unapproved: Texts = ()
    """All that the directive allows and that is not approved, or some of it."""
    state: Literal["", "on", "off"] = ""
    line: str = ""


class ServerExamples(Examples):
    match: tuple[SettingExample, ...]
    no_match: tuple[SettingExample, ...]


class ServerRule(Identified):
    """A server or a tool: which programs read which files, and which settings are about crypto."""

    name: Text
    programs: Regexes
    """On the whole file name of a program, a script or a jar."""
    files: Regexes = ()
    """On whole paths: what it reads unless told otherwise."""
    also: Regexes = ()
    """On whole paths: what may be its configuration, if something leads to it."""
    options: tuple[str, ...] = ()
    """Options that name the configuration: `-c`; `''` for a word of its own."""
    variables: Texts = ()
    """Environment variables that name the configuration."""
    merged: Flag = False
    """Whether it reads all of `files`, one after the other, and the last one counts."""
    syntax: Syntax
    hints: Annotated[Texts, Field(min_length=1)]
    """A file without any of these texts holds nothing of interest; case does not count."""
    includes: tuple[IncludeRule, ...] = ()
    switches: Mapping[Text, tuple[SwitchRule, ...]] = Field(default_factory=dict)
    directives: Annotated[tuple[DirectiveRule, ...], Field(min_length=1)]
    fips_variants: Texts = ()
    """How builds of it with a validated module are told from others."""
    note: str = ""
    references: Texts = ()
    examples: ServerExamples

    @model_validator(mode="after")
    def _knows_its_switches(self) -> Self:
        for each in self.directives:
            if each.needs and each.needs not in self.switches:
                raise ValueError(f"`needs: {each.needs}` is none of its switches")
        return self
