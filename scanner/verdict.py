"""Turns findings and gaps into the verdict and the score.

Says nothing that no finding, use or gap carries: every reason and every point has its cause.
"""

from __future__ import annotations

from collections.abc import Container, Iterable, Sequence

from scanner.model import (
    Activation,
    ConditionResult,
    CryptoUse,
    Finding,
    Gap,
    GapKind,
    PointsLost,
    Question,
    ValidationStatus,
    Verdict,
    VerdictKind,
)
from scanner.rulebook import Scoring

_BEST_FIRST = (
    VerdictKind.READY,
    VerdictKind.CONDITIONAL,
    VerdictKind.UNDETERMINED,
    VerdictKind.NOT_READY,
)

RUN_GAPS = frozenset(
    {
        GapKind.NOT_RUN,
        GapKind.NO_ENGINE,
        GapKind.NOTHING_OBSERVED,
        GapKind.NO_PROVIDER,
        GapKind.NOT_VERIFIED,
        GapKind.INTERRUPTED,
    }
)
"""Gaps of the simulated run. An image in which no file holds crypto has none to run."""


_UNTRIED = frozenset({GapKind.NO_PROVIDER, GapKind.NOTHING_OBSERVED})
"""Gaps of a run that tried less than it was to try: it earns half at most."""


def weigh(
    findings: Iterable[Finding],
    uses: Sequence[CryptoUse],
    gaps: Sequence[Gap],
    conditions: Sequence[ConditionResult],
    scoring: Scoring,
    excused: Container[str] = (),
) -> Verdict:
    """The verdict and score of an image.

    Uses by the programs `excused` need no proof: somebody accepted what was found of them.

    The verdict is the worst that a finding demands, capped by what could not be looked at: a
    scanner that could not look never says `ready`.
    """
    findings = tuple(findings)
    kind, reasons = _verdict(findings, uses, gaps, excused)
    counted = [use for use in uses if use.consumer not in excused]
    scores, total, lost = _score(kind, findings, counted, gaps, conditions, scoring)
    banded = total * scoring.ceilings.get(kind, 100.0) / 100
    if total - banded > 0.005:
        # A good grade elsewhere must not let an image pass that is not ready; within a verdict
        # the better image still has the better score.
        lost = (*lost, PointsLost(None, round(total - banded, 2), f"verdict:{kind.value}"))
        total = banded
    return Verdict(kind, reasons, round(total), scores, lost)


def _verdict(
    findings: Sequence[Finding],
    uses: Sequence[CryptoUse],
    gaps: Sequence[Gap],
    excused: Container[str],
) -> tuple[VerdictKind, tuple[str, ...]]:
    demanding = [finding for finding in findings if finding.verdict is not None]
    if demanding:
        worst = max(
            (finding.verdict for finding in demanding if finding.verdict is not None),
            key=_BEST_FIRST.index,
        )
        reasons = tuple(finding.title for finding in demanding if finding.verdict is worst)
        capped = _capping(gaps) if worst is VerdictKind.CONDITIONAL else ()
        return worst, reasons + _gap_reasons(capped)
    if not uses:
        capped = tuple(
            gap
            for gap in _capping(gaps)
            # A gap on a file is no gap of the run, whatever its kind.
            if gap.kind not in RUN_GAPS or gap.subject.startswith("/")
        )
        if capped:
            return VerdictKind.UNDETERMINED, _gap_reasons(capped)
        return VerdictKind.NO_CRYPTO, ("no file of the image holds or loads known cryptography",)
    open_uses = tuple(
        use
        for use in uses
        if use.role == "workload" and not _proven(use) and use.consumer not in excused
    )
    if open_uses:
        return VerdictKind.UNDETERMINED, tuple(
            f"{use.consumer}: {use.module.name} is {use.validation.status.value}, "
            f"approved mode {use.activation.value}, and no rule judges that"
            for use in open_uses[:3]
        )
    capped = _capping(gaps)
    if capped:
        return VerdictKind.UNDETERMINED, (
            "nothing was found against it, but not everything was looked at",
            *_gap_reasons(capped),
        )
    return VerdictKind.READY, (
        "every use of cryptography is served by a validated module in approved mode, "
        "and the container ran as before under FIPS conditions",
    )


def _proven(use: CryptoUse) -> bool:
    return use.validation.status is ValidationStatus.ACTIVE and use.activation in (
        Activation.ON,
        Activation.HOST,
    )


def _capping(gaps: Iterable[Gap]) -> tuple[Gap, ...]:
    return tuple(gap for gap in gaps if gap.caps)


def _gap_reasons(gaps: Sequence[Gap], limit: int = 3) -> tuple[str, ...]:
    shown = tuple(f"{gap.subject}: {gap.reason}" for gap in gaps[:limit])
    more = len(gaps) - len(shown)
    return (*shown, f"and {more} more gaps") if more > 0 else shown


def _share_not_in_approved_mode(uses: Sequence[CryptoUse]) -> float:
    workload = [use for use in uses if use.role == "workload"]
    on = sum(use.activation in (Activation.ON, Activation.HOST) for use in workload)
    return 1 - on / len(workload) if workload else 0.0


def _score(
    kind: VerdictKind,
    findings: Sequence[Finding],
    uses: Sequence[CryptoUse],
    gaps: Sequence[Gap],
    conditions: Sequence[ConditionResult],
    scoring: Scoring,
) -> tuple[dict[Question, int | None], float, tuple[PointsLost, ...]]:
    left = {question: float(scoring.weights[question]) for question in Question}
    lost: list[PointsLost] = []

    def take(question: Question, points: float, cause: str) -> None:
        taken = min(left[question], points)
        if taken > 0:
            left[question] -= taken
            lost.append(PointsLost(question, round(taken, 2), cause))

    for finding in findings:
        share = scoring.severity_share[finding.severity]
        take(finding.question, scoring.weights[finding.question] * share, finding.id)
    # Approved mode that is off is no finding of its own where the module is not validated
    # anyway; it earns nothing all the same.
    weight = scoring.weights[Question.ACTIVATION]
    unearned = weight * _share_not_in_approved_mode(uses)
    take(
        Question.ACTIVATION,
        unearned - (weight - left[Question.ACTIVATION]),
        "uses:not-in-approved-mode",
    )
    ran = any(result.ran and result.name != "baseline" for result in conditions)
    if not ran and kind is not VerdictKind.NO_CRYPTO:
        cause = next((gap.kind for gap in gaps if gap.kind in RUN_GAPS), GapKind.NOT_RUN)
        take(Question.COMPATIBILITY, left[Question.COMPATIBILITY], f"gap:{cause.value}")
    for gap in gaps:
        if ran and gap.caps and gap.kind in _UNTRIED:
            # What was not held to approved algorithms was not tried.
            half = scoring.weights[Question.COMPATIBILITY] / 2
            spent = scoring.weights[Question.COMPATIBILITY] - left[Question.COMPATIBILITY]
            take(Question.COMPATIBILITY, half - spent, f"gap:{gap.kind.value}")
        if gap.caps and gap.kind not in RUN_GAPS:
            share = scoring.gap_share
            take(Question.MODULE, scoring.weights[Question.MODULE] * share, f"gap:{gap.kind.value}")
    scores: dict[Question, int | None] = {
        question: round(100 * left[question] / scoring.weights[question]) for question in Question
    }
    if not ran:
        scores[Question.COMPATIBILITY] = None
    return scores, sum(left.values()), tuple(lost)
