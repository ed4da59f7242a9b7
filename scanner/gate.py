"""Decides whether a report passes the gate of a pipeline, and with which exit code.

Looks at nothing but the report; never exits itself.
"""

from __future__ import annotations

from dataclasses import dataclass

from scanner.model import Activation, Report, Severity, ValidationStatus, VerdictKind

PASSED = 0
FAILED = 1
USAGE = 2
UNDETERMINED = 3

_IDS = 5
"""Findings named in a reason."""


@dataclass(frozen=True, slots=True)
class Gate:
    """Whether a report passes, the exit code, and one sentence for each reason not to."""

    passed: bool
    exit_code: int
    reasons: tuple[str, ...] = ()


def gate(report: Report, fail_on: Severity | None, min_score: int | None = None) -> Gate:
    """Put `report` to the gate.

    A finding or the score decides first: what is known to fail need not be looked at further. An
    undetermined verdict never passes, unless all that was left open is what the user asked to
    leave open (`--static`).

    Args:
        fail_on: the mildest severity that fails; None lets every finding pass.
        min_score: the lowest score that passes; None lets every score pass.
    """
    reasons = []
    if fail_on is not None:
        found = [
            each.id
            for each in report.findings
            if not each.ignored_because and each.severity.rank <= fail_on.rank
        ]
        if found:
            reasons.append(f"{_count(found)} at or above {fail_on}: {_names(found)}")
    if min_score is not None and report.verdict.score < min_score:
        reasons.append(f"the score is {report.verdict.score}, below {min_score}")
    if reasons:
        return Gate(False, FAILED, tuple(reasons))
    if report.verdict.kind is VerdictKind.UNDETERMINED and not _open_on_request(report):
        return Gate(False, UNDETERMINED, (f"could not be determined: {_why(report)}",))
    return Gate(True, PASSED)


def _open_on_request(report: Report) -> bool:
    """Whether only what the user did not want to be looked at keeps the verdict open."""
    asked = any(gap.requested for gap in report.gaps)
    unasked = any(gap.caps and not gap.requested for gap in report.gaps)
    unknown = any(
        each.verdict is VerdictKind.UNDETERMINED and not each.ignored_because
        for each in report.findings
    )
    unproven = any(
        use.role == "workload"
        and (
            use.validation.status is not ValidationStatus.ACTIVE
            or use.activation not in (Activation.ON, Activation.HOST)
        )
        for use in report.uses
    )
    return asked and not (unasked or unknown or unproven)


def _why(report: Report) -> str:
    return "; ".join(report.verdict.reasons[:2]) or "no reason is known"


def _count(found: list[str]) -> str:
    return "1 finding" if len(found) == 1 else f"{len(found)} findings"


def _names(found: list[str]) -> str:
    more = len(found) - _IDS
    names = ", ".join(sorted(found)[:_IDS])
    return f"{names} and {more} more" if more > 0 else names
