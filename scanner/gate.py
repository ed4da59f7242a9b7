"""Decides whether a report passes the gate of a pipeline, and with which exit code.

Looks at nothing but the report; never exits itself.
"""

from __future__ import annotations

from collections.abc import Container, Sequence

from scanner.model import (
    Activation,
    Batch,
    Finding,
    Gap,
    GateResult,
    GateRules,
    Report,
    ValidationStatus,
    Verdict,
    VerdictKind,
    WaiverResult,
    WaiverState,
)

PASSED = 0
FAILED = 1
USAGE = 2
UNDETERMINED = 3

_IDS = 5
"""Findings named in a reason."""

_BEST_FIRST = (
    VerdictKind.NO_CRYPTO,
    VerdictKind.READY,
    VerdictKind.CONDITIONAL,
    VerdictKind.UNDETERMINED,
    VerdictKind.NOT_READY,
)


def gate(
    report: Report,
    rules: GateRules,
    accepted: Verdict | None = None,
    *,
    waivers: Sequence[WaiverResult] = (),
    excused: Container[str] = (),
    baseline: str = "",
) -> GateResult:
    """Put `report` to the gate.

    What is known to fail decides first: it need not be looked at further. An undetermined verdict
    never passes, unless all that was left open is what the user asked to leave open (`--static`);
    nor does a conditional one of an image that could not be looked at in full.

    Args:
        accepted: verdict and score without what was waived; None where nothing was.
        waivers: those that are meant for this image. One that has expired fails.
        excused: programs whose uses of cryptography were waived.
        baseline: the name of an earlier report, where what it has too is marked.
    """
    verdict = accepted or report.verdict
    reasons = [_expired(each) for each in waivers if each.state is WaiverState.EXPIRED]
    found = [each.id for each in report.findings if counts(each, rules)]
    if found:
        since = f", new or worse since {baseline}" if baseline else ""
        reasons.append(f"{_count(found)} at or above {rules.fail_on}{since}: {_names(found)}")
    if rules.min_score is not None and verdict.score < rules.min_score:
        which = "the score" if verdict == report.verdict else "the accepted score"
        reasons.append(f"{which} is {verdict.score}, below {rules.min_score}")
    is_open = verdict.kind is VerdictKind.UNDETERMINED
    if rules.verdict and not is_open and worse(verdict.kind, rules.verdict):
        reasons.append(f"the verdict is {verdict.kind}, not {rules.verdict} or better")
    if reasons:
        return GateResult(False, FAILED, tuple(reasons))
    if is_open and (rules.verdict or not _open_on_request(report, excused)):
        return GateResult(False, UNDETERMINED, (f"could not be determined: {_why(verdict)}",))
    if verdict.kind is VerdictKind.CONDITIONAL and (gaps := _unasked(report)):
        # One finding more must not let pass what would be undetermined without it.
        return GateResult(False, UNDETERMINED, (f"could not be determined: {_told(gaps)}",))
    return GateResult(True, PASSED)


def counts(finding: Finding, rules: GateRules) -> bool:
    """Whether `finding` alone keeps a report from passing."""
    return (
        not finding.ignored_by
        and finding.question in rules.questions
        and rules.fail_on is not None
        and finding.severity.rank <= rules.fail_on.rank
    )


def worse(kind: VerdictKind, limit: VerdictKind) -> bool:
    """Whether a verdict is worse than `limit`."""
    return _BEST_FIRST.index(kind) > _BEST_FIRST.index(limit)


def exit_code(batch: Batch) -> int:
    """The exit code of a call: the only image's, or the worst of several.

    One that fails decides, as more could not make it pass; what could not be scanned is open.
    """
    codes = [each.policy.gate.exit_code if each.policy else PASSED for each in batch.reports]
    codes += [UNDETERMINED for _ in batch.failures]
    return FAILED if FAILED in codes else max(codes, default=PASSED)


def _expired(result: WaiverResult) -> str:
    waiver = result.waiver
    where = f" (line {waiver.line})" if waiver.line else ""
    return (
        f"the waiver of {waiver.rule} for {waiver.pattern} expired on {waiver.expires}: "
        f"{waiver.owner} renews it or removes it{where}"
    )


def _unasked(report: Report) -> tuple[Gap, ...]:
    """What could not be looked at, though nobody wanted to leave it out, nor accepted that."""
    return tuple(
        gap for gap in report.gaps if gap.caps and not gap.requested and not gap.ignored_because
    )


def _told(gaps: Sequence[Gap]) -> str:
    shown = [f"{gap.subject}: {gap.reason}" if gap.subject else gap.reason for gap in gaps[:2]]
    return "; ".join(shown)


def _open_on_request(report: Report, excused: Container[str]) -> bool:
    """Whether only what the user did not want to be looked at keeps the verdict open."""
    gaps = [gap for gap in report.gaps if not gap.ignored_because]
    asked = any(gap.requested for gap in gaps)
    unasked = any(gap.caps and not gap.requested for gap in gaps)
    unknown = any(
        each.verdict is VerdictKind.UNDETERMINED and not each.ignored_by for each in report.findings
    )
    unproven = any(
        use.role == "workload"
        and use.consumer not in excused
        and (
            use.validation.status is not ValidationStatus.ACTIVE
            or use.activation not in (Activation.ON, Activation.HOST)
        )
        for use in report.uses
    )
    return asked and not (unasked or unknown or unproven)


def _why(verdict: Verdict) -> str:
    return "; ".join(verdict.reasons[:2]) or "no reason is known"


def _count(found: list[str]) -> str:
    return "1 finding" if len(found) == 1 else f"{len(found)} findings"


def _names(found: list[str]) -> str:
    more = len(found) - _IDS
    names = ", ".join(sorted(found)[:_IDS])
    return f"{names} and {more} more" if more > 0 else names
