"""Simulated runs of real containers: well-behaved ones, broken ones, and hostile ones."""

from __future__ import annotations

import contextlib
import io
import os
import signal
import subprocess
import sys
import tarfile
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import docker
import docker.errors
import pytest

from scanner.errors import EngineError, ImageNotFoundError, UsageError
from scanner.facts import fact
from scanner.model import (
    ConditionResult,
    Effect,
    Fact,
    FactKind,
    GapKind,
    ImageConfig,
    Platform,
)
from scanner.rulebook import RuleBook
from scanner.simulate import RunLimits, Simulation, engine_available, simulate
from scanner.simulate.engine import EngineInfo
from scanner.simulate.engine import engine as scanner_engine
from scanner.simulate.provider import read_provider
from scanner.simulate.session import image_in_engine
from scanner.simulate.sweep import LOADED, OWNER_LABEL, SCAN_LABEL, sweep
from scripts.building import build, build_context, one_at_a_time

pytestmark = pytest.mark.docker

WORKLOAD = Path(__file__).with_name("workload")
PROGRAM = "/workload"
SHORT = RunLimits(ready=4.0, settle=0.3, memory=128 * 2**20, pids=32, disk=32 * 2**20, cpus=1.0)
GO_FACTS = (fact(FactKind.GO_BUILD, PROGRAM, go_version="1.27.3", toolchain="upstream"),)
LIBCRYPTO = "/usr/lib/x86_64-linux-gnu/libcrypto.so.3"
DOCKERFILE = """\
ARG GO
FROM ${GO} AS build
WORKDIR /src
COPY go.mod main.go ./
RUN CGO_ENABLED=0 go build -trimpath -ldflags=-s -o /workload .
FROM scratch
COPY --from=build /workload /workload
ENTRYPOINT ["/workload"]
"""


@pytest.fixture(scope="module")
def rules() -> RuleBook:
    return RuleBook.load()


@pytest.fixture(scope="module")
def workload(
    engine: docker.DockerClient, base_image_of: dict[str, str]
) -> Iterator[Callable[[str], str]]:
    """Gives the ID of an image, made from scratch, whose container behaves as told."""
    tag = "fips-tests/workload:latest"
    files = {name: WORKLOAD / name for name in ("go.mod", "main.go")}
    context = build_context(files, {"Dockerfile": DOCKERFILE.encode()})
    with one_at_a_time("workload"):
        build(engine, tag, context, arguments={"GO": base_image_of["golang:1.27-bookworm"]})
    made: dict[str, str] = {}

    def get(behavior: str) -> str:
        if behavior not in made:
            container = engine.containers.create(tag, [behavior])
            made[behavior] = str(container.commit(conf={"Cmd": [behavior]}).id)
            container.remove()
        return made[behavior]

    yield get
    for image in made.values():
        with contextlib.suppress(docker.errors.APIError):
            engine.images.remove(image, force=True)


@pytest.fixture(autouse=True)
def nothing_left(engine: docker.DockerClient) -> Iterator[None]:
    """After each test the engine holds nothing that a scan of this process made."""
    yield
    left = [
        *(each["Id"] for each in engine.api.containers(all=True, filters={"label": SCAN_LABEL})),
        *(each["Id"] for each in engine.api.networks(filters={"label": SCAN_LABEL})),
    ]
    mine = [each for each in left if f"-{os.getpid()}-" in owner_of(engine, each)]
    assert mine == []


def owner_of(engine: docker.DockerClient, id_: str) -> str:
    with contextlib.suppress(docker.errors.NotFound):
        return str(engine.api.inspect_container(id_)["Config"]["Labels"][OWNER_LABEL])
    with contextlib.suppress(docker.errors.NotFound):
        return str(engine.api.inspect_network(id_)["Labels"][OWNER_LABEL])
    return ""


def config(*command: str) -> ImageConfig:
    return ImageConfig(Platform("linux", "amd64"), entrypoint=(PROGRAM,), cmd=command)


def started(program: str) -> Fact:
    return fact(FactKind.COMMAND, argv=(program,), program=program)


def run(
    image: str, rules: RuleBook, *, limits: RunLimits = SHORT, facts: tuple[Fact, ...] = ()
) -> Simulation:
    return simulate(image, config(), (*facts, started(PROGRAM)), rules=rules, limits=limits)


def effects(condition: ConditionResult) -> set[tuple[str, str]]:
    return {(each.what, each.effect.value) for each in condition.differences}


def kinds(simulation: Simulation) -> set[GapKind]:
    return {gap.kind for gap in simulation.gaps}


