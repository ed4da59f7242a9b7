"""Gaps with the same reason put together.

Lays nothing out.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import groupby

from scanner.model import Gap


@dataclass(frozen=True, slots=True)
class Merged:
    """Gaps that differ in what they are about only."""

    first: Gap
    subjects: tuple[str, ...]


def merged(found: Sequence[Gap]) -> list[Merged]:
    """Those that keep an image from being called ready first, those that are accepted last."""

    def key(gap: Gap) -> tuple[bool, bool, str, str, bool, str]:
        ignored = gap.ignored_because
        return (bool(ignored), not gap.caps, gap.kind.value, gap.reason, gap.requested, ignored)

    ordered = sorted(found, key=lambda gap: (*key(gap), gap.subject))
    alike = (list(group) for _, group in groupby(ordered, key))
    return [Merged(each[0], tuple(gap.subject for gap in each)) for each in alike]
