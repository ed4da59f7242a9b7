"""`report`, `diff` and `scan --baseline`: what is done with saved reports. Scans no image."""

import io
import json
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from scanner import cli
from scanner.commands.terminal import look_for
from scanner.model import (
    Batch,
    Failure,
    Finding,
    GateResult,
    PolicyResult,
    Report,
    Severity,
    VerdictKind,
)
from scanner.report.comparison import DIFF_RENDERERS
from scanner.report.formats import RENDERERS
from scanner.report.json import render, render_many
from tests.unit.conftest import Answer
from tests.unit.diff.parts import finding, made
from tests.unit.report import updates
from tests.unit.report.nginx import NOT_READY_NGINX
from tests.unit.report.reports import READY_GO, UNDETERMINED

Capture = pytest.CaptureFixture[str]


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    return tmp_path


def saved(folder: Path, name: str, *reports: Report, failures: tuple[Failure, ...] = ()) -> str:
    text = render(reports[0]) if len(reports) == 1 else render_many(Batch(reports, failures))
    (folder / name).write_text(text)
    return name


def standard_input(monkeypatch: pytest.MonkeyPatch, text: str) -> None:
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(text.encode())))


# --- report


def test_a_saved_report_is_written_again(folder: Path, capsys: Capture) -> None:
    saved(folder, "a.json", NOT_READY_NGINX)
    assert cli.run(["report", "a.json", "-o", "text", "-o", "json=b.json"]) == 0
    seen = capsys.readouterr()
    assert seen.out == RENDERERS["text"].one(NOT_READY_NGINX, look_for(sys.stdout))
    assert seen.err == ""
    assert (folder / "b.json").read_text() == (folder / "a.json").read_text()


def test_several_reports_are_one_answer(folder: Path, capsys: Capture) -> None:
    saved(folder, "a.json", NOT_READY_NGINX)
    saved(folder, "b.json", READY_GO, UNDETERMINED, failures=(Failure("x", "gone", 2),))
    assert cli.run(["report", "a.json", "b.json", "-o", "json"]) == 0
    document = json.loads(capsys.readouterr().out)
    names = [each["image"]["reference"] for each in document["reports"]]
    assert names == [each.image.reference for each in (NOT_READY_NGINX, READY_GO, UNDETERMINED)]
    assert document["failures"][0]["reference"] == "x"


def test_each_image_may_get_a_file_of_its_own(folder: Path, capsys: Capture) -> None:
    saved(folder, "a.json", NOT_READY_NGINX, READY_GO)
    assert cli.run(["report", "a.json", "-o", "json={image}.json"]) == 0
    assert (folder / "nginx-1.27.json").read_text() == render(NOT_READY_NGINX)
    assert cli.run(["report", "a.json", "a.json", "-o", "json={image}.json"]) == 2
    assert "two reports on nginx:1.27 would go to the same file" in capsys.readouterr().err


def test_a_report_comes_from_standard_input(
    folder: Path, monkeypatch: pytest.MonkeyPatch, capsys: Capture
) -> None:
    standard_input(monkeypatch, render(READY_GO))
    assert cli.run(["report", "-", "-o", "json"]) == 0
    assert capsys.readouterr().out == render(READY_GO)
    standard_input(monkeypatch, "?")
    assert cli.run(["report", "-"]) == 2
    assert "standard input is not JSON" in capsys.readouterr().err


def judged(report: Report, code: int, *reasons: str) -> Report:
    gate = GateResult(code == 0, code, reasons)
    return replace(report, policy=PolicyResult("", report.verdict.kind, 0, gate))


@pytest.mark.parametrize(
    ("codes", "failures", "answer"),
    [
        ((0,), (), 0),
        ((1,), (), 1),
        ((3,), (), 3),
        ((0, 3), (), 3),
        ((0, 3, 1), (), 1),
        ((0, 0), (Failure("x", "gone", 2),), 3),
    ],
)
def test_the_gate_in_a_report_answers_again(
    codes: tuple[int, ...], failures: tuple[Failure, ...], answer: int, folder: Path
) -> None:
    reports = [judged(made(reference=f"i{at}"), code, "why") for at, code in enumerate(codes)]
    saved(folder, "a.json", *reports, failures=failures)
    assert cli.run(["report", "a.json", "-q"]) == 0
    assert cli.run(["report", "a.json", "--gate", "-q"]) == answer


