"""The script that every integration runs, where it is set up wrongly or was left alone."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.unit.ci.scripts import ROOT, SHELLS, install, run


@pytest.fixture
def place(tmp_path: Path) -> Path:
    install(tmp_path)
    (tmp_path / "fips-reports").mkdir()
    return tmp_path


def test_wrong_call_fails_although_deferred_and_leaves_no_old_report(place: Path) -> None:
    (place / "fips-reports/fips.sarif").write_text("of the build before")
    # Neither an option nor a command, whatever a branch is called.
    name = '--help;touch${IFS}taken"$(touch taken)'
    code, log = run(
        "fips-scanner-gate", place, FIPS_IMAGES=name, FIPS_STATIC="true", FIPS_DEFER="true"
    )
    assert code == 2
    assert "is not an image name" in log
    assert not (place / "taken").exists()
    assert {path.name for path in (place / "fips-reports").iterdir()} == {"exit-code", "fips.md"}
    assert (place / "fips-reports/exit-code").read_text() == "2\n"
    told = (place / "fips-reports/fips.md").read_text()
    assert told.startswith("The FIPS scan made no report (exit code 2): `")
    assert "is not an image name" in told


@pytest.mark.parametrize(
    ("arguments", "variables", "code", "said"),
    [
        ("", {"FIPS_STATIC": "yes"}, 2, "FIPS_STATIC is yes; write true or false"),
        ("", {"FIPS_DEFER": "1"}, 2, "FIPS_DEFER is 1; write true or false"),
        ("", {"FIPS_REPORTS": "-rf"}, 2, "FIPS_REPORTS is no folder"),
        ("", {"FIPS_REPORTS": "a\nb=c"}, 2, "FIPS_REPORTS is no folder"),
        ("", {"FIPS_REPORTS": "{image}"}, 2, "FIPS_REPORTS is no folder"),
        ("", {"FIPS_FORMATS": "csv exe"}, 2, "FIPS_FORMATS has exe; there are csv, cyclonedx,"),
        ("", {"FIPS_BASELINE": "fips-reports/fips.json"}, 2, "keep the baseline in another folder"),
        ("", {"FIPS_REPORTS": "bin/fips-scanner"}, 2, "is no folder that can be written to"),
        ("result", {}, 3, "no scan has left its exit code in fips-reports"),
    ],
)
def test_setting_that_cannot_be(
    place: Path, arguments: str, variables: dict[str, str], code: int, said: str
) -> None:
    ended, log = run(f"fips-scanner-gate {arguments}", place, **variables)
    assert ended == code
    assert said in log


@pytest.mark.parametrize("shell", SHELLS)
def test_refused_setting_leaves_nothing_that_passes(tmp_path: Path, shell: str) -> None:
    install(tmp_path, shell)
    reports = tmp_path / "fips-reports"
    reports.mkdir()
    for variables, reason in (
        ({"FIPS_DEFER": "yes"}, "FIPS_DEFER is yes; write true or false"),
        ({"FIPS_STATIC": "`@x"}, "FIPS_STATIC is '@x; write true or false"),
        ({"FIPS_FORMATS": "pdf"}, "FIPS_FORMATS has pdf; there are csv, cyclonedx, oscal and"),
    ):
        for old in ("exit-code", "fips.sarif", "fips-app.cdx.json"):
            (reports / old).write_text("0\n")
        assert run("fips-scanner-gate dir:.", tmp_path, **variables)[0] == 2
        assert run("fips-scanner-gate result", tmp_path)[0] == 2
        assert {each.name for each in reports.iterdir()} == {"exit-code", "fips.md"}
        told = (reports / "fips.md").read_text()
        assert told.startswith(f"The FIPS scan made no report (exit code 2): `{reason}")
        assert told.endswith("`\n")


@pytest.mark.parametrize("shell", SHELLS)
@pytest.mark.parametrize(
    ("folder", "baseline"),
    [
        ("./r", "r/fips.json"),
        ("r/", "r/fips.json"),
        ("{}/r", "r/fips.json"),
        ("r", "{}/r/fips.json"),
        ("r", "bin/../r//fips.json"),
        ("link", "r/fips.json"),
        ("r", "link/fips.json"),
        ("r", "base.json"),
        ("r", "chain.json"),
        ("r", "r/fips.html"),
    ],
)
def test_baseline_is_never_removed(tmp_path: Path, shell: str, folder: str, baseline: str) -> None:
    install(tmp_path, shell)
    reports = tmp_path / "r"
    reports.mkdir()
    (reports / "exit-code").write_text("0\n")
    (reports / "fips.json").write_text("the baseline")
    (reports / "fips.html").symlink_to("../bin/fips-scanner")
    (tmp_path / "link").symlink_to("r")
    (tmp_path / "base.json").symlink_to(reports / "fips.json")
    (tmp_path / "bin/chain.json").symlink_to("../base.json")
    (tmp_path / "chain.json").symlink_to("bin/chain.json")
    there = {"FIPS_REPORTS": folder.format(tmp_path), "CDPATH": "/"}
    baseline = baseline.format(tmp_path)
    for arguments, variables in (
        ("", {"FIPS_BASELINE": baseline}),
        (f"--baseline={baseline}", {}),
        (f"--baseline {baseline}", {}),
    ):
        code, log = run(f"fips-scanner-gate dir:. {arguments}", tmp_path, **there, **variables)
        assert code == 2
        assert f"{baseline} is where the reports go; keep the baseline in another folder" in log
        assert (reports / "fips.json").read_text() == "the baseline"
        assert (reports / "fips.html").is_symlink()
    assert run("fips-scanner-gate result", tmp_path, **there)[0] == 2


def test_baseline_of_another_name_or_folder_is_kept_and_used(place: Path) -> None:
    (place / "fips-reports/old").mkdir()
    for name in ("fips-reports/base.json", "fips-reports/old/fips.json"):
        (place / name).write_text("none")
        code, log = run("fips-scanner-gate dir:bin --static", place, FIPS_BASELINE=name)
        assert code == 2
        assert "is not JSON" in log
        assert (place / name).read_text() == "none"


@pytest.mark.parametrize("arguments", ["--help", "-h", "dir:. --help"])
def test_help_touches_nothing(place: Path, arguments: str) -> None:
    (place / "fips-reports/fips.json").write_text("of the build before")
    code, log = run(f"fips-scanner-gate {arguments}", place, FIPS_REPORTS="fips-reports")
    assert code == 0
    assert log.startswith("Usage: fips-scanner-gate IMAGE... [OPTION...]\n")
    assert "`result`, alone, scans nothing" in log
    assert [each.name for each in (place / "fips-reports").iterdir()] == ["fips.json"]
    assert run("fips-scanner-gate result", place)[0] == 3
    assert run(f"fips-scanner-gate {arguments}", place, FIPS_REPORTS="new")[0] == 0
    assert not (place / "new").exists()


def test_call_without_a_scan_never_passes(place: Path) -> None:
    code, log = run("fips-scanner-gate -qh", place)
    assert code == 3
    assert "the scan ended without a report" in log
    assert run("fips-scanner-gate result", place)[0] == 3


@pytest.mark.parametrize("shell", SHELLS)
def test_summary_says_why_there_is_no_report(tmp_path: Path, shell: str) -> None:
    install(tmp_path, shell)
    scanner = tmp_path / "bin/fips-scanner"
    scanner.unlink()

    def summary(*lines: str) -> str:
        (tmp_path / "lines").write_text("".join(f"{line}\n" for line in lines))
        scanner.write_text(f"#!/bin/sh\ncat {tmp_path}/lines >&2\nexit 3\n")
        scanner.chmod(0o755)
        assert run("fips-scanner-gate dir:.", tmp_path, FIPS_REPORTS="a b")[0] == 3
        assert {each.name for each in (tmp_path / "a b").iterdir()} == {"exit-code", "fips.md"}
        return (tmp_path / "a b/fips.md").read_text(encoding="utf-8")

    begins = "The FIPS scan made no report (exit code 3): "
    last = "fips-scanner: `](http://x) <img> @y ##vso[a]\x1b[1m"
    assert summary("fips-scanner: first", last, "inspecting") == (
        f"{begins}`'](http://x) <img> @y # #vso[a][1m`\n"
    )
    assert (
        summary("fips-scanner: " + "é" * 10 + "x" * 500) == f"{begins}`{'é' * 10}{'x' * 380}...`\n"
    )
    assert summary("fips-scanner: " + "x" * 399 + "é") == f"{begins}`{'x' * 399}...`\n"
    assert summary("fips-scanner: " + "x" * 400) == f"{begins}`{'x' * 400}`\n"
    assert summary("inspecting") == f"{begins}see the log.\n"


def test_scanner_that_is_not_there_never_passes(place: Path) -> None:
    (place / "bin/fips-scanner").unlink()
    code, log = run("fips-scanner-gate dir:.", place, FIPS_DEFER="true", TF_BUILD="True")
    assert code == 0
    assert "##vso[task.logissue type=error]fips-scanner: the scan ended with 127" in log
    assert run("fips-scanner-gate result", place)[0] == 127


@pytest.mark.parametrize("text", ["", "\n", "0; true", "-1", "abc", "0000"])
def test_exit_code_that_is_none_never_passes(place: Path, text: str) -> None:
    (place / "fips-reports/exit-code").write_text(text)
    assert run("fips-scanner-gate result", place)[0] == 3


def test_pipeline_shows_why_a_build_fails(place: Path) -> None:
    (place / "bin/docker").write_text("#!/bin/sh\necho 'no space left' >&2\nexit 125\n")
    (place / "bin/docker").chmod(0o755)
    code, log = run(f"sh {ROOT}/docs/ci/pipeline.sh", place)
    assert (code, log.splitlines()[1:]) == (1, ["no space left"])
