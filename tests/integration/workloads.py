"""What tests of simulated runs share: containers that behave as told, and how to run them."""

from __future__ import annotations

import contextlib
import subprocess
import sys
import time
from collections.abc import Collection

import docker
import docker.errors
import pytest
from docker.models.containers import Container

from scanner.facts import fact
from scanner.model import ConditionResult, Fact, FactKind, GapKind, ImageConfig, Platform
from scanner.rulebook import RuleBook
from scanner.simulate import RunLimits, Simulation, simulate
from scanner.simulate.results import CONDITIONS
from scanner.simulate.sweep import OWNER_LABEL, SCAN_LABEL

PROGRAM = "/workload"
SHORT = RunLimits(ready=4.0, settle=0.3, memory=128 * 2**20, pids=32, disk=32 * 2**20, cpus=1.0)
GO_FACTS = (fact(FactKind.GO_BUILD, PROGRAM, go_version="1.27.3", toolchain="upstream"),)


def config(*command: str) -> ImageConfig:
    return ImageConfig(Platform("linux", "amd64"), entrypoint=(PROGRAM,), cmd=command)


def started(program: str) -> Fact:
    return fact(FactKind.COMMAND, argv=(program,), program=program)


def run(
    image: str,
    rules: RuleBook,
    *,
    limits: RunLimits = SHORT,
    facts: tuple[Fact, ...] = (),
    conditions: Collection[str] = CONDITIONS,
) -> Simulation:
    known = (*facts, started(PROGRAM))
    return simulate(image, config(), known, rules=rules, limits=limits, conditions=conditions)


def effects(condition: ConditionResult) -> set[tuple[str, str]]:
    return {(each.what, each.effect.value) for each in condition.differences}


def kinds(simulation: Simulation) -> set[GapKind]:
    return {gap.kind for gap in simulation.gaps}


SCRIPT = """\
import signal, sys
signal.signal(signal.SIGINT, signal.default_int_handler)
from scanner.model import ImageConfig, Platform
from scanner.rulebook import RuleBook
from scanner.simulate import simulate
simulate(sys.argv[1], ImageConfig(Platform("linux", "amd64")), (), rules=RuleBook.load())
"""


def scanner_process(image: str) -> subprocess.Popen[bytes]:
    return subprocess.Popen(
        [sys.executable, "-c", SCRIPT, image], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    )


def containers_of(engine: docker.DockerClient, pid: int) -> list[str]:
    listed = engine.api.containers(all=True, filters={"label": SCAN_LABEL})
    return [each["Id"] for each in listed if f"-{pid}-" in each["Labels"].get(OWNER_LABEL, "")]


def wait_for_container(engine: docker.DockerClient, pid: int) -> Container:
    deadline = time.monotonic() + 30
    while time.monotonic() < deadline:
        for id_ in containers_of(engine, pid):
            # One that was listed may be gone by now.
            with contextlib.suppress(docker.errors.NotFound):
                container = engine.containers.get(id_)
                if container.status == "running":
                    return container
        time.sleep(0.1)
    pytest.fail("the scanner started no container")


def owner_of(engine: docker.DockerClient, id_: str) -> str:
    with contextlib.suppress(docker.errors.NotFound):
        return str(engine.api.inspect_container(id_)["Config"]["Labels"][OWNER_LABEL])
    with contextlib.suppress(docker.errors.NotFound):
        return str(engine.api.inspect_network(id_)["Labels"][OWNER_LABEL])
    return ""
