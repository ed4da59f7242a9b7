"""What a distribution's packages are worth as cryptographic modules, as frozen values.

Holds what the distribution or NIST says, and never a certificate.
"""

from __future__ import annotations

from datetime import date
from typing import Annotated, Literal

from pydantic import Field

from scanner.rules_base import Identified, Text, Texts


class Distribution(Identified):
    """A distribution, and which of its packages are validated modules."""

    name: Text
    systems: Annotated[tuple[Text, ...], Field(min_length=1)]
    """`ID` of os-release."""
    validated: Literal["never", "vendor", "some"]
    """`never`: none of its packages in any version. `vendor`: only packages that a company builds
    for it and that are got elsewhere. `some`: packages of its own, as certificates tell."""
    sentence: Text
    """What that means, for people: one sentence, which goes on after a semicolon."""
    rebuilds: Texts = ()
    """Names of its packages that hold a module built in a way of its own, so that no certificate
    holds for them that names neither packages nor systems."""
    references: Texts = ()
    checked: date
    """The day the facts were read."""
