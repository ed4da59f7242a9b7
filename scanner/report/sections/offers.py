"""The algorithm table: what each crypto library and runtime gave, as it is and when enforced.

Names what is not approved and still given when enforced, and counts the others; all rows only on
request.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from rich.text import Text

from scanner.model import AlgorithmOffer, ConditionResult
from scanner.report.escape import visible
from scanner.report.order import ordered_runs
from scanner.report.page import GAP, Page, shared

_ROWS = 8
"""Names shown for one library; the rest is counted."""
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


def offers(page: Page, conditions: Sequence[ConditionResult]) -> None:
    """The section; nothing where nothing was probed, or nothing follows from what was."""
    asked = {
        run.name: {
            provider: [each for each in run.offers if each.provider == provider]
            for provider in {each.provider for each in run.offers}
        }
        for run in ordered_runs(conditions)
        if run.offers
    }
    alike: dict[str, list[str]] = {}
    pictures: dict[str, dict[str, list[AlgorithmOffer]]] = {}
    for provider in sorted(set().union(*(set(each) for each in asked.values()))):
        seen = {run: found.get(provider, []) for run, found in asked.items()}
        draft = Page(page.look)
        _provider(draft, seen)
        if (text := draft.result()).strip():
            alike.setdefault(text, []).append(provider)
            pictures.setdefault(text, seen)
    if alike:
        page.heading("Algorithms", "what crypto libraries and runtimes gave when asked")
    for text, providers in alike.items():
        for provider in providers:
            page.paragraph(visible(provider), indent=2, hanging=2)
        _provider(page, pictures[text])


def _provider(page: Page, seen: Mapping[str, Sequence[AlgorithmOffer]]) -> None:
    """What is told of one library; nothing where nothing follows from its answers."""
    rows = sorted(_rows(seen), key=lambda row: row.rank)
    verbose = page.look.verbose
    if not verbose and all(row.reading in ("other", "refused") for row in rows):
        return
    page.paragraph(Text(_asked(seen), style="dim"), indent=4, hanging=2)
    if verbose:
        _table(page, seen, [(visible(row.name), row) for row in rows])
    elif all(_is_alike(row) for row in rows):
        no = sum(row.approved is False for row in rows)
        text = f"{len(rows)} given in every run alike, {no} of them not approved"
        unreached = no and not _is_restricted(seen)
        page.paragraph(
            f"{text}{': no switch reached it.' if unreached else '.'}", indent=4, hanging=2
        )
        return
    elif served := _families(row for row in rows if row.reading == "served"):
        names, more = shared([f"{name} ({visible(row.kind)})" for name, row in served], _ROWS)
        told = ", ".join(names) + (f" and {more} more" if more else "")
        label = ("not approved, and still served when enforced: ", "yellow")
        page.paragraph(Text.assemble(label, told), indent=4, hanging=2)
    page.paragraph(Text(_others(rows), style="dim"), indent=4, hanging=2)


def _is_restricted(seen: Mapping[str, Sequence[AlgorithmOffer]]) -> bool:
    """Whether the library itself says that it is in FIPS mode, by a provider or a setting."""
    return any(
        each.offered and each.kind in ("provider", "setting") and "fips" in each.algorithm.lower()
        for found in seen.values()
        for each in found
    )


def _is_alike(row: _Row) -> bool:
    return row.given.get(_BASELINE) == row.given.get(_ENFORCED)


def _families(rows: Iterable[_Row]) -> list[tuple[str, _Row]]:
    """One line for what differs in mode or size only."""
    alike: dict[tuple[str, ...], list[_Row]] = {}
    for row in rows:
        family = row.name.partition("_WITH_" if row.kind == "tls" else "-")[0]
        alike.setdefault((row.kind, family), []).append(row)
    return [
        (f"{visible(found[0].name)}{f' and {len(found) - 1} alike' if found[1:] else ''}", found[0])
        for found in alike.values()
    ]


def _table(page: Page, seen: Mapping[str, object], lines: Iterable[tuple[str, _Row]]) -> None:
    fixed = len(seen) * (_COLUMN + GAP) + _READING + GAP
    widths = (page.width - 4 - fixed, *(_COLUMN for _ in seen), _READING)
    names = ("", *map(visible, seen), "approved")
    page.columns([[Text(name, style="dim")] for name in names], widths, indent=4)
    for name, row in lines:
        given: list[list[str | Text]] = [[_WORDS[row.given[run]]] for run in seen]
        label = f"{name} ({visible(row.kind)})"
        page.columns([[label], *given, [_reading(row)]], widths, indent=4)


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
        "lost": "approved for some purposes or in full, and no longer given",
        "other": "unknown to the rules or not asked for in every run",
    }
    parts = [f"{numbers[reading]} {text}" for reading, text in texts.items() if numbers[reading]]
    if not parts:
        return "Nothing else was given."
    # Without what is still served there is nothing before it.
    return f"{'Besides: ' if numbers['served'] else ''}{'; '.join(parts)}."
