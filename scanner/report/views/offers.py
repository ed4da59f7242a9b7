"""What crypto libraries and runtimes gave when asked, algorithm by algorithm and run by run.

Lays nothing out.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from scanner.model import AlgorithmOffer
from scanner.report.escape import visible

_ABOUT = frozenset({"probe", "library", "provider", "setting"})
"""Kinds that tell whom was asked."""
BASELINE = "baseline"
ENFORCED = "enforced"


@dataclass(frozen=True)
class Row:
    """One algorithm of a library or runtime."""

    kind: str
    name: str
    approved: bool | None
    given: Mapping[str, bool | None]
    """By condition; None where it is not known."""

    @property
    def reading(self) -> str:
        """What becomes of it when only approved algorithms are allowed."""
        before, after = self.given.get(BASELINE), self.given.get(ENFORCED)
        if self.approved is False:
            if after:
                return "served"
            if before and after is None:
                return "other"
            return "restricted" if before and after is False else "refused"
        if before and after is False and self.approved:
            return "lost"
        return "same" if before == after else "other"

    @property
    def rank(self) -> tuple[int, str, str]:
        order = ("served", "lost", "other", "restricted", "refused", "same")
        return (order.index(self.reading), self.kind, self.name)


def rows_of(seen: Mapping[str, Sequence[AlgorithmOffer]]) -> Iterable[Row]:
    """Every algorithm that was asked for, by what each run answered."""
    whole = {
        run: any(each.kind == "probe" and each.offered for each in found)
        for run, found in seen.items()
    }
    given: dict[tuple[str, str], dict[str, bool | None]] = {}
    approved: dict[tuple[str, str], bool | None] = {}
    for run, found in seen.items():
        for each in found:
            if each.kind in _ABOUT:
                continue
            key = (each.kind, each.algorithm)
            approved[key] = each.approved
            # What a complete answer does not mention is not there.
            row = given.setdefault(key, {name: False if whole[name] else None for name in seen})
            row[run] = each.offered
    for (kind, name), row in given.items():
        if any(row.values()) or None in row.values():
            yield Row(kind, name, approved[kind, name], row)


def asked_of(seen: Mapping[str, Sequence[AlgorithmOffer]]) -> str:
    """Which library it is, and its providers in each run."""
    last = list(seen.values())[-1]
    parts = [visible(each.algorithm) for each in last if each.kind == "library" and each.offered]
    loaded: dict[str, list[str]] = {}
    for run, found in seen.items():
        providers = [each.algorithm for each in found if each.kind == "provider" and each.offered]
        settings = [each.algorithm for each in found if each.kind == "setting" and each.offered]
        named = ", ".join(map(visible, providers[:4] + settings))
        loaded.setdefault(named, []).append(run)
    for named, runs in loaded.items():
        if named and len(loaded) == 1:
            parts.append(named)
        elif named:
            parts.append(f"{', '.join(map(visible, runs))}: {named}")
    return "; ".join(parts) or "no version told"
