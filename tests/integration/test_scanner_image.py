"""The scanner's own image: scans through a mounted engine socket, and a registry without one."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import docker
import docker.errors
import pytest

from scanner import __version__
from scripts.build_scanner import build_scanner
from scripts.building import ROOT, one_at_a_time
from scripts.image_sbom import sbom
from tests.unit.ci.scripts import install, run

pytestmark = [pytest.mark.docker, pytest.mark.slow, pytest.mark.xdist_group("scanner-image")]

SOCKET = Path("/var/run/docker.sock")
SECONDS = 240
BYTES = 230_000_000
"""It has 190 MB; what makes it much larger should be noticed."""
LOCKED: dict[str, Any] = {
    "read_only": True,
    "tmpfs": {"/tmp": ""},
    "cap_drop": ["ALL"],
    "security_opt": ["no-new-privileges"],
}
"""How the documentation runs it where there is no engine."""
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


def test_is_small_and_does_not_run_as_root(engine: docker.DockerClient, image: str) -> None:
    found = engine.images.get(image).attrs
    assert found["Config"]["User"] == "65532:65532"
    assert found["Config"]["Entrypoint"] == ["fips-scanner"]
    assert found["Config"]["Labels"]["org.opencontainers.image.version"] == __version__
    assert found["Size"] < BYTES


def test_sbom_lists_the_packages_of_both_kinds(engine: docker.DockerClient, image: str) -> None:
    text = sbom(engine, image)
    named = {each["name"]: each["purl"] for each in json.loads(text)["components"]}
    assert named["libssl3t64"].startswith("pkg:deb/debian/libssl3t64@")
    assert named["cryptography"].startswith("pkg:pypi/cryptography@")
    assert named["fips-scanner"] == f"pkg:pypi/fips-scanner@{__version__}"
    # What installs packages is not in it, and neither is what only builds it.
    assert not {"apt", "perl-base", "pip", "hatchling", "ziglang", "pytest"} & set(named)


def test_passes_the_gate_by_the_policy_that_holds_for_it(image: str, tmp_path: Path) -> None:
    install(tmp_path)
    policy = str(ROOT / "ci/self-scan/.fips-scanner.yaml")
    code, log = run(
        f"fips-scanner-gate docker:{image}", tmp_path, FIPS_POLICY=policy, FIPS_STATIC="true"
    )
    assert code == 0, log
    report = json.loads((tmp_path / "fips-reports/fips.json").read_text())
    # What is accepted is shown, and each waiver is still needed.
    assert report["verdict"] == "not-ready"
    waivers = [(each["waiver"]["rule"], each["state"]) for each in report["policy"]["waivers"]]
    # That one is about the run, which is left out here.
    assert [rule for rule, state in waivers if state != "holds"] == ["gap:nothing-observed"]


def test_brings_the_gate(engine: docker.DockerClient, image: str) -> None:
    with pytest.raises(docker.errors.ContainerError) as failed:
        engine.containers.run(
            image,
            ["result"],
            entrypoint="fips-scanner-gate",
            remove=True,
            network_mode="none",
            mem_limit="256m",
            pids_limit=32,
        )
    assert failed.value.exit_status == 3


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
    report = scan(f"registry:{reference}", "--insecure", network_mode="host", **LOCKED)
    assert report["image"]["digest"].startswith("sha256:")
    assert report["verdict"] == "not-ready"
    assert "go-plain-crypto" in {finding["id"] for finding in report["findings"]}
    assert "no-engine" in {gap["kind"] for gap in report["gaps"]}
    assert not any(condition["ran"] for condition in report["conditions"])


def test_what_the_engine_alone_could_show_caps_the_verdict(
    scan: Scan, sample: Callable[[str], str], push: Callable[[str], str]
) -> None:
    reference = push(sample("go-fips140"))
    report = scan(f"registry:{reference}", "--insecure", network_mode="host", **LOCKED)
    assert report["verdict"] == "undetermined"
