"""The table of steps."""

from __future__ import annotations

from scanner.model import ConditionResult, StepResult
from scanner.report.look import Look
from scanner.report.page import Page
from scanner.report.sections.steps import steps

ROOT = "GET http://:8080/"
RUNS = (
    ConditionResult(
        "enforced",
        True,
        steps=(
            StepResult(ROOT, True, "HTTP 200 OK"),
            StepResult(
                "digest",
                False,
                "HTTP 500 Internal Server Error, not success",
                log="Traceback\n  a\n\n  b\n\x1b[31mValueError: unsupported hash type md5",
            ),
            StepResult("md5 is refused", False, "exit code 0, not 1"),
        ),
    ),
    ConditionResult(
        "baseline",
        True,
        steps=(StepResult(ROOT, True, "HTTP 200 OK"), StepResult("digest", True)),
    ),
    ConditionResult("node", False, "not run"),
)


def shown(runs: tuple[ConditionResult, ...], look: Look | None = None) -> str:
    page = Page(look or Look())
    steps(page, runs)
    return page.result()


def test_table() -> None:
    assert shown(RUNS) == (
        "Steps  what it was asked to do, and whether it did\n"
        "                                                              baseline  enforced\n"
        "  GET http://:8080/                                           passed    passed\n"
        "  digest                                                      passed    fails\n"
        "  md5 is refused                                              -         fails\n"
        "  digest, enforced: HTTP 500 Internal Server Error, not success\n"
        "      a\n"
        "      b\n"
        "    \\x1b[31mValueError: unsupported hash type md5\n"
        "  md5 is refused, enforced: exit code 0, not 1\n"
    )
    assert "    Traceback\n" in shown(RUNS, Look(verbose=True))


def test_nothing_without_steps() -> None:
    assert shown((ConditionResult("baseline", True),)).strip() == ""


def test_the_same_failure_is_told_once() -> None:
    failing = (StepResult("digest", False, "exit code 1"),)
    runs = tuple(ConditionResult(name, True, steps=failing) for name in ("baseline", "node"))
    assert "  digest, baseline and node: exit code 1\n" in shown(runs)


def test_what_fails_is_shown_before_what_is_left_out() -> None:
    many = (
        *(StepResult(f"step {number}", True) for number in range(30)),
        StepResult("last", False, "x"),
    )
    text = shown((ConditionResult("baseline", True, steps=many),))
    assert "last" in text
    assert "and 11 more" in text
    assert "step 29" in shown((ConditionResult("baseline", True, steps=many),), Look(verbose=True))
