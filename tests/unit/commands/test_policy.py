"""`config` and `init` as users meet them, and the policy that a scan goes by."""

import json
from functools import cache
from pathlib import Path

import jsonschema
import pytest

from scanner import cli
from scanner.model import Report
from scanner.policy import NAME, policy_schema
from scanner.report.json import render
from scanner.rulebook import RuleBook
from tests.unit.conftest import Answer
from tests.unit.report.nginx import NOT_READY_NGINX
from tests.unit.report.reports import READY_GO

POLICY = """\
version: 1
gate:
  fail_on: critical
  min_score: 50
rules:
  tool-uses-unvalidated-crypto: {severity: off, reason: nobody runs them}
waivers:
  - rule: run-leaks-when-enforced
    pattern: enforced
    reason: the proxy in front decides
    owner: team-web
    expires: 2026-12-01
"""
DAY = ["--date", "2026-11-25"]


_load = RuleBook.load


@cache
def _loaded(folders: tuple[Path, ...]) -> RuleBook:
    return _load(*folders)


@pytest.fixture(autouse=True)
def rules_are_read_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """Every command reads them, which takes most of its time."""
    monkeypatch.setattr(RuleBook, "load", lambda *folders: _loaded(folders))


@pytest.fixture(autouse=True)
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A repository, and a folder in it to work in."""
    folder = tmp_path / "project/deep"
    folder.mkdir(parents=True)
    (tmp_path / "project/.git").mkdir()
    monkeypatch.chdir(folder)
    monkeypatch.setenv("HOME", str(tmp_path))
    return folder.parent


def run(capsys: pytest.CaptureFixture[str], *arguments: str) -> tuple[int, str, str]:
    code = cli.run([*arguments])
    seen = capsys.readouterr()
    return code, seen.out, seen.err


# --- scan


def test_a_scan_goes_by_the_policy_above(
    project: Path, answers: Answer, capsys: pytest.CaptureFixture[str]
) -> None:
    (project / NAME).write_text(POLICY)
    answers(NOT_READY_NGINX)
    code, out, err = run(capsys, "scan", "x", *DAY)
    assert code == 1
    assert "\nGate  does not pass  asked: nothing at or above critical, a score of 50" in out
    assert "ends soon  run-leaks-when-enforced for enforced, line 8" in out
    assert err.splitlines() == [
        f"policy: ../{NAME}",
        f"policy: ../{NAME}:8: the waiver of run-leaks-when-enforced for enforced ends on "
        "2026-12-01, in 6 days (team-web)",
        "gate: the accepted score is 27, below 50",
    ]
    code, _, err = run(capsys, "scan", "x", *DAY, "--min-score", "10")
    assert code == 0
    code, _, err = run(capsys, "scan", "x", *DAY, "--no-policy")
    assert code == 1
    assert "policy:" not in err
    code, _, err = run(capsys, "scan", "x", "--date", "2026-12-02", "--min-score", "0")
    assert code == 1
    assert "expired on 2026-12-01: team-web renews it or removes it (line 8)" in err
    assert "ends on" not in err
    code, _, err = run(capsys, "scan", "x", *DAY, "--quiet")
    assert (code, err) == (1, "")


def test_a_waiver_that_matches_nothing_is_told(
    answers: Answer, capsys: pytest.CaptureFixture[str]
) -> None:
    Path("p.yaml").write_text(POLICY)
    answers(READY_GO)
    code, out, err = run(capsys, "scan", "x", *DAY, "--policy", "p.yaml")
    assert code == 0
    assert "p.yaml:8: the waiver of run-leaks-when-enforced for enforced matches nothing" in err
    assert "no match" in out


@pytest.mark.parametrize(
    ("options", "says"),
    [
        (["--policy", "none.yaml"], "cannot read the policy none.yaml: no such file"),
        (["--policy", "p.yaml", "--no-policy"], "contradict each other"),
        (["--target", "aks"], "no such target: aks; there are aks-azurelinux3"),
        (["--condition", "production"], "production"),
    ],
)
def test_wrong_options_are_told_before_the_scan(
    options: list[str], says: str, capsys: pytest.CaptureFixture[str], answers: Answer
) -> None:
    answers(AssertionError("scanned nevertheless"))
    code, out, err = run(capsys, "scan", "x", *options)
    assert (code, out) == (2, "")
    assert says in err


def test_every_mistake_of_a_policy_ends_a_scan(
    project: Path, capsys: pytest.CaptureFixture[str], answers: Answer
) -> None:
    answers(AssertionError("scanned nevertheless"))
    (project / NAME).write_text("version: 1\ngate: {fail_on: none}\ncolour: red\n")
    code, _, err = run(capsys, "scan", "x")
    assert code == 2
    assert [each.partition(": ")[2].partition(": ")[0] for each in err.splitlines()] == [
        f"../{NAME}:2",
        f"../{NAME}:3",
    ]


# --- config


def test_show_says_what_holds_and_why(capsys: pytest.CaptureFixture[str]) -> None:
    Path(NAME).write_text(POLICY)
    code, out, err = run(capsys, "config", "show", *DAY, "--target", "openshift")
    assert (code, err) == (0, "")
    for line in (
        f"Policy  {NAME}",
        f"  gate.fail_on    critical  ({NAME}:3)",
        "  gate.verdict    -  (default)",
        "  target          openshift  (--target)",
        "                off, low by its rule  (line 6)",
        "  ends soon  run-leaks-when-enforced for enforced, line 8",
        "             until 2026-12-01, in 6 days, team-web",
    ):
        assert f"{line}\n" in out
    assert max(map(len, out.splitlines())) <= 80


def test_show_for_programs(capsys: pytest.CaptureFixture[str]) -> None:
    Path(NAME).write_text(POLICY)
    arguments = ("config", "show", *DAY, "-o", "json", "--fail-on", "never", "--condition", "node")
    code, out, _ = run(capsys, *arguments)
    shown = json.loads(out)
    assert code == 0
    assert shown["source"] == NAME
    assert shown["settings"]["gate.fail_on"] == {"value": None, "origin": "--fail-on"}
    assert shown["settings"]["gate.min_score"] == {"value": 50, "origin": f"{NAME}:4"}
    assert shown["settings"]["target"] == {"value": "generic", "origin": "default"}
    assert shown["settings"]["conditions"] == {"value": ["node"], "origin": "--condition"}
    [waiver] = shown["waivers"]
    assert (waiver["days_left"], waiver["expired"], waiver["line"]) == (6, False, 8)
    assert shown["rules"][0]["off"] is True


def test_show_without_a_policy_shows_the_defaults(capsys: pytest.CaptureFixture[str]) -> None:
    code, out, _ = run(capsys, "config", "show")
    assert code == 0
    assert out.startswith("Policy  no file: the defaults hold\n  gate.fail_on    high  (default)\n")


def test_check(capsys: pytest.CaptureFixture[str]) -> None:
    code, out, err = run(capsys, "config", "check")
    assert (code, out) == (2, "")
    assert "fips-scanner init" in err
    Path(NAME).write_text(POLICY)
    assert run(capsys, "config", "check", *DAY) == (0, f"{NAME}: no mistake\n", "")
    code, _, err = run(capsys, "config", "check", "--date", "2027-01-01")
    assert code == 0
    assert "expired on 2026-12-01: the gate fails; team-web renews or removes it" in err
    Path("other.yaml").write_text("version: 1\nx: y\n")
    code, out, err = run(capsys, "config", "check", "other.yaml")
    assert (code, out) == (2, "")
    assert err.startswith("fips-scanner: other.yaml:2: unknown key `x`")


def test_rules_of_users_are_known(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    checks = tmp_path / "more/checks"
    checks.mkdir(parents=True)
    rule = Path(cli.__file__).parents[1] / "rules/checks/java-opts-not-read.yaml"
    (checks / "house-rule.yaml").write_text(rule.read_text())
    text = POLICY.replace("run-leaks-when-enforced", "house-rule")
    Path(NAME).write_text(text)
    assert run(capsys, "config", "check")[0] == 2
    assert run(capsys, "config", "check", *DAY, "--rules", str(tmp_path / "more"))[0] == 0


def test_schema(capsys: pytest.CaptureFixture[str]) -> None:
    code, out, _ = run(capsys, "config", "schema")
    assert (code, out) == (0, policy_schema())
    jsonschema.Draft202012Validator.check_schema(json.loads(out))


# --- init


def test_init_writes_a_policy_that_holds(
    answers: Answer, capsys: pytest.CaptureFixture[str]
) -> None:
    answers(NOT_READY_NGINX)
    code, out, err = run(capsys, "init", "nginx:1.27", "--static", *DAY)
    assert (code, out) == (0, "")
    assert err.endswith(f"policy: written to {NAME}, for editors its schema to {SCHEMA}\n")
    assert Path(SCHEMA).read_text() == policy_schema()
    text = Path(NAME).read_text()
    assert text.startswith(f"# yaml-language-server: $schema={SCHEMA}\n")
    assert "  # - rule: run-leaks-when-enforced  # critical, 1 place: " in text
    assert run(capsys, "config", "check", *DAY)[0] == 0
    assert run(capsys, "scan", "nginx:1.27", *DAY)[0] == 1


SCHEMA = ".fips-scanner.schema.json"


def test_init_overwrites_nothing_unasked(capsys: pytest.CaptureFixture[str]) -> None:
    Path(NAME).write_text("mine")
    code, _, err = run(capsys, "init")
    assert code == 2
    assert "--force" in err
    assert Path(NAME).read_text() == "mine"
    assert not Path(SCHEMA).exists()
    assert run(capsys, "init", "--force", "--quiet") == (0, "", "")
    assert Path(NAME).read_text() != "mine"


@pytest.mark.parametrize("report", [NOT_READY_NGINX, READY_GO])
def test_init_from_a_saved_report(report: Report, capsys: pytest.CaptureFixture[str]) -> None:
    Path("r.json").write_text(render(report))
    code, _, err = run(capsys, "init", "--from", "r.json", "-o", "new.yaml")
    assert code == 0
    assert f"{report.image.reference} was {report.verdict.kind}" in Path("new.yaml").read_text()
    code, _, err = run(capsys, "init", "nginx", "--from", "r.json", "--force")
    assert code == 2
    assert "leave one out" in err


def test_init_can_print_the_policy(capsys: pytest.CaptureFixture[str]) -> None:
    code, out, err = run(capsys, "init", "-o", "-")
    assert (code, err) == (0, "")
    assert out.startswith("# yaml-language-server: ")
    assert list(Path().iterdir()) == []


def test_init_tells_which_policy_it_takes_the_place_of(
    project: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (project / NAME).write_text(POLICY)
    code, _, err = run(capsys, "init")
    assert code == 0
    assert f"policy: ../{NAME} held here" in err
