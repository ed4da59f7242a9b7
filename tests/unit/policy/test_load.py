from datetime import date
from pathlib import Path

import pytest
import yaml

from scanner.commands.policy_options import known_to
from scanner.errors import RuleError, UsageError
from scanner.model import GateRules, Override, Policy, Question, Severity, VerdictKind, Waiver
from scanner.policy import parse_policy
from scanner.policy.document import PolicyFile
from scanner.policy.load import MAX_SIZE, read_policy
from tests.unit.commands.running import ROOT
from tests.unit.policy.parts import KNOWN, TODAY, read, rule_book, waiver

WHOLE = """\
version: 1
gate:
  fail_on: medium
  min_score: 80
  verdict: conditional
  questions: [validation, usage]
target: openshift
conditions: [baseline, node]
rules:
  go-plain-crypto: {severity: off, reason: we know}
  module-not-validated:
    severity: critical
    reason: >
      our auditor says
      so
waivers:
  - rule: gap:packed
    pattern: /opt/agent/*
    reason: on file
    owner: compliance
    expires: 2027-03-01
    image: team/*
"""


def problems(text: str) -> list[str]:
    with pytest.raises(RuleError) as raised:
        read(text)
    return list(raised.value.problems)


def test_everything_is_read() -> None:
    policy, odd = read(WHOLE)
    assert odd == ()
    questions = (Question.VALIDATION, Question.USAGE)
    assert policy.gate == GateRules(Severity.MEDIUM, 80, VerdictKind.CONDITIONAL, questions)
    assert (policy.target, policy.conditions) == ("openshift", ("baseline", "node"))
    assert policy.overrides == (
        Override("go-plain-crypto", "we know", off=True, line=10),
        Override("module-not-validated", "our auditor says so", Severity.CRITICAL, line=11),
    )
    expires = date(2027, 3, 1)
    assert policy.waivers == (
        Waiver("gap:packed", "/opt/agent/*", "on file", "compliance", expires, "team/*", 17),
    )
    assert policy.source == "p.yaml"
    assert policy.origins == {
        "gate.fail_on": "p.yaml:3",
        "gate.min_score": "p.yaml:4",
        "gate.verdict": "p.yaml:5",
        "gate.questions": "p.yaml:6",
        "target": "p.yaml:7",
        "conditions": "p.yaml:8",
    }


def test_what_is_left_out_is_the_default() -> None:
    policy, _ = read("version: 1\n")
    assert policy == Policy(source="p.yaml")
    assert read("version: 1\ngate:\nrules:\nwaivers: ~\n")[0].gate == GateRules()
    assert read("version: 1\ngate: {fail_on: never}\n")[0].gate.fail_on is None


def test_every_mistake_is_told_at_its_line() -> None:
    found = problems("""\
version: 1
gate:
  fail-on: high
  min_score: 1e3
colour: red
rules:
  module-not-validatd: {severity: low, reason: x}
  gap:packed: {severity: low, reason: x}
waivers:
  - rule: packed
    pattern: usr/bin/x
    reason:
    owner: null
    expires: 2026-02-30
  - rule: gap:paked
    pattern: /a
    reason: a
    expires: soon
""")
    assert found == [
        "p.yaml:3: unknown key `fail-on`; did you mean fail_on?",
        "p.yaml:4: `gate.min_score` must be a whole number from 0 to 100",
        "p.yaml:5: unknown key `colour`; there are version, gate, target, conditions, rules, "
        "waivers",
        "p.yaml:7: `rules.module-not-validatd`: no such rule: module-not-validatd; did you mean "
        "module-not-validated?",
        "p.yaml:8: `rules.gap:packed`: a gap has no severity; write a waiver for it",
        "p.yaml:10: `waivers.rule`: no such rule: packed; for a gap write gap:packed",
        "p.yaml:11: `waivers.pattern`: usr/bin/x matches nothing: paths in an image begin with /; "
        "write /usr/bin/x, or **/usr/bin/x for any folder",
        "p.yaml:12: `waivers.reason` is empty",
        "p.yaml:13: `waivers.owner` is empty",
        "p.yaml:14: `waivers.expires`: there is no such day as 2026-02-30",
        "p.yaml:15: `waivers.rule`: no such gap: gap:paked; did you mean gap:packed?",
        "p.yaml:15: the waiver says nothing of its `owner`",
        "p.yaml:18: `waivers.expires` must be a day, written as 2027-06-30",
    ]


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("", "holds no mapping"),
        ("- version: 1", "holds no mapping"),
        ("gate: {}", "`version` is missing"),
        ("version: 2\ncolour: red", "must be 1"),
        ("version: 1\nversion: 1", "given twice"),
        ("version: 1\n---\nversion: 1", "not YAML"),
        ("version: 1\ngate: [high]", "`gate` must hold keys with values: fail_on"),
        ("version: 1\nwaivers: {a: b}", "`waivers` must be a list"),
        ("version: 1\nwaivers: [a]", "a waiver must hold keys with values: rule"),
        ("version: 1\nrules: {go-plain-crypto: off}", "must hold keys with values: severity"),
        ("version: 1\ngate: {fail_on: info}", "must be 'critical', 'high'"),
        ("version: 1\ngate: {min_score: 101}", "0 to 100"),
        ("version: 1\ngate: {min_score: }", "0 to 100"),
        ("version: 1\ngate: {verdict: not-ready}", "must be 'no-crypto'"),
        ("version: 1\ngate: {questions: []}", "at least 1 item"),
        ("version: 1\ngate: {questions: [usage, usage]}", "usage is listed twice"),
        ("version: 1\nconditions: [production]", "must be 'baseline'"),
        ("version: 1\ntarget: aks", "no such target: aks; there are generic, openshift"),
        ("version: 1\nx: &a {}\ngate: *a", "aliases"),
        ("version: 1\nx: " + "[" * 995 + "]" * 995, ""),
        ("version: 1\nx: " + "[" * 90000, "not YAML"),
        (waiver(pattern="/opt/agent/"), "end it with /** for everything in it"),
        (waiver(pattern="'!/opt'"), "cannot be negated"),
        (waiver(more="    expired: x"), "did you mean expires?"),
        (waiver() + waiver()[12:].replace("waivers:\n", ""), "same waiver stands in line 4"),
        (waiver().replace("the vendor's statement is filed", "x" * 501), "longer than 500"),
        (waiver().replace("2027-03-01", "20270301"), "written as 2027-06-30"),
    ],
)
def test_a_mistake_is_told(text: str, says: str) -> None:
    assert says in "\n".join(problems(text))


