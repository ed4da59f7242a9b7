"""Writes a report as JUnit XML, which Jenkins, GitLab and Azure Pipelines show as tests.

A suite for each image; a case for each finding, and for what the gate asks besides. Names of cases
are the same for every build of an image, so that CI systems can tell what is new.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Literal
from xml.etree.ElementTree import Element, SubElement, indent, tostring

from scanner.gate import FAILED, UNDETERMINED, counts, worse
from scanner.model import (
    Batch,
    Failure,
    Finding,
    Gap,
    PolicyResult,
    Report,
    VerdictKind,
    WaiverState,
)
from scanner.report.escape import visible
from scanner.report.look import Look
from scanner.report.order import ordered_findings
from scanner.report.page import counted, shared
from scanner.report.views.images import (
    gate_asks,
    gate_word,
    names_apart,
    policy_result,
    repository,
)
from scanner.report.views.places import place_words, places
from scanner.report.views.prose import blocks

_PLACES = 20
_SUBJECTS = 20
_LONGEST = 1000


@dataclass(frozen=True, slots=True)
class _Case:
    group: str
    name: str
    outcome: Literal["passed", "failure", "error", "skipped"] = "passed"
    message: str = ""
    kind: str = ""
    text: str = ""


def render(report: Report, look: Look | None = None) -> str:  # noqa: ARG001
    """`report` as JUnit XML. `look` changes nothing."""
    return _document([_suite(report, repository(report.image.reference))])


def render_many(batch: Batch, look: Look | None = None) -> str:  # noqa: ARG001
    """`batch` as JUnit XML, a suite for each image. `look` changes nothing."""
    names = names_apart(batch.reports)
    suites = [_suite(each, name) for each, name in zip(batch.reports, names, strict=True)]
    return _document([*suites, *map(_failed_suite, batch.failures)])


def _document(suites: Sequence[Element]) -> str:
    root = Element("testsuites", name="fips-scanner")
    for name in ("tests", "failures", "errors"):
        root.set(name, str(sum(int(each.get(name, "0")) for each in suites)))
    root.extend(suites)
    indent(root, " ")
    text = tostring(root, encoding="unicode")
    return f'<?xml version="1.0" encoding="UTF-8"?>\n{text}\n'


def _suite(report: Report, name: str) -> Element:
    result = policy_result(report)
    cases = [
        *_findings(report, result),
        *_gate_rules(result),
        *_waivers(result),
        *_gaps(report),
        _gate(result),
    ]
    image, verdict = report.image, report.verdict
    properties = {
        "image": image.reference,
        "digest": image.digest,
        "platform": image.platform,
        "os": image.os,
        "asked_by": "; ".join(image.asked_by),
        "verdict": verdict.kind.value,
        "score": str(verdict.score),
        "accepted_verdict": result.accepted.value,
        "accepted_score": str(result.accepted_score),
        "gate": gate_word(result),
        "target": report.target,
        "policy": result.source,
        "scanner": report.scanner_version,
        "rules": report.rules_digest,
    }
    suite = _element(image.reference, name, cases, properties)
    suite.set("timestamp", f"{report.date.isoformat()}T00:00:00")
    return suite


def _failed_suite(failure: Failure) -> Element:
    name = repository(failure.reference)
    message = visible(failure.error, _LONGEST)
    case = _Case("gate", "can be scanned", "error", message, f"exit code {failure.exit_code}")
    properties = {
        "image": failure.reference,
        "platform": failure.platform,
        "asked_by": "; ".join(failure.asked_by),
    }
    return _element(failure.reference, name, [case], properties)


def _element(title: str, name: str, cases: Sequence[_Case], properties: dict[str, str]) -> Element:
    suite = Element("testsuite", name=visible(title) or "image", tests=str(len(cases)))
    for attribute, outcome in (
        ("failures", "failure"),
        ("errors", "error"),
        ("skipped", "skipped"),
    ):
        suite.set(attribute, str(sum(each.outcome == outcome for each in cases)))
    told = SubElement(suite, "properties")
    for key, value in properties.items():
        if value:
            SubElement(told, "property", name=key, value=visible(value))
    for case in cases:
        # Jenkins takes what follows the last dot for the class, and the rest for its package.
        group = f"{visible(name) or 'image'}.{case.group}"
        element = SubElement(suite, "testcase", classname=group, name=case.name)
        if case.outcome != "passed":
            found = SubElement(element, case.outcome, message=case.message)
            if case.kind:
                found.set("type", case.kind)
            found.text = case.text or None
        elif case.text:
            SubElement(element, "system-out").text = case.text
    return suite


def _findings(report: Report, result: PolicyResult) -> list[_Case]:
    cases = []
    seen: dict[str, int] = {}
    for finding in ordered_findings(report.findings):
        name = f"{visible(finding.id)}: {visible(finding.title)}"
        if finding.ignored_by:
            name += f" ({finding.ignored_by})"
        seen[name] = seen.get(name, 0) + 1
        if seen[name] > 1:
            name += f" #{seen[name]}"
        kind, text = finding.severity.value, _text(report, finding)
        if finding.ignored_by:
            because = visible(finding.ignored_because, _LONGEST)
            case = _Case(finding.question, name, "skipped", because, kind, text)
        elif counts(finding, result.gate_rules):
            message = f"{kind}: {visible(finding.title)}"
            case = _Case(finding.question, name, "failure", message, kind, text)
        else:
            text = f"{kind}, which the gate lets pass\n\n{text}"
            case = _Case(finding.question, name, text=text)
        cases.append(case)
    return cases


def _text(report: Report, finding: Finding) -> str:
    lines = ["Where:"]
    shown, more = shared(places(report, finding), _PLACES)
    for place in shown:
        words = visible(place_words(place))
        seen = "; ".join(visible(each.partition("; ")[0]) for each in place.seen[:2])
        lines.append(f"  {words}  {seen}" if seen else f"  {words}")
    if more:
        lines.append(f"  and {more} more")
    for label, text in (("Why:", finding.why), ("What to do:", finding.fix)):
        lines += ["", label]
        for is_code, block in blocks(text):
            lines += [f"      {line}" if is_code else f"  {line}" for line in block]
    lines += ["", f"More: fips-scanner explain {visible(finding.id)}"]
    return "\n".join(lines)


def _gate_rules(result: PolicyResult) -> list[_Case]:
    """What the gate asks besides findings: a score, a verdict."""
    rules, cases = result.gate_rules, []
    if rules.min_score is not None:
        name, score = "the score is high enough", result.accepted_score
        if score < rules.min_score:
            message = f"the score is {score}, below {rules.min_score}"
            cases.append(_Case("gate", name, "failure", message, "score"))
        else:
            cases.append(_Case("gate", name, text=f"{score}, asked for: {rules.min_score}"))
    if rules.verdict is not None:
        name, asked = "the verdict is good enough", f"{rules.verdict} or better"
        if result.gate.exit_code == UNDETERMINED and result.accepted is VerdictKind.UNDETERMINED:
            message = f"the verdict is {result.accepted}, asked for: {asked}"
            cases.append(_Case("gate", name, "error", message, "verdict"))
        elif worse(result.accepted, rules.verdict):
            message = f"the verdict is {result.accepted}, not {asked}"
            cases.append(_Case("gate", name, "failure", message, "verdict"))
        else:
            cases.append(_Case("gate", name, text=f"{result.accepted}, asked for: {asked}"))
    return cases


def _waivers(result: PolicyResult) -> list[_Case]:
    cases = []
    seen: set[str] = set()
    for each in result.waivers:
        waiver = each.waiver
        name = f"waiver of {visible(waiver.rule)} for {visible(waiver.pattern)}"
        while name in seen:
            name += " (again)"
        seen.add(name)
        text = (
            f"by {visible(waiver.owner)} until {waiver.expires}, "
            f"{counted(each.matches, 'place')}: {visible(waiver.reason, _LONGEST)}"
        )
        if each.state is WaiverState.EXPIRED:
            message = f"expired on {waiver.expires}; {visible(waiver.owner)} renews or removes it"
            cases.append(_Case("waivers", name, "failure", message, "waiver", text))
        elif each.state is WaiverState.UNMATCHED:
            cases.append(_Case("waivers", name, text=f"it matches nothing: remove it\n\n{text}"))
        else:
            cases.append(_Case("waivers", name, text=text))
    return cases


def _gaps(report: Report) -> list[_Case]:
    """What was not looked at, and keeps the verdict from being better: a case for each kind."""
    kinds: dict[str, list[Gap]] = {}
    for gap in report.gaps:
        if gap.caps:
            kinds.setdefault(gap.kind.value, []).append(gap)
    return [_gap(kind, found) for kind, found in sorted(kinds.items())]


def _gap(kind: str, found: Iterable[Gap]) -> _Case:
    ordered = sorted(found, key=lambda gap: (gap.subject, gap.reason))
    shown, more = shared(ordered, _SUBJECTS)
    lines = []
    for gap in shown:
        line = visible(f"{gap.subject}: {gap.reason}" if gap.subject else gap.reason, _LONGEST)
        lines.append(line)
        if gap.ignored_because:
            lines.append(f"  set aside: {visible(gap.ignored_because, _LONGEST)}")
    if more:
        lines.append(f"and {more} more")
    message = visible(ordered[0].reason, _LONGEST)
    return _Case("gaps", f"not looked at: {kind}", "skipped", message, "gap", "\n".join(lines))


def _gate(result: PolicyResult) -> _Case:
    """The gate's answer as a whole: the one case that every image has."""
    name = "passes the gate"
    reasons = [visible(each, _LONGEST) for each in result.gate.reasons]
    if result.gate.passed:
        return _Case("gate", name, text=f"asked for: {gate_asks(result.gate_rules)}")
    failed = result.gate.exit_code == FAILED
    kind = f"exit code {result.gate.exit_code}"
    message = "; ".join(reasons) or "no reason is known"
    outcome: Literal["failure", "error"] = "failure" if failed else "error"
    return _Case("gate", name, outcome, message, kind, "\n".join(reasons))
