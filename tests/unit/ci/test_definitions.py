"""What CI systems read from this repository, held to their schemas, and its scripts to a linter."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml
from check_jsonschema import main as check_jsonschema

from scanner.sources import build, compose
from tests.unit.ci.scripts import ROOT

ACTION = ROOT / "action.yml"
COMPONENT = ROOT / "templates/gate.yml"
DOCS = ROOT / "docs/ci"
JENKINS = DOCS / "Jenkinsfile"
SCRIPTS = sorted([*(ROOT / "ci").glob("*.sh"), *DOCS.glob("*.sh")])
BIN = Path(sys.executable).parent

SCHEMAS = {
    ACTION: ["vendor.github-actions"],
    **{path: ["vendor.github-workflows"] for path in (ROOT / ".github/workflows").glob("*.yml")},
    ROOT / ".github/dependabot.yml": ["vendor.dependabot"],
    DOCS / "github.yml": ["vendor.github-workflows"],
    DOCS / "gitlab-ci.yml": ["vendor.gitlab-ci", "--data-transform", "gitlab-ci"],
    DOCS / "azure-pipelines.yml": [
        *("vendor.azure-pipelines", "--data-transform", "azure-pipelines"),
        # The schema's patterns are not written for Unicode.
        *("--regex-variant", "nonunicode"),
    ],
}


def load(path: Path) -> Any:
    return yaml.safe_load(path.read_text())


def component() -> tuple[dict[str, Any], dict[str, Any]]:
    """The inputs and the jobs of GitLab's component."""
    head, jobs = yaml.safe_load_all(COMPONENT.read_text())
    return head["spec"]["inputs"], jobs


def filled_in(inputs: dict[str, Any], text: str, values: dict[str, str]) -> str:
    """`text` with GitLab's inputs in it."""

    def value(match: re.Match[str]) -> str:
        name = match[1]
        return values[name] if name in values else json.dumps(inputs[name]["default"]).strip('"')

    return re.sub(r"\$\[\[ inputs\.(\w+) \]\]", value, text)


