"""The command as users meet it: options, output and exit codes. Starts no container."""

import json
import re
import subprocess
import sys
from pathlib import Path

import jsonschema
import pytest
from typer.testing import CliRunner

import scanner.scan
from scanner import __version__, cli, cli_scan
from scanner.commands.terminal import look_for
from scanner.model import Report, Severity
from scanner.report.formats import RENDERERS
from scanner.report.json import schema
from scanner.report.rule_pages import KINDS
from tests.unit.commands.running import ROOT, start
from tests.unit.conftest import Answer
from tests.unit.report.nginx import NOT_READY_NGINX
from tests.unit.report.reports import READY_GO, UNDETERMINED

# --- help and usage


def test_version() -> None:
    done = start("--version")
    assert (done.stdout, done.stderr, done.returncode) == (f"fips-scanner {__version__}\n", "", 0)


def test_nothing_heavy_is_loaded_before_a_command_needs_it() -> None:
    heavy = "docker requests pydantic yaml lief elftools hyperscan zstandard testcontainers"
    code = f"import sys, scanner.cli; print(sorted(set({heavy.split()}) & set(sys.modules)))"
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd=ROOT
    )
    assert done.stdout == "[]\n"


def test_help_names_every_exit_code() -> None:
    done = CliRunner().invoke(cli.app, ["--help"])
    assert done.exit_code == 0
    text = " ".join(done.output.split())
    assert "0 passes the gate, 1 does not, 2 usage, 3 could not determine" in text


