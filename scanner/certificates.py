"""What a CMVP certificate says and which module versions it covers, as frozen values.

Holds dates and never a status: `scanner.cmvp` computes that for a day.
"""

from __future__ import annotations

import re
from datetime import date
from typing import Annotated, Literal, Self

from pydantic import BeforeValidator, Field, model_validator

from scanner.rules_base import Flag, Identified, OptionalRegex, Rule, Text, listed, none_or


class Pattern(Rule):
    """A text: exactly `text`, or anything that `matches` matches from its start."""

    text: str = ""
    matches: OptionalRegex = ""

    @model_validator(mode="before")
    @classmethod
    def _short_form(cls, raw: object) -> object:
        return {"text": raw} if isinstance(raw, str) else raw

    @model_validator(mode="after")
    def _says_something(self) -> Self:
        if bool(self.text) == bool(self.matches):
            raise ValueError("give either a text or {matches: regex}")
        return self

    def fits(self, text: str) -> bool:
        """Whether `text` is meant: equal, or matched from its start."""
        if self.matches:
            return re.match(self.matches, text) is not None
        return text == self.text


def _patterns(raw: object) -> object:
    raw = listed(raw)
    return raw if isinstance(raw, (list, tuple)) else [raw]


Patterns = Annotated[tuple[Pattern, ...], BeforeValidator(_patterns)]


class PackageCover(Rule):
    """A package of the distribution, by name and version."""

    name: Pattern
    versions: Patterns = ()
    """Empty: any version."""


class Environment(Rule):
    """An operating system, as os-release names it."""

    id: Text
    version: Patterns = ()
    """Of `VERSION_ID`. Empty: any."""

    def fits(self, os_id: str, os_version: str) -> bool:
        """Whether `os_id` `os_version` is meant."""
        return self.id == os_id and (
            not self.version or any(each.fits(os_version) for each in self.version)
        )


class Cover(Rule):
    """Which module a certificate is for, as exactly as its sources say."""

    module: Text
    """Id in `rules/modules/`."""
    versions: Patterns = ()
    versions_known: Flag = True
    """`no`: the sources do not tell the exact version, so at best it may be covered. What is given
    as versions then narrows what may be."""
    packages: tuple[PackageCover, ...] = ()
    """When given, one must match too."""
    environments: tuple[Environment, ...] = ()
    """Empty: any Linux."""

    def is_for(self, os_id: str, os_version: str) -> bool:
        """Whether it names this operating system, or none at all."""
        return not self.environments or any(
            each.fits(os_id, os_version) for each in self.environments
        )

    @model_validator(mode="after")
    def _is_exact(self) -> Self:
        exact = bool(self.versions) or any(each.versions for each in self.packages)
        if self.versions_known and not exact:
            raise ValueError("names no version: give `versions`, or say `versions_known: no`")
        return self


class Certificate(Identified):
    """A CMVP certificate, or a module in process. Holds dates, never a status."""

    certificate: Annotated[int | None, BeforeValidator(none_or)]
    """None while in process."""
    module: Text
    """As CMVP lists it."""
    vendor: Text
    standard: Literal["FIPS 140-2", "FIPS 140-3"]
    level: Annotated[int, Field(ge=1, le=4)] = 1
    validated: Annotated[date | None, BeforeValidator(none_or)]
    """None while in process, or where no source tells."""
    sunset: Annotated[date | None, BeforeValidator(none_or)]
    """None while in process, or where no source tells."""
    interim: Flag = False
    historical_by: date | None = None
    """A day on which it was on the Historical list, where the day of the move is not known."""
    caveat: str = ""
    note: str = ""
    """What the facts leave open; shown with the status."""
    covers: Annotated[tuple[Cover, ...], BeforeValidator(listed)]
    """Empty where nothing tells what a file of it looks like; `note` then says so."""
    source: Text
    checked: date
    """The day the facts were read."""