@pytest.mark.parametrize("path", SCHEMAS, ids=lambda path: path.name)
def test_definition_is_valid(path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        check_jsonschema(["--builtin-schema", *SCHEMAS[path], str(path)])
    assert ended.value.code == 0, capsys.readouterr()


def test_component_is_valid(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """With its inputs filled in, as GitLab does before it looks at the rest."""
    inputs, _ = component()
    values = {"images": "registry:app:1", "scanner_image": "registry.example/fips-scanner"}
    jobs = COMPONENT.read_text().partition("\n---\n")[2]
    (tmp_path / "jobs.yml").write_text(filled_in(inputs, jobs, values))
    arguments = ["vendor.gitlab-ci", "--data-transform", "gitlab-ci", str(tmp_path / "jobs.yml")]
    with pytest.raises(SystemExit) as ended:
        check_jsonschema(["--builtin-schema", *arguments])
    assert ended.value.code == 0, capsys.readouterr()


def shell_of(node: Any) -> Iterator[str]:
    """Every shell script in a definition."""
    if isinstance(node, dict):
        for key, value in node.items():
            if key in ("run", "script", "before_script") and not isinstance(value, dict):
                yield "\n".join(value) if isinstance(value, list) else value
            else:
                yield from shell_of(value)
    elif isinstance(node, list):
        for each in node:
            yield from shell_of(each)


def definitions() -> list[Path]:
    return [*SCHEMAS, COMPONENT]


def test_no_setting_is_part_of_a_script() -> None:
    scripts = 0
    for path in definitions():
        for document in yaml.safe_load_all(path.read_text()):
            for script in shell_of(document):
                scripts += 1
                assert "${{" not in script, path
                assert "$[[" not in script, path
                assert not re.search(r"\$\(\w+(\.\w+)*\)", script), path
    assert scripts > 15


def test_scripts_are_without_mistakes(tmp_path: Path) -> None:
    found = [str(path) for path in SCRIPTS]
    for at, path in enumerate(definitions()):
        for document in yaml.safe_load_all(path.read_text()):
            for number, script in enumerate(shell_of(document)):
                file = tmp_path / f"{path.stem}-{at}-{number}.sh"
                file.write_text(f"#!/bin/sh -e\n{script}\n")
                found.append(str(file))
    for number, script in enumerate(re.findall(r"\bsh '(.+)'$", JENKINS.read_text(), re.MULTILINE)):
        (file := tmp_path / f"jenkins-{number}.sh").write_text(f"#!/bin/sh -e\n{script}\n")
        found.append(str(file))
    done = subprocess.run(
        # A script of a definition has variables of its environment, and ends with its code.
        [str(BIN / "shellcheck"), "--exclude=SC2154,SC2155", *found],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout


def test_zizmor_finds_nothing() -> None:
    done = subprocess.run(
        [
            *(str(BIN / "zizmor"), "--offline", "--no-progress", "--min-severity=medium"),
            *(str(ACTION), str(ROOT / ".github")),
        ],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout


def test_actions_are_named_by_commit() -> None:
    used = []
    for path in (ACTION, *(ROOT / ".github/workflows").glob("*.yml"), DOCS / "github.yml"):
        used += re.findall(r"uses: (\S+)( # v[\d.]+)?$", path.read_text(), re.MULTILINE)
    assert len(used) > 8
    for name, version in used:
        if name == "./" or name.startswith("your-org/fips-scanner@"):
            continue
        assert re.fullmatch(r"[\w-]+/[\w-]+(/[\w-]+)?@[0-9a-f]{40}", name), name
        assert version, f"{name} has no comment that says which version it is"
    commits = {name.partition("@")[0]: name for name, _ in used}
    assert {name for name, _ in used} == set(commits.values()), "two versions of one action"


def test_hook_takes_the_files_that_a_scan_takes_by_name() -> None:
    hooks = {each["id"]: each for each in load(ROOT / ".pre-commit-hooks.yaml")}
    for name in (*compose.NAMES, *build.NAMES):
        assert re.search(hooks["fips-base-images"]["files"], f"service/{name}"), name
    assert not re.search(hooks["fips-base-images"]["files"], "Dockerfile.prod")
    assert hooks["fips-base-images"]["entry"] == "fips-scanner scan --static"


def test_documentation_shows_the_files(pytestconfig: pytest.Config) -> None:
    page = ROOT / "docs/ci.md"
    shown = set()

    def content(match: re.Match[str]) -> str:
        shown.add(match[2])
        return f"{match[1]}{(ROOT / match[2]).read_text()}```\n"

    pattern = re.compile(r"^(```\w+ file=(\S+)\n).*?^```\n", re.MULTILINE | re.DOTALL)
    current = pattern.sub(content, page.read_text())
    if pytestconfig.getoption("--update-snapshots"):
        page.write_text(current)
    assert page.read_text() == current, "pytest tests/unit/ci --update-snapshots writes it anew"
    assert shown == {f"docs/ci/{path.name}" for path in DOCS.iterdir()}


def test_every_setting_is_documented_and_reaches_the_gate() -> None:
    text = (ROOT / "docs/ci.md").read_text()
    inputs, jobs = component()
    gate = (ROOT / "ci/gate.sh").read_text()
    for name in {*load(ACTION)["inputs"]}:
        assert f"`{name}`" in text, name
    scan = next(each for each in load(ACTION)["runs"]["steps"] if each.get("id") == "scan")
    for name in set(re.findall(r"\bFIPS_[A-Z_]+\b", gate)):
        assert f"`{name}`" in text, name
        assert name in scan["env"], name
        assert name in jobs["fips-scan"]["variables"], name
    own = {"images", "scanner_image", "stage"}
    for name in set(inputs) - own:
        assert f"FIPS_{name.upper()}" in gate, name
