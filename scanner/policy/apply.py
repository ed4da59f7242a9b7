"""Applies a policy to a report: overrides, waivers, a baseline, and then the gate.

Findings stay where they are and are marked. Judges nothing anew, and reads no clock.
"""

from __future__ import annotations

from collections.abc import Container, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import date
from typing import Literal

from scanner.gate import gate
from scanner.model import (
    CryptoUse,
    Finding,
    Gap,
    Policy,
    PolicyResult,
    Question,
    Report,
    Verdict,
    Waiver,
    WaiverResult,
    WaiverState,
)
from scanner.policy.patterns import matches
from scanner.rulebook import Scoring
from scanner.verdict import weigh


@dataclass(frozen=True, slots=True)
class Baseline:
    """What an earlier scan found already."""

    name: str
    """For people: the file, with the day of the scan."""
    findings: frozenset[tuple[str, str]] = frozenset()
    """Rule and place, without a line number."""
    gaps: frozenset[tuple[str, str]] = frozenset()
    """Kind and subject."""


_PROOF = (Question.MODULE, Question.VALIDATION, Question.ACTIVATION)
"""Whoever accepts a finding on one of these needs no proof of it any more."""

_IgnoredBy = Literal["", "waiver", "override", "baseline"]


def apply_policy(
    report: Report,
    policy: Policy,
    *,
    today: date,
    scoring: Scoring,
    baseline: Baseline | None = None,
) -> Report:
    """`report` with its findings and gaps marked by `policy`, and the gate's answer.

    A finding of which only some places are waived becomes two. `today` decides which waivers
    have expired.
    """
    meant = [each for each in policy.waivers if _means_image(each, report)]
    holding = [each for each in meant if each.expires >= today]
    overrides = {each.rule: each for each in policy.overrides}
    names = _names(report.uses)
    findings: list[Finding] = []
    for finding in report.findings:
        if finding.ignored_by:
            findings.append(finding)
            continue
        override = overrides.get(finding.id)
        if override and override.off:
            because = f"switched off: {override.reason}"
            findings.append(replace(finding, ignored_by="override", ignored_because=because))
            continue
        if override and override.severity and override.severity is not finding.severity:
            finding = replace(  # noqa: PLW2901
                finding, severity=override.severity, rule_severity=finding.severity
            )
        findings += _split(finding, holding, baseline, names)
    findings.sort(key=lambda each: (each.severity.rank, each.id, bool(each.ignored_by)))
    gaps = tuple(_marked(gap, holding, baseline) for gap in report.gaps)
    results = tuple(_result(each, report, today, names) for each in meant)
    excused = {
        place_of(each)
        for finding in findings
        if finding.ignored_by and finding.question in _PROOF
        for each in finding.locations
    }
    marked = replace(report, findings=tuple(findings), gaps=gaps, target=policy.target)
    accepted = _accepted(marked, scoring, excused)
    answer = gate(marked, policy.gate, accepted, waivers=results, excused=excused)
    result = PolicyResult(
        source=policy.source,
        accepted=accepted.kind,
        accepted_score=accepted.score,
        gate=answer,
        gate_rules=policy.gate,
        waivers=results,
        baseline=baseline.name if baseline else "",
    )
    return replace(marked, policy=result)


def _accepted(report: Report, scoring: Scoring, excused: Container[str]) -> Verdict:
    left = [each for each in report.findings if not each.ignored_by]
    gaps = [each for each in report.gaps if not each.ignored_because]
    everything = len(left) == len(report.findings) and len(gaps) == len(report.gaps)
    # A severity that was changed counts for the gate's own comparison, and for the score.
    if everything and not any(each.rule_severity for each in left):
        return report.verdict
    return weigh(left, report.uses, gaps, report.conditions, scoring, excused)


def place_of(location: str) -> str:
    """`location` without a line number, which changes from one build to the next."""
    path, colon, line = location.rpartition(":")
    return path if colon and line.isdigit() else location