def test_an_unknown_version_is_all_that_is_told() -> None:
    assert len(problems("version: 2\ncolour: red")) == 1


def test_a_relative_pattern_may_mean_what_was_not_looked_at() -> None:
    policy, _ = read(waiver("gap:not-run", "team/app:*"))
    assert policy.waivers[0].pattern == "team/app:*"


def test_a_pattern_keeps_its_spaces() -> None:
    policy, _ = read(waiver(pattern="'/opt/a  b'"))
    assert policy.waivers[0].pattern == "/opt/a  b"


def test_what_is_odd_is_told_and_holds_nevertheless() -> None:
    text = (
        waiver().replace("2027-03-01", "2028-03-01")
        + """
rules:
  go-plain-crypto: {severity: medium, reason: x}
  module-not-validated: {severity: off, reason: x}
"""
    )
    policy, odd = read(text)
    assert len(policy.waivers) == 1
    assert [str(each).partition(": ")[2] for each in odd] == [
        "go-plain-crypto is medium by its rule already; leave it out",
        "module-not-validated is switched off, so this waiver does nothing; leave one out",
        "the waiver of module-not-validated expires in more than a year, on 2028-03-01",
    ]
    assert all(each.warning for each in odd)


def test_brackets_are_told_to_mean_themselves() -> None:
    policy, [odd] = read(waiver(pattern="'/app/[ab].js'"))
    assert policy.waivers[0].pattern == "/app/[ab].js"
    assert odd.warning
    assert "`waivers.pattern`: [ and ] in /app/[ab].js mean themselves" in str(odd)


def test_files_that_cannot_be_read_are_told(tmp_path: Path) -> None:
    big = tmp_path / "big.yaml"
    big.write_bytes(b"#" * (MAX_SIZE + 1))
    for path, says in (
        (tmp_path / "none.yaml", "no such file"),
        (tmp_path, "is a directory"),
        (Path("/dev/zero"), "larger than 1 MiB"),
        (big, "larger than 1 MiB"),
    ):
        with pytest.raises(UsageError, match=says):
            read_policy(path, KNOWN, today=TODAY)


def test_the_policy_of_the_documentation_is_one() -> None:
    text = (ROOT / "docs/policy.md").read_text()
    example = text.partition("```yaml\n")[2].partition("```")[0]
    rules = rule_book()
    policy, odd = parse_policy(example.encode(), "p", known_to(rules), today=TODAY)
    assert odd == ()
    assert len(policy.waivers) == len(policy.overrides) == 2
    assert set(PolicyFile.model_fields) == set(yaml.safe_load(example))


@pytest.mark.parametrize("mark", ["\u2028", "\u2029", "\x85", "\r"])
def test_a_comment_does_not_go_on_as_policy(mark: str) -> None:
    text = f"version: 1\n# for a moment{mark}gate: {{fail_on: never}}\n"
    assert problems(text)[0].startswith("p.yaml:2: holds \\")
    with pytest.raises(RuleError):
        parse_policy(text.encode("utf-16"), "p.yaml", KNOWN, today=TODAY)


def test_no_line_is_read_in_another_order_than_it_is_written() -> None:
    [problem] = problems("version: 1\ngate:\n  fail_on: low # \u202ehgih\n")
    assert problem == "p.yaml:3: holds \\u202e, which hides what is written there; take it out"


def test_lines_may_end_as_on_windows() -> None:
    assert read("version: 1\r\ngate:\r\n  fail_on: low\r\n")[0].gate.fail_on is Severity.LOW
