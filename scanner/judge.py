"""Turns uses and facts into findings, by the rules and on a given day.

Opens no file, starts nothing and reads no clock: the same facts, rules and day always give
the same findings.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import date
from types import MappingProxyType

from scanner.cmvp import validate
from scanner.environments import on_target
from scanner.facts import fact
from scanner.match import FactBase, Match, evaluate
from scanner.model import CryptoUse, Fact, FactKind, Finding, Validation, ValidationStatus
from scanner.rulebook import CheckRule, RuleBook

MAX_EVIDENCE = 12
"""Lines of evidence kept for a finding; the locations are never cut."""


@dataclass(frozen=True, slots=True)
class Judgment:
    """The uses with their validation on the day, and the findings, worst first."""

    uses: tuple[CryptoUse, ...]
    findings: tuple[Finding, ...]


_HOLDS = (
    ValidationStatus.ACTIVE,
    ValidationStatus.INTERIM_EXPIRED,
    ValidationStatus.UNKNOWN,
)
"""Where the conditions of a certificate matter."""


def judge(
    uses: Iterable[CryptoUse],
    facts: Sequence[Fact],
    rules: RuleBook,
    today: date,
    target: str = "",
) -> Judgment:
    """Ask every check of `rules` about `uses` and `facts`.

    `today` decides which certificates are active; `target` is the id of the one of `rules.targets`
    whose nodes are to run the image.
    """
    assessed = assess(uses, facts, rules, today)
    base = FactBase((*facts, *(_use_there(use, facts, rules, target) for use in assessed)))
    findings = [
        _finding(check, matches)
        for check in rules.checks.values()
        if (matches := evaluate(check, base))
    ]
    findings.sort(key=lambda finding: (finding.severity.rank, finding.id))
    return Judgment(assessed, tuple(findings))


def assess(
    uses: Iterable[CryptoUse], facts: Sequence[Fact], rules: RuleBook, today: date
) -> tuple[CryptoUse, ...]:
    """`uses` with what CMVP says of each module on the day `today`."""
    os_id, os_version = _system(facts)
    return tuple(
        replace(
            use,
            validation=validate(
                use.module, os_id, os_version, rules.certificates, today, rules.distributions
            ),
        )
        if use.validation == Validation(ValidationStatus.UNKNOWN)
        else use
        for use in uses
    )


def _system(facts: Iterable[Fact]) -> tuple[str, str]:
    release = next((each for each in facts if each.kind is FactKind.OS_RELEASE), None)
    return (release.text("id"), release.text("version")) if release else ("", "")


def _use_there(use: CryptoUse, facts: Sequence[Fact], rules: RuleBook, target: str) -> Fact:
    """`use` as a fact, with what its certificate is worth on `target`."""
    made = use_fact(use)
    there = on_target(use, *_system(facts), rules.certificates, rules.targets.get(target))
    if there is None:
        return made
    return replace(
        made,
        attributes=MappingProxyType({**made.attributes, "environment": there.standing.value}),
        evidence=tuple(f"{line}; {there.sentence}" for line in made.evidence),
    )


def use_fact(use: CryptoUse) -> Fact:
    """A use in the form that rules match."""
    return fact(
        FactKind.USE,
        use.consumer,
        module=use.module.id,
        module_version=use.module.version,
        kind=use.kind.value,
        validation=use.validation.status.value,
        standard=use.validation.standard,
        certificate=str(use.validation.certificate or ""),
        caveat=use.validation.caveat,
        activation=use.activation.value,
        role=use.role,
        purpose=use.purpose,
        library=(use.library or use.module).path,
        evidence=(describe(use),),
    )


def describe(use: CryptoUse) -> str:
    """One line that says who uses what and in which state."""
    module = " ".join(part for part in (use.module.name, use.module.version) if part)
    parts = [f"{use.consumer}: {module} ({use.kind.value})"]
    if use.module.path and use.module.path != use.consumer:
        parts.append(f"in {use.module.path}")
    if use.validation.reason:
        parts.append(use.validation.reason)
    if use.validation.caveat and use.validation.status in _HOLDS:
        quoted = f'caveat of #{use.validation.certificate}: "{use.validation.caveat}"'
        parts.append(quoted)
    if use.activation_reason:
        parts.append(use.activation_reason)
    return "; ".join(parts)


def _finding(check: CheckRule, matches: Sequence[Match]) -> Finding:
    locations = tuple(sorted({match.location for match in matches}))
    return Finding(
        id=check.id,
        question=check.question,
        severity=check.severity,
        confidence=check.confidence,
        title=check.title,
        locations=locations,
        why=check.why.strip(),
        fix=check.fix.strip(),
        evidence=_evidence([each for match in matches for each in match.facts]),
        references=tuple(check.references),
        verdict=check.verdict,
    )


def _evidence(facts: Sequence[Fact]) -> tuple[str, ...]:
    """What was seen: of each module at least a line, which shows what the finding is about."""
    lines = dict.fromkeys(line for each in facts for line in each.evidence)
    first: dict[tuple[str, str], str] = {}
    for each in facts:
        if each.kind is FactKind.USE and each.evidence:
            module = (each.text("module"), each.text("module_version"))
            first.setdefault(module, each.evidence[0])
    kept = set(list(dict.fromkeys((*first.values(), *lines)))[:MAX_EVIDENCE])
    return tuple(line for line in lines if line in kept)
