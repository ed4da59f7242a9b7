"""Shows an algorithm, or what a TLS cipher suite is made of, to people.

Says what the table of algorithms says, and nothing more.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from functools import partial

from rich.text import Text

from scanner.lint_algorithms import suite_parts
from scanner.report.page import Page
from scanner.rules_algorithms import NAMESPACES, AlgorithmRule, AlgorithmTable, TlsSuite

_AT = 18
_APPROVED = {"yes": "approved", "limited": "limited", "no": "not approved"}
_POST_QUANTUM = {"yes": "yes", "hybrid": "yes, joined with an algorithm that is not"}
_PLACES = {
    "openssl": "OpenSSL",
    "jca": "Java",
    "go": "Go",
    "iana": "TLS",
    "ssh": "SSH",
    "gnutls": "GnuTLS",
    "nss": "NSS",
    "krb5": "Kerberos",
    "oid": "OID",
}

Write = Callable[[Page], None]


def algorithm_pages(
    table: AlgorithmTable, name: str, suite: TlsSuite | None, today: date
) -> list[Write]:
    """What writes the page of the algorithm or suite that any program calls `name`."""
    if suite is not None:
        return [partial(_suite, suite=suite, table=table, today=today)]
    rule = table.find(name)
    return [] if rule is None else [partial(_algorithm, rule=rule, asked=name, today=today)]


def algorithm_rows(table: AlgorithmTable) -> list[tuple[str, str]]:
    """Name and state of every algorithm, sorted."""
    return sorted(
        (each.name, f"{_APPROVED[each.approved]:<14}{each.why or each.standard}".rstrip())
        for each in table.algorithms
    )


def _algorithm(page: Page, *, rule: AlgorithmRule, asked: str, today: date) -> None:
    page.paragraph(Text(rule.name, style="bold"))
    known = "" if asked.casefold() == rule.name.casefold() else f", which you called {asked}"
    page.paragraph(Text(f"algorithm ({rule.kind}){known}", style="dim"))
    page.blank()
    told: dict[str, list[str]] = {
        f"on {today}": [_APPROVED[rule.approved_on(today)]],
        "why": [rule.why],
        "new data": ["yes" if rule.for_new_on(today) else "no"],
        "standard": [rule.standard],
        "dates": _dates(rule),
        "at least": [f"{rule.min_bits} bits"] if rule.min_bits else [],
        "post-quantum": [_POST_QUANTUM.get(rule.post_quantum, "")],
    }
    for place in NAMESPACES:
        told[_PLACES[place]] = [", ".join(getattr(rule.names, place))]
    told["also called"] = [", ".join(rule.also)]
    for label, lines in told.items():
        if any(lines):
            page.labeled(Text(label, style="dim"), [x for x in lines if x], indent=2, at=_AT)


def _dates(rule: AlgorithmRule) -> list[str]:
    dates = []
    if rule.starts:
        dates.append(f"before {rule.starts}: {_APPROVED[rule.before]}")
    if rule.until:
        dates.append(f"after {rule.until}: {_APPROVED[rule.after]}")
    return dates


def _suite(page: Page, *, suite: TlsSuite, table: AlgorithmTable, today: date) -> None:
    page.paragraph(Text(suite.name, style="bold"))
    page.paragraph(Text(f"TLS cipher suite {suite.code}", style="dim"))
    page.blank()
    parts = [
        f"{rule.name}: {_APPROVED[rule.approved_on(today)]}"
        for part in suite_parts(suite.name)
        if (rule := table.find(part)) is not None
    ]
    told = {
        "approved": ["yes" if suite.approved else "no"],
        "why": [suite.why],
        "protocols": [", ".join(suite.protocols)],
        "made of": parts,
    }
    for label, lines in told.items():
        if any(lines):
            page.labeled(Text(label, style="dim"), [x for x in lines if x], indent=2, at=_AT)
