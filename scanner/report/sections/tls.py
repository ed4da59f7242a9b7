"""The TLS table: what each port accepted as it is, and what with approved algorithms only.

Shows the rows that matter (not approved, or changed) and counts the others.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cached_property

from rich.text import Text

from scanner.model import ConditionResult, Effect, TlsEndpoint
from scanner.report.escape import visible
from scanner.report.order import ordered_runs
from scanner.report.page import GAP, Page, counted

_ROWS = 12
"""Rows shown for one port; the rest is counted."""
_COLUMN = 8
_READING = 11
_PARTS = ("protocol", "suite", "group")
_SHORT_FIRST = ("protocol", "group", "suite")
"""Of the suites there may be dozens."""


@dataclass(frozen=True)
class _Row:
    """One protocol, suite or group of a port."""

    part: str
    name: str
    accepted: tuple[bool, ...]
    """In the runs in which the port was asked, in their order."""
    approved: bool
    leaks: bool

    @cached_property
    def changed(self) -> bool:
        return len(set(self.accepted)) > 1

    @property
    def rank(self) -> tuple[int, int, str]:
        lost = self.changed and self.approved
        order = 0 if self.leaks else 1 if lost else 2 if not self.changed else 3
        return (order, _SHORT_FIRST.index(self.part), self.name)

    @property
    def reading(self) -> tuple[str, str]:
        """Whether it is approved, and the style of that."""
        if self.leaks:
            return "no: leaks", "bold red"
        if self.approved:
            return ("yes: lost", "yellow") if self.accepted[0] else ("yes: new", "")
        return "no", "yellow"


def tls(page: Page, conditions: Sequence[ConditionResult]) -> None:
    """The section; nothing when no port spoke TLS."""
    runs = [each for each in ordered_runs(conditions) if each.tls]
    unapproved, leaking = _judged(conditions)
    for port in sorted({each.port for run in runs for each in run.tls}):
        seen = {
            run.name: next((each for each in run.tls if each.port == port), None)
            # A run without this port, in which others spoke TLS, accepted nothing on it.
            for run in ordered_runs(conditions)
            if run.ran
        }
        _port(page, port, seen, unapproved, leaking)


def _judged(conditions: Iterable[ConditionResult]) -> tuple[set[str], set[str]]:
    """Names that are not approved, and those of them that leak."""
    unapproved: set[str] = set()
    leaking: set[str] = set()
    for condition in conditions:
        for endpoint in condition.tls:
            unapproved.update(endpoint.unapproved)
        for each in condition.differences:
            if each.what.startswith("tls-") and each.effect in (Effect.LEAKS, Effect.RESTRICTS):
                unapproved.add(each.baseline)
                if each.effect is Effect.LEAKS:
                    leaking.add(each.baseline)
    return unapproved, leaking


def _port(
    page: Page,
    port: int,
    seen: dict[str, TlsEndpoint | None],
    unapproved: set[str],
    leaking: set[str],
) -> None:
    page.heading(f"TLS on port {port}", "what it accepted, one offer at a time")
    rows = sorted(_rows(seen, unapproved, leaking), key=lambda row: row.rank)
    matter = [row for row in rows if row.changed or not row.approved]
    limit = len(matter) if page.look.verbose else _ROWS
    shown, more = matter[:limit], max(0, len(matter) - limit)
    if shown:
        fixed = len(seen) * (_COLUMN + GAP) + _READING + GAP
        widths = (page.width - 2 - fixed, *(_COLUMN for _ in seen), _READING)
        names = [Text(name, style="dim") for name in ("", *map(visible, seen), "approved")]
        page.columns([[each] for each in names], widths, indent=2)
        for row in shown:
            cells: list[list[str | Text]] = [[visible(row.name)]]
            cells += [["yes" if each else "-"] for each in row.accepted]
            word, style = row.reading
            cells.append([Text(word, style=style)])
            page.columns(cells, widths, indent=2)
    if more:
        unapproved_too = sum(not row.approved for row in matter[limit:])
        text = f"and {more} more, {unapproved_too} of them not approved (--verbose shows them)"
        page.paragraph(Text(text, style="dim"), indent=2)
    page.paragraph(Text(_others(rows, matter), style="dim"), indent=2)
    for name, endpoint in seen.items():
        if endpoint is not None and endpoint.error:
            text = f"{visible(name)}: incomplete, {visible(endpoint.error)}"
            page.paragraph(text, indent=2, hanging=2)


def _rows(
    seen: dict[str, TlsEndpoint | None], unapproved: set[str], leaking: set[str]
) -> Iterable[_Row]:
    for part in _PARTS:
        accepted = {name: _names(endpoint, part) for name, endpoint in seen.items()}
        for name in sorted(set().union(*accepted.values())):
            yield _Row(
                part,
                name,
                tuple(name in each for each in accepted.values()),
                name not in unapproved,
                name in leaking,
            )


def _names(endpoint: TlsEndpoint | None, part: str) -> frozenset[str]:
    if endpoint is None:
        return frozenset()
    names = {
        "protocol": endpoint.protocols,
        "suite": endpoint.suites,
        "group": endpoint.groups,
    }
    return frozenset(names[part])


def _others(rows: Sequence[_Row], matter: Sequence[_Row]) -> str:
    rest = [row for row in rows if row not in matter]
    parts = []
    for part in _PARTS:
        names = [visible(row.name) for row in rest if row.part == part]
        if not names:
            continue
        if len(names) <= (4 if part == "protocol" else 3):
            parts.append(
                " and ".join((", ".join(names[:-1]), names[-1])) if names[1:] else names[0]
            )
        else:
            parts.append(counted(len(names), part))
    if not parts:
        return "Nothing else was accepted."
    also = "besides, " if matter else ""
    runs = "in every run alike" if len(rest[0].accepted) > 1 else "as it is"
    text = f"{also}approved and accepted {runs}: {'; '.join(parts)}"
    return text[0].upper() + text[1:]
