"""Rules are read as text, and every mistake is reported with its line."""

from __future__ import annotations

import pickle
import shutil
from dataclasses import FrozenInstanceError
from pathlib import Path

import pytest
from pydantic import ValidationError

from scanner.conditions import Below, IsSet, Matches, NoneOf, OneOf
from scanner.errors import RuleError
from scanner.model import FactKind, Question, Severity, VerdictKind
from scanner.rulebook import RuleBook, default_rules, read_rules

CHECK = """\
title: A title
question: usage
severity: low
confidence: high
verdict: none
scope: file
when:
  all:
    - go_build: {go_version: {below: 1.10}, cgo: 1, packages: {set: yes}}
  none:
    - env: {name: {not: [A, B]}, value: {matches: 'x.*'}}
why: |
  Because of this and that.
fix: |
  Do something else instead.
references:
  - https://example.org/
examples:
  match:
    - - go_build: {path: /app, go_version: 1.9, cgo: 1, packages: [crypto/tls]}
  no_match:
    - []
"""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A small folder of rules that holds together."""
    root = tmp_path / "rules"
    (root / "checks").mkdir(parents=True)
    shutil.copy(default_rules() / "scoring.yaml", root)
    (root / "checks" / "a-check.yaml").write_text(CHECK)
    return root


def problems(folder: Path) -> list[str]:
    with pytest.raises(RuleError) as caught:
        RuleBook.load(folder)
    return list(caught.value.problems)


def replace(folder: Path, old: str, new: str) -> None:
    path = folder / "checks" / "a-check.yaml"
    text = path.read_text()
    assert old in text
    path.write_text(text.replace(old, new))


def test_reads_a_check(folder: Path) -> None:
    rule = RuleBook.load(folder).checks["a-check"]
    assert rule.question is Question.USAGE
    assert rule.severity is Severity.LOW
    assert rule.verdict is None
    [first] = rule.when.all
    assert first.kind is FactKind.GO_BUILD
    assert dict(first.tests) == {
        "go_version": Below("1.10"),  # not 1.1
        "cgo": OneOf(frozenset({"1"})),
        "packages": IsSet(True),
    }
    [none] = rule.when.none
    assert dict(none.tests) == {"name": NoneOf(frozenset({"A", "B"})), "value": Matches("x.*")}
    [[example]] = rule.examples.match
    assert example.attributes["go_version"] == "1.9"
    assert example.texts("packages") == ("crypto/tls",)


def test_verdicts(folder: Path) -> None:
    replace(folder, "verdict: none", "verdict: not-ready")
    assert RuleBook.load(folder).checks["a-check"].verdict is VerdictKind.NOT_READY
    replace(folder, "verdict: not-ready", "verdict: ready")
    assert problems(folder)[0].startswith("rules/checks/a-check.yaml:5: `verdict")


@pytest.mark.parametrize(
    ("old", "new", "line", "message"),
    [
        ("title: A title\n", "", 1, "`title` is missing"),
        ("confidence: high", "confidence: sure", 4, "`confidence`: must be 'high', 'medium'"),
        ("scope: file", "scope: file\nscopes: x", 7, "unknown key `scopes`"),
        ("scope: file", "scope: file\nscope: use", 7, "`scope` is given twice"),
        ("scope: file", "id: other", 6, "the file name is the id"),
        ("go_version: {below", "go_versoin: {below", 9, "did you mean `go_version`?"),
        ("- go_build: {go_v", "- go_bild: {go_v", 9, "did you mean `go_build`?"),
        ("{set: yes}", "{set: true}", 9, "`set` takes yes or no"),
        ("{set: yes}", "{like: yes}", 9, "cannot be asked `like`"),
        ("{below: 1.10}", "{below: new}", 9, "`new` is not a version"),
        ("'x.*'", "'x('", 11, "is not a regular expression"),
        ("{below: 1.10}, cgo: 1,", "{below: 1.10}, stripped: true,", 9, "a flag: write yes or no"),
        ("cgo: 1, packages: [crypto/tls]", "stripped: 1", 20, "a flag: write yes or no"),
        ("why: |", "why: &x |", 0, ""),
        ("    - []", "    - *y", 22, "not YAML"),
    ],
)
def test_mistakes_have_a_line(folder: Path, old: str, new: str, line: int, message: str) -> None:
    replace(folder, old, new)
    if not message:  # an anchor alone does no harm
        RuleBook.load(folder)
        return
    found = [each for each in problems(folder) if message in each]
    assert found, problems(folder)
    assert found[0].startswith(f"rules/checks/a-check.yaml:{line}: ")


def test_aliases_are_refused(folder: Path) -> None:
    replace(folder, "references:\n  - https://example.org/", "references: &a [*a]")
    assert "aliases" in problems(folder)[0]


def test_all_mistakes_at_once(folder: Path) -> None:
    replace(folder, "severity: low", "severity: awful")
    replace(folder, "scope: file", "scope: file\nextra: 1")
    (folder / "checks" / "b.yaml").write_text("title: x\n")
    (folder / "checks" / "c.yaml").write_text("title: [unclosed\n")
    (folder / "checks" / "d.yaml").write_text("- a list\n")
    (folder / "checks" / "e.yml").write_text(CHECK)
    (folder / "odd").mkdir()
    (folder / "odd" / "f.yaml").write_text("a: b\n")
    (folder / "checks" / "g.yaml").write_bytes(b"\xff\xfe\xfa: 1")
    found = problems(folder)
    for name in ("a-check", "b", "c", "d", "g"):
        assert any(each.startswith(f"rules/checks/{name}.yaml:") for each in found), name
    assert any("e.yml" in each and "no place for rules" in each for each in found)
    assert any("odd/f.yaml" in each and "no place for rules" in each for each in found)
    assert sum("a-check" in each for each in found) == 2


def test_a_later_folder_adds_rules_and_weighs_anew(folder: Path, tmp_path: Path) -> None:
    more = tmp_path / "more"
    (more / "checks").mkdir(parents=True)
    (more / "checks" / "b-check.yaml").write_text(CHECK)
    text = (folder / "scoring.yaml").read_text().replace("gap_share: 0.2", "gap_share: 0.5")
    (more / "scoring.yaml").write_text(text)
    rules = RuleBook.load(folder, more)
    assert set(rules.checks) == {"a-check", "b-check"}
    assert rules.scoring.gap_share == 0.5


def test_an_id_cannot_be_taken_twice(folder: Path, tmp_path: Path) -> None:
    more = tmp_path / "more"
    shutil.copytree(folder, more)
    with pytest.raises(RuleError, match=r"is taken by rules/checks/a-check\.yaml"):
        RuleBook.load(folder, more)


def test_scoring_must_be_whole(folder: Path) -> None:
    path = folder / "scoring.yaml"
    path.write_text(path.read_text().replace("module: 15", "module: 16"))
    assert "sum to 101, not to 100" in problems(folder)[0]
    path.unlink()
    assert "scoring.yaml: is missing" in problems(folder)[0]


@pytest.mark.parametrize("name", ["nothing", "empty"])
def test_no_rules_there(tmp_path: Path, name: str) -> None:
    (tmp_path / "empty").mkdir()
    with pytest.raises(RuleError, match=r": (no such folder|holds no rules)"):
        RuleBook.load(tmp_path / name)


def test_digest_follows_names_and_bytes(folder: Path) -> None:
    before = RuleBook.load(folder).digest
    assert before.startswith("sha256:")
    assert RuleBook.load(folder).digest == before
    replace(folder, "A title", "B title")
    changed = RuleBook.load(folder).digest
    assert changed != before
    (folder / "checks" / "a-check.yaml").rename(folder / "checks" / "z-check.yaml")
    assert RuleBook.load(folder).digest not in (before, changed)


def test_own_rules_load_and_travel() -> None:
    rules = RuleBook.load()
    again = pickle.loads(pickle.dumps(rules))
    assert again == rules
    suite = again.tls.suite("TLS_AES_128_GCM_SHA256")
    assert suite is again.tls.suite(0x1301)
    assert "apt" in rules.os_tools


def test_rules_are_frozen() -> None:
    rules, _ = read_rules(default_rules())
    assert rules is not None
    with pytest.raises(FrozenInstanceError):
        rules.digest = "x"  # type: ignore[misc]
    with pytest.raises(ValidationError):
        rules.scoring.gap_share = 0.0


@pytest.mark.parametrize(
    ("name", "known_as", "approved"),
    [
        ("sha256", "SHA2-256", "yes"),
        ("SHA-512/256", "SHA2-512/256", "yes"),
        ("id-aes128-GCM", "AES-128-GCM", "yes"),
        ("AES/GCM/NoPadding", "AES", "yes"),
        ("DESede/CBC/PKCS5Padding", "Triple DES", "limited"),
        ("RC4/ECB/NoPadding", "RC4", "no"),
        ("ssl3-md5", "MD5", "no"),
    ],
)
def test_an_algorithm_is_known_by_the_names_that_programs_use(
    name: str, known_as: str, approved: str
) -> None:
    rule = RuleBook.load().algorithms.find(name)
    assert rule is not None
    assert (rule.name, rule.approved) == (known_as, approved)


def test_an_unknown_algorithm_is_neither_approved_nor_not() -> None:
    table = RuleBook.load().algorithms
    assert table.approved("rot13") is None
    assert table.approved("md5") is False
    assert table.approved("sha1") is True


def test_no_two_algorithms_share_a_name() -> None:
    table = RuleBook.load().algorithms
    for rule in table.algorithms:
        assert all(table.find(name) is rule for name in (rule.name, *rule.also)), rule.name
