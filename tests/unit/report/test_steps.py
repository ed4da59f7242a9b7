"""The table of steps."""

from __future__ import annotations

import pytest

from scanner.model import ConditionResult, StepResult
from scanner.report.look import Look
from scanner.report.page import Page
from scanner.report.sections.steps import steps
from scanner.report.views.steps import readable

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
        "  port 8080: GET / (http)                                     passed    passed\n"
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


@pytest.mark.parametrize(
    ("name", "told"),
    [
        ("GET https://:8443/", "port 8443: GET / (https)"),
        ("POST http://:80/a:b?c=d", "port 80: POST /a:b?c=d (http)"),
        (
            "GET http://:80/x: HTTP 500; in the baseline: passed",
            "port 80: GET /x (http): HTTP 500; in the baseline: passed",
        ),
        (
            "GET http://:80/ passes; in the baseline: x",
            "port 80: GET / (http) passes; in the baseline: x",
        ),
        ("GET http://example.org:80/", "GET http://example.org:80/"),
        ("look at GET http://:80/", "look at GET http://:80/"),
        ("GET http://:80/\x1b[1m", "port 80: GET /\\x1b[1m (http)"),
    ],
)
def test_request_is_told_by_its_port(name: str, told: str) -> None:
    assert readable(name) == told


def test_server_with_nothing_at_its_root_does_not_fail() -> None:
    none = StepResult(ROOT, False, "HTTP 501 Not Implemented", log="no such method")
    text = shown(tuple(ConditionResult(name, True, steps=(none,)) for name in ("baseline", "node")))
    assert text.splitlines()[-1].split() == ["port", "8080:", "GET", "/", "(http)", "501", "501"]


def test_request_that_was_answered_in_the_baseline_fails() -> None:
    down = StepResult(ROOT, False, "HTTP 503 Service Unavailable", log="no digest")
    text = shown((RUNS[1], ConditionResult("enforced", True, steps=(down,))))
    assert "passed    fails" in text
    assert "port 8080: GET / (http), enforced: HTTP 503 Service Unavailable\n    no digest" in text


def test_what_a_user_expects_of_the_root_fails_in_the_baseline_too() -> None:
    asked = StepResult(ROOT, False, "HTTP 501 Not Implemented, not success")
    assert "fails" in shown((ConditionResult("baseline", True, steps=(asked,)),))
