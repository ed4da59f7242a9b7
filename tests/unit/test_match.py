"""Conditions hold where the table in rules/README.md says, and scopes put facts together."""

from __future__ import annotations

import pytest

from scanner.conditions import parse_condition, parse_fact
from scanner.facts import fact
from scanner.match import FactBase, evaluate, holds, version_key
from scanner.model import Fact, FactKind
from scanner.rules_model import CheckRule

ELF = {"elf": {"path": "/a", "soname": "libx.so.3", "stripped": "yes", "needed": ["a", "b"]}}


@pytest.mark.parametrize(
    ("asked", "expected"),
    [
        ({"soname": "libx.so.3"}, True),
        ({"soname": "libx.so"}, False),
        ({"soname": ["x", "libx.so.3"]}, True),
        ({"needed": "b"}, True),
        ({"needed": ["c", "d"]}, False),
        ({"stripped": "yes"}, True),
        ({"stripped": "no"}, False),
        ({"path": "/a"}, True),
        ({"path": {"matches": "/[b-z]"}}, False),
        ({"soname": {"matches": r"libx\.so"}}, True),
        ({"soname": {"matches": r"so"}}, False),
        ({"needed": {"matches": "b$"}}, True),
        ({"soname": {"not": "x"}}, True),
        ({"needed": {"not": ["b", "c"]}}, False),
        ({"rpath": {"not": "x"}}, True),
        ({"rpath": {"set": "no"}}, True),
        ({"needed": {"set": "yes"}}, True),
        ({"needed": {"set": "no"}}, False),
        ({"soname": {"set": "yes", "not": "libx.so.3"}}, False),
        ({"soname": "libx.so.3", "stripped": "no"}, False),
        ({}, True),
    ],
)
def test_tests(asked: dict[str, object], expected: bool) -> None:
    assert holds(parse_condition({"elf": asked}), parse_fact(ELF)) is expected


@pytest.mark.parametrize(
    ("version", "asked", "expected"),
    [
        ("1.9", {"below": "1.10"}, True),
        ("1.10", {"below": "1.10"}, False),
        ("1.24.1", {"at_least": "1.24"}, True),
        ("1.24rc1", {"at_least": "1.24"}, False),
        ("", {"below": "1.10"}, False),
        ("", {"at_least": "0"}, False),
    ],
)
def test_versions(version: str, asked: dict[str, str], expected: bool) -> None:
    build = fact(FactKind.GO_BUILD, "/a", go_version=version)
    assert holds(parse_condition({"go_build": {"go_version": asked}}), build) is expected


def test_another_kind_never_holds() -> None:
    assert not holds(parse_condition({"pe": ""}), parse_fact(ELF))


def test_numbers_are_texts() -> None:
    endpoint = fact(FactKind.TLS_ENDPOINT, condition="baseline", port=8443)
    assert holds(parse_condition({"tls_endpoint": {"port": "8443"}}), endpoint)


@pytest.mark.parametrize(
    ("smaller", "larger"),
    [
        ("3.0.2", "3.0.10"),
        ("1.1.1", "1.1.1k"),
        ("1.1.1k", "1.1.2"),
        ("3.0.0-beta1", "3.0.0"),
        ("3.0.0a", "3.0.1"),
        ("go1.9", "1.24"),
        ("3.0.7", "3.0.7-395c1a24"),
        ("1.2~rc1", "1.2"),
        ("", "0.1"),
    ],
)
def test_versions_in_order(smaller: str, larger: str) -> None:
    assert version_key(smaller) < version_key(larger)


@pytest.mark.parametrize(
    ("one", "other"), [("3", "3.0.0"), ("v1.0.0", "1.0.0"), ("1.24", "1.24.0"), ("2.0", "2-0")]
)
def test_equal_versions(one: str, other: str) -> None:
    assert version_key(one) == version_key(other)


def check(scope: str, **when: list[dict[str, object]]) -> CheckRule:
    return CheckRule.model_validate(
        {
            "id": "x",
            "title": "t",
            "question": "usage",
            "severity": "low",
            "confidence": "low",
            "verdict": "none",
            "scope": scope,
            "when": when,
            "why": "w",
            "fix": "f",
            "references": [],
            "examples": {"match": [], "no_match": []},
        }
    )


def use(path: str, module: str = "openssl", library: str = "") -> Fact:
    return fact(FactKind.USE, path, module=module, library=library)


