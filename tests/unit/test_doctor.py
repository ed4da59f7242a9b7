"""What the doctor says of machines that are not like this one. Starts no container."""

from __future__ import annotations

import threading
from collections.abc import Mapping
from dataclasses import replace
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import pytest

from scanner.commands.doctor import as_text
from scanner.doctor import Check, Examination, State
from scanner.doctor.data import OLD, certificate_check, rules_checks
from scanner.doctor.engines import PRELOADED, Reached, engine_checks, within
from scanner.doctor.parts import cache_check, compiler_check, helper_check, provider_checks
from scanner.doctor.place import fips_check, output_check
from scanner.doctor.systems import DEBIAN, MAC, RED_HAT, commands, family
from scanner.doctor.trial import image_archive
from scanner.report.look import Look
from scanner.rulebook import RuleBook, default_rules
from tests.unit.commands.running import start

RULES = RuleBook.load()
INFO: Mapping[str, Any] = {
    "Architecture": "x86_64",
    "KernelVersion": "6.1.0-28-amd64",
    "OSType": "linux",
    "OperatingSystem": "Debian GNU/Linux 12 (bookworm)",
    "SecurityOptions": ["name=seccomp,profile=builtin", "name=cgroupns"],
    "DefaultRuntime": "runc",
}
VERSION: Mapping[str, Any] = {"Version": "28.1.1", "ApiVersion": "1.49"}
HERE = Reached("", "unix:///var/run/docker.sock", "", INFO, VERSION)


def engine(found: Reached) -> dict[str, Check]:
    return {each.id: each for each in engine_checks(found, trial=False)}


def with_info(**changes: object) -> Reached:
    return replace(HERE, info={**INFO, **changes})


def test_an_engine_that_can_everything() -> None:
    checks = engine(HERE)
    assert {each.state for each in checks.values()} == {State.OK}
    assert "Docker 28.1.1, API 1.49, linux/amd64" in checks["engine"].found
    assert "--try" in checks["node"].get[0]


@pytest.mark.parametrize(
    ("found", "id_", "says"),
    [
        (with_info(OSType="windows"), "engine", "Windows"),
        (with_info(SecurityOptions=["name=seccomp", "name=rootless"]), "engine", "ootless"),
        (with_info(OperatingSystem="Docker Desktop"), "reach", "Docker Desktop"),
        (replace(HERE, address="tcp://build:2375", by="DOCKER_HOST"), "reach", "another machine"),
        (replace(HERE, address="ssh://build"), "reach", "another machine"),
        (with_info(KernelVersion="5.4.0-216-generic"), "node", PRELOADED),
        (with_info(KernelVersion="4.18.0-553.el8"), "node", PRELOADED),
        (with_info(KernelVersion=""), "node", "unknown"),
        (with_info(DefaultRuntime="runsc"), "node", PRELOADED),
    ],
)
def test_an_engine_with_limits(found: Reached, id_: str, says: str) -> None:
    check = engine(found)[id_]
    assert check.state is State.LIMITED
    assert says in f"{check.found} {check.means}"
    assert check.get


def test_podman_is_called_so() -> None:
    version = {"Version": "5.4.2", "Components": [{"Name": "Podman Engine", "Version": "5.4.2"}]}
    assert replace(HERE, version=version).name == "Podman 5.4.2"


@pytest.mark.parametrize(
    ("problem", "by", "get"),
    [
        ("no permission to use the container engine: join", "", "usermod"),
        ("the container engine does not answer", "DOCKER_HOST", "unset DOCKER_HOST"),
        ("the container engine does not answer", "the Docker context", "docker context use"),
        ("the container engine does not answer", "", "start"),
    ],
)
def test_no_engine_is_missing_and_says_what_to_do(problem: str, by: str, get: str) -> None:
    checks = engine(Reached(problem, "tcp://build:2375", by))
    assert list(checks) == ["engine"]
    assert checks["engine"].state is State.MISSING
    assert get in checks["engine"].get[0]


def test_passwords_are_not_shown() -> None:
    found = Reached("bad address: tcp://me:secret@build:1", "tcp://build:1", "DOCKER_HOST")
    assert "secret" not in engine(found)["engine"].found


