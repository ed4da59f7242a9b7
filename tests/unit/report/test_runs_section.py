"""The section of the runs: what is told once, what is left out, and what breaks in TLS."""

from __future__ import annotations

from scanner.model import (
    ConditionResult,
    Difference,
    Effect,
    Gap,
    GapKind,
    LogMatch,
    ProgramActivity,
)
from scanner.report.look import Look
from scanner.report.page import Page
from scanner.report.sections.runs import runs

LINE = "ERROR:  could not compute MD5 hash: unsupported"
MATCH = LogMatch("postgresql-md5", "PostgreSQL cannot compute MD5.", LINE)


def shown(*conditions: ConditionResult, gaps: tuple[Gap, ...] = (), verbose: bool = False) -> str:
    page = Page(Look(verbose=verbose))
    runs(page, conditions, gaps)
    return " ".join(page.result().split())


def test_line_of_the_log_that_a_rule_knows_is_shown_once() -> None:
    broken = Difference("exit", Effect.BREAKS, "it exited with 1", log=("starting", LINE))
    text = shown(ConditionResult("enforced", True, differences=(broken,), log_matches=(MATCH,)))
    assert text.count("could not compute") == 1
    assert "breaks: it exited with 1 starting ERROR: could not" in text
    assert "log: PostgreSQL cannot compute MD5." in text
    # A line that no difference shows is shown with its rule.
    assert "compute MD5 hash: unsupported" in shown(
        ConditionResult("enforced", True, log_matches=(MATCH,))
    )


def test_what_an_earlier_run_printed_as_well_is_counted() -> None:
    both = [ConditionResult(name, True, log_matches=(MATCH,)) for name in ("baseline", "enforced")]
    text = shown(*both)
    assert text.count("PostgreSQL cannot compute MD5.") == 1
    assert text.endswith("log: 1 line as told above")
    assert shown(*both, verbose=True).count("PostgreSQL cannot compute MD5.") == 2


def test_only_a_gap_says_that_a_switch_was_not_seen_to_take_effect() -> None:
    run = ConditionResult(
        "enforced", True, switches=("A=1", "B=1", "C=1"), verified=("A=1: it is",)
    )
    reason = "nothing shows that it took effect: B=1; differences are only changes"
    text = shown(run, gaps=(Gap(GapKind.NOT_VERIFIED, "enforced", reason),))
    assert "switched on: A=1 took effect: it is" in text
    assert "switched on: B=1 not seen to take effect" in text
    assert "switched on, and used by no program that was seen: C=1" in text
    assert text.count("not seen to take effect") == 1
    # Of another run nothing follows.
    other = shown(run, gaps=(Gap(GapKind.NOT_VERIFIED, "node", reason),))
    assert "not seen to take effect" not in other


def test_what_is_found_in_another_folder_is_not_missing() -> None:
    looked = ("/opt/lib/libssl.so.3", "/etc/openssl.cnf", "/usr/lib/fips.so")
    activity = ProgramActivity(
        "/usr/bin/app", False, ("/usr/lib/libssl.so.3", "/etc/ssl/openssl.cnf"), looked
    )
    text = shown(ConditionResult("node", True, programs=(activity,)))
    assert "opened libssl.so.3, openssl.cnf, did not find fips.so, never" in text
    found = ProgramActivity("/usr/bin/app", False, ("/usr/lib/libssl.so.3",), looked[:1])
    assert "did not find" not in shown(ConditionResult("node", True, programs=(found,)))


def test_port_that_lost_tls_is_told_and_a_suite_is_not() -> None:
    lost = Difference("tls-suite", Effect.BREAKS, "port 5671 accepts no cipher suite any more")
    less = Difference("tls-suite", Effect.RESTRICTS, "port 443 no longer accepts CHACHA20")
    text = shown(ConditionResult("enforced", True, differences=(lost, less)))
    assert "breaks: port 5671 accepts no cipher suite any more" in text
    assert "CHACHA20" not in text
