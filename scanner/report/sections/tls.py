"""The TLS tables: what each port accepted and showed, run by run, and what clients offered.

Shows the rows that matter (not approved, or changed) and counts the others.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from rich.text import Text

from scanner.model import ConditionResult, TlsCertificate, TlsEndpoint
from scanner.report.escape import visible
from scanner.report.order import ordered_runs
from scanner.report.page import GAP, Page, counted
from scanner.report.views.tls import (
    PARTS,
    Row,
    judged,
    ports_of,
    post_quantum,
    rows_of,
    unapproved_of,
    without_ems,
)

_ROWS = 12
"""Rows shown for one port; the rest is counted."""
_COLUMN = 8
_READING = 11
_CLIENTS = 8
_CLIENT_WIDTHS = (22, 20, 18)


def tls(page: Page, conditions: Sequence[ConditionResult]) -> None:
    """The section; nothing when no port spoke TLS."""
    unapproved, leaking = judged(conditions)
    for port, seen in ports_of(conditions):
        _port(page, port, seen, unapproved, leaking)
    _clients(page, conditions)


def _port(
    page: Page,
    port: int,
    seen: dict[str, TlsEndpoint | None],
    unapproved: set[str],
    leaking: set[str],
) -> None:
    endpoints = {name: each for name, each in seen.items() if each is not None}
    protocol = next((each.starttls for each in endpoints.values() if each.starttls), "")
    after = f" (STARTTLS, {visible(protocol)})" if protocol else ""
    page.heading(f"TLS on port {port}{after}", "what it accepted, one offer at a time")
    rows = sorted(rows_of(seen, unapproved, leaking), key=lambda row: row.rank)
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
    for line in _certificates(endpoints):
        page.paragraph(line, indent=2, hanging=2)
    for told in (*without_ems(endpoints), *post_quantum(endpoints)):
        page.paragraph(Text(told, style="dim"), indent=2, hanging=2)
    for name, endpoint in endpoints.items():
        if endpoint.error:
            text = f"{visible(name)}: incomplete, {visible(endpoint.error)}"
            page.paragraph(text, indent=2, hanging=2)


def _certificates(endpoints: Mapping[str, TlsEndpoint]) -> Iterable[Text]:
    """The leaf, where it is of another kind in a later run that one too, and what is wrong."""
    told: set[str] = set()
    for name, endpoint in endpoints.items():
        for index, each in enumerate(endpoint.certificates):
            kind = f"{each.key}, signed by {each.signature}"
            if kind in told or not (index == 0 or each.unapproved):
                continue
            run = f" in {visible(name)}" if told and index == 0 else ""
            told.add(kind)
            yield _certificate(each, f"{'Certificate' if index == 0 else 'Its issuer'}{run}")


def _certificate(each: TlsCertificate, what: str) -> Text:
    parts = [visible(each.subject, 60), visible(each.key), f"signed by {visible(each.signature)}"]
    parts += [f"valid until {visible(each.not_after)}"] if each.not_after else []
    line = Text(f"{what}: {', '.join(filter(None, parts))}", style="" if each.unapproved else "dim")
    if each.unapproved:
        line.append(f"; not approved: {visible(', '.join(each.unapproved))}", style="yellow")
    return line


def _clients(page: Page, conditions: Sequence[ConditionResult]) -> None:
    """What the container offered as a client: one row for each server, and for what differs."""
    rows: dict[tuple[str, str, str], list[str]] = {}
    for run in ordered_runs(conditions):
        for each in run.clients:
            to = visible(f"{each.server_name or 'a server'}:{each.port}")
            program = visible(each.program) or "(not seen)"
            rows.setdefault((program, to, unapproved_of(each)), []).append(visible(run.name))
    if not rows:
        return
    page.heading("As a TLS client", "what it offered to servers that it looked for")
    widths = (*_CLIENT_WIDTHS, max(8, page.width - 2 - sum(_CLIENT_WIDTHS) - 3 * GAP))
    names = ("program", "to", "not approved", "run")
    page.columns([[Text(name, style="dim")] for name in names], widths, indent=2)
    limit = len(rows) if page.look.verbose else _CLIENTS
    for (program, to, offered), runs in list(rows.items())[:limit]:
        wrong = Text(offered, style="dim" if offered == "nothing" else "yellow")
        page.columns([[program], [to], [wrong], [", ".join(runs)]], widths, indent=2)
    if len(rows) > limit:
        text = f"and {len(rows) - limit} more (--verbose shows them)"
        page.paragraph(Text(text, style="dim"), indent=2)


def _others(rows: Sequence[Row], matter: Sequence[Row]) -> str:
    rest = [row for row in rows if row not in matter]
    parts = []
    for part in PARTS:
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
