"""The script that every integration runs, where it is set up wrongly or was left alone."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.unit.ci.scripts import install, run


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
    left = {path.name: path.read_text() for path in (place / "fips-reports").iterdir()}
    assert left == {
        "exit-code": "2\n",
        "fips.md": "The FIPS scan made no report (exit code 2): see the log.\n",
    }


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
