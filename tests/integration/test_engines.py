"""An engine that stops in the middle of a scan: what was seen until then is in the report."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import docker
import pytest

from scripts.building import CACHE
from scripts.other_engines import load, served

pytestmark = [pytest.mark.docker, pytest.mark.usefixtures("nothing_left")]

PHASES = {
    "baseline": "running it as it is",
    "node": "running it on a simulated FIPS node",
    "enforced": "running it with approved algorithms only",
}
SOON = 90
"""Seconds after which a scan whose engine died must be over."""


@dataclass(frozen=True)
class Mortal:
    """An engine that may be killed."""

    host: str
    process: subprocess.Popen[bytes]

    def scan(self, image: str, *arguments: str) -> subprocess.Popen[str]:
        """`fips-scanner scan` where the engine's containers can be reached."""
        return subprocess.Popen(
            [
                *("nsenter", f"--net=/proc/{self.process.pid}/ns/net"),
                *(sys.executable, "-m", "scanner", "scan", f"docker:{image}", *arguments),
            ],
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            env={**os.environ, "DOCKER_HOST": self.host, "NO_COLOR": "1"},
        )

    def kill(self) -> None:
        """As a crash of the machine it runs on: its containers end with it."""
        self.process.kill()
        self.process.wait()


@pytest.fixture
def mortal(engine: docker.DockerClient) -> Iterator[Mortal]:
    """An engine with processes, mounts and a network of its own, which vanish with it."""
    if os.geteuid() != 0:
        pytest.skip("starting an engine takes root")
    group = f"fips-tests-{os.getpid()}"
    CACHE.mkdir(exist_ok=True)
    with tempfile.TemporaryDirectory(dir=CACHE) as scratch, tempfile.TemporaryFile() as log:
        host = f"unix://{scratch}/docker.sock"
        engine_command = [
            *("dockerd", "-H", host, "--data-root", f"{scratch}/data"),
            *("--exec-root", f"{scratch}/exec", "--pidfile", f"{scratch}/pid"),
            *("--cgroup-parent", group),
        ]
        command = [
            *("unshare", "--mount", "--net", "--pid", "--fork", "--kill-child", "--mount-proc"),
            *("sh", "-c", 'ip link set lo up && exec "$@"', "sh", *engine_command),
        ]
        try:
            with served(command, host, log.fileno()) as process:
                one = Mortal(host, process)
                yield one
                one.kill()
        finally:
            for folder in sorted(Path("/sys/fs/cgroup").glob(f"*/{group}/**"), reverse=True):
                folder.rmdir()


def wait_for(scan: subprocess.Popen[str], phase: str) -> str:
    """Read what the scan tells until it says `phase`."""
    assert scan.stderr is not None
    told = ""
    for line in scan.stderr:
        told += line
        if phase in line:
            return told
    pytest.fail(f"the scan never came to {phase!r}: {told}")


@pytest.mark.slow
@pytest.mark.parametrize("condition", list(PHASES))
def test_engine_that_dies_leaves_a_report_of_what_was_seen(
    condition: str, mortal: Mortal, workload: Callable[[str], str], tmp_path: Path
) -> None:
    image = workload("tls")
    load(mortal.host, [image])
    file = tmp_path / "report.json"
    scan = mortal.scan(image, "--output", f"json={file}")
    told = wait_for(scan, PHASES[condition])
    if condition == "baseline":
        time.sleep(1.0)  # it runs, and nothing of it has been told yet
    mortal.kill()
    begin = time.monotonic()
    _, rest = scan.communicate(timeout=SOON)
    assert time.monotonic() - begin < SOON
    told += rest
    assert "Traceback" not in told
    assert "internal error" not in told
    assert scan.returncode == 1, told  # for what the files alone show
    report = json.loads(file.read_text())
    assert report["uses"]
    ran = {each["name"]: each["ran"] for each in report["conditions"]}
    names = list(PHASES)
    assert ran == {name: names.index(name) < names.index(condition) for name in names}
    gaps = gaps_of(report)
    (reason,) = [reason for name, reason in gaps if name == condition]
    assert "stopped answering" in reason
    assert "unknown" in reason
    if condition != "baseline":
        (baseline,) = [each for each in report["conditions"] if each["name"] == "baseline"]
        assert baseline["ports"] == ["8443/tcp"]
        assert baseline["tls"][0]["suites"]


def gaps_of(report: dict[str, Any]) -> list[tuple[str, str]]:
    """What caps the verdict: subject and reason."""
    return [(each["subject"], each["reason"]) for each in report["gaps"] if each["caps"]]


@pytest.mark.slow
def test_image_whose_files_prove_nothing_is_undetermined_when_the_engine_dies(
    mortal: Mortal, sample: Callable[[str], str]
) -> None:
    """The exit code says so, and stdout holds the report and nothing else."""
    image = sample("go-fips140")
    load(mortal.host, [image])
    scan = mortal.scan(image, "--output", "json")
    told = wait_for(scan, PHASES["node"])
    mortal.kill()
    output, rest = scan.communicate(timeout=SOON)
    assert output, told + rest
    report = json.loads(output)
    assert report["verdict"] not in ("ready", "no-crypto"), told + rest
    assert gaps_of(report)
    assert "Traceback" not in told + rest


@pytest.mark.slow
def test_engine_that_is_gone_before_anything_is_opened_is_one_line(
    mortal: Mortal, workload: Callable[[str], str]
) -> None:
    mortal.kill()
    scan = mortal_scan_without_network(mortal, workload("tls"))
    assert scan.returncode == 3
    assert scan.stdout == ""
    (line,) = scan.stderr.splitlines()[-1:]
    assert "no container engine answers" in line
    assert "Traceback" not in scan.stderr


def mortal_scan_without_network(mortal: Mortal, image: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "scanner", "scan", f"docker:{image}"],
        capture_output=True,
        text=True,
        timeout=SOON,
        check=False,
        env={**os.environ, "DOCKER_HOST": mortal.host, "NO_COLOR": "1"},
    )


@pytest.mark.slow
def test_next_scan_sweeps_what_the_engine_kept_over_a_crash_of_the_scanner(
    mortal: Mortal, workload: Callable[[str], str]
) -> None:
    """On an engine of its own nobody else sweeps, so what is left can be counted."""
    image = workload("tls")
    load(mortal.host, [image])
    client = docker.DockerClient(base_url=mortal.host, timeout=60)
    for phase in PHASES.values():
        scan = mortal.scan(image)
        wait_for(scan, phase)
        wanted = 1 if phase == PHASES["baseline"] else 2
        deadline = time.monotonic() + 30
        while len(client.containers.list()) < wanted:
            assert time.monotonic() < deadline
            time.sleep(0.05)
        scan.send_signal(signal.SIGKILL)
        scan.communicate(timeout=SOON)
        assert left_in(client)[0] >= wanted
    scan = mortal.scan(image)
    wait_for(scan, PHASES["baseline"])
    scan.send_signal(signal.SIGINT)
    scan.communicate(timeout=SOON)
    assert scan.returncode == 130
    assert left_in(client) == (0, 0, 0)


def left_in(client: docker.DockerClient) -> tuple[int, int, int]:
    """Containers, networks besides the engine's own three, and volumes."""
    return (
        len(client.containers.list(all=True)),
        len(client.networks.list()) - 3,
        len(client.volumes.list()),
    )
