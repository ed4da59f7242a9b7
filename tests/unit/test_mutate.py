"""Weakened rules are the ones that were meant, and what tells them apart is found."""

from __future__ import annotations

import pytest

from scanner.mutate import check_mutants, log_mutants, survivors
from scanner.mutate_modules import module_mutants, module_survivors
from scanner.mutate_patterns import without_alternative, without_literal
from scanner.mutate_settings import server_mutants
from scanner.mutate_sources import source_mutants
from scanner.rulebook import CheckRule, LogRule, ModuleExample, ModuleRule
from scanner.rules_servers import ServerRule
from scanner.rules_sources import SourceRule

CHECK = {
    "id": "x", "title": "X", "question": "usage", "severity": "low", "confidence": "high",
    "verdict": "none", "scope": "use", "why": "Because.", "fix": "Do.", "references": [],
    "when": {
        "all": [{"use": {"module": "openssl", "activation": ["off", "none"]}}],
        "none": [{"openssl_state": {"version": {"below": "3.0"}}}],
    },
}  # fmt: skip
USE = {"path": "/a", "module": "openssl", "activation": "off"}


def _check(**more: object) -> CheckRule:
    return CheckRule.model_validate({**CHECK, **more})


def _use(**changed: str) -> dict[str, dict[str, str]]:
    return {"use": {**USE, **changed}}


def _state(version: str) -> dict[str, dict[str, str]]:
    return {"openssl_state": {"path": "", "version": version}}


ENOUGH = {
    "match": [[_use()], [_use(activation="none")], [_use(), _state("3.0")]],
    "no_match": [[_use(module="nss")], [_use(activation="on")], [_use(), _state("1.1.1")]],
}


def test_enough_examples_leave_no_weaker_rule() -> None:
    assert survivors(_check(examples=ENOUGH)) == ()


@pytest.mark.parametrize(
    ("key", "index", "expected"),
    [
        ("match", 1, {"all[0].activation without none"}),
        ("match", 2, {"none[0].version is not asked", "none[0].version is at most"}),
        ("no_match", 0, {"all[0].module is not asked", "all[0].module is anything"}),
        ("no_match", 1, {"all[0].activation is not asked", "all[0].activation is anything"}),
        ("no_match", 2, {"without none[0]"}),
    ],
)
def test_each_example_is_needed(key: str, index: int, expected: set[str]) -> None:
    fewer = {**ENOUGH, key: [each for at, each in enumerate(ENOUGH[key]) if at != index]}
    assert expected <= set(survivors(_check(examples=fewer)))


def test_a_weaker_rule_is_still_a_rule() -> None:
    """The anchor of a scope is not left out: there would be nothing to look at together."""
    names = {each.name for each in check_mutants(_check(examples=ENOUGH))}
    assert "without all[0]" not in names
    assert "without none[0]" in names


def test_what_every_branch_asks_for_is_not_asked_twice() -> None:
    when = {
        "all": [{"use": {"module": "openssl"}}],
        "any": [
            {"use": {"module": "openssl", "activation": "off"}},
            {"use": {"module": "openssl", "purpose": "unknown"}},
        ],
    }
    names = [each.name for each in check_mutants(_check(when=when, examples=ENOUGH))]
    assert not [name for name in names if name.startswith("all[0]")]


def test_facts_of_one_run_are_asked_for_it_together() -> None:
    when = {
        "all": [{"run": {"condition": "enforced"}}],
        "any": [{"difference": {"condition": "enforced", "effect": "breaks"}}],
    }
    names = [each.name for each in check_mutants(_check(scope="condition", when=when,
                                                        examples=ENOUGH))]  # fmt: skip
    assert "condition is not asked" in names
    assert not [name for name in names if ".condition " in name]


@pytest.mark.parametrize(
    ("pattern", "expected"),
    [
        ("a|b", [("a", "b"), ("b", "a")]),
        ("x(?:one|two)y", [("one", "x(?:two)y"), ("two", "x(?:one)y")]),
        (r"(SHA[12|]\||MD5)$", [(r"SHA[12|]\|", "(MD5)$"), ("MD5", r"(SHA[12|]\|)$")]),
        ("(a|(b|c))", [("b", "(a|(c))"), ("c", "(a|(b))"), ("a", "((b|c))"), ("(b|c)", "(a)")]),
        ("none", []),
        ("(optional|)x", [("optional", "()x")]),
    ],
)
def test_alternatives(pattern: str, expected: list[tuple[str, str]]) -> None:
    assert list(without_alternative(pattern)) == expected


