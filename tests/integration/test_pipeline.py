"""A pipeline from end to end, as docs/ci/pipeline.sh shows it: fails, is fixed, passes."""

from __future__ import annotations

import json
import os
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import docker
import docker.errors
import pytest

from tests.unit.ci.scripts import REPORTS, ROOT, install

pytestmark = [
    pytest.mark.docker,
    pytest.mark.slow,
    pytest.mark.usefixtures("nothing_left"),
]

IMAGES = [f"fips-pipeline/app:{each}" for each in ("before", "after")]


@pytest.fixture
def no_image_left(engine: docker.DockerClient) -> Iterator[None]:
    yield
    for each in IMAGES:
        try:
            engine.images.remove(each, noprune=True)
        except docker.errors.ImageNotFound:
            continue


@pytest.mark.usefixtures("no_image_left")
def test_gate_fails_then_passes_with_the_difference_shown(
    base_image_of: dict[str, str], tmp_path: Path
) -> None:
    install(tmp_path)
    done = subprocess.run(
        ["sh", str(ROOT / "docs/ci/pipeline.sh"), str(tmp_path / "reports")],
        cwd=tmp_path,
        env={
            **os.environ,
            "PATH": f"{tmp_path / 'bin'}:{os.environ['PATH']}",
            "GO_IMAGE": base_image_of["golang:1.27-bookworm"],
        },
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=240,
        check=False,
    )
    assert done.returncode == 0, f"{done.stdout}\n{done.stderr}"
    _, failed, fixed, passed, changed = done.stdout.split("--- ")[1:]
    assert done.stderr == ""
    assert len(failed.splitlines()) <= 6
    assert "go-plain-crypto" in failed
    assert "gate of app:before: exit code 1" in failed
    assert "fix it" in fixed
    assert "ready, score" in passed
    assert "gate of app:after: exit code 0" in passed
    assert "gone, high" in changed
    assert "Go Cryptographic Module" in changed
    before, after = (_report(tmp_path / "reports" / each) for each in ("before", "after"))
    assert (before["verdict"], after["verdict"]) == ("not-ready", "ready")
    assert before["policy"]["gate"]["exit_code"] == 1
    for each in REPORTS:
        assert (tmp_path / "reports/before" / each).stat().st_size
        assert (tmp_path / "reports/after" / each).stat().st_size


def _report(folder: Path) -> dict[str, Any]:
    parsed: dict[str, Any] = json.loads((folder / "fips.json").read_text())
    return parsed