def test_no_arguments_show_the_help(capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.run([]) == 0
    assert "Usage: fips-scanner" in capsys.readouterr().out


def test_choices_are_those_of_the_library() -> None:
    assert list(cli_scan.FORMATS) == list(RENDERERS)
    assert {each.value for each in cli_scan.FailOn} == set(Severity) - {"info"} | {"never"}
    assert tuple(each.value for each in cli.RuleKind) == KINDS


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (["scan"], "IMAGE"),
        (["scan", "x", "--output", "yaml"], "yaml"),
        (["scan", "x", "--fail-on", "info"], "info"),
        (["scan", "x", "--min-score", "101"], "--min-score"),
        (["scan", "x", "--date", "tomorrow"], "2027-06-30"),
        (["scan", "x", "--bogus"], "--bogus"),
        (["scan", "x", "--workers", "0"], "--workers"),
        (["scan", "x", "--fips-provider", "/no/such/fips.so"], "/no/such/fips.so"),
        (["scan", "x", "-o", "text=/no/such/folder/file"], "/no/such/folder/file"),
        (["scan", "x", "--rules", "/no/such/rules"], "/no/such/rules"),
        (["scan", "UPPER CASE", "--static"], "UPPER CASE"),
        (["explain"], "RULE-ID"),
        (["explain", "no-such-rule"], "no-such-rule"),
        (["rules"], "fips-scanner rules --help"),
        (["rules", "list", "colors"], "colors"),
        (["provider", "import", "/no/such/file"], "/no/such/file"),
        (["bogus"], "bogus"),
    ],
)
def test_wrong_usage_is_one_line_and_exit_code_2(
    arguments: list[str], says: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert cli.run(arguments) == 2
    seen = capsys.readouterr()
    assert seen.out == ""
    [line] = [line for line in seen.err.splitlines() if not line.startswith("opening ")]
    assert line.startswith("fips-scanner: ")
    assert says in line


# --- scan


def test_scan_of_a_directory_as_json(rootfs: Path, capsys: pytest.CaptureFixture[str]) -> None:
    arguments = ["scan", f"dir:{rootfs}", "--static", "-o", "json", "--date", "2027-01-31"]
    assert cli.run(arguments) == 0
    seen = capsys.readouterr()
    document = json.loads(seen.out)
    jsonschema.validate(document, schema())
    assert document["verdict"] == "no-crypto"
    assert document["date"] == "2027-01-31"
    assert document["image"]["os"] == "alpine 3.23.0"
    assert cli.run([*arguments, "--quiet"]) == 0
    again = capsys.readouterr()
    assert again.out == seen.out
    assert again.err == ""
    assert "inspecting" in seen.err


def test_scan_as_text_through_a_pipe_is_plain(rootfs: Path) -> None:
    done = start("scan", f"dir:{rootfs}", "--static", TERM="xterm-256color")
    assert done.returncode == 0
    assert done.stdout.startswith("NO CRYPTO  score")
    assert "\x1b" not in done.stdout + done.stderr
    assert max(map(len, done.stdout.splitlines())) <= 80


@pytest.mark.parametrize(
    ("report", "options", "code", "gate"),
    [
        (READY_GO, [], 0, ""),
        (NOT_READY_NGINX, [], 1, "gate: 2 findings at or above high"),
        (NOT_READY_NGINX, ["--fail-on", "critical"], 1, "gate: 1 finding at or above critical"),
        (NOT_READY_NGINX, ["--fail-on", "never"], 0, "gate: off, the verdict is not-ready"),
        (
            NOT_READY_NGINX,
            ["--fail-on", "never", "--min-score", "50"],
            1,
            "gate: the accepted score is 18",
        ),
        (UNDETERMINED, [], 3, "gate: could not be determined"),
    ],
)
def test_the_gate_decides_the_exit_code_and_says_why(
    report: Report,
    options: list[str],
    code: int,
    gate: str,
    answers: Answer,
    capsys: pytest.CaptureFixture[str],
) -> None:
    answers(report)
    assert cli.run(["scan", "x", *options]) == code
    seen = capsys.readouterr()
    assert seen.err.startswith(gate)
    assert bool(seen.err) == bool(gate)
    head, score, _ = RENDERERS["text"].one(report, look_for(sys.stdout)).partition("\nScore  ")
    assert seen.out.startswith(f"{head}\nGate  ")
    assert score in seen.out
    assert ("\nGate  passes" in seen.out) == (code == 0)
    assert cli.run(["scan", "x", *options, "--quiet"]) == code
    assert capsys.readouterr().err == ""


def test_options_reach_the_library(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    given: list[tuple[str, scanner.scan.ScanOptions]] = []

    def scan(reference: str, *, options: scanner.scan.ScanOptions, **_: object) -> Report:
        given.append((reference, options))
        return READY_GO

    monkeypatch.setattr(scanner.scan, "scan", scan)
    provider = tmp_path / "fips.so"
    provider.touch()
    arguments = "--static --platform linux/arm64 --insecure --workers 3 --timeout 99"
    extra = ["--ready-timeout", "7", "--fips-provider", str(provider)]
    assert cli.run(["scan", "oci:x", *arguments.split(), *extra]) == 0
    [(reference, options)] = given
    assert reference == "oci:x"
    assert (options.static, options.insecure, options.workers) == (True, True, 3)
    assert (options.platform, options.provider) == ("linux/arm64", provider)
    assert (options.run_limits.total, options.run_limits.ready) == (99, 7)
    capsys.readouterr()


def test_more_rules_can_be_given(rootfs: Path, tmp_path: Path) -> None:
    checks = tmp_path / "more/checks"
    checks.mkdir(parents=True)
    known = (ROOT / "rules/checks/java-opts-not-read.yaml").read_text()
    (checks / "house-rule.yaml").write_text(known)
    done = start("explain", "house-rule", "--rules", str(tmp_path / "more"))
    assert done.returncode == 0
    assert "house-rule" in done.stdout
    (checks / "house-rule.yaml").write_text("title: x\nseverity: awful\n")
    done = start("scan", f"dir:{rootfs}", "--static", "--rules", str(tmp_path / "more"))
    assert done.returncode == 2
    lines = done.stderr.splitlines()
    assert len(lines) > 1
    assert all(
        re.match(r"fips-scanner: more/checks/house-rule\.yaml:\d+: ", each) for each in lines
    )


def test_a_platform_is_an_os_and_an_architecture(capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.run(["scan", "x", "--platform", "arm64"]) == 2
    (line,) = capsys.readouterr().err.splitlines()
    assert "write OS/ARCH, such as linux/arm64" in line


# --- documentation


def test_the_readme_names_every_option_of_scan() -> None:
    shown = CliRunner().invoke(cli.app, ["scan", "--help"]).output
    offered = set(re.findall(r"(?<![\w-])--[a-z][a-z-]+", shown))
    readme = (ROOT / "README.md").read_text()
    table = readme.partition("## Options of `scan`")[2].partition("\n## ")[0]
    assert offered == set(re.findall(r"^\| `(--[a-z-]+)", table, re.MULTILINE))


def test_the_readme_names_rules_that_exist() -> None:
    readme = (ROOT / "README.md").read_text()
    for name in re.findall(r"fips-scanner explain ([\w-]+)", readme):
        assert cli.run(["explain", name]) == 0