@pytest.mark.parametrize(
    ("pattern", "expected"),
    [
        (r"first \d+ second", ["first ", " second"]),
        ("one run only", ["one run", " only"]),
        (r"(panic: )?not in mode", ["not in mode"]),
        (r"(?:either|other)", ["either", "other"]),
        (r"a\.b \S*misc\.c", [r"misc\.c"]),
        (r"[abc]+", []),
    ],
)
def test_literal_parts(pattern: str, expected: list[str]) -> None:
    found = list(without_literal(pattern))
    assert [part for part, _ in found] == expected
    assert all(f"{{0,{len(part)}}}" in rest for part, rest in found)


def test_log_patterns_are_weakened() -> None:
    rule = LogRule.model_validate(
        {
            "id": "x",
            "meaning": "m",
            "fix": "f",
            "runtime": "r",
            "effect": "breaks",
            "pattern": r"error:\d+:(digest|cipher) refused",
            "fips_specific": "yes",
            "confidence": "high",
            "source": "s",
            "examples": {"match": ["error:12:digest refused"], "no_match": ["nothing"]},
        }
    )
    assert len(list(log_mutants(rule))) == 6
    assert set(survivors(rule)) == {
        "anything for `error:`",
        "anything for `digest`",
        "anything for `cipher`",
        "anything for ` refused`",
        "without `cipher`",
    }


def test_fingerprints_are_weakened() -> None:
    rule = ModuleRule.model_validate(
        {
            "id": "x",
            "name": "X",
            "approved_mode": "none",
            "fingerprint": {
                "require": [["first text"], ["second text"]],
                "forbid": ["other text"],
                "version": r"Lib (\d\.\d)\x00",
            },
            "examples": {
                "match": [{"texts": ["first text", "second text", "Lib 1.2"], "version": "1.2"}],
                "no_match": [{"texts": ["first text"]}],
            },
        }
    )

    def content(example: ModuleExample) -> bytes:
        return b"".join(text.encode() + b"\0" for text in example.texts)

    assert len(list(module_mutants(rule))) == 6
    assert set(module_survivors(rule, content)) == {
        "without require[0]",
        "forbid without `other text`",
        r"version with anything for `Lib `",
        r"version with anything for `\x00`",
    }


def test_directives_of_servers_are_left_out() -> None:
    rule = ServerRule.model_validate(
        {
            "id": "x", "name": "X", "programs": ["x"], "files": ["/x"], "syntax": "braces",
            "hints": ["tls"],
            "directives": [
                {"name": "a", "topic": "suites", "values": "names", "advice": "a b;"},
                {"name": "b", "topic": "suites", "values": "names", "advice": "b b;",
                 "block": "tls", "after": "only"},
            ],
            "examples": {"match": [], "no_match": []},
        }
    )  # fmt: skip
    assert [(each.name, len(each.rule.directives)) for each in server_mutants(rule)] == [
        ("without directives[0] (a)", 1),
        ("without directives[1] (b)", 1),
        ("directives[1] (b) without its `after`", 2),
        ("directives[1] (b) without its `block`", 2),
    ]


def test_ways_in_which_code_asks_for_crypto_are_left_out() -> None:
    rule = SourceRule.model_validate(
        {
            "id": "x", "language": "x", "grammars": {".x": "python"}, "mark": "x",
            "imports": "(x)", "calls": "(x)",
            "apis": [{"names": ["x.a"]}, {"names": ["x.{algorithm}"], "only": ["MD5"]}],
            "harmless": [{"keyword": "usedforsecurity", "value": "False"}],
            "examples": [{"code": "x"}],
        }
    )  # fmt: skip
    assert [each.name for each in source_mutants(rule)] == [
        "without apis[0] (x.a)",
        "without apis[1] (x.{algorithm})",
        "apis[1] (x.{algorithm}) without `only`",
        "without harmless[0] (usedforsecurity)",
    ]
