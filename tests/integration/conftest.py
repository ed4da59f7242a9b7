"""What tests on real containers share: an engine, the sample images, a registry."""

from __future__ import annotations

import contextlib
import os
import shutil
import signal
import socket
import subprocess
import time
import urllib.request
from collections.abc import Callable, Iterator
from pathlib import Path

import docker
import docker.errors
import pytest

from scanner.rulebook import RuleBook
from scanner.simulate.sweep import SCAN_LABEL
from scripts import base_images, build_samples
from scripts.building import build, build_context, one_at_a_time
from tests.integration.workloads import owner_of

WORKLOAD = Path(__file__).with_name("workload")
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


@pytest.fixture(scope="session")
def engine() -> docker.DockerClient:
    """The engine; without one, tests are skipped, and in CI that is a failure."""
    try:
        client = docker.from_env(timeout=600)
        client.ping()
    except docker.errors.DockerException as error:
        if os.environ.get("CI"):
            pytest.fail(f"no container engine: {error}")
        pytest.skip("no container engine; `make engine` starts one")
    return client


@pytest.fixture(scope="session")
def base_image_of(engine: docker.DockerClient) -> dict[str, str]:
    """Local images by the name of the public image whose place they take."""
    with one_at_a_time("base-images"):
        return base_images.ensure(engine)


@pytest.fixture(scope="session")
def sample(engine: docker.DockerClient, base_image_of: dict[str, str]) -> Callable[[str], str]:
    """Gives the image of a sample by its name, and builds it where it is missing."""

    def get(name: str) -> str:
        with one_at_a_time(f"sample-{name}"):
            build_samples.build_sample(engine, name, base_image_of)
        return build_samples.image_of(name)

    return get


@pytest.fixture(scope="session")
def fips_provider(engine: docker.DockerClient, sample: Callable[[str], str]) -> Path:
    """A `fips.so` of this machine's architecture."""
    sample(build_samples.PROVIDER_SAMPLE)
    with one_at_a_time("provider"):
        return build_samples.fips_provider(engine)


@pytest.fixture(scope="session")
def registry(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """`host:port` of a registry on loopback, empty at first, that speaks plain HTTP."""
    program = shutil.which("docker-registry") or shutil.which("registry")
    if program is None:
        pytest.skip("docker-registry is not installed; `make engine` installs it")
    folder: Path = tmp_path_factory.mktemp("registry")
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        address = f"127.0.0.1:{probe.getsockname()[1]}"
    config = folder / "config.yml"
    config.write_text(
        "version: 0.1\n"
        "log: {level: error}\n"
        f"storage: {{filesystem: {{rootdirectory: {folder / 'data'}}}}}\n"
        f"http: {{addr: '{address}'}}\n"
    )
    with (folder / "log").open("wb") as log:
        process = subprocess.Popen(
            [program, "serve", str(config)], stdin=subprocess.DEVNULL, stdout=log, stderr=log
        )
        try:
            wait_until_served(f"http://{address}/v2/", process)
            yield address
        finally:
            process.send_signal(signal.SIGTERM)
            process.wait(10)


def wait_until_served(url: str, process: subprocess.Popen[bytes], seconds: float = 20) -> None:
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline and process.poll() is None:
        try:
            with urllib.request.urlopen(url, timeout=2):
                return
        except OSError:
            time.sleep(0.1)
    pytest.fail(f"{url} is not served")


@pytest.fixture(scope="session")
def push(engine: docker.DockerClient, registry: str) -> Callable[[str], str]:
    """Pushes an image of the engine to the registry; gives its reference there."""

    def put(image: str) -> str:
        name, _, tag = image.rpartition(":")
        target = f"{registry}/{name}"
        engine.images.get(image).tag(target, tag)
        try:
            for event in engine.api.push(target, tag=tag, stream=True, decode=True):
                if "error" in event:
                    pytest.fail(event["error"])
        finally:
            engine.images.remove(f"{target}:{tag}", noprune=True)
        return f"{target}:{tag}"

    return put


@pytest.fixture(scope="session")
def rules() -> RuleBook:
    return RuleBook.load()


@pytest.fixture(scope="module")
def workload(
    engine: docker.DockerClient, base_image_of: dict[str, str]
) -> Iterator[Callable[..., str]]:
    """Gives the ID of an image, made from scratch, whose container behaves as told."""
    tag = "fips-tests/workload:latest"
    files = {name: WORKLOAD / name for name in ("go.mod", "main.go")}
    context = build_context(files, {"Dockerfile": DOCKERFILE.encode()})
    with one_at_a_time("workload"):
        build(engine, tag, context, arguments={"GO": base_image_of["golang:1.27-bookworm"]})
    made: dict[tuple[str, str], str] = {}

    def get(behavior: str, user: str = "") -> str:
        if (behavior, user) not in made:
            container = engine.containers.create(tag, [behavior])
            conf = {"Cmd": [behavior], "User": user}
            made[behavior, user] = str(container.commit(conf=conf).id)
            container.remove()
        return made[behavior, user]

    yield get
    for image in made.values():
        with contextlib.suppress(docker.errors.APIError):
            engine.images.remove(image, force=True)


@pytest.fixture
def nothing_left(engine: docker.DockerClient) -> Iterator[None]:
    """After each test the engine holds nothing that a scan of this process made."""
    yield
    left = [
        *(each["Id"] for each in engine.api.containers(all=True, filters={"label": SCAN_LABEL})),
        *(each["Id"] for each in engine.api.networks(filters={"label": SCAN_LABEL})),
    ]
    mine = [each for each in left if f"-{os.getpid()}-" in owner_of(engine, each)]
    assert mine == []
