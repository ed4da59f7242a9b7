from dataclasses import replace
from datetime import date, timedelta

import pytest

from scanner.model import (
    GateResult,
    GateRules,
    PolicyResult,
    Question,
    Report,
    Severity,
    VerdictKind,
    Waiver,
    WaiverResult,
    WaiverState,
)
from scanner.report import text
from scanner.report.json import render
from scanner.report.look import Look
from scanner.report.sections.policy import SOON, until
from tests.unit.report.gated import WAIVED_POSTGRES
from tests.unit.report.parts import DAY
from tests.unit.report.reports import READY_GO

PASSED = GateResult(True, 0)
WAIVER = Waiver("a-rule", "/a", "because", "us", date(2027, 1, 1), line=3)


def judged(gate: GateResult = PASSED, rules: GateRules | None = None, *waivers: Waiver) -> Report:
    results = tuple(WaiverResult(each, WaiverState.HOLDS, 1) for each in waivers)
    policy = PolicyResult("", VerdictKind.READY, 100, gate, rules or GateRules(), results)
    return replace(READY_GO, policy=policy)


def section(of: Report, title: str, look: Look | None = None) -> str:
    [found] = [
        each for each in text.render(of, look).split("\n\n") if each.startswith(f"{title}  ")
    ]
    return found


def test_nothing_is_shown_where_no_policy_was_applied() -> None:
    shown = text.render(READY_GO)
    assert "\nGate" not in shown
    assert "\nWaivers" not in shown


@pytest.mark.parametrize(
    ("gate", "word"),
    [
        (PASSED, "passes"),
        (GateResult(False, 1, ("why not",)), "does not pass"),
        (GateResult(False, 3, ("open",)), "cannot be decided"),
    ],
)
def test_the_answer_and_why(gate: GateResult, word: str) -> None:
    shown = section(judged(gate), "Gate")
    assert shown.startswith(f"Gate  {word}  asked: nothing at or above high")
    assert [each in shown for each in gate.reasons] == [True] * len(gate.reasons)


@pytest.mark.parametrize(
    ("rules", "says"),
    [
        (GateRules(None), "asked: nothing"),
        (GateRules(Severity.LOW, 70), "nothing at or above low, a score of 70"),
        (
            GateRules(questions=(Question.USAGE, Question.MODULE)),
            "nothing at or above high on usage and module",
        ),
        (GateRules(None, verdict=VerdictKind.READY), "asked: ready or better"),
    ],
)
def test_what_was_asked(rules: GateRules, says: str) -> None:
    assert says in section(judged(rules=rules), "Gate")


@pytest.mark.parametrize(("days", "label"), [(SOON + 1, "in force"), (SOON, "ends soon")])
def test_a_waiver_that_ends_soon_is_told(days: int, label: str) -> None:
    waiver = replace(WAIVER, expires=DAY + timedelta(days))
    assert f"\n  {label} " in section(judged(PASSED, None, waiver), "Waivers")


def test_days_in_words() -> None:
    assert until(DAY, DAY) == f"{DAY}, today"
    assert until(DAY + timedelta(1), DAY).endswith(", in 1 day")
    assert until(DAY - timedelta(2), DAY).endswith(", 2 days ago")


def test_many_waivers_are_cut_unless_asked_for() -> None:
    many = [replace(WAIVER, line=n) for n in range(1, 101)]
    report = judged(PASSED, None, *many)
    assert "and 88 more" in section(report, "Waivers")
    assert "line 100\n" in section(report, "Waivers", Look(verbose=True))


def test_what_a_policy_says_is_shown_as_plain_text() -> None:
    hostile = "\x1b[31m[bold]x\u202e\n"
    waiver = Waiver(hostile, hostile, hostile, hostile, date(2027, 1, 1), hostile, 1)
    report = judged(GateResult(False, 1, (hostile,)), None, waiver)
    assert report.policy is not None
    report = replace(report, policy=replace(report.policy, source=hostile, baseline=hostile))
    shown = text.render(report, Look(verbose=True))
    assert "\x1b" not in shown
    assert "\u202e" not in shown
    assert "[bold]" in shown


def test_findings_that_were_split_have_an_order() -> None:
    first = WAIVED_POSTGRES.findings[3]
    other = replace(first, locations=("/other",))
    reports = [replace(WAIVED_POSTGRES, findings=each) for each in ((first, other), (other, first))]
    assert render(reports[0]) == render(reports[1])
