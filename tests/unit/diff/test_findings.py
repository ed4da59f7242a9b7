from dataclasses import replace
from datetime import date
from typing import Any

import pytest

from scanner.diff import compare
from scanner.diff.model import Cause, FindingChange, Grown, Kind, Moved
from scanner.model import (
    Activation,
    AlgorithmCall,
    AlgorithmOffer,
    ConditionResult,
    Difference,
    Effect,
    LogMatch,
    ProgramActivity,
    Question,
    Report,
    Severity,
    TlsClient,
    ValidationStatus,
    VerdictKind,
)
from tests.unit.diff.parts import finding, made, run, setting, use

LATER: dict[str, Any] = {"date": date(2027, 1, 1)}
OTHER_RULES: dict[str, Any] = {"rules_digest": "sha256:" + "9" * 64}


def only(old: Report, new: Report) -> FindingChange:
    [change] = compare(old, new).findings
    return change


def test_nothing_is_told_of_what_stays() -> None:
    old = made(findings=(finding("/usr/lib/python3.11/a.so", "/b"),))
    new = made("sha256:2", findings=(finding("/b", "/usr/lib/python3.12/a.so"),))
    assert compare(old, new).findings == ()


def test_what_came_and_what_went() -> None:
    change = only(made(), made("sha256:2", findings=(finding("/a"),)))
    assert (change.kind, change.added, change.worse) == (Kind.ADDED, ("/a",), True)
    change = only(made(findings=(finding("/a"),)), made("sha256:2"))
    assert (change.kind, change.removed, change.worse) == (Kind.REMOVED, ("/a",), False)
    assert change.new_severity is None


def test_more_places_are_worse_and_fewer_are_not() -> None:
    one, two = made(findings=(finding("/a"),)), made("sha256:2", findings=(finding("/a", "/b"),))
    change = only(one, two)
    assert (change.kind, change.added, change.unchanged) == (Kind.CHANGED, ("/b",), 1)
    assert change.worse
    assert not only(two, one).worse


def test_a_place_that_moved_is_told_where_something_else_changed() -> None:
    old = made(findings=(finding("/a-1.0", "/b"),))
    change = only(old, made("sha256:2", findings=(finding("/a-1.1"),)))
    assert change.moved == (Moved("/a-1.0", "/a-1.1"),)
    assert change.removed == ("/b",)


@pytest.mark.parametrize(
    ("new", "worse"),
    [
        ({"severity": Severity.CRITICAL}, True),
        ({"severity": Severity.LOW}, False),
        ({"verdict": VerdictKind.NOT_READY}, True),
        ({"verdict": None}, False),
        ({"verdict": VerdictKind.NOT_READY, "severity": Severity.LOW}, True),
    ],
)
def test_what_weighs_more_is_worse(new: dict[str, Any], worse: bool) -> None:
    old = finding("/a", verdict=VerdictKind.CONDITIONAL)
    change = only(made(findings=(old,)), made("sha256:2", findings=(replace(old, **new),)))
    assert change.worse is worse


def test_a_severity_by_a_policy_is_no_change_of_the_image() -> None:
    policy: dict[str, Any] = {"severity": Severity.LOW, "rule_severity": Severity.HIGH}
    old, new = (finding("/a"),), (replace(finding("/a"), **policy),)
    assert compare(made(findings=old), made("sha256:2", findings=new)).findings == ()


def test_a_finding_that_a_policy_split_is_one() -> None:
    old = made(findings=(finding("/a", "/b"),))
    new = (finding("/a"), finding("/b", ignored_by="waiver", ignored_because="x"))
    assert compare(old, made("sha256:2", findings=new)).findings == ()
    change = only(made(), made("sha256:2", findings=new[1:]))
    assert change.ignored
    assert change.counted is None


def test_lines_do_not_count_unless_there_are_more_of_them() -> None:
    old = made(findings=(finding("/a.conf:1"),))
    moved = made("sha256:2", findings=(finding("/a.conf:7"),))
    assert compare(old, moved).findings == ()
    change = only(old, made("sha256:2", findings=(finding("/a.conf:1", "/a.conf:9"),)))
    assert change.grown == (Grown("/a.conf", ("2 lines instead of 1",)),)


def test_more_that_is_wrong_in_the_same_file_is_seen() -> None:
    there = (finding("/etc/a.conf", question=Question.USAGE),)
    old = made(findings=there, assets=(setting("TLS 1.1"),))
    more = made("sha256:2", findings=there, assets=(setting("TLS 1.0", "TLS 1.1", line=5),))
    change = only(old, more)
    assert change.grown == (Grown("/etc/a.conf", ("ssl_protocols: TLS 1.0",)),)
    assert change.worse
    assert compare(more, old).findings == ()


