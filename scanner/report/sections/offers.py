"""The algorithm table: what each crypto library and runtime gave, as it is and when enforced.

Shows the rows that matter (not approved and still given, or approved and lost) and counts the
others.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from rich.text import Text

from scanner.model import AlgorithmOffer, ConditionResult
from scanner.report.escape import visible
from scanner.report.order import ordered_runs
from scanner.report.page import GAP, Page, counted

_ROWS = 8
"""Rows shown for one library; the rest is counted."""
_COLUMN = 8
_READING = 11
_ABOUT = frozenset({"probe", "library", "provider", "setting"})
"""Kinds that tell whom was asked."""
_BASELINE, _ENFORCED = "baseline", "enforced"
_UNKNOWN = "?"
_WORDS = {True: "yes", False: "-", None: _UNKNOWN}


@dataclass(frozen=True)
class _Row:
    """One algorithm of a library or runtime."""

    kind: str
    name: str
    approved: bool | None
    given: Mapping[str, bool | None]
    """By condition; None where it is not known."""

    @property
    def reading(self) -> str:
        """What becomes of it when only approved algorithms are allowed."""
        before, after = self.given.get(_BASELINE), self.given.get(_ENFORCED)
        if self.approved is False:
            if after:
                return "served"
            return "restricted" if before and after is False else "refused"
        if before and after is False and self.approved:
            return "lost"
        return "same" if before == after else "other"

    @property
    def rank(self) -> tuple[int, str, str]:
        order = ("served", "lost", "other", "restricted", "refused", "same")
        return (order.index(self.reading), self.kind, self.name)


def offers(page: Page, conditions: Sequence[ConditionResult]) -> None:
    """The section; nothing where nothing was probed."""
    asked = {
        run.name: {
            provider: [each for each in run.offers if each.provider == provider]
            for provider in {each.provider for each in run.offers}
        }
        for run in ordered_runs(conditions)
        if run.offers
    }
    for provider in sorted(set().union(*(set(each) for each in asked.values()))):
        _provider(page, provider, {run: found.get(provider, []) for run, found in asked.items()})


def _provider(page: Page, provider: str, seen: Mapping[str, Sequence[AlgorithmOffer]]) -> None:
    page.heading("Algorithms", f"what {visible(provider)} gave when asked, one at a time")
    page.paragraph(Text(_asked(seen), style="dim"), indent=2, hanging=2)
    rows = sorted(_rows(seen), key=lambda row: row.rank)
    if _ENFORCED not in seen:
        text = f"{counted(len(rows), 'algorithm')} asked for as it is; enforced, it was not asked."
        page.paragraph(text, indent=2)
        return
    if rows and not page.look.verbose and all(_is_alike(row) for row in rows):
        no = sum(row.approved is False for row in rows)
        text = f"{len(rows)} given in every run alike, {no} of them not approved"
        page.paragraph(f"{text}{': no switch reached it.' if no else '.'}", indent=2, hanging=2)
        return
    lines = [(visible(row.name), row) for row in rows]
    if not page.look.verbose:
        lines = _families(row for row in rows if row.reading in ("served", "lost"))
    limit = len(lines) if page.look.verbose else _ROWS
    if lines:
        _table(page, seen, lines[:limit])
    if lines[limit:]:
        text = f"and {len(lines) - limit} more of these (--verbose shows all)"
        page.paragraph(Text(text, style="dim"), indent=2)
    page.paragraph(Text(_others(rows), style="dim"), indent=2, hanging=2)


def _is_alike(row: _Row) -> bool:
    return row.given.get(_BASELINE) == row.given.get(_ENFORCED)


def _families(rows: Iterable[_Row]) -> list[tuple[str, _Row]]:
    """One line for what differs in mode or size only."""
    alike: dict[tuple[str, ...], list[_Row]] = {}
    for row in rows:
        family = row.name.partition("_WITH_" if row.kind == "tls" else "-")[0]
        alike.setdefault((row.reading, row.kind, family, str(row.given)), []).append(row)
    return [
        (f"{visible(found[0].name)}{f' and {len(found) - 1} alike' if found[1:] else ''}", found[0])
        for found in alike.values()
    ]


def _table(page: Page, seen: Mapping[str, object], lines: Iterable[tuple[str, _Row]]) -> None:
    fixed = len(seen) * (_COLUMN + GAP) + _READING + GAP
    widths = (page.width - 2 - fixed, *(_COLUMN for _ in seen), _READING)
    names = ("", *map(visible, seen), "approved")
    page.columns([[Text(name, style="dim")] for name in names], widths, indent=2)
    for name, row in lines:
        given: list[list[str | Text]] = [[_WORDS[row.given[run]]] for run in seen]
        label = f"{name} ({visible(row.kind)})"
        page.columns([[label], *given, [_reading(row)]], widths, indent=2)


def _reading(row: _Row) -> Text:
    if row.reading == "served":
        return Text("no: served", style="yellow")
    if row.reading == "lost":
        return Text("yes: lost", style="yellow")
    return Text({True: "yes", False: "no", None: "unknown"}[row.approved])


def _rows(seen: Mapping[str, Sequence[AlgorithmOffer]]) -> Iterable[_Row]:
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
            yield _Row(kind, name, approved[kind, name], row)


def _asked(seen: Mapping[str, Sequence[AlgorithmOffer]]) -> str:
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


def _others(rows: Sequence[_Row]) -> str:
    numbers = Counter(row.reading for row in rows)
    texts = {
        "same": "given in every run alike",
        "restricted": "not approved and no longer given when enforced",
        "other": "unknown to the rules or not asked for in every run",
    }
    parts = [f"{numbers[reading]} {text}" for reading, text in texts.items() if numbers[reading]]
    return f"Besides: {'; '.join(parts)}." if parts else "Nothing else was given."
