"""Simulated runs of hostile containers, and what a scan leaves behind: nothing."""

from __future__ import annotations

import signal
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

import docker
import docker.errors
import pytest

from scanner.errors import EngineError
from scanner.model import GapKind
from scanner.rulebook import RuleBook
from scanner.simulate.engine import engine as scanner_engine
from scanner.simulate.session import image_in_engine
from scanner.simulate.sweep import LOADED, OWNER_LABEL, SCAN_LABEL, sweep
from tests.integration.workloads import (
    SHORT,
    containers_of,
    kinds,
    run,
    scanner_process,
    wait_for_container,
)

pytestmark = [pytest.mark.docker, pytest.mark.usefixtures("nothing_left")]

PATIENT = replace(SHORT, ready=15.0)
"""For three at once on a small machine."""

# --- hostile -------------------------------------------------------------------------------


@pytest.mark.slow
@pytest.mark.parametrize("behavior", ["fork", "flood", "fill", "memory"])
def test_hostile_container_is_bounded(
    behavior: str, workload: Callable[[str], str], rules: RuleBook, engine: docker.DockerClient
) -> None:
    image = workload(behavior)
    begin = time.monotonic()
    result = run(image, rules)
    assert time.monotonic() - begin < 40
    baseline = result.conditions[0]
    if behavior == "fill":
        assert "wrote more than 32 MiB" in baseline.reason
    elif behavior == "memory":
        assert "out of memory" in baseline.reason
    elif behavior == "flood":
        assert GapKind.TOO_LARGE in kinds(result)
    else:
        assert baseline.exit_code is None
    assert any(gap.caps for gap in result.gaps)


def test_container_has_only_an_internal_network_and_limits(
    workload: Callable[[str], str], rules: RuleBook, engine: docker.DockerClient
) -> None:
    process = scanner_process(workload("sleep"))
    try:
        container = wait_for_container(engine, process.pid)
        host = container.attrs["HostConfig"]
        (network,) = container.attrs["NetworkSettings"]["Networks"]
        assert engine.networks.get(network).attrs["Internal"] is True
        assert host["PidsLimit"] == 256
        assert host["Memory"] == host["MemorySwap"] == 2**30
        assert host["CapAdd"] in (None, [])
        assert host["Privileged"] is False
        assert host["Binds"] in (None, [])
        assert host["LogConfig"]["Config"]["max-size"] == "8m"
    finally:
        process.send_signal(signal.SIGINT)
        process.wait(20)


# --- nothing is left behind --------------------------------------------------------------------


def test_ctrl_c_removes_everything(
    workload: Callable[[str], str], engine: docker.DockerClient
) -> None:
    process = scanner_process(workload("sleep"))
    wait_for_container(engine, process.pid)
    process.send_signal(signal.SIGINT)
    process.wait(20)
    assert containers_of(engine, process.pid) == []
    networks = engine.api.networks(filters={"label": SCAN_LABEL})
    assert not [each for each in networks if f"-{process.pid}-" in each["Labels"][OWNER_LABEL]]


def test_next_scan_sweeps_up_after_a_crash_but_leaves_a_living_scan_alone(
    workload: Callable[[str], str], engine: docker.DockerClient
) -> None:
    dead, living = scanner_process(workload("sleep")), scanner_process(workload("sleep"))
    try:
        wait_for_container(engine, dead.pid)
        wait_for_container(engine, living.pid)
        dead.kill()
        dead.wait(20)
        assert containers_of(engine, dead.pid)
        with scanner_engine() as client:
            sweep(client)  # a scan that starts beside this test may have been first
        assert containers_of(engine, dead.pid) == []
        assert containers_of(engine, living.pid)
    finally:
        for process in (dead, living):
            process.send_signal(signal.SIGINT)
            process.wait(20)


def test_loaded_image_is_there_for_a_while_and_names_stay_as_they_were(
    workload: Callable[[str], str], engine: docker.DockerClient
) -> None:
    image = workload("once")
    engine.images.get(image).tag("fips-tests/mine", "1")
    archive = b"".join(engine.images.get("fips-tests/mine:1").save(named="fips-tests/mine:1"))
    engine.images.remove("fips-tests/mine:1")  # its only name, so the image goes with it
    other = engine.images.get("fips-tests/workload:latest")
    other.tag("fips-tests/mine", "1")
    try:
        with image_in_engine(lambda: [archive], image) as loaded:
            assert loaded == image
            tags = engine.images.get(image).tags
            assert any(tag.startswith(f"{LOADED}:") for tag in tags)
        with pytest.raises(docker.errors.ImageNotFound):
            engine.images.get(image)
        assert engine.images.get("fips-tests/mine:1").id == other.id
    finally:
        engine.images.remove("fips-tests/mine:1", noprune=True)


def test_image_that_is_there_is_not_loaded(workload: Callable[[str], str]) -> None:
    def never() -> Iterator[bytes]:
        pytest.fail("asked for the archive")

    with image_in_engine(never, workload("sleep")) as loaded:
        assert loaded == workload("sleep")


def test_archive_that_is_none(engine: docker.DockerClient) -> None:
    with (
        pytest.raises(EngineError, match="cannot load the image"),
        image_in_engine(lambda: [b"not a tar"]),
    ):
        pytest.fail("loaded")


# --- side by side ----------------------------------------------------------------------------


def test_scans_side_by_side_see_what_each_sees_alone(
    workload: Callable[[str], str], rules: RuleBook
) -> None:
    """Two of the same image, and one of another."""
    images = [workload("tls-deaf"), workload("tls-deaf"), workload("plain")]
    with ThreadPoolExecutor(len(images)) as pool:
        first, second, other = pool.map(lambda image: run(image, rules, limits=PATIENT), images)
    for result in (first, second):
        assert [each.ports for each in result.conditions] == [("8443/tcp",)] * 3
        assert [each.exit_code for each in result.conditions] == [None] * 3
    assert first.conditions[0].tls[0].suites == second.conditions[0].tls[0].suites
    assert [each.ports for each in other.conditions] == [("8080/tcp",)] * 3
    assert not [each for each in other.conditions if each.tls]
