"""Small values of CycloneDX that every part of the document needs.

Everything that comes from an image goes through `plain`.
"""

from __future__ import annotations

from collections.abc import Iterable

from cyclonedx.model import Property
from cyclonedx.model.component import Component
from cyclonedx.model.component_evidence import ComponentEvidence, Occurrence

from scanner.report.escape import visible

_LONGEST = 4096
PREFIX = "fips-scanner:"


def plain(text: str) -> str:
    """`text` with everything invisible in it written out."""
    return visible(text, _LONGEST)


def properties(*pairs: tuple[str, object]) -> list[Property]:
    """Properties in the scanner's own namespace; those without a value are left out."""
    return [
        Property(name=f"{PREFIX}{name}", value=plain(str(value)))
        for name, value in pairs
        if value is not None and value != ""
    ]


def occurrence(location: str, *, line: int = 0, context: str = "") -> Occurrence:
    """A place of the image: a path, with a line where there is one, or a port."""
    return Occurrence(
        location=plain(location) or "unknown",
        line=line or None,
        additional_context=plain(context) or None,
    )


def with_evidence(component: Component, occurrences: Iterable[Occurrence]) -> Component:
    """`component` with the places in which it was seen, each once."""
    found = {(each.location, each.line, each.additional_context): each for each in occurrences}
    if found:
        component.evidence = ComponentEvidence(occurrences=found.values())
    return component
