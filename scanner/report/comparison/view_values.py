"""Values that a comparison is shown with: sections of marked items.

Knows no format.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal

from scanner.diff.model import Cause, Field, Kind

Tone = Literal["good", "bad", ""]
Lists = tuple[tuple[str, tuple[str, ...]], ...]
MARKS = {Kind.ADDED: "+", Kind.REMOVED: "-", Kind.CHANGED: "~"}


@dataclass(frozen=True, slots=True)
class Item:
    """One change, or several alike."""

    mark: str
    label: str
    text: str
    tone: Tone = ""
    notes: tuple[str, ...] = ()
    lists: Lists = ()
    """A word, and what it is about: paths, names."""
    causes: str = ""
    """What it may come from, where that is not the image alone."""


@dataclass(frozen=True, slots=True)
class Section:
    """Changes of one sort."""

    title: str
    items: tuple[Item, ...]
    beside: str = ""


def arrow(field: Field) -> str:
    """`3.0.19 -> 3.0.20`."""
    return f"{field.old or 'none'} -> {field.new or 'none'}"


def caused(causes: Iterable[Cause]) -> str:
    """`by the rules`, `by the image or the day`; nothing where the image alone may be it."""
    names = [f"the {each}" for each in causes]
    return "" if names in ([], ["the image"]) else f"by {' or '.join(names)}"