def test_another_module_of_the_same_program_is_seen() -> None:
    there = (finding("/usr/bin/app"),)
    old = made(findings=there, uses=(use(),))
    more = made("sha256:2", findings=there, uses=(use(), use(module="gnutls")))
    change = only(old, more)
    assert change.grown[0].what == ("gnutls 3.0.19, not validated, approved mode off",)


@pytest.mark.parametrize(
    ("now", "worse"),
    [
        (use(version="3.0.20"), False),
        (use(status=ValidationStatus.HISTORICAL), False),
        (use(mode=Activation.HOST), False),
        (use(mode=Activation.UNKNOWN), True),
        (use(status=ValidationStatus.NONE, mode=Activation.HOST), True),
    ],
)
def test_a_use_is_worse_in_validation_or_mode(now: Any, worse: bool) -> None:
    there = (finding("/usr/bin/app"),)
    was = use(mode=Activation.HOST)
    if not worse:
        was = use(status=ValidationStatus.NONE, mode=Activation.OFF)
    elif now.activation is Activation.HOST:
        was = use(status=ValidationStatus.HISTORICAL, mode=Activation.HOST)
    old = made(findings=there, uses=(was,))
    assert bool(compare(old, made("sha256:2", findings=there, uses=(now,))).findings) is worse


def test_of_a_file_of_which_nothing_else_is_known_the_evidence_tells() -> None:
    def cnf(*lines: str, place: str = "/a-1.0.cnf") -> Report:
        there = (finding(place, evidence=lines),)
        return made(f"sha256:{len(lines)}{place}", findings=there)

    old = cnf("/a-1.0.cnf:3 activate = 0", "/b: not about it")
    new = cnf("/a-1.1.cnf:9 activate = 0", "/a-1.1.cnf: no provider", place="/a-1.1.cnf")
    assert only(old, new).grown == (Grown("/a-1.1.cnf", ("/a-1.1.cnf: no provider",)),)
    assert compare(new, old).findings == ()
    assert compare(old, cnf("/a-1.1.cnf:9 activate = 0", place="/a-1.1.cnf")).findings == ()


def test_evidence_that_was_cut_tells_nothing_of_what_it_left_out() -> None:
    places = tuple(f"/etc/{n:02}.cnf" for n in range(14))
    lines = tuple(f"{place}: x" for place in places)
    old = made(findings=(finding(*places, evidence=lines[:12]),))
    new = made("sha256:2", findings=(finding(*places[2:], evidence=lines[2:]),))
    assert not only(old, new).worse


# --- runs, which are told of by name


def leaks(*lines: str) -> Any:
    return (finding("enforced", id_="leaks", question=Question.USAGE, evidence=lines),)


def test_a_new_leak_in_a_run_that_leaked_before_is_seen() -> None:
    old = made(findings=leaks("port 443 accepts A"), conditions=(run("A"),))
    new = made("sha256:2", findings=leaks("port 443 accepts A, B"), conditions=(run("A", "B"),))
    assert only(old, new).grown == (Grown("enforced", ("port 443 accepts B",)),)
    assert compare(new, old).findings == ()


def test_another_finding_of_that_run_is_as_it_was() -> None:
    log = finding("enforced", id_="log", question=Question.USAGE, evidence=("[crit] 7#7: x",))
    later = replace(log, evidence=("[crit] 9#9: x",))
    old = made(findings=(log,), conditions=(run("A"),))
    new = made("sha256:2", findings=(later,), conditions=(run("A", "B"),))
    assert compare(old, new).findings == ()


def test_what_a_line_leaves_out_is_not_taken_for_known() -> None:
    there = leaks("port 443 accepts A and 3 more")
    old = made(findings=there, conditions=(run("A"),))
    new = made("sha256:2", findings=there, conditions=(run("A", "B"),))
    assert only(old, new).worse


def test_what_evidence_had_no_room_for_is_not_taken_for_known() -> None:
    there = leaks(*(f"port {n} accepts A" for n in range(12)))
    old = made(findings=there, conditions=(run("A"),))
    new = made("sha256:2", findings=there, conditions=(run("A", "B"),))
    assert only(old, new).worse
    assert compare(new, old).findings == ()


@pytest.mark.parametrize(
    "more",
    [
        {"differences": (Difference("exit", Effect.BREAKS, "x"),)},
        {"log_matches": (LogMatch("rule", "means", "line"),)},
    ],
)
def test_what_else_goes_wrong_in_a_run_is_seen(more: dict[str, Any]) -> None:
    old = made(findings=leaks("a"), conditions=(run(),))
    new = made("sha256:2", findings=leaks("b"), conditions=(run(**more),))
    assert only(old, new).grown


