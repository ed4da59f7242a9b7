from dataclasses import replace

import pytest

from scanner.gate import FAILED, PASSED, UNDETERMINED, gate
from scanner.model import Gap, GapKind, GateRules, Report, Severity, ValidationStatus, VerdictKind
from tests.unit.report.nginx import NOT_READY_NGINX
from tests.unit.report.reports import ALL, READY_GO

STATIC = Gap(GapKind.NOT_RUN, "x", "inspected only", requested=True)


@pytest.mark.parametrize(
    ("name", "fail_on", "min_score", "code"),
    [
        ("ready-go", Severity.LOW, 100, PASSED),
        ("ready-go", Severity.INFO, None, PASSED),
        ("not-ready-nginx", Severity.CRITICAL, None, FAILED),
        ("not-ready-nginx", Severity.HIGH, None, FAILED),
        ("not-ready-nginx", None, None, PASSED),
        ("not-ready-nginx", None, 31, PASSED),
        ("not-ready-nginx", None, 32, FAILED),
        ("conditional-breaks", Severity.HIGH, None, PASSED),
        ("conditional-breaks", Severity.MEDIUM, None, FAILED),
        ("undetermined-no-engine", Severity.HIGH, None, UNDETERMINED),
        ("undetermined-no-engine", None, None, UNDETERMINED),
        ("undetermined-no-engine", Severity.HIGH, 90, FAILED),
        ("no-crypto-static", Severity.LOW, None, PASSED),
    ],
)
def test_exit_codes(name: str, fail_on: Severity | None, min_score: int | None, code: int) -> None:
    answer = gate(ALL[name], GateRules(fail_on, min_score))
    assert answer.exit_code == code
    assert answer.passed == (code == PASSED) == (not answer.reasons)


def test_reasons_name_the_findings_and_the_score() -> None:
    answer = gate(NOT_READY_NGINX, GateRules(Severity.LOW, 50))
    assert answer.reasons == (
        "3 findings at or above low: openssl-provider-missing, run-leaks-when-enforced, "
        "tool-uses-unvalidated-crypto",
        "the score is 31, below 50",
    )


def test_a_finding_that_was_set_aside_does_not_fail() -> None:
    only = next(each for each in NOT_READY_NGINX.findings if each.ignored_by)
    report = replace(NOT_READY_NGINX, findings=(replace(only, severity=Severity.CRITICAL),))
    assert gate(report, GateRules(Severity.LOW)).passed


def undetermined(**changes: object) -> Report:
    verdict = replace(READY_GO.verdict, kind=VerdictKind.UNDETERMINED)
    return replace(READY_GO, verdict=verdict, **changes)  # type: ignore[arg-type]


def test_what_the_user_left_open_passes() -> None:
    assert gate(undetermined(gaps=(STATIC,)), GateRules(Severity.HIGH)).exit_code == PASSED


def test_a_second_gap_that_nobody_asked_for_does_not_pass() -> None:
    too_large = Gap(GapKind.TOO_LARGE, "/a", "too large")
    assert (
        gate(undetermined(gaps=(STATIC, too_large)), GateRules(Severity.HIGH)).exit_code
        == UNDETERMINED
    )
    harmless = replace(too_large, caps=False)
    assert gate(undetermined(gaps=(STATIC, harmless)), GateRules(Severity.HIGH)).exit_code == PASSED


def test_a_conditional_image_passes_only_as_far_as_it_was_looked_at() -> None:
    engine = Gap(GapKind.NO_ENGINE, "image", "no engine")
    asked = GateRules(Severity.HIGH, verdict=VerdictKind.CONDITIONAL)
    verdict = replace(READY_GO.verdict, kind=VerdictKind.CONDITIONAL)

    def answer(*gaps: Gap) -> int:
        return gate(replace(READY_GO, verdict=verdict, gaps=gaps), asked).exit_code

    assert answer() == answer(STATIC) == PASSED
    assert answer(engine) == answer(STATIC, engine) == UNDETERMINED
    assert answer(replace(engine, caps=False)) == PASSED
    assert answer(replace(engine, ignored_because="accepted")) == PASSED


def test_a_finding_that_leaves_the_verdict_open_does_not_pass() -> None:
    finding = replace(
        NOT_READY_NGINX.findings[0], severity=Severity.LOW, verdict=VerdictKind.UNDETERMINED
    )
    report = undetermined(gaps=(STATIC,), findings=(finding,))
    assert gate(report, GateRules(Severity.HIGH)).exit_code == UNDETERMINED
    aside = replace(finding, ignored_by="waiver", ignored_because="looked at by hand")
    report = undetermined(gaps=(STATIC,), findings=(aside,))
    assert gate(report, GateRules(Severity.HIGH)).exit_code == PASSED


def test_a_use_that_nothing_proves_does_not_pass() -> None:
    use = READY_GO.uses[0]
    unknown = replace(use, validation=replace(use.validation, status=ValidationStatus.UNKNOWN))
    report = undetermined(gaps=(STATIC,), uses=(unknown,))
    assert gate(report, GateRules(Severity.HIGH)).exit_code == UNDETERMINED
    tool = replace(unknown, role="tool")
    assert (
        gate(undetermined(gaps=(STATIC,), uses=(tool,)), GateRules(Severity.HIGH)).exit_code
        == PASSED
    )
