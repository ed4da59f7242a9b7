"""How findings, uses and gaps become a verdict and a score."""

from __future__ import annotations

from dataclasses import replace

import pytest

from scanner.model import (
    Activation,
    ConditionResult,
    Confidence,
    CryptoUse,
    Finding,
    Gap,
    GapKind,
    Module,
    Question,
    Severity,
    UseKind,
    Validation,
    ValidationStatus,
    Verdict,
    VerdictKind,
)
from scanner.rulebook import RuleBook
from scanner.verdict import weigh

SCORING = RuleBook.load().scoring
RAN = (ConditionResult("baseline", True), ConditionResult("enforced", True))
PROVEN = CryptoUse(
    "/app",
    UseKind.BUILTIN,
    Module("go-fips140", "Go Cryptographic Module", "v1.0.0", "/app"),
    validation=Validation(ValidationStatus.ACTIVE, 5247),
    activation=Activation.ON,
)


def finding(
    verdict: VerdictKind | None, severity: Severity = Severity.HIGH, name: str = "some-rule"
) -> Finding:
    return Finding(
        name,
        Question.VALIDATION,
        severity,
        Confidence.HIGH,
        f"title of {name}",
        ("/app",),
        "why",
        "fix",
        verdict=verdict,
    )


def verdict(
    *findings: Finding,
    uses: tuple[CryptoUse, ...] = (PROVEN,),
    gaps: tuple[Gap, ...] = (),
    ran: tuple[ConditionResult, ...] = RAN,
) -> Verdict:
    return weigh(findings, uses, gaps, ran, SCORING)


def test_ready_needs_proof_a_run_and_no_gap() -> None:
    assert verdict().kind is VerdictKind.READY
    assert verdict().score == 100


@pytest.mark.parametrize("kind", [GapKind.TOO_LARGE, GapKind.NOT_RUN, GapKind.NOTHING_OBSERVED])
def test_what_could_not_be_looked_at_is_never_ready(kind: GapKind) -> None:
    answer = verdict(gaps=(Gap(kind, "/x", "could not look"),))
    assert answer.kind is VerdictKind.UNDETERMINED
    assert "/x: could not look" in answer.reasons


def test_a_gap_that_caps_nothing_is_only_reported() -> None:
    assert verdict(gaps=(Gap(GapKind.TOO_LARGE, "/x", "y", caps=False),)).kind is VerdictKind.READY


def test_the_worst_finding_decides_whatever_the_gaps() -> None:
    answer = verdict(
        finding(VerdictKind.CONDITIONAL, name="mild"),
        finding(VerdictKind.NOT_READY, name="bad"),
        gaps=(Gap(GapKind.NOT_RUN, "image", "static"),),
    )
    assert answer.kind is VerdictKind.NOT_READY
    assert answer.reasons == ("title of bad",)


def test_undetermined_is_worse_than_conditional() -> None:
    answer = verdict(finding(VerdictKind.CONDITIONAL), finding(VerdictKind.UNDETERMINED))
    assert answer.kind is VerdictKind.UNDETERMINED


def test_findings_that_leave_the_verdict_open_cost_points_only() -> None:
    answer = verdict(finding(None, Severity.MEDIUM))
    assert answer.kind is VerdictKind.READY
    assert answer.score < 100


def test_a_finding_that_the_gate_ignores_counts_all_the_same() -> None:
    waived = replace(finding(VerdictKind.NOT_READY), ignored_by="waiver")
    assert verdict(waived) == verdict(finding(VerdictKind.NOT_READY))


def test_programs_that_were_accepted_need_no_proof_and_others_still_do() -> None:
    off = replace(PROVEN, activation=Activation.OFF)
    other = replace(off, consumer="/other")

    def weighed(*uses: CryptoUse, excused: tuple[str, ...]) -> Verdict:
        return weigh((), uses, (), RAN, SCORING, excused)

    assert weighed(off, excused=()).kind is VerdictKind.UNDETERMINED
    assert weighed(off, excused=("/app",)) == verdict()
    assert weighed(off, other, excused=("/app",)).kind is VerdictKind.UNDETERMINED
    # Accepting every use does not make them go away.
    assert weighed(off, excused=("/app",)).kind is not VerdictKind.NO_CRYPTO


def test_no_crypto_needs_no_run_but_needs_all_files() -> None:
    static = (Gap(GapKind.NOT_RUN, "image", "static", requested=True),)
    answer = verdict(uses=(), gaps=static, ran=())
    assert (answer.kind, answer.score) == (VerdictKind.NO_CRYPTO, 100)
    unread = (Gap(GapKind.PACKED, "/bin/x", "packed with UPX"),)
    assert verdict(uses=(), gaps=unread, ran=()).kind is VerdictKind.UNDETERMINED


@pytest.mark.parametrize(
    "use",
    [
        replace(PROVEN, validation=Validation(ValidationStatus.NONE)),
        replace(PROVEN, activation=Activation.OFF),
        replace(PROVEN, activation=Activation.UNKNOWN),
    ],
)
def test_a_use_that_no_rule_judges_is_not_ready_by_default(use: CryptoUse) -> None:
    assert verdict(uses=(PROVEN, use)).kind is VerdictKind.UNDETERMINED


def test_every_point_lost_has_its_cause() -> None:
    answer = verdict(
        finding(VerdictKind.NOT_READY, Severity.CRITICAL, "worst"),
        finding(VerdictKind.NOT_READY, Severity.HIGH, "nothing-left-to-lose"),
        gaps=(Gap(GapKind.TOO_LARGE, "/x", "y"),),
        ran=(),
    )
    assert answer.score == 100 - round(sum(each.points for each in answer.points_lost))
    causes = {each.cause for each in answer.points_lost}
    assert causes == {"worst", "gap:not-run", "gap:too-large", "verdict:not-ready"}
    assert answer.scores[Question.VALIDATION] == 0
    assert answer.scores[Question.COMPATIBILITY] is None


def test_the_score_never_contradicts_the_verdict() -> None:
    kinds = (VerdictKind.NOT_READY, VerdictKind.UNDETERMINED, VerdictKind.CONDITIONAL)
    scores = [verdict(finding(kind, Severity.INFO)).score for kind in kinds]
    assert scores == [49, 69, 89]
    assert verdict().score == 100


def test_a_mode_that_is_off_earns_nothing() -> None:
    off = replace(PROVEN, consumer="/b", activation=Activation.OFF)
    half = verdict(finding(VerdictKind.NOT_READY), uses=(PROVEN, off))
    assert half.scores[Question.ACTIVATION] == 50
    tool = replace(off, role="tool")
    assert verdict(uses=(PROVEN, tool)).scores[Question.ACTIVATION] == 100


def test_a_run_that_restricted_nothing_earns_half_of_compatibility_at_most() -> None:
    gap = Gap(GapKind.NO_PROVIDER, "enforced", "OpenSSL 3 was not restricted")
    answer = verdict(gaps=(gap,))
    assert answer.scores[Question.COMPATIBILITY] == 50
    assert [each.cause for each in answer.points_lost if each.question] == ["gap:no-provider"]
    harmless = replace(gap, caps=False)
    assert verdict(gaps=(harmless,)).scores[Question.COMPATIBILITY] == 100
    # What a break has cost already is not taken twice.
    broken = replace(finding(VerdictKind.NOT_READY), question=Question.COMPATIBILITY)
    both = verdict(broken, gaps=(gap,)).scores[Question.COMPATIBILITY]
    assert both == verdict(broken).scores[Question.COMPATIBILITY]
