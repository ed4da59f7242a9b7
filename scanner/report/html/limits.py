"""How much of a report a page holds: a browser has to open it.

Decides by numbers alone; what is left out is counted, and the page says so.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Generic, TypeVar

T = TypeVar("T")

_WHOLE = 30
"""Images on a page with everything of each."""
_FOUND = 120
"""Images on a page with the findings of each."""


@dataclass(frozen=True, slots=True)
class Shown(Generic[T]):
    """The first of something, and how many more there are."""

    rows: tuple[T, ...]
    more: int = 0

    def __iter__(self) -> Iterator[T]:
        return iter(self.rows)

    def __len__(self) -> int:
        return len(self.rows)

    @property
    def total(self) -> int:
        """With those that are not shown."""
        return len(self.rows) + self.more


@dataclass(frozen=True, slots=True)
class Limits:
    """Rows that are shown of one table. The defaults are for a page about one image."""

    rows: int = 400
    """Of tables that may be long: the inventory, uses, calls, offers, gaps."""
    places: int = 100
    """Of one finding."""
    lines: int = 40
    """Of evidence, and of what one run did."""
    findings: bool = True
    """Whether findings and score of an image are shown below its verdict."""
    whole: bool = True
    """Whether everything else is."""

    @classmethod
    def for_images(cls, number: int) -> Limits:
        """Less of each the more images there are on a page, and never next to nothing."""
        return cls(
            rows=max(20, cls().rows // max(1, number)),
            places=max(10, cls().places // max(1, number)),
            lines=max(5, cls().lines // max(1, number)),
            findings=number <= _FOUND,
            whole=number <= _WHOLE,
        )


def first(items: Sequence[T], limit: int) -> Shown[T]:
    """At most `limit` of `items`; one more where that leaves nothing to count."""
    if len(items) <= limit + 1:
        return Shown(tuple(items))
    return Shown(tuple(items[:limit]), len(items) - limit)
