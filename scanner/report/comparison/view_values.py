"""Values that a comparison is shown with: sections of marked items.

Knows no format.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Literal

from scanner.diff.model import Cause, Field, Kind

Tone = Literal["good", "bad", ""]
Lists = tuple[tuple[str, tuple[str, ...]], ...]
WORSE_AT = "more at"
"""The word of a list that names places, each with what is wrong there now."""
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


def some(parts: Sequence[str], separator: str, limit: int) -> str:
    """As many of `parts` as `limit` characters take, one at least, and how many more there are."""
    shown, length = 0, -len(separator)
    for each in parts:
        length += len(separator) + len(each)
        if shown and length > limit:
            break
        shown += 1
    if shown > 1 and shown == len(parts) - 1:  # "and 1 more" takes the place of it
        shown -= 1
    text = separator.join(parts[:shown])
    return text if shown == len(parts) else f"{text} and {len(parts) - shown} more"


def shortened(text: str, limit: int) -> str:
    """`text`, cut between the items of a list or between words where it is too long."""
    if len(text) <= limit:
        return text
    separators = ("; ", ", ") if " " in text else (",", ":")
    separator = next((each for each in separators if text.count(each) > 1), "")
    parts = text.split(separator) if separator else [text]
    if len(parts[0]) <= limit and separator:
        return some(parts, separator, limit)
    words = text[: limit - 3].rpartition(" ")[0]
    return f"{words or text[: limit - 4]} ..."


def arrow(field: Field) -> str:
    """`3.0.19 -> 3.0.20`."""
    return f"{field.old or 'none'} -> {field.new or 'none'}"


def caused(causes: Iterable[Cause]) -> str:
    """`by the rules`, `by the image or the day`; nothing where the image alone may be it."""
    names = [f"the {each}" for each in causes]
    return "" if names in ([], ["the image"]) else f"by {' or '.join(names)}"
