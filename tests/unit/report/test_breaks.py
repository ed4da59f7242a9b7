"""The three lines at the top: what breaks, who was refused what, and what the log means."""

from __future__ import annotations

from dataclasses import replace

from scanner.model import (
    AlgorithmCall,
    ConditionResult,
    Confidence,
    Difference,
    Effect,
    Finding,
    LogMatch,
    Question,
    Severity,
)
from scanner.report.look import Look
from scanner.report.page import Page
from scanner.report.sections.breaks import breaks

EXIT = Difference("exit", Effect.BREAKS, "it exited with 1", log=("starting", "ValueError: md5"))
MD5 = AlgorithmCall(
    "/usr/bin/psql", "EVP_DigestInit_ex", "MD5", caller="/lib/libpq.so.5+0x2c30b", failed=1,
    approved=False,
)  # fmt: skip
BROKEN = ConditionResult("enforced", True, differences=(EXIT,))
WORKS = ConditionResult("baseline", True)


def shown(*runs: ConditionResult, findings: tuple[Finding, ...] = ()) -> list[str]:
    page = Page(Look())
    breaks(page, runs, findings)
    text = page.result().replace("\n    ", " ")
    return [line.strip() for line in text.splitlines() if line.strip()]


def test_nothing_breaks() -> None:
    changed = Difference("health", Effect.CHANGES, "slow")
    assert shown(WORKS, replace(BROKEN, differences=(changed,), calls=(MD5,))) == []


def test_what_who_and_why() -> None:
    assert shown(WORKS, replace(BROKEN, calls=(MD5,))) == [
        "Breaks:",
        "- enforced: it exited with 1",
        "- /usr/bin/psql asks for MD5 (EVP_DigestInit_ex, from libpq.so.5), which is refused",
        "- it says: ValueError: md5",
    ]


def test_runs_that_break_alike_are_told_once() -> None:
    node = replace(BROKEN, name="node")
    assert shown(BROKEN, node)[1] == "- node and enforced: it exited with 1"
    port = replace(node, differences=(Difference("port", Effect.BREAKS, "80/tcp is gone"),))
    assert shown(BROKEN, port)[1] == "- node: 80/tcp is gone; enforced: it exited with 1"


def test_rule_of_the_log_says_more_than_the_line() -> None:
    known = LogMatch("a-known-before", "It was so before.", "x")
    told = LogMatch("python-digest", "Python cannot make MD5. Images do so.", "y")
    other = LogMatch("no-break", "Something is configured badly.", "z")
    broken = Difference("log", Effect.BREAKS, "Python cannot: y", condition="python-digest")
    run = replace(BROKEN, differences=(EXIT, broken), log_matches=(known, other, told))
    lines = shown(replace(WORKS, log_matches=(known,)), run)
    assert lines[1:] == [
        "- enforced: it exited with 1",
        "- Python cannot make MD5. What to do: fips-scanner explain python-digest",
    ]


def test_line_that_speaks_of_cryptography_says_more_than_the_last() -> None:
    lines = ("connecting", "could not encrypt password: unsupported", "giving up")
    run = replace(BROKEN, differences=(replace(EXIT, log=lines),))
    assert shown(run)[2] == "- it says: could not encrypt password: unsupported"
    other = replace(BROKEN, differences=(replace(EXIT, log=("connecting", "giving up")),))
    assert shown(other)[2] == "- it says: giving up"


def test_what_to_do_is_of_the_refusal_where_no_rule_knows_the_log() -> None:
    found = Finding(
        "algorithm-refused-fatal", Question.USAGE, Severity.HIGH, Confidence.MEDIUM,
        "title", (), "why", "fix",
    )  # fmt: skip
    run = replace(BROKEN, calls=(MD5,))
    advice = "which is refused. What to do: fips-scanner explain algorithm-refused-fatal"
    assert shown(run, findings=(found,))[2].endswith(advice)
    told = LogMatch("python-digest", "Python cannot make MD5.", "y")
    known = shown(replace(run, log_matches=(told,)), findings=(found,))
    assert known[2].endswith("which is refused")
    ignored = replace(found, ignored_by="waiver")
    assert shown(run, findings=(ignored,))[2].endswith("which is refused")
    # Nothing was refused, so the advice would help nobody.
    assert "explain" not in "".join(shown(BROKEN, findings=(found,)))


def test_library_that_looks_up_all_it_knows_asks_for_nothing() -> None:
    names = ("BF-CBC", "RC4", "MD4", "MD5", "CHACHA20")
    fetched = tuple(replace(MD5, api="EVP_MD_fetch", algorithm=name) for name in names)
    assert not any("asks for" in line for line in shown(replace(BROKEN, calls=fetched)))
    few = shown(replace(BROKEN, calls=fetched[:2]))
    assert "asks for BF-CBC, RC4 (EVP_MD_fetch, from libpq.so.5), which are refused" in few[2]
    # What is used in earnest counts more.
    assert "asks for MD5 (EVP_DigestInit_ex" in shown(replace(BROKEN, calls=(*fetched, MD5)))[2]


def test_what_is_granted_or_said_to_protect_nothing_breaks_nothing() -> None:
    granted = replace(MD5, failed=0)
    apart = replace(MD5, api="EVP_MD_fetch(-fips)")
    assert not any("asks" in line for line in shown(replace(BROKEN, calls=(granted, apart))))


def test_what_comes_from_the_image_is_made_visible() -> None:
    hostile = "\x1b[2J\u202e"
    call = replace(MD5, program=hostile, algorithm=hostile, caller=f"/x{hostile}+0x1", api=hostile)
    exit_ = replace(EXIT, detail=hostile, log=(hostile,))
    text = "".join(shown(replace(BROKEN, differences=(exit_,), calls=(call,))))
    assert "\x1b" not in text
    assert "\u202e" not in text
    assert text.count("\\x1b[2J") == 6