@pytest.mark.parametrize(
    ("parts", "what"),
    [
        ({"calls": (AlgorithmCall("/app-2", "api", "MD5", approved=False),)}, "asks for MD5"),
        ({"calls": (AlgorithmCall("/app-2", "api", "MD5", failed=1),)}, "is refused MD5"),
        ({"offers": (AlgorithmOffer("/app-2", "digest", "MD5", True, False),)}, "gives MD5"),
        (
            {"clients": (TlsClient("/app-2", "db", 5432, unapproved=("RC4",)),)},
            "offers RC4 to servers",
        ),
        (
            {"programs": (ProgramActivity("/app-2", kernel_crypto=("md4",)),)},
            "asks the kernel for md4",
        ),
    ],
)
def test_what_a_program_was_seen_to_do_in_addition_is_seen(
    parts: dict[str, Any], what: str
) -> None:
    def seen(place: str) -> tuple[Any, ...]:
        return (finding(place, id_="calls", question=Question.USAGE),)

    old = made(findings=seen("/app-1"), conditions=(run(),))
    new = made("sha256:2", findings=seen("/app-2"), conditions=(run(**parts),))
    assert only(old, new).grown == (Grown("/app-2", (what,)),)
    assert compare(new, new).findings == ()


def test_more_of_the_images_configuration_is_seen_by_its_evidence() -> None:
    def env(*lines: str) -> tuple[Any, ...]:
        return (finding(id_="env", question=Question.ACTIVATION, evidence=lines),)

    old, new = made(findings=env("A=1")), made("sha256:2", findings=env("A=1", "B=1"))
    assert only(old, new).grown == (Grown("", ("B=1",)),)
    assert compare(new, old).findings == ()


# --- causes


def expired() -> tuple[Any, ...]:
    return (finding("/usr/bin/app", id_="expired"),)


def test_another_day_makes_findings_of_its_own() -> None:
    old = made(uses=(use(),))
    historical = (use(status=ValidationStatus.HISTORICAL),)
    new = made("sha256:2", uses=historical, findings=expired(), **LATER)
    assert only(old, new).causes == (Cause.DAY,)
    assert only(old, replace(new, **OTHER_RULES)).causes == (Cause.DAY, Cause.RULES)
    # What a certificate is worth depends on the system, too.
    other = replace(new, image=replace(new.image, os="rhel 9"))
    assert only(old, other).causes == (Cause.IMAGE, Cause.DAY)


def test_a_module_that_changed_is_the_images_doing() -> None:
    new = made("sha256:2", uses=(use(version="3.1"),), findings=expired(), **LATER)
    assert only(made(uses=(use(),)), new).causes == (Cause.IMAGE,)


def test_without_other_rules_or_day_it_is_the_image() -> None:
    assert only(made(), made("sha256:2", findings=expired())).causes == (Cause.IMAGE,)


def test_where_nothing_is_known_of_the_place_every_cause_is_named() -> None:
    new = made("sha256:2", findings=expired(), **OTHER_RULES)
    assert only(made(), new).causes == (Cause.IMAGE, Cause.RULES)


def test_the_day_changes_nothing_but_validation() -> None:
    new = made("sha256:2", findings=(finding("/x", question=Question.USAGE),), **LATER)
    assert only(made(), new).causes == (Cause.IMAGE,)


def test_the_same_image_is_never_the_cause() -> None:
    assert only(made(), made(findings=expired(), **LATER)).causes == (Cause.DAY,)
    assert only(made(), made(findings=expired())).causes == (Cause.RUN,)


def test_what_only_a_run_shows_comes_from_there_being_one() -> None:
    static = made(conditions=(ConditionResult("enforced", False),))
    new = made("sha256:2", conditions=(run("A"),), findings=leaks("a"))
    assert only(static, new).causes == (Cause.IMAGE, Cause.RUN)
    assert only(static, replace(new, image=static.image)).causes == (Cause.RUN,)
    calls = run(calls=(AlgorithmCall("/usr/bin/app", "api", "MD5", approved=False),))
    found = (finding("/usr/bin/app", id_="calls", question=Question.USAGE),)
    new = made("sha256:2", uses=(use(),), conditions=(calls,), findings=found)
    assert only(replace(static, uses=(use(),)), new).causes == (Cause.IMAGE, Cause.RUN)


def test_worse_ones_come_first() -> None:
    old = made(findings=(finding("/a", id_="gone", severity=Severity.CRITICAL),))
    new = made(
        "sha256:2",
        findings=(
            finding("/a", id_="low", severity=Severity.LOW),
            finding("/a", id_="high", severity=Severity.HIGH),
        ),
    )
    assert [each.id for each in compare(old, new).findings] == ["high", "low", "gone"]
