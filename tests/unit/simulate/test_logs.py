from __future__ import annotations

import time

from scanner.simulate.logs import match_log, new_in

from .values import GO_ONLY, UNSUPPORTED, log_rule

PANIC = b"panic: crypto/md5: use of MD5 is not allowed in FIPS 140-only mode\n"


def test_first_line_and_count() -> None:
    log = b"start\n\x1b[31m" + PANIC + b"\x1b[0m" + PANIC
    (match,) = match_log(log, (GO_ONLY, UNSUPPORTED))
    assert match.rule == "go-only"
    assert match.line == PANIC.decode().strip()
    assert match.count == 2


def test_a_message_is_counted_once_wherever_it_stands() -> None:
    for before in range(1900, 2200, 7):
        (match,) = match_log(b"x" * before + b"\n" + PANIC + b"y" * 3000, (GO_ONLY,))
        assert match.count == 1
        assert match.line == PANIC.decode().strip()


def test_pattern_over_several_lines() -> None:
    rule = log_rule("pg", r"Unrecognized name[\s\S]{0,800}pg/lib/crypto")
    log = b"a" * 2000 + b"Unrecognized name\n" + b"  at x\n" * 90 + b"  at pg/lib/crypto\n"
    assert [match.rule for match in match_log(log, (rule,))] == ["pg"]


def test_line_is_short_and_printable() -> None:
    (match,) = match_log(b"\x00\x07" + b"z" * 5000 + PANIC.strip() + b"z" * 5000, (GO_ONLY,))
    assert len(match.line) <= 300
    assert match.line.isprintable()


def test_hostile_log_does_not_make_a_pattern_slow() -> None:
    rule = log_rule("greedy", r"use of .+ is not allowed")
    begin = time.monotonic()
    assert match_log(b"use of " * 300_000, (rule,)) == ()
    assert time.monotonic() - begin < 15


def test_new_matches() -> None:
    before = match_log(b"error:0308010C", (GO_ONLY, UNSUPPORTED))
    later = match_log(b"error:0308010C\n" + PANIC, (GO_ONLY, UNSUPPORTED))
    assert [match.rule for match in new_in(later, before)] == ["go-only"]


def test_empty_log() -> None:
    assert match_log(b"", (GO_ONLY,)) == ()