def test_engine_is_there(engine: docker.DockerClient) -> None:
    info = engine_available()
    assert isinstance(info, EngineInfo)
    assert info.os == "linux"
    assert info.cpus >= 1


@pytest.mark.parametrize(
    ("host", "words"),
    [
        ("unix:///nonexistent/docker.sock", "no container engine found"),
        ("tcp://127.0.0.1:1", "does not answer"),
    ],
)
def test_no_engine_is_said_in_one_line(
    host: str, words: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DOCKER_HOST", host)
    error = engine_available()
    assert isinstance(error, EngineError)
    assert words in str(error)
    assert "\n" not in str(error)


def test_unknown_image(engine: docker.DockerClient, rules: RuleBook) -> None:
    with pytest.raises(ImageNotFoundError, match="not in the container engine"):
        run("fips-tests/none:none", rules)


# --- Go ------------------------------------------------------------------------------------


def test_go_program_that_needs_md5_breaks(workload: Callable[[str], str], rules: RuleBook) -> None:
    result = run(workload("md5-later"), rules, facts=GO_FACTS)
    baseline, enforced = result.conditions
    assert baseline.exit_code is None
    assert baseline.ports == ("8080/tcp",)
    assert enforced.switches == ("GODEBUG=fips140=only",)
    assert enforced.exit_code == 2
    assert enforced.verified
    assert ("exit", "breaks") in effects(enforced)
    assert ("log", "breaks") in effects(enforced)
    assert any("MD5" in match.line for match in enforced.log_matches)
    assert result.gaps == ()


def test_go_tls_server_is_restricted(workload: Callable[[str], str], rules: RuleBook) -> None:
    result = run(workload("tls-deaf"), rules, facts=GO_FACTS)
    baseline, enforced = result.conditions
    (before,), (after,) = baseline.tls, enforced.tls
    assert before.port == 8443
    assert "TLS_CHACHA20_POLY1305_SHA256" in before.suites
    assert "TLS_CHACHA20_POLY1305_SHA256" in before.unapproved
    assert "x25519" in before.groups
    assert after.protocols == ("TLS 1.2", "TLS 1.3")
    assert "TLS_AES_128_GCM_SHA256" in after.suites
    assert not {"TLS_CHACHA20_POLY1305_SHA256", "x25519"} & {*after.suites, *after.groups}
    assert ("tls-suite", "restricts") in effects(enforced)
    assert not {"breaks", "leaks"} & {effect for _, effect in effects(enforced)}
    made = [each for each in result.facts if each.kind is FactKind.TLS_ENDPOINT]
    assert [each.text("condition") for each in made] == ["baseline", "enforced"]
    assert made[1].texts("unapproved_suites") == ()


def test_server_whose_crypto_no_switch_reaches_leaks(
    workload: Callable[[str], str], rules: RuleBook
) -> None:
    _, enforced = run(workload("tls"), rules).conditions
    assert enforced.switches == ()
    leaks = {each.condition for each in enforced.differences if each.effect is Effect.LEAKS}
    assert {"TLS_CHACHA20_POLY1305_SHA256", "x25519"} <= leaks


# --- little or nothing to see ----------------------------------------------------------------


@pytest.mark.parametrize(
    ("behavior", "exit_code", "words"),
    [
        ("md5", 0, "exit code 0"),
        ("exit", 3, "exit code 3"),
        ("sleep", None, "listened on no port"),
    ],
)
def test_nothing_observed_is_said(
    behavior: str,
    exit_code: int | None,
    words: str,
    workload: Callable[[str], str],
    rules: RuleBook,
) -> None:
    result = run(workload(behavior), rules)
    assert [each.exit_code for each in result.conditions] == [exit_code] * 2
    (gap,) = result.gaps
    assert gap.kind is GapKind.NOTHING_OBSERVED
    assert words in gap.reason


def test_port_on_loopback_is_seen_and_cannot_be_asked(
    workload: Callable[[str], str], rules: RuleBook
) -> None:
    result = run(workload("loopback"), rules)
    assert [each.ports for each in result.conditions] == [("8080/tcp",)] * 2
    assert kinds(result) == {GapKind.NOT_SUPPORTED}


def test_program_that_is_not_there(engine: docker.DockerClient, rules: RuleBook) -> None:
    empty = io.BytesIO()
    tarfile.open(fileobj=empty, mode="w").close()
    engine.api.import_image_from_data(
        empty.getvalue(), repository="fips-tests/hollow", changes=['CMD ["/nothing"]']
    )
    try:
        result = run("fips-tests/hollow", rules)
    finally:
        engine.images.remove("fips-tests/hollow")
    assert [each.ran for each in result.conditions] == [False, False]
    (gap,) = result.gaps
    assert gap.kind is GapKind.NOT_RUN
    assert "/nothing" in gap.reason
    assert "\n" not in gap.reason


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


def wait_for_container(engine: docker.DockerClient, pid: int):  # type: ignore[no-untyped-def]
    deadline = time.monotonic() + 30
    while time.monotonic() < deadline:
        for id_ in containers_of(engine, pid):
            container = engine.containers.get(id_)
            if container.status == "running":
                return container
        time.sleep(0.1)
    pytest.fail("the scanner started no container")


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


# --- OpenSSL -------------------------------------------------------------------------------


def openssl_facts(program: str = "/usr/sbin/nginx") -> tuple[Fact, ...]:
    return (
        fact(
            FactKind.OPENSSL_STATE,
            LIBCRYPTO,
            library=LIBCRYPTO,
            version="3.0.20",
            activation="off",
            config="/usr/lib/ssl/openssl.cnf",
            config_found=True,
        ),
        fact(
            FactKind.USE,
            program,
            module="openssl",
            module_version="3.0.20",
            role="workload",
            library=LIBCRYPTO,
        ),
        started(program),
    )


NGINX = replace(config(), exposed_ports=("8443/tcp",))


@pytest.mark.slow
def test_nginx_with_the_provider_of_this_machine(
    sample: Callable[[str], str], fips_provider: Path, rules: RuleBook
) -> None:
    image = sample("nginx-openssl")
    result = simulate(image, NGINX, openssl_facts(), rules=rules, provider=fips_provider)
    baseline, enforced = result.conditions
    assert result.gaps == ()
    assert any("fips.so is loaded" in each for each in enforced.verified)
    (before,), (after,) = baseline.tls, enforced.tls
    assert any("CHACHA20" in name for name in before.suites)
    assert not any("CHACHA20" in name or "CAMELLIA" in name for name in after.suites)
    assert "x25519" in before.groups
    assert "x25519" not in after.groups
    assert not {"breaks", "leaks"} & {effect for _, effect in effects(enforced)}


@pytest.mark.slow
def test_without_a_provider_nothing_is_concluded(
    sample: Callable[[str], str],
    rules: RuleBook,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    monkeypatch.setattr("scanner.simulate.provider._system_paths", lambda _: iter(()))
    result = simulate(sample("nginx-openssl"), NGINX, openssl_facts(), rules=rules)
    _, enforced = result.conditions
    assert GapKind.NO_PROVIDER in kinds(result)
    assert enforced.verified == ()
    assert enforced.differences == ()
    (run_fact,) = [
        each
        for each in result.facts
        if each.kind is FactKind.RUN and each.text("condition") == "enforced"
    ]
    assert not run_fact.flag("verified")


@pytest.mark.slow
def test_provider_that_cannot_be_loaded_proves_nothing(
    sample: Callable[[str], str], fips_provider: Path, rules: RuleBook, tmp_path: Path
) -> None:
    broken = tmp_path / "fips.so"
    broken.write_bytes(fips_provider.read_bytes()[: 2**20])
    result = simulate(sample("nginx-openssl"), NGINX, openssl_facts(), rules=rules, provider=broken)
    _, enforced = result.conditions
    assert GapKind.NOT_VERIFIED in kinds(result)
    assert {effect for _, effect in effects(enforced)} <= {"changes"}


def test_file_that_is_no_provider(
    engine: docker.DockerClient, rules: RuleBook, tmp_path: Path
) -> None:
    file = tmp_path / "fips.so"
    file.write_bytes(b"\x7fELF")
    with pytest.raises(UsageError, match="not a FIPS provider"):
        simulate("any", config(), (), rules=rules, provider=file)


@pytest.mark.slow
def test_module_mac_is_what_fipsinstall_wrote(
    engine: docker.DockerClient, sample: Callable[[str], str], fips_provider: Path
) -> None:
    container = engine.containers.create(sample("openssl-fips-active"))
    try:
        stream, _ = container.get_archive("/etc/ssl/fipsmodule.cnf")
        packed = io.BytesIO(b"".join(stream))
    finally:
        container.remove()
    with tarfile.open(fileobj=packed) as archive:
        file = archive.extractfile("fipsmodule.cnf")
        assert file is not None
        text = file.read().decode()
    provider = read_provider(fips_provider.read_bytes(), "sample")
    assert f"module-mac = {provider.module_mac}\n" in text
    assert provider.version.startswith("3.")
