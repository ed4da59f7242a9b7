"""The TLS tables: what each port accepted and showed, run by run, and what clients offered.

Shows the rows that matter (not approved, or changed) and counts the others.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property

from rich.text import Text

from scanner.model import ConditionResult, Effect, TlsCertificate, TlsClient, TlsEndpoint
from scanner.report.escape import visible
from scanner.report.order import in_order, ordered_runs
from scanner.report.page import GAP, Page, counted

_ROWS = 12
"""Rows shown for one port; the rest is counted."""
_COLUMN = 8
_READING = 11
_PARTS = ("protocol", "suite", "group", "signature")
_SHORT_FIRST = ("protocol", "group", "signature", "suite")
"""Of the suites there may be dozens."""
_CLIENTS = 8
_NAMES = 3
_CLIENT_WIDTHS = (22, 20, 18)


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
    _clients(page, conditions)


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
    endpoints = {name: each for name, each in seen.items() if each is not None}
    protocol = next((each.starttls for each in endpoints.values() if each.starttls), "")
    after = f" (STARTTLS, {visible(protocol)})" if protocol else ""
    page.heading(f"TLS on port {port}{after}", "what it accepted, one offer at a time")
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
    for line in (*_certificates(endpoints), *_without_ems(endpoints), *_post_quantum(endpoints)):
        page.paragraph(line, indent=2, hanging=2)
    for name, endpoint in endpoints.items():
        if endpoint.error:
            text = f"{visible(name)}: incomplete, {visible(endpoint.error)}"
            page.paragraph(text, indent=2, hanging=2)


def _post_quantum(endpoints: Mapping[str, TlsEndpoint]) -> Iterable[Text]:
    """What of it quantum computers do not break, and in which runs, where not in all."""
    offered = {name: in_order(each.post_quantum) for name, each in endpoints.items()}
    together: dict[tuple[str, ...], list[str]] = {}
    for name in in_order(each for names in offered.values() for each in names):
        runs = tuple(visible(run) for run, names in offered.items() if name in names)
        together.setdefault(runs, []).append(visible(name))
    for runs, names in together.items():
        where = "" if len(runs) == len(endpoints) else f" in {' and '.join(runs)}"
        yield Text(f"Post-quantum: {', '.join(names)}{where}", style="dim")


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
        "signature": endpoint.signatures,
    }
    return frozenset(names[part])


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


def _without_ems(endpoints: Mapping[str, TlsEndpoint]) -> Iterable[Text]:
    """Nothing where every run refuses it, or where that is not known."""
    told = {
        name: "completed and resumed" if each.resumes_without_ems else "completed"
        for name, each in endpoints.items()
        if each.completes_without_ems
    }
    told |= {n: "refused" for n, each in endpoints.items() if each.completes_without_ems is False}
    if set(told.values()) - {"refused"}:
        by_run = ", ".join(f"{visible(name)} {told[name]}" for name in endpoints if name in told)
        alike = len(set(told.values())) == 1
        text = f"{next(iter(told.values()))} in every run" if alike and len(told) > 1 else by_run
        yield Text(f"TLS 1.2 without extended master secret: {text}", style="dim")


def _clients(page: Page, conditions: Sequence[ConditionResult]) -> None:
    """What the container offered as a client: one row for each server, and for what differs."""
    rows: dict[tuple[str, str, str], list[str]] = {}
    for run in ordered_runs(conditions):
        for each in run.clients:
            to = visible(f"{each.server_name or 'a server'}:{each.port}")
            program = visible(each.program) or "(not seen)"
            rows.setdefault((program, to, _offered(each)), []).append(visible(run.name))
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


def _offered(client: TlsClient) -> str:
    """What of an offer is not approved, in a few words."""
    bad = frozenset(client.unapproved)
    parts: list[str] = []
    for kind, names in (
        ("protocol", client.protocols),
        ("suite", client.suites),
        ("group", client.groups),
        ("signature", client.signatures),
    ):
        wrong = [visible(name) for name in names if name in bad]
        if not wrong:
            continue
        if kind == "suite" or len(wrong) > _NAMES:
            some = f"{len(wrong)} of {counted(len(names), kind)}"
            parts.append(f"every {kind}" if len(wrong) == len(names) else some)
        else:
            parts.append(", ".join(wrong))
    return "; ".join(parts) or "nothing"


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