def _split(
    finding: Finding,
    waivers: Sequence[Waiver],
    baseline: Baseline | None,
    names: dict[str, tuple[str, ...]],
) -> Iterator[Finding]:
    """`finding`, or what is left of it, and a marked one for each reason to ignore the rest."""
    groups: dict[tuple[_IgnoredBy, str], list[str]] = {}
    for location in finding.locations or ("",):
        waiver = _first(waivers, finding.id, location, names)
        if waiver is not None:
            groups.setdefault(("waiver", _because(waiver)), []).append(location)
        elif baseline and (finding.id, place_of(location)) in baseline.findings:
            groups.setdefault(("baseline", f"known from {baseline.name}"), []).append(location)
        else:
            groups.setdefault(("", ""), []).append(location)
    for (by, because), locations in groups.items():
        yield replace(
            finding,
            locations=tuple(each for each in locations if each),
            evidence=_evidence(finding, locations) if len(groups) > 1 else finding.evidence,
            ignored_by=by,
            ignored_because=because,
        )


def _evidence(finding: Finding, locations: Sequence[str]) -> tuple[str, ...]:
    """The lines that are about `locations`, or about no place in particular."""
    others = set(finding.locations) - set(locations)
    return tuple(
        line
        for line in finding.evidence
        if any(each in line for each in locations) or not any(each in line for each in others)
    )


def _first(
    waivers: Iterable[Waiver], rule: str, location: str, names: dict[str, tuple[str, ...]]
) -> Waiver | None:
    return next((each for each in waivers if _waives(each, rule, location, names)), None)


def _waives(waiver: Waiver, rule: str, location: str, names: dict[str, tuple[str, ...]]) -> bool:
    if waiver.rule != rule:
        return False
    place = place_of(location)
    candidates = (location, place, place.partition("!/")[0], *names.get(place, ()))
    return any(matches(waiver.pattern, each) for each in candidates)


def _names(uses: Iterable[CryptoUse]) -> dict[str, tuple[str, ...]]:
    """Path → names of the components that it is, or uses: module ids and packages."""
    found: dict[str, dict[str, None]] = {}
    for use in uses:
        for module in (use.module, use.library):
            if module is None:
                continue
            known = (module.id, module.name, module.package.partition(" ")[0])
            for path in {use.consumer, module.path}:
                found.setdefault(path, {}).update(dict.fromkeys(each for each in known if each))
    return {path: tuple(each) for path, each in found.items()}


def _marked(gap: Gap, waivers: Sequence[Waiver], baseline: Baseline | None) -> Gap:
    waiver = _first(waivers, f"gap:{gap.kind.value}", gap.subject, {})
    if waiver is not None:
        return replace(gap, ignored_because=_because(waiver))
    if baseline and (gap.kind.value, gap.subject) in baseline.gaps:
        return replace(gap, ignored_because=f"known from {baseline.name}")
    return gap


def _because(waiver: Waiver) -> str:
    return f"accepted until {waiver.expires} by {waiver.owner}: {waiver.reason}"


def _means_image(waiver: Waiver, report: Report) -> bool:
    reference = report.image.reference
    scheme, colon, rest = reference.partition(":")
    bare = rest if colon and scheme in _SCHEMES else reference
    pattern = waiver.image
    return pattern == "*" or any(matches(pattern, each) for each in (reference, bare))


_SCHEMES = ("docker", "registry", "oci", "docker-archive", "dir")


def _result(
    waiver: Waiver, report: Report, today: date, names: dict[str, tuple[str, ...]]
) -> WaiverResult:
    found = sum(
        _waives(waiver, finding.id, location, names)
        for finding in report.findings
        for location in finding.locations or ("",)
    ) + sum(_waives(waiver, f"gap:{gap.kind.value}", gap.subject, {}) for gap in report.gaps)
    if waiver.expires < today:
        return WaiverResult(waiver, WaiverState.EXPIRED, found)
    return WaiverResult(waiver, WaiverState.HOLDS if found else WaiverState.UNMATCHED, found)
