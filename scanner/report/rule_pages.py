"""Shows rules to people: the page of one rule, and the list of all of them.

Says what the rule's own file says, and nothing more.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import date
from difflib import get_close_matches
from functools import partial

from rich.text import Text

from scanner.cmvp import status_on
from scanner.errors import UsageError
from scanner.model import ValidationStatus
from scanner.report.algorithm_pages import algorithm_pages, algorithm_rows
from scanner.report.gap_pages import gap_names, gap_page
from scanner.report.knowledge_pages import knowledge_pages, knowledge_rows
from scanner.report.look import Look
from scanner.report.page import Page
from scanner.report.rule_words import (
    EFFECTS,
    MODES,
    RECALLED,
    certificate_words,
    condition_words,
    cover_words,
    switch_words,
)
from scanner.report.sections.findings import SEVERITY_STYLE, prose
from scanner.report.target_pages import target_pages, target_rows
from scanner.rulebook import (
    Certificate,
    CheckRule,
    Distribution,
    LogRule,
    ModuleRule,
    RuleBook,
    RuntimeRule,
)

_AT = 14
_IDS = 40
KINDS = (
    "checks",
    "logs",
    "modules",
    "runtimes",
    "certificates",
    "algorithms",
    "distributions",
    "targets",
    "servers",
    "packages",
)
"""What `rules list` can be narrowed to."""

Write = Callable[[Page], None]


def explain(rules: RuleBook, name: str, today: date, look: Look | None = None) -> str:
    """The page of the rule called `name`.

    Args:
        name: its id; of a certificate also its number: `4985`, `#4985` or `cmvp-4985`; of what
            could not be looked at `gap:` and its kind.
        today: the day for which a certificate's status is told.

    Raises:
        UsageError: there is no such rule; names those that are nearly called so.
    """
    page = Page(look or Look())
    if gap_page(name.strip(), page):
        return page.result()
    pages = [write for id_, write in _pages(rules, today) if id_ == name.strip()]
    if not pages:
        number = name.strip().removeprefix("cmvp-").removeprefix("#")
        pages = [
            partial(_certificate, rule=each, today=today)
            for each in rules.certificates
            if number.isdigit() and each.certificate == int(number)
        ]
    if not pages:
        suite = rules.tls.suite(name.strip())
        pages = algorithm_pages(rules.algorithms, name.strip(), suite, today)
    if not pages:
        known = {*gap_names(), *(id_ for id_, _ in _pages(rules, today))}
        close = get_close_matches(name, known, 3)
        meant = f"did you mean {' or '.join(close)}? " if close else ""
        raise UsageError(f"no rule is called {name}: {meant}`fips-scanner rules list` shows all")
    for write in pages:
        page.blank()
        write(page)
    return page.result()


def rule_list(rules: RuleBook, kinds: Iterable[str] = KINDS, look: Look | None = None) -> str:
    """Every rule of `kinds` in a line: checks worst first, the others by id.

    The lines are not wrapped, so that they can be searched.
    """
    page = Page(look or Look())
    wanted = set(kinds)
    checks = sorted(rules.checks.values(), key=lambda rule: (rule.severity.rank, rule.id))
    rows: dict[str, list[tuple[str, str]]] = {
        "checks": [(each.id, f"{each.severity:<8}  {each.title}") for each in checks],
        "logs": sorted((each.id, each.meaning) for each in rules.logs),
        "modules": sorted((each.id, each.name) for each in rules.modules.values()),
        "runtimes": sorted((each.id, each.name) for each in rules.runtimes.values()),
        "certificates": sorted((each.id, certificate_words(each)) for each in rules.certificates),
        "algorithms": algorithm_rows(rules.algorithms),
        "distributions": sorted(
            (each.id, f"{each.name}: {' '.join(each.sentence.split())}")
            for each in rules.distributions
        ),
        **target_rows(rules),
        **knowledge_rows(rules),
    }
    for kind in KINDS:
        if kind in wanted:
            page.heading(kind.capitalize(), str(len(rows[kind])))
            for id_, text in rows[kind]:
                page.line(Text.assemble((f"{id_:<{_IDS}}", "cyan"), f"  {text}"), indent=2)
    return page.result()


def _number(certificate: Certificate) -> str:
    return f"#{certificate.certificate}" if certificate.certificate else ""


def _pages(rules: RuleBook, today: date) -> list[tuple[str, Write]]:
    """Every id, and what writes its page."""
    pages: list[tuple[str, Write]] = []
    pages += [(each.id, partial(_check, rule=each)) for each in rules.checks.values()]
    pages += [(each.id, partial(_log, rule=each)) for each in rules.logs]
    pages += [
        (each.id, partial(_module, rule=each, certificates=rules.certificates, today=today))
        for each in rules.modules.values()
    ]
    pages += [(each.id, partial(_runtime, rule=each)) for each in rules.runtimes.values()]
    pages += [
        (each.id, partial(_certificate, rule=each, today=today)) for each in rules.certificates
    ]
    pages += [(each.id, partial(_distribution, rule=each)) for each in rules.distributions]
    pages += target_pages(rules, today)
    pages += knowledge_pages(rules)
    return pages


def _check(page: Page, rule: CheckRule) -> None:
    title = Text(rule.severity.value.upper(), style=SEVERITY_STYLE[rule.severity])
    title.append("  ")
    title.append(rule.title, style="bold")
    page.paragraph(title, hanging=len(rule.severity.value) + 2)
    best = rule.verdict.value if rule.verdict else "open"
    facts = f"check {rule.id}, question: {rule.question}, confidence {rule.confidence}"
    page.paragraph(Text(facts, style="dim"))
    page.paragraph(Text(f"best verdict with this finding: {best}", style="dim"))
    page.blank()
    prose(page, "why", rule.why)
    page.blank()
    prose(page, "fix", rule.fix)
    page.heading("Found when", f"looked at together: one {rule.scope}")
    for word, conditions in (
        ("all of", rule.when.all),
        ("any of", rule.when.any),
        ("none of", rule.when.none),
    ):
        if conditions:
            page.labeled(word, [condition_words(each) for each in conditions], indent=2, at=_AT)
    _references(page, rule.references)


def _log(page: Page, rule: LogRule) -> None:
    page.paragraph(Text(rule.meaning.strip(), style="bold"))
    facts = f"log message {rule.id}, of {rule.runtime}, confidence {rule.confidence}"
    page.paragraph(Text(facts, style="dim"))
    page.blank()
    prose(page, "fix", rule.fix)
    page.blank()
    specific = "only under FIPS" if rule.fips_specific else "with other causes, too"
    _table(
        page,
        {
            "effect": f"{rule.effect}: {EFFECTS[rule.effect]}",
            "printed": specific,
            "pattern": rule.pattern,
            "example": rule.examples.match[0] if rule.examples.match else "",
            "source": rule.source,
        },
    )
    _references(page, rule.references)


def _module(page: Page, rule: ModuleRule, certificates: Sequence[Certificate], today: date) -> None:
    page.paragraph(Text(rule.name, style="bold"))
    page.paragraph(Text(f"module {rule.id}", style="dim"))
    if rule.note:
        page.blank()
        page.paragraph(" ".join(rule.note.split()))
    page.blank()
    fingerprint = rule.fingerprint
    groups = fingerprint.require if fingerprint else ()
    # What a covering certificate is worth today comes first, the newest ahead.
    covering = sorted(
        (each for each in certificates if any(rule.id == cover.module for cover in each.covers)),
        key=lambda each: (_STATUS_ORDER.index(status_on(each, today)), -(each.certificate or 0)),
    )
    _table(
        page,
        {
            "approved mode": MODES[rule.approved_mode],
            "libraries": list(rule.libraries),
            "code shown by": [" or ".join(group) for group in groups],
            "confirmed": f"no: {RECALLED}" if rule.recalled else "",
            "no proof": list(rule.lookalikes),
            "enforced by": switch_words(rule.enforce.env if rule.enforce else {}),
            "certificates": [
                f"{_number(each)} {status_on(each, today)}: {each.module}" for each in covering
            ]
            or ["none that the scanner knows"],
        },
    )
    _references(page, rule.references)


_STATUS_ORDER = (
    ValidationStatus.ACTIVE,
    ValidationStatus.INTERIM_EXPIRED,
    ValidationStatus.UNKNOWN,
    ValidationStatus.IN_PROCESS,
    ValidationStatus.HISTORICAL,
    ValidationStatus.NONE,
    ValidationStatus.ENVIRONMENT_MISMATCH,
)


def _runtime(page: Page, rule: RuntimeRule) -> None:
    page.paragraph(Text(rule.name, style="bold"))
    page.paragraph(Text(f"runtime {rule.id}", style="dim"))
    if rule.note:
        page.blank()
        page.paragraph(" ".join(rule.note.split()))
    switches = switch_words(rule.enforce.env if rule.enforce else {})
    if switches:
        page.blank()
        _table(page, {"enforced by": switches})
    _references(page, rule.references)


def _certificate(page: Page, rule: Certificate, today: date) -> None:
    page.paragraph(Text(certificate_words(rule), style="bold"))
    page.paragraph(Text(f"certificate {rule.id}, {rule.standard} level {rule.level}", style="dim"))
    page.blank()
    _table(
        page,
        {
            f"on {today}": status_on(rule, today).value,
            "validated": str(rule.validated or ""),
            "sunset": f"{rule.sunset or ''}{' (interim)' if rule.interim else ''}",
            "covers": [cover_words(each) for each in rule.covers],
            "caveat": rule.caveat,
            "note": rule.note,
            "checked": str(rule.checked),
        },
    )
    _references(page, [rule.source])


def _distribution(page: Page, rule: Distribution) -> None:
    page.paragraph(Text(rule.name, style="bold"))
    page.paragraph(Text(f"distribution {rule.id}, in os-release: {', '.join(rule.systems)}", "dim"))
    page.blank()
    _table(page, {"validated": f"{rule.validated}: {rule.sentence}", "checked": str(rule.checked)})
    _references(page, rule.references)


def _table(page: Page, rows: Mapping[str, str | list[str]]) -> None:
    for label, value in rows.items():
        lines = [value] if isinstance(value, str) else value
        lines = [" ".join(line.split()) for line in lines if line.strip()]
        if lines:
            page.labeled(Text(label, style="dim"), lines, indent=2, at=2 + _AT + 2)


def _references(page: Page, references: Sequence[str]) -> None:
    if references:
        page.heading("References")
        for each in references:
            page.line(Text(each), indent=2)