def test_why_it_failed_is_told_with_the_image(folder: Path, capsys: Capture) -> None:
    reports = (judged(READY_GO, 0), judged(NOT_READY_NGINX, 1, "too bad"))
    saved(folder, "a.json", *reports)
    cli.run(["report", "a.json", "--gate"])
    assert capsys.readouterr().err == "gate: nginx:1.27: too bad\n"


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (["report"], "REPORT"),
        (["report", "none.json"], "none.json: no such file or directory; write a report with"),
        (["report", "."], ". is a directory; name a report in it"),
        (["report", "-", "-"], "standard input can be read once"),
        (["report", "a.json", "-o", "x=y"], "no such format: x"),
        (["report", "a.json", "--gate"], "a.json says nothing of a gate"),
        (["report", "empty.json"], "empty.json is empty"),
        (["report", "nobody.json"], "no report in nobody.json"),
        (["diff", "a.json"], "NEW"),
        (["diff", "a.json", "none.json"], "cannot read the report none.json"),
        (["diff", "-", "-"], "standard input holds one of the two"),
        (["diff", "a.json", "a.json", "-o", "sarif"], "there are text, json, markdown"),
        (["diff", "a.json", "a.json", "-o", "json="], "names no file"),
        (["diff", "a.json", "a.json", "-o", "json", "-o", "text"], "two outputs for standard out"),
        (["diff", "a.json", "a.json", "--fail-on", "info"], "info"),
        (["diff", "a.json", "nobody.json"], "nobody.json holds no report"),
        (["diff", "a.json", "a.json", "-o", "text=no/such/file"], "no/such/file"),
        (["scan", "x", "--baseline", "none.json"], "cannot read the report none.json"),
        (["scan", "x", "--baseline", "empty.json"], "empty.json is empty"),
        (["scan", "x", "--baseline", "nobody.json"], "the baseline nobody.json holds no report"),
    ],
)
def test_wrong_usage_is_one_line_and_exit_code_2(
    arguments: list[str], says: str, folder: Path, capsys: Capture
) -> None:
    saved(folder, "a.json", READY_GO)
    (folder / "empty.json").touch()
    (folder / "nobody.json").write_text(render_many(Batch(())))
    assert cli.run(arguments) == 2
    seen = capsys.readouterr()
    assert seen.out == ""
    [line] = seen.err.splitlines()
    assert line.startswith("fips-scanner: ")
    assert says in line


# --- diff


def test_what_an_update_changed(folder: Path, capsys: Capture) -> None:
    saved(folder, "old.json", updates.NGINX)
    saved(folder, "new.json", updates.LATER)
    outputs = ["-o", "text", "-o", "json=d.json", "-o", "markdown=d.md"]
    assert cli.run(["diff", "old.json", "new.json", *outputs]) == 0
    found = updates.ALL["later"]
    look = look_for(sys.stdout)
    assert capsys.readouterr().out == DIFF_RENDERERS["text"](found, look)
    assert (folder / "d.json").read_text() == DIFF_RENDERERS["json"](found, look)
    assert (folder / "d.md").read_text() == DIFF_RENDERERS["markdown"](found, look)


def test_one_side_comes_from_standard_input(
    folder: Path, monkeypatch: pytest.MonkeyPatch, capsys: Capture
) -> None:
    saved(folder, "old.json", updates.NGINX)
    standard_input(monkeypatch, render(updates.UPDATED))
    assert cli.run(["diff", "old.json", "-"]) == 0
    assert "3.0.19 -> 3.0.20" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("old", "new", "fail_on", "code"),
    [
        ([], [finding("/a")], "high", 1),
        ([], [finding("/a")], "critical", 0),
        ([], [finding("/a")], "never", 0),
        ([finding("/a")], [finding("/a")], "low", 0),
        ([finding("/a")], [finding("/a", "/b")], "high", 1),
        ([finding("/a", "/b")], [finding("/a")], "low", 0),
        ([], [finding("/a", ignored_by="waiver", ignored_because="x")], "low", 0),
        # A policy has made less of it.
        (
            [],
            [replace(finding("/a"), severity=Severity.LOW, rule_severity=Severity.HIGH)],
            "medium",
            0,
        ),
    ],
)
def test_what_is_new_may_fail(
    old: list[Finding],
    new: list[Finding],
    fail_on: str,
    code: int,
    folder: Path,
    capsys: Capture,
) -> None:
    saved(folder, "old.json", made(findings=tuple(old)))
    saved(folder, "new.json", made("sha256:2", findings=tuple(new)))
    assert cli.run(["diff", "old.json", "new.json", "--fail-on", fail_on]) == code
    says = f"new or worse, at or above {fail_on}: unvalidated\n" if code else ""
    assert capsys.readouterr().err == says


