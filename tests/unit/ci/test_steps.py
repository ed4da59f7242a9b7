"""The steps of the integrations, run as they are written, each by another shell."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import pytest

from tests.unit.ci.scripts import COMMAND, REPORTS, ROOT, install, make_images, run
from tests.unit.ci.test_definitions import ACTION, DOCS, component, filled_in, load


@pytest.fixture
def place(tmp_path: Path) -> Path:
    make_images(tmp_path)
    return tmp_path


def test_action_fails_after_its_uploads(place: Path) -> None:
    """But for the steps that are other actions."""
    action = load(ACTION)
    steps = {step["name"]: step for step in action["runs"]["steps"]}
    given = {name: each.get("default", "") for name, each in action["inputs"].items()}
    given |= {"images": "\n  dir:bad\n", "static": "true"}
    known = {"runner.temp": str(place), **{f"inputs.{name}": each for name, each in given.items()}}
    venv = place / "fips-scanner"
    venv.mkdir()
    install(venv, "bash")
    summary, output = place / "summary", place / "output"
    summary.write_text("Of an earlier step.\n")

    def run_step(step: dict[str, Any]) -> tuple[int, str]:
        variables = {
            name: re.sub(r"\$\{\{ (\S+) \}\}", lambda match: known[match[1]], value)
            for name, value in step["env"].items()
        }
        runner = {
            "GITHUB_ACTION_PATH": str(ROOT),
            "GITHUB_ACTIONS": "true",
            "GITHUB_OUTPUT": str(output),
            "GITHUB_STEP_SUMMARY": str(summary),
        }
        return run(step["run"], place, **variables, **runner)

    assert run_step(steps["Check the inputs"]) == (0, "")
    known["inputs.comment"] = "True"
    code, log = run_step(steps["Check the inputs"])
    assert (code, log) == (2, "fips-scanner: comment is True; write true or false\n")
    code, log = run_step(steps["Scan"])
    assert code == 0, log
    assert output.read_text().splitlines() == [
        "exit-code=1",
        "reports=fips-reports",
        "sarif=fips-reports/fips.sarif",
    ]
    assert summary.read_text().startswith("Of an earlier step.\n<!-- fips-scanner report")
    # Between the first and the last but one line GitHub takes no commands.
    first, *shown, last, told = [line for line in log.splitlines() if line]
    assert re.fullmatch("::stop-commands::[0-9a-f]{32}", first)
    assert last == f"::{first.removeprefix('::stop-commands::')}::"
    assert any("bundled-openssl-not-covered" in line for line in shown)
    assert told.startswith("::error title=fips-scanner::the gate failed")
    sarif = json.loads((place / "fips-reports/fips.sarif").read_text())
    assert sarif["runs"][0]["results"]

    # Whatever an upload does, and only after all of them.
    names = list(steps)
    assert names[-1] == "Answer with the gate's exit code"
    assert run_step(steps[names[-1]])[0] == 1
    assert all("!cancelled()" in steps[name]["if"] for name in names[names.index("Scan") + 1 :])


def test_component_scans_in_one_job_and_fails_in_the_next(place: Path) -> None:
    install(place, "dash")
    (place / "fips-reports").mkdir()
    for old in ("fips-app-1.oscal.json", "fips-app-1.intoto.json"):
        (place / "fips-reports" / old).write_text("of the build before")
    inputs, jobs = component()
    values = {"images": "dir:good", "min_score": "90", "formats": "cyclonedx csv"}
    scan, gate = jobs["fips-scan"], jobs["fips-gate"]
    variables = {
        name: filled_in(inputs, value, values) for name, value in scan["variables"].items()
    }
    registry = {
        "CI_REGISTRY": "registry.example",
        "CI_REGISTRY_USER": "gitlab-ci-token",
        "CI_REGISTRY_PASSWORD": "x" * 90,
        "TMPDIR": str(place),
    }
    script = "\n".join([*scan["script"], 'cat "$DOCKER_CONFIG/config.json"'])
    code, log = run(script, place, **variables, **registry)
    assert code == 0, log
    login = json.loads(log.splitlines()[-1])
    assert list(login["auths"]) == ["registry.example"]
    assert len(login["auths"]["registry.example"]["auth"]) == 144
    assert {path.name for path in (place / "fips-reports").iterdir()} == {
        *("exit-code", "fips.csv", "fips-good.cdx.json"),
        *REPORTS,
    }
    reports = {**scan["artifacts"]["reports"]}
    reports |= load(DOCS / "gitlab-ci.yml")["fips-scan"]["artifacts"]["reports"]
    assert ElementTree.parse(place / reports["junit"]).getroot().tag == "testsuites"
    assert json.loads((place / reports["sarif"]).read_text())["version"] == "2.1.0"

    ends = "\n".join(gate["script"])
    assert run(ends, place, **gate["variables"]) == (0, "")
    (place / "fips-reports/exit-code").write_text("1\n")
    assert run(ends, place, **gate["variables"]) == (1, "")


def test_azure_gates_by_no_command_of_the_image_and_then_publishes(place: Path) -> None:
    install(place, "busybox")
    steps = load(DOCS / "azure-pipelines.yml")["steps"]
    names = [each.get("displayName") for each in steps]
    gate = steps[names.index("Gate it")]
    script = gate["script"].replace('"docker:', '"dir:')
    variables = {**gate["env"], "IMAGE": "bad", "FIPS": str(place / "bin"), "FIPS_STATIC": "true"}
    code, log = run(script, place, **variables, TF_BUILD="True")
    assert code == 1, log
    written = [line for line in log.splitlines() if "##vso[" in line or "##[" in line]
    assert written == [
        f"##vso[task.uploadsummary]{place}/fips-reports/fips.md",
        "##vso[task.logissue type=error]fips-scanner: the gate failed, see the log",
    ]
    assert "/# #vso[task.setvariable variable=PATH]x/" in log
    # Reports are data, and keep the name as it is.
    assert f"/{COMMAND}/_rust.abi3.so" in (place / "fips-reports/fips.json").read_text()

    tests, reports, push = steps[names.index("Gate it") + 1 :]
    assert (place / tests["inputs"]["testResultsFiles"]).is_file()
    assert (place / reports["publish"] / "fips.sarif").is_file()
    assert {tests["condition"], reports["condition"]} == {"succeededOrFailed()"}
    assert push["condition"].startswith("and(succeeded()")


def test_hook_checks_each_policy_and_fails_for_one(place: Path) -> None:
    """As pre-commit calls it: the entry's words, and behind them the files."""
    install(place)
    hooks = {each["id"]: each for each in load(ROOT / ".pre-commit-hooks.yaml")}
    (place / "wrong.yaml").write_text("version: 1\ngates: {}\n")
    (place / "right.yaml").write_text("version: 1\n")
    entry = hooks["fips-policy"]["entry"]
    code, log = run(f"{entry} wrong.yaml right.yaml", place)
    assert code == 2, log
    assert "wrong.yaml:2: unknown key `gates`" in log
    assert "fips-scanner: right.yaml" not in log


def test_action_tells_its_code_apart(tmp_path: Path) -> None:
    step = next(each for each in load(ACTION)["runs"]["steps"] if each.get("id") == "code")
    digests = []
    for text in ("a", "b", "a"):
        for name in ("ci", "rules", "scanner"):
            (tmp_path / name).mkdir(exist_ok=True)
        for name in ("hatch_build.py", "pyproject.toml", "scanner/cli.py"):
            (tmp_path / name).write_text(text)
        output = tmp_path / "output"
        output.unlink(missing_ok=True)
        given = {"GITHUB_ACTION_PATH": str(tmp_path), "GITHUB_OUTPUT": str(output)}
        assert run(step["run"], tmp_path, **given) == (0, "")
        digests.append(output.read_text())
    assert re.fullmatch(r"digest=[0-9a-f]{32}\n", digests[0])
    assert digests[0] == digests[2] != digests[1]
