"""Ctrl-C during a simulated run: what is known is told, and nothing is left behind."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import docker
import pytest

from scanner.simulate.sweep import OWNER_LABEL, SCAN_LABEL

pytestmark = pytest.mark.docker

AT = "running it on a simulated FIPS node"


def interrupted(images: list[str], report: Path) -> tuple[int, list[str]]:
    """Scan `images`, interrupt in the second run of the first; its exit code and what it said."""
    with subprocess.Popen(
        [
            *(sys.executable, "-m", "scanner", "scan", *images, "--jobs", "1", "--no-policy"),
            *("-o", f"json={report}", "--ready-timeout", "2"),
        ],
        stderr=subprocess.PIPE,
        stdout=subprocess.DEVNULL,
        text=True,
    ) as process:
        assert process.stderr is not None
        said = []
        for line in process.stderr:
            said.append(line.rstrip("\n"))
            if line.rstrip().endswith(AT):
                process.send_signal(signal.SIGINT)
        return process.wait(30), said


def left(engine: docker.DockerClient, said: dict[str, Any]) -> list[str]:
    """Names of what scans of this image have left in the engine."""
    listed = engine.api.containers(all=True, filters={"label": SCAN_LABEL})
    digest = said["image"]["digest"]
    return [each["Labels"][OWNER_LABEL] for each in listed if digest in each["ImageID"]]


def check(report: dict[str, Any], engine: docker.DockerClient) -> None:
    ran = {each["name"]: each["ran"] for each in report["conditions"]}
    assert ran == {"baseline": True, "node": False, "enforced": False}
    gaps = {each["subject"]: each for each in report["gaps"] if each["kind"] == "interrupted"}
    assert set(gaps) == {"node", "enforced"}
    assert all(each["caps"] for each in gaps.values())
    assert report["verdict"] not in ("ready", "conditional")
    assert left(engine, report) == []


def test_a_single_scan_tells_what_it_saw(
    workload: Callable[[str], str], engine: docker.DockerClient, tmp_path: Path
) -> None:
    code, said = interrupted([f"docker:{workload('sleep')}"], tmp_path / "r.json")
    assert code == 130
    assert said[-1] == "fips-scanner: interrupted; cleaned up"
    check(json.loads((tmp_path / "r.json").read_text()), engine)


def test_of_several_those_not_begun_are_told(
    workload: Callable[[str], str], engine: docker.DockerClient, tmp_path: Path
) -> None:
    images = [f"docker:{workload('sleep')}", f"docker:{workload('tls')}"]
    code, said = interrupted(images, tmp_path / "r.json")
    assert code == 130
    assert "interrupted: waiting for 1 to end; interrupt once more to end at once" in said
    batch = json.loads((tmp_path / "r.json").read_text())
    [report] = batch["reports"]
    check(report, engine)
    [failure] = batch["failures"]
    assert (failure["reference"], failure["exit_code"]) == (images[1], 130)
    assert failure["error"] == "not scanned: interrupted before it was begun"