def test_all_of_a_new_image_is_new(folder: Path) -> None:
    bad = made(findings=(finding("/a"),), reference="bad")
    saved(folder, "old.json", READY_GO, UNDETERMINED)
    saved(folder, "new.json", READY_GO, bad)
    assert cli.run(["diff", "old.json", "new.json", "--fail-on", "high", "-q"]) == 1
    assert cli.run(["diff", "new.json", "old.json", "--fail-on", "high", "-q"]) == 0


def test_what_was_not_scanned_is_not_compared(folder: Path, capsys: Capture) -> None:
    saved(folder, "old.json", READY_GO, UNDETERMINED)
    saved(folder, "new.json", READY_GO, UNDETERMINED, failures=(Failure("gone", "no", 3),))
    assert cli.run(["diff", "old.json", "new.json"]) == 0
    assert cli.run(["diff", "old.json", "new.json", "--fail-on", "high"]) == 3
    assert capsys.readouterr().err == "could not be compared, as it was not scanned: gone\n"
    bad = made(findings=(finding("/a"),), reference="bad")
    saved(folder, "new.json", READY_GO, bad, failures=(Failure("gone", "no", 3),))
    assert cli.run(["diff", "old.json", "new.json", "--fail-on", "high"]) == 1


# --- scan --baseline


def scanned(folder: Path, *more: str) -> tuple[int, dict[str, Any]]:
    code = cli.run(["scan", "x", "-o", "json=out.json", "--no-policy", *more])
    return code, json.loads((folder / "out.json").read_text())


def test_what_was_there_before_fails_no_more(
    folder: Path, answers: Answer, capsys: Capture
) -> None:
    answers(NOT_READY_NGINX)
    saved(folder, "before.json", NOT_READY_NGINX)
    code, after = scanned(folder, "--baseline", "before.json")
    assert code == 0
    assert after["verdict"] == VerdictKind.NOT_READY
    assert after["policy"]["baseline"] == "before.json (2026-11-23)"
    capsys.readouterr()
    worse = replace(finding("/new", id_="new"), severity=Severity.CRITICAL)
    answers(replace(NOT_READY_NGINX, findings=(*NOT_READY_NGINX.findings, worse)))
    code, _ = scanned(folder, "--baseline", "before.json")
    assert code == 1
    said = "gate: 1 finding at or above high, new or worse since before.json (2026-11-23): new"
    assert said in capsys.readouterr().err.splitlines()


def test_a_baseline_of_another_image_is_said_to_be_one(
    folder: Path, answers: Answer, capsys: Capture
) -> None:
    saved(folder, "other.json", READY_GO)
    answers(NOT_READY_NGINX)
    assert scanned(folder, "--baseline", "other.json")[0] == 1
    said = "baseline: other.json is of another image (team/gateway -> nginx)"
    assert said in capsys.readouterr().err.splitlines()


def test_of_a_baseline_of_several_the_one_of_this_image_counts(
    folder: Path, answers: Answer, capsys: Capture
) -> None:
    saved(folder, "all.json", READY_GO, NOT_READY_NGINX)
    answers(NOT_READY_NGINX)
    assert scanned(folder, "--baseline", "all.json", "-q")[0] == 0
    assert capsys.readouterr().err == ""
    answers(made(findings=(finding("/a"),), reference="third:1"))
    assert scanned(folder, "--baseline", "all.json")[0] == 1
    assert "baseline: all.json has no report on third:1" in capsys.readouterr().err
