"""The algorithm table: what each crypto library and runtime gave, as it is and when enforced.

Names what is not approved and still given when enforced, and counts the others; all rows only on
request.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence

from rich.text import Text

from scanner.model import AlgorithmOffer, ConditionResult
from scanner.report.escape import visible
from scanner.report.order import ordered_runs
from scanner.report.page import GAP, Page, shared
from scanner.report.views.offers import BASELINE, ENFORCED, Row, asked_of, rows_of

_ROWS = 8
"""Names shown for one library; the rest is counted."""
_COLUMN = 8
_READING = 11
_UNKNOWN = "?"
_WORDS = {True: "yes", False: "-", None: _UNKNOWN}


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
    rows = sorted(rows_of(seen), key=lambda row: row.rank)
    verbose = page.look.verbose
    if not verbose and all(row.reading in ("other", "refused") for row in rows):
        return
    page.paragraph(Text(asked_of(seen), style="dim"), indent=4, hanging=2)
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


def _is_alike(row: Row) -> bool:
    return row.given.get(BASELINE) == row.given.get(ENFORCED)


def _families(rows: Iterable[Row]) -> list[tuple[str, Row]]:
    """One line for what differs in mode or size only."""
    alike: dict[tuple[str, ...], list[Row]] = {}
    for row in rows:
        family = row.name.partition("_WITH_" if row.kind == "tls" else "-")[0]
        alike.setdefault((row.kind, family), []).append(row)
    return [
        (f"{visible(found[0].name)}{f' and {len(found) - 1} alike' if found[1:] else ''}", found[0])
        for found in alike.values()
    ]


def _table(page: Page, seen: Mapping[str, object], lines: Iterable[tuple[str, Row]]) -> None:
    fixed = len(seen) * (_COLUMN + GAP) + _READING + GAP
    widths = (page.width - 4 - fixed, *(_COLUMN for _ in seen), _READING)
    names = ("", *map(visible, seen), "approved")
    page.columns([[Text(name, style="dim")] for name in names], widths, indent=4)
    for name, row in lines:
        given: list[list[str | Text]] = [[_WORDS[row.given[run]]] for run in seen]
        label = f"{name} ({visible(row.kind)})"
        page.columns([[label], *given, [_reading(row)]], widths, indent=4)


def _reading(row: Row) -> Text:
    if row.reading == "served":
        return Text("no: served", style="yellow")
    if row.reading == "lost":
        return Text("yes: lost", style="yellow")
    return Text({True: "yes", False: "no", None: "unknown"}[row.approved])


def _others(rows: Sequence[Row]) -> str:
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
