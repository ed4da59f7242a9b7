"""What packages of language ecosystems bring or bind cryptography, as frozen values.

Reads no file, and says nothing of whether a package is used.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Annotated, Literal, Self

from pydantic import BeforeValidator, model_validator

from scanner.rules_base import Identified, Rule, Text, Texts, none_or

Ecosystem = Literal[
    "pypi",
    "npm",
    "gem",
    "composer",
    "cpan",
    "cargo",
    "nuget",
    "maven",
    "go",
    "hex",
    "cran",
]


class PackageRule(Rule):
    """A package that has to do with cryptography."""

    name: Text
    """As its registry writes it; of Go the path of the module, of Maven `group:artifact`."""
    crypto: Literal["own", "binding", "protocol"]
    """`own`: it computes by itself, or brings the library that does. `binding`: it hands the work
    to a library that is somewhere else. `protocol`: it only asks another package for crypto."""
    code: Literal["compiled", "interpreted", ""] = ""
    """Of `own`: whether what computes is machine code, which is found in the files themselves, or
    source text or bytecode, of which nothing but this list tells."""
    module: Annotated[Text | None, BeforeValidator(none_or)] = None
    """Id in rules/modules of what it brings or binds."""
    imports: Texts = ()
    """Under which names source code imports it, where that is not its own name."""
    algorithms: Texts = ()
    """What it offers, under names that rules/algorithms knows; the ones that matter, not all."""
    what: Text
    """What it is and how it computes, in a few words."""
    source: Text
    """Where that was seen: a version that was looked into, or an https address."""

    @model_validator(mode="after")
    def _says_how(self) -> Self:
        if (self.crypto == "own") != bool(self.code):
            raise ValueError(
                "`code` must be compiled or interpreted for `own`, and is for it alone"
            )
        return self


class PackageFile(Identified):
    """One file of `packages/`."""

    ecosystem: Ecosystem
    packages: tuple[PackageRule, ...]
    references: Texts = ()


_PYPI = re.compile(r"[-_.]+")


def plain_name(ecosystem: str, name: str) -> str:
    """`name` as the registry compares it."""
    if ecosystem == "pypi":
        return _PYPI.sub("-", name).lower()
    if ecosystem == "cargo":
        return name.replace("_", "-").lower()
    return name if ecosystem in ("go", "cpan", "maven", "cran") else name.lower()


@dataclass(frozen=True)
class PackageTable:
    """The packages that are known, by ecosystem and name."""

    files: tuple[PackageFile, ...] = ()

    def find(self, ecosystem: str, name: str) -> PackageRule | None:
        """What is known of a package, or None; its name as any file writes it."""
        return self._by_name.get((ecosystem, plain_name(ecosystem, name)))

    def of(self, ecosystem: str) -> tuple[PackageRule, ...]:
        """All known packages of an ecosystem."""
        return tuple(
            each for file in self.files if file.ecosystem == ecosystem for each in file.packages
        )

    @cached_property
    def _by_name(self) -> Mapping[tuple[str, str], PackageRule]:
        return {
            (file.ecosystem, plain_name(file.ecosystem, each.name)): each
            for file in self.files
            for each in file.packages
        }
