"""What an image is called, and how its report fares at the gate, for formats that show both.

Judges nothing: where no policy was applied, the default gate answers.
"""

from __future__ import annotations

from collections.abc import Sequence

from scanner.gate import FAILED, UNDETERMINED, counts, gate
from scanner.model import Finding, GateRules, PolicyResult, Question, Report
from scanner.model.image import split_source


def repository(reference: str) -> str:
    """The image's name without source, tag and digest: the same for every build of it."""
    source, name = split_source(reference)
    if source == "dir":
        return name
    name = name.partition("@")[0]
    head, colon, tag = name.rpartition(":")
    return head if colon and head and "/" not in tag else name


def names_apart(reports: Sequence[Report]) -> list[str]:
    """A name for each image that no other has: without its tag, unless there are two tags."""
    names = [repository(each.image.reference) for each in reports]
    for longer in (
        [each.image.reference.partition("@")[0] for each in reports],
        [f"{each.image.reference}/{each.image.platform or 'unknown'}" for each in reports],
    ):
        names = [
            name if names.count(name) == 1 else more
            for name, more in zip(names, longer, strict=True)
        ]
    return [
        name if names.count(name) == 1 else f"{name}/{names[:at].count(name) + 1}"
        for at, name in enumerate(names)
    ]


def policy_result(report: Report) -> PolicyResult:
    """What the policy made of `report`, or the default gate where none was applied."""
    if report.policy is not None:
        return report.policy
    verdict = report.verdict
    return PolicyResult("", verdict.kind, verdict.score, gate(report, GateRules()))


def failing(report: Report) -> list[Finding]:
    """The findings that the gate counts, in the report's order."""
    rules = policy_result(report).gate_rules
    return [each for each in report.findings if counts(each, rules)]


def gate_word(result: PolicyResult) -> str:
    """The gate's answer in a few words."""
    if result.gate.passed:
        return "passed"
    return {FAILED: "failed", UNDETERMINED: "could not be determined"}.get(
        result.gate.exit_code, "failed"
    )


def gate_asks(rules: GateRules) -> str:
    """What the gate asks, in one phrase."""
    asks = []
    if rules.fail_on is not None:
        asks.append(f"no finding at or above {rules.fail_on}")
    if rules.min_score is not None:
        asks.append(f"a score of {rules.min_score} or more")
    if rules.verdict is not None:
        asks.append(f"{rules.verdict} or better")
    if rules.fail_on is not None and len(rules.questions) < len(Question):
        asks[0] += f" on {', '.join(rules.questions)}"
    return " and ".join(asks) or "nothing but a scan that could look"