def env(name: str, value: str = "1") -> Fact:
    return fact(FactKind.ENV, name=name, value=value)


def places(rule: CheckRule, *facts: Fact) -> list[str]:
    return [match.location for match in evaluate(rule, facts)]


def test_use_scope_joins_consumer_library_and_image() -> None:
    rule = check(
        "use",
        all=[
            {"use": {"module": "openssl"}},
            {"openssl_state": {"broken": "yes"}},
            {"elf": {"stripped": "yes"}},
            {"env": {"name": "A"}},
        ],
    )
    state = fact(FactKind.OPENSSL_STATE, "/lib/libcrypto.so.3", broken=True)
    elf = fact(FactKind.ELF, "/bin/a", stripped=True)
    facts = (use("/bin/a", library="/lib/libcrypto.so.3"), state, elf, env("A"))
    [match] = evaluate(rule, facts)
    assert match.location == "/bin/a"
    assert set(map(id, match.facts)) == set(map(id, facts))
    assert places(rule, use("/bin/b", library="/lib/other"), state, elf, env("A")) == []
    assert places(rule, *facts[:3], env("B")) == []


def test_use_scope_sees_one_use_at_a_time() -> None:
    rule = check("use", all=[{"use": {"module": "openssl"}}], none=[{"use": {"module": "gnutls"}}])
    assert places(rule, use("/bin/a"), use("/bin/a", "gnutls")) == ["/bin/a"]


def test_file_scope() -> None:
    rule = check(
        "file",
        all=[{"go_build": {"cgo": "0"}}],
        any=[{"elf": {"stripped": "yes"}}, {"env": {"name": "A"}}],
    )
    one = fact(FactKind.GO_BUILD, "/one", cgo="0")
    two = fact(FactKind.GO_BUILD, "/two", cgo="0")
    stripped = fact(FactKind.ELF, "/two", stripped=True)
    assert places(rule, one, two, stripped) == ["/two"]
    assert places(rule, two, one, env("A")) == ["/one", "/two"]
    assert places(rule, one, two) == []


def test_image_scope_names_the_facts_that_matched() -> None:
    rule = check(
        "image", all=[{"runtime": {"name": "python"}}], none=[{"use": {"module": "gnutls"}}]
    )
    first = fact(FactKind.RUNTIME, "/usr/bin/python3", name="python")
    second = fact(FactKind.RUNTIME, "/opt/python", name="python")
    assert places(rule, first, second, env("A")) == ["/opt/python", "/usr/bin/python3"]
    assert places(rule, first, use("/x", "gnutls")) == []


def test_image_scope_without_a_path() -> None:
    rule = check("image", any=[{"env": {"name": "A"}}, {"env": {"name": "B"}}])
    [match] = evaluate(rule, (env("A"), env("B"), env("C")))
    assert match.location == ""
    assert len(match.facts) == 2


def test_condition_scope() -> None:
    rule = check(
        "condition",
        all=[{"log_match": {"effect": "breaks"}}, {"use": {"module": "openssl"}}],
        none=[{"run": {"ready": "yes"}}],
    )
    log = fact(FactKind.LOG_MATCH, condition="enforced", effect="breaks")
    run = fact(FactKind.RUN, condition="enforced", ready=True)
    other = fact(FactKind.RUN, condition="baseline", ready=True)
    assert places(rule, log, other, use("/a")) == ["enforced"]
    assert places(rule, log, run, other, use("/a")) == []
    assert places(rule, log, other) == []


def test_a_fact_is_named_once() -> None:
    rule = check("file", all=[{"elf": {"stripped": "yes"}}, {"elf": {"soname": {"set": "yes"}}}])
    [match] = evaluate(rule, [parse_fact(ELF)])
    assert len(match.facts) == 1


def test_hostile_text_is_cut() -> None:
    rule = check("file", all=[{"elf": {"soname": {"matches": "(a|b)*c"}}}])
    long = fact(FactKind.ELF, "/a", soname="a" * 1_000_000 + "c")
    assert places(rule, long) == []


def test_many_facts() -> None:
    facts = [fact(FactKind.ELF, f"/f{i}", soname=f"lib{i}.so") for i in range(20_000)]
    facts += [use(f"/f{i}") for i in range(2_000)]
    base = FactBase(facts)
    rule = check("use", all=[{"use": {"module": "openssl"}}, {"elf": {"soname": "lib7.so"}}])
    for _ in range(20):
        assert [match.location for match in evaluate(rule, base)] == ["/f7"]
