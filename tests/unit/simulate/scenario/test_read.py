"""Scenario files, and the schema that says the same of them."""

from __future__ import annotations

from pathlib import Path

import jsonschema
import pytest
import yaml

from scanner.simulate.http import Request
from scanner.simulate.scenario import ExecStep, HttpStep, Scenario, WaitFor, read_scenario, schema

FULL = """\
command: [serve, --tls]
env: {DATABASE_URL: sqlite:///tmp/x, DEBUG: on, LEVEL: 1.10}
mounts: {./server.pem: /etc/ssl/server.pem, site: /srv/}
wait_for: {log: 'ready to accept'}
steps:
  - name: health
    http: GET https://:8443/healthz
    headers: {Authorization: Bearer x}
    send: '{}'
    expect: {status: 200, body: 'ok'}
  - name: digest
    exec: [python3, -c, 'import hashlib; hashlib.md5()']
    expect: {exit: 0, output: 'regex'}
  - exec: psql -c 'select 1'
    conditions: [baseline, node]
    timeout: 2.5
  - http: 8080/
"""

WRONG = """\
comand: serve
command: {a: b}
env:
  A=B: x
mounts:
  missing.pem: /etc/missing.pem
  server.pem: etc/server.pem
wait_for: {log: '(', port: 70000}
steps:
  - name: both
    http: GET https://:8443/healthz
    exec: id
  - name: neither
  - name: both
    http: nonsense
    expect: {exit: 0, status: 99}
  - exec: 'echo "open'
    headers: {X: y}
    timeout: never
    conditions: [base]
"""

WRONG_LINES = [
    (1, "unknown key `comand`"),
    (2, "`command`: must be text, or a list of texts"),
    (4, "is no variable: write NAME=VALUE"),
    (6, "missing.pem cannot be read: no such file or directory"),
    (7, "`etc/server.pem` is no place in the container: write an absolute path"),
    (8, "`wait_for` needs one of `log`, `port` and `http`"),
    (8, "`(` is no regular expression"),
    (8, "there is no port 70000"),
    (10, "`steps[0]` needs one of `http` and `exec`"),
    (13, "`steps[1]` needs one of `http` and `exec`"),
    (15, "`nonsense` is no request: write [METHOD ]PORT/PATH or [METHOD ]https:PORT/PATH"),
    (16, "`exit` is nothing that `http` gives"),
    (16, "`steps[2].expect.status`: must be greater than or equal to 100"),
    (17, "no closing quotation"),
    (18, "`headers` belongs to `http`"),
    (19, "`steps[3].timeout`: must be a valid number"),
    (20, "must be 'baseline', 'node' or 'enforced'"),
]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "server.pem").write_text("pem")
    (tmp_path / "site" / "sub").mkdir(parents=True)
    (tmp_path / "site" / "index.html").write_text("hello")
    (tmp_path / "site" / "sub" / "run").write_text("#!/bin/sh\n")
    (tmp_path / "site" / "sub" / "run").chmod(0o755)
    return tmp_path


def read(folder: Path, text: str) -> tuple[Scenario, list[tuple[int, str]]]:
    path = folder / "smoke.yaml"
    path.write_text(text)
    scenario, problems = read_scenario(path)
    assert {each.file for each in problems} <= {str(path)}
    return scenario, [(each.line, each.message) for each in problems]


def test_everything(folder: Path) -> None:
    scenario, problems = read(folder, FULL)
    assert problems == []
    assert scenario.command == ("serve", "--tls")
    assert scenario.environment == {
        "DATABASE_URL": "sqlite:///tmp/x",
        "DEBUG": "on",
        "LEVEL": "1.10",
    }
    assert scenario.files == {"/etc/ssl/server.pem": b"pem", "/srv/index.html": b"hello"}
    assert scenario.programs == {"/srv/sub/run": b"#!/bin/sh\n"}
    assert scenario.wait_for == WaitFor(log="ready to accept")
    health, digest, sign_in, root = scenario.steps
    request = Request(
        8443, "/healthz", secure=True, headers={"Authorization": "Bearer x"}, body=b"{}"
    )
    assert health == HttpStep("health", request, 200, "ok")
    assert digest == ExecStep(
        "digest", ("python3", "-c", "import hashlib; hashlib.md5()"), 0, "regex"
    )
    assert sign_in == ExecStep(
        "psql -c 'select 1'",
        ("psql", "-c", "select 1"),
        conditions=("baseline", "node"),
        timeout=2.5,
    )
    assert root == HttpStep("GET http://:8080/", Request(8080))


def test_every_mistake_is_told_with_its_line(folder: Path) -> None:
    _, problems = read(folder, WRONG)
    assert [line for line, _ in problems] == [line for line, _ in WRONG_LINES]
    for expected in WRONG_LINES:
        assert any(line == expected[0] and expected[1] in message for line, message in problems), (
            expected
        )


@pytest.mark.parametrize(
    ("text", "line", "message"),
    [
        ("steps: {\n]", 2, "not YAML"),
        ("- a\n", 1, "holds no mapping"),
        ("env: {A: 1}\nenv: {B: 2}\n", 2, "given twice"),
        ("mounts: {missing.pem: /a}\n", 1, "missing.pem cannot be read: no such file"),
        ("steps:\n  - {name: a, http: 80/}\n  - {name: a, http: 81/}\n", 3, "is taken"),
        ("steps:\n  - {exec: []}\n", 2, "is empty"),
        ("steps:\n  - {exec: id, conditions: []}\n", 2, "names none"),
        ("steps:\n  - {http: 80/, headers: {'a b': x}}\n", 2, "must match"),
        ('steps:\n  - {http: 80/, headers: {a: "x\\r\\ny"}}\n', 2, "must match"),
    ],
)
def test_single_mistakes(folder: Path, text: str, line: int, message: str) -> None:
    _, problems = read(folder, text)
    assert len(problems) == 1
    assert problems[0][0] == line
    assert message in problems[0][1]


def test_file_that_is_not_there_or_too_large(tmp_path: Path) -> None:
    _, (absent,) = read_scenario(tmp_path / "none.yaml")
    assert str(absent).endswith("none.yaml: cannot be read: no such file or directory")
    (tmp_path / "large.yaml").write_bytes(b"#" * (2**20 + 1))
    _, (large,) = read_scenario(tmp_path / "large.yaml")
    assert "is larger than 1 MiB" in str(large)


def test_schema_agrees() -> None:
    jsonschema.Draft202012Validator.check_schema(schema())
    validator = jsonschema.Draft202012Validator(schema())
    validator.validate(yaml.safe_load(FULL))
    validator.validate({})
    wrong = {tuple(each.absolute_path)[:2] for each in validator.iter_errors(yaml.safe_load(WRONG))}
    assert {
        (),
        ("command",),
        ("env",),
        ("mounts", "server.pem"),
        ("wait_for",),
        *(("steps", index) for index in range(4)),
    } <= wrong


@pytest.mark.parametrize("path", sorted(Path("docs/scenarios").glob("*.yaml")), ids=str)
def test_published_scenarios_are_right(path: Path) -> None:
    scenario, problems = read_scenario(path)
    assert problems == ()
    assert scenario.steps
    jsonschema.Draft202012Validator(schema()).validate(yaml.safe_load(path.read_text()))
