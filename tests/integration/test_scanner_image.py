"""The scanner's own image: scans through a mounted engine socket, and a registry without one."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import docker
import pytest

from scripts.build_scanner import build_scanner
from scripts.building import one_at_a_time

pytestmark = [pytest.mark.docker, pytest.mark.slow, pytest.mark.xdist_group("scanner-image")]

SOCKET = Path("/var/run/docker.sock")
SECONDS = 240
Scan = Callable[..., dict[str, Any]]


@pytest.fixture(scope="module")
def image(engine: docker.DockerClient, base_image_of: dict[str, str]) -> str:
    assert base_image_of
    with one_at_a_time("scanner-image"):
        return build_scanner(engine)


@pytest.fixture
def scan(engine: docker.DockerClient, image: str) -> Scan:
    """Runs `fips-scanner scan ARGUMENTS` in a container of the image; gives the parsed report."""

    def start(*arguments: str, **options: Any) -> dict[str, Any]:
        container = engine.containers.run(
            image,
            ["scan", *arguments, "--output", "json", "--fail-on", "never"],
            detach=True,
            mem_limit="2g",
            pids_limit=512,
            **options,
        )
        try:
            status = container.wait(timeout=SECONDS)["StatusCode"]
            said = container.logs(stdout=False, stderr=True).decode(errors="replace")
            report = container.logs(stdout=True, stderr=False)
        finally:
            container.remove(force=True)
        assert report, f"exit code {status}: {said}"
        parsed: dict[str, Any] = json.loads(report)
        return parsed

    return start


def test_does_not_run_as_root(engine: docker.DockerClient, image: str) -> None:
    config = engine.images.get(image).attrs["Config"]
    assert config["User"] == "65532:65532"
    assert config["Entrypoint"] == ["fips-scanner"]


def test_brings_providers_for_every_c_library(engine: docker.DockerClient, image: str) -> None:
    shown = engine.containers.run(image, ["provider", "show"], remove=True, network_mode="none")
    needs = [
        line.split(maxsplit=1)[1]
        for line in shown.decode().splitlines()
        if line.startswith("  needs ")
    ]
    # Debian's own comes first, as it is not for simulation only.
    assert needs[1:] == ["the GNU C library 2.14 or later", "musl"]
    assert shown.count(b"built for simulation only, not a validated module") == 2


@pytest.mark.skipif(not SOCKET.is_socket(), reason="the engine has no socket on this machine")
def test_scans_through_a_mounted_engine_socket(scan: Scan, sample: Callable[[str], str]) -> None:
    report = scan(
        f"docker:{sample('go-fips140')}",
        volumes={str(SOCKET): {"bind": str(SOCKET), "mode": "rw"}},
        group_add=[SOCKET.stat().st_gid],
    )
    ran = {condition["name"]: condition["ran"] for condition in report["conditions"]}
    assert ran["baseline"]
    assert ran["enforced"]
    assert report["verdict"] == "ready"


def test_scans_a_registry_without_an_engine(
    scan: Scan, sample: Callable[[str], str], push: Callable[[str], str]
) -> None:
    reference = push(sample("go-plain"))
    report = scan(f"registry:{reference}", "--insecure", network_mode="host")
    assert report["image"]["digest"].startswith("sha256:")
    assert report["verdict"] == "not-ready"
    assert "go-plain-crypto" in {finding["id"] for finding in report["findings"]}
    assert "no-engine" in {gap["kind"] for gap in report["gaps"]}
    assert not any(condition["ran"] for condition in report["conditions"])


def test_what_the_engine_alone_could_show_caps_the_verdict(
    scan: Scan, sample: Callable[[str], str], push: Callable[[str], str]
) -> None:
    reference = push(sample("go-fips140"))
    report = scan(f"registry:{reference}", "--insecure", network_mode="host")
    assert report["verdict"] == "undetermined"
