"""Applies a policy to a report: overrides, waivers, a baseline, and then the gate.

Findings stay where they are and are marked. Judges nothing anew, and reads no clock.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence, Set
from dataclasses import dataclass, replace
from datetime import date
from typing import Literal

from scanner.gate import gate
from scanner.model import (
    Finding,
    Gap,
    Policy,
    PolicyResult,
    Question,
    Report,
    ValidationStatus,
    Verdict,
    Waiver,
    WaiverResult,
    WaiverState,
)
from scanner.policy.places import Places, means_image, place_of, waives_gap
from scanner.rulebook import Scoring
from scanner.verdict import weigh

__all__ = ["Baseline", "apply_policy", "place_of", "unmatched", "without_policy"]


@dataclass(frozen=True, slots=True)
class Baseline:
    """What an earlier scan found already."""

    name: str
    """For people: the file, with the day of the scan."""
    findings: frozenset[tuple[str, str]] = frozenset()
    """Rule and place, without a line number."""
    gaps: frozenset[Gap] = frozenset()
    """Those of the new report that leave no more open than they did."""
    programs: frozenset[str] = frozenset()
    """Programs whose uses of cryptography were as they are, or worse."""


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
    reference = report.image.reference
    meant = [each for each in policy.waivers if means_image(each, reference)]
    holding = [each for each in meant if each.expires >= today]
    overrides = {each.rule: each for each in policy.overrides}
    places = Places(report)
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
        findings += _split(finding, holding, baseline, places)
    findings.sort(key=lambda each: (each.severity.rank, each.id, bool(each.ignored_by)))
    gaps = tuple(_marked(gap, holding, baseline) for gap in report.gaps)
    results = _results(meant, report, today, places)
    marked = replace(report, findings=tuple(findings), gaps=gaps)
    excused = _excused(marked) | (baseline.programs if baseline else frozenset())
    accepted = _accepted(marked, scoring, excused)
    name = baseline.name if baseline else ""
    answer = gate(marked, policy.gate, accepted, waivers=results, excused=excused, baseline=name)
    result = PolicyResult(
        source=policy.source,
        accepted=accepted.kind,
        accepted_score=accepted.score,
        gate=answer,
        gate_rules=policy.gate,
        waivers=results,
        baseline=name,
    )
    return replace(marked, target=report.target or policy.target, policy=result)


def without_policy(report: Report) -> Report:
    """`report` as the scanner made it: nothing marked or split, every severity as its rule says."""
    whole: dict[str, Finding] = {}
    for each in report.findings:
        plain = replace(
            each,
            severity=each.rule_severity or each.severity,
            rule_severity=None,
            ignored_by="",
            ignored_because="",
        )
        before = whole.get(each.id)
        if before is not None:
            plain = replace(
                plain,
                locations=tuple(sorted({*before.locations, *plain.locations})),
                evidence=tuple(dict.fromkeys((*before.evidence, *plain.evidence))),
            )
        whole[each.id] = plain
    gaps = tuple(replace(each, ignored_because="") for each in report.gaps)
    return replace(report, findings=tuple(whole.values()), gaps=gaps, policy=None)


def unmatched(reports: Iterable[Report]) -> tuple[Waiver, ...]:
    """Waivers that match in none of `reports`, though they are meant for one of them at least."""
    states: dict[Waiver, set[WaiverState]] = {}
    for report in reports:
        for each in report.policy.waivers if report.policy else ():
            states.setdefault(each.waiver, set()).add(each.state)
    return tuple(waiver for waiver, seen in states.items() if seen == {WaiverState.UNMATCHED})


def _excused(report: Report) -> frozenset[str]:
    """Programs whose uses of cryptography need no proof: somebody accepted what they lack.

    Who accepts that a module is not in approved mode has not accepted that nobody knows whether
    it is validated.
    """
    not_validated = _ignored(report, {Question.MODULE, Question.VALIDATION})
    not_activated = _ignored(report, {Question.ACTIVATION})
    unproven = {
        each.consumer
        for each in report.uses
        if each.validation.status is not ValidationStatus.ACTIVE
    }
    return frozenset(not_validated | (not_activated - unproven))


def _ignored(report: Report, questions: Set[Question]) -> set[str]:
    return {
        place_of(location)
        for finding in report.findings
        if finding.ignored_by and finding.question in questions
        for location in finding.locations
    }


def _accepted(report: Report, scoring: Scoring, excused: frozenset[str]) -> Verdict:
    left = [each for each in report.findings if not each.ignored_by]
    gaps = [each for each in report.gaps if not each.ignored_because]
    everything = len(left) == len(report.findings) and len(gaps) == len(report.gaps)
    # A severity that was changed counts for the gate's own comparison, and for the score.
    if everything and not any(each.rule_severity for each in left):
        return report.verdict
    return weigh(left, report.uses, gaps, report.conditions, scoring, excused)


def _split(
    finding: Finding, waivers: Sequence[Waiver], baseline: Baseline | None, places: Places
) -> Iterator[Finding]:
    """`finding`, or what is left of it, and a marked one for each reason to ignore the rest."""
    groups: dict[tuple[_IgnoredBy, str], list[str]] = {}
    about = [each for each in waivers if each.rule == finding.id]
    for location in finding.locations or ("",):
        accepted_by = places.at(finding, location).waived_by(about) if about else ()
        if accepted_by:
            because = "; ".join(map(_because, accepted_by))
            groups.setdefault(("waiver", because), []).append(location)
        elif baseline and (finding.id, place_of(location)) in baseline.findings:
            groups.setdefault(("baseline", f"known from {baseline.name}"), []).append(location)
        else:
            groups.setdefault(("", ""), []).append(location)
    owners = [(line, _owner(line, finding.locations)) for line in finding.evidence]
    for (by, because), locations in groups.items():
        here = {"", *locations}
        yield replace(
            finding,
            locations=tuple(locations) if finding.locations else (),
            evidence=tuple(line for line, owner in owners if owner in here),
            ignored_by=by,
            ignored_because=because,
        )


def _owner(line: str, locations: Sequence[str]) -> str:
    """The location that a line of evidence is about; `""` where it is about none of them."""
    return max((each for each in locations if each in line), key=len, default="")


def _marked(gap: Gap, waivers: Sequence[Waiver], baseline: Baseline | None) -> Gap:
    if gap.ignored_because:
        return gap
    waiver = next((each for each in waivers if waives_gap(each, gap)), None)
    if waiver is not None:
        return replace(gap, ignored_because=_because(waiver))
    if baseline and gap in baseline.gaps:
        return replace(gap, ignored_because=f"known from {baseline.name}")
    return gap


def _because(waiver: Waiver) -> str:
    return f"accepted until {waiver.expires} by {waiver.owner}: {waiver.reason}"


def _results(
    waivers: Sequence[Waiver], report: Report, today: date, places: Places
) -> tuple[WaiverResult, ...]:
    found = Counter[Waiver]()
    for finding in report.findings:
        about = [each for each in waivers if each.rule == finding.id]
        for location in (finding.locations or ("",)) if about else ():
            place = places.at(finding, location)
            found.update(each for each in about if place.meant_by(each))
    for gap in report.gaps:
        found.update(each for each in waivers if waives_gap(each, gap))
    return tuple(
        WaiverResult(each, _state(each, found[each], today), found[each]) for each in waivers
    )


def _state(waiver: Waiver, found: int, today: date) -> WaiverState:
    if waiver.expires < today:
        return WaiverState.EXPIRED
    return WaiverState.HOLDS if found else WaiverState.UNMATCHED
