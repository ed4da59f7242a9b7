"""Options and a scenario file make one scenario."""

from __future__ import annotations

from pathlib import Path

import pytest

from scanner.model import ImageConfig, Platform
from scanner.simulate.http import Request
from scanner.simulate.scenario import (
    ExecStep,
    HttpStep,
    Scenario,
    ScenarioError,
    ScenarioOptions,
    WaitFor,
    from_options,
)
from scanner.simulate.scenario.mounts import MAX_BYTES, MAX_FILES, Mounts

FILE = """\
command: serve
env: {A: of-file, B: of-file}
mounts: {one: /data/one, two: /data/two}
wait_for: {port: 1}
steps:
  - {name: first, http: 8080/}
  - exec: id
"""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "smoke.yaml").write_text(FILE)
    for name in ("one", "two", "other"):
        (tmp_path / name).write_text(name)
    (tmp_path / "env").write_text("# comment\n\nA=of-env-file\n  C=x y \nTOKEN\n")
    return tmp_path


def test_nothing_asked_for() -> None:
    assert not ScenarioOptions()
    assert ScenarioOptions(commands=("id",))
    assert from_options(ScenarioOptions()) == Scenario()


def test_options_win_or_come_after(folder: Path) -> None:
    scenario = from_options(
        ScenarioOptions(
            file=folder / "smoke.yaml",
            commands=("id", "sh -c 'exit 3'"),
            requests=("8080/digest=200",),
            wait_for="ready",
            env=("B=of-option", "D"),
            env_files=(folder / "env",),
            mounts=(f"{folder / 'other'}:/data/two",),
            command="run --fast",
        ),
        {"TOKEN": "t", "D": "here"},
    )
    assert scenario.environment == {
        "A": "of-env-file",
        "B": "of-option",
        "C": "x y ",
        "TOKEN": "t",
        "D": "here",
    }
    assert scenario.command == ("run", "--fast")
    assert scenario.wait_for == WaitFor(log="ready")
    assert scenario.files == {"/data/one": b"one", "/data/two": b"other"}
    assert scenario.steps == (
        HttpStep("first", Request(8080)),
        ExecStep("id", ("id",)),
        HttpStep("GET http://:8080/digest", Request(8080, "/digest"), 200),
        ExecStep("id (2)", ("id",)),
        ExecStep("sh -c 'exit 3'", ("sh", "-c", "exit 3")),
    )


def test_all_mistakes_of_options_and_file_at_once(folder: Path) -> None:
    (folder / "smoke.yaml").write_text("a: b\nsteps: c\n")
    (folder / "env").write_text("A=1\n=hidden\n")
    with pytest.raises(ScenarioError) as caught:
        from_options(
            ScenarioOptions(
                file=folder / "smoke.yaml",
                commands=("",),
                requests=("healthz",),
                wait_for="(",
                env=("A B=hidden",),
                env_files=(folder / "env", folder / "none"),
                mounts=("missing:/x", "smoke.yaml"),
                command="'",
            ),
            {},
        )
    problems = caught.value.problems
    starts = [
        f"{folder}/smoke.yaml:1:",
        f"{folder}/smoke.yaml:2:",
        f"{folder}/env:2:",
        f"--env-file: {folder}/none cannot be read",
        "--env:",
        "--mount: missing cannot be read",
        "--mount: `smoke.yaml` is no mount",
        "--command:",
        "--wait-for:",
        "--http:",
        "--exec:",
    ]
    assert [
        problem
        for problem, start in zip(problems, starts, strict=True)
        if not problem.startswith(start)
    ] == []
    assert "hidden" not in str(caught.value)


def test_values_of_variables_are_not_shown() -> None:
    options = ScenarioOptions(env=("PASSWORD=correct horse", "SHORT=true"))
    scenario = from_options(options)
    assert "horse" not in repr(options) + repr(scenario)
    assert scenario.hidden("login correct horse: true") == "login <PASSWORD>: true"
    assert scenario.hidden_bytes(b"\xff correct horse") == b"\xff <PASSWORD>"
    assert Scenario().hidden_bytes(b"\xff") == b"\xff"


def test_longer_value_is_hidden_first() -> None:
    scenario = Scenario(environment={"A": "secret", "B": "secret-too"})
    assert scenario.hidden("secret-too secret") == "<B> <A>"


def test_image_with_the_scenario_applied() -> None:
    config = ImageConfig(
        Platform("linux", "amd64"),
        env=(("A", "1"), ("B", "2")),
        entrypoint=("/app",),
        cmd=("serve",),
    )
    assert Scenario().applied_to(config) == config
    assert Scenario().start(config) == ()
    scenario = Scenario(environment={"B": "3"}, command=())
    applied = scenario.applied_to(config)
    assert dict(applied.env) == {"A": "1", "B": "3"}
    assert applied.command == ("/app",)
    assert scenario.start(config) == ("/app",)


# --- what is copied ----------------------------------------------------------------------------


def test_mount_into_a_folder_keeps_the_name(tmp_path: Path) -> None:
    (tmp_path / "a.pem").write_text("a")
    mounts = Mounts()
    mounts.add(tmp_path / "a.pem", "/etc/")
    assert mounts.files == {"/etc/a.pem": b"a"}


def test_link_to_a_file_is_followed_and_to_a_folder_is_refused(tmp_path: Path) -> None:
    (tmp_path / "data").mkdir()
    (tmp_path / "real").write_text("a")
    (tmp_path / "data" / "link").symlink_to("../real")
    mounts = Mounts()
    mounts.add(tmp_path / "data", "/d")
    assert mounts.files == {"/d/link": b"a"}
    (tmp_path / "data" / "folder").symlink_to(tmp_path)
    with pytest.raises(ValueError, match="is a link to a folder"):
        mounts.add(tmp_path / "data", "/d")


def test_what_is_copied_has_bounds(tmp_path: Path) -> None:
    large = tmp_path / "large"
    with large.open("wb") as file:
        file.truncate(MAX_BYTES + 1)
    with pytest.raises(ValueError, match="more than 64 MiB"):
        Mounts().add(large, "/large")
    many = tmp_path / "many"
    many.mkdir()
    for number in range(MAX_FILES + 1):
        (many / str(number)).touch()
    with pytest.raises(ValueError, match="more than 500 files"):
        Mounts().add(many, "/many")


def test_what_is_no_file_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="neither a file nor a folder"):
        Mounts().add(Path("/dev/zero"), "/zero")
    (tmp_path / "empty").mkdir()
    with pytest.raises(ValueError, match="holds no file"):
        Mounts().add(tmp_path / "empty", "/empty")