def test_what_takes_too_long_is_left_behind() -> None:
    never = threading.Event()
    assert within(0.01, never.wait) is None
    assert within(60, lambda: "done") == "done"
    never.set()


def test_the_image_that_is_tried_holds_one_program() -> None:
    [archive] = image_archive(b"\x7fELF", "arm64")
    assert b'"architecture": "arm64"' in archive
    assert archive == b"".join(image_archive(b"\x7fELF", "arm64"))


@pytest.mark.parametrize(
    ("text", "platform", "expected"),
    [
        ('ID=ubuntu\nID_LIKE="debian"\n', "linux", DEBIAN),
        ('ID="rocky"\nID_LIKE="rhel centos fedora"\n', "linux", RED_HAT),
        ("ID=arch\n", "linux", ""),
        ("ID=ubuntu\n", "darwin", MAC),
    ],
)
def test_commands_are_those_of_the_system(
    tmp_path: Path, text: str, platform: str, expected: str
) -> None:
    (tmp_path / "os-release").write_text(text)
    here = family(tmp_path / "os-release", platform)
    assert here == expected
    known = {DEBIAN: ("apt",), RED_HAT: ("dnf",), MAC: ("brew",)}
    shown = commands(known, here)
    assert shown == known.get(here, tuple(f"{c[0]}  # {name}" for name, c in known.items()))


def test_providers_of_this_machine(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    glibc, musl = provider_checks("riscv64")
    assert (glibc.state, musl.state) == (State.LIMITED, State.LIMITED)
    assert "--libc musl" in musl.get[-1]
    assert cache_check().state is State.OK
    assert not list(tmp_path.iterdir()), "looking makes nothing"
    (tmp_path / "file").touch()
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "file"))
    assert (cache_check().state, helper_check("riscv64").state) == (State.LIMITED, State.MISSING)


def test_the_compiler_is_missed_where_a_provider_is() -> None:
    there = compiler_check(needed=False).state
    assert there is State.OK
    assert compiler_check(needed=True).state in (State.OK, State.LIMITED)


@pytest.mark.parametrize(
    ("content", "state"), [("1\n", State.LIMITED), ("0\n", State.OK), (None, State.OK)]
)
def test_a_fips_node_has_no_baseline(tmp_path: Path, content: str | None, state: State) -> None:
    flag = tmp_path / "fips_enabled"
    if content is not None:
        flag.write_text(content)
    assert fips_check(flag).state is state


def test_facts_grow_old() -> None:
    read = sorted(each.checked for each in RULES.certificates)
    middle = read[len(read) // 2]
    assert certificate_check(RULES, middle + timedelta(days=OLD)).state is State.OK
    old = certificate_check(RULES, middle + timedelta(days=OLD + 1))
    assert old.state is State.LIMITED
    assert f"{OLD + 1} days ago" in old.found
    assert "cmvp update" in old.get[0]


def test_rules_with_mistakes_are_missing(tmp_path: Path) -> None:
    rules, [check] = rules_checks([default_rules(), tmp_path / "none"])
    assert rules is None
    assert check.state is State.MISSING
    assert "no such folder" in check.found


def test_the_page_escapes_and_says_what_it_comes_to() -> None:
    hostile = Check("engine", State.MISSING, "Docker \x1b[31m1.0", "No\nscan.", ("run \x07me",))
    page = as_text(Examination((hostile, Check("cache", State.OK, "x" * 300))), Look())
    assert "\x1b" not in page
    assert "\x07" not in page
    assert page.endswith("No scan can be complete here: 1 missing, 0 limited.\n")
    assert max(map(len, page.splitlines())) <= 80


def test_without_an_engine_it_exits_with_1_and_valid_json() -> None:
    import json

    done = start("doctor", "-o", "json", DOCKER_HOST="unix:///no/such.sock")
    assert done.returncode == 1, done.stderr
    assert done.stderr == ""
    document = json.loads(done.stdout)
    assert document["complete"] is False
    states = {each["id"]: each["state"] for each in document["checks"]}
    assert states["engine"] == "missing"
    assert {"rules", "certificates", "python"} <= set(states)
    assert output_check("ascii", terminal=False).state is State.LIMITED


def test_the_day_is_that_of_the_option() -> None:
    assert certificate_check(RULES, date(2026, 3, 30)).state is State.OK
