"""Images from a real engine and from real registries, with and without a log-in."""

from __future__ import annotations

import base64
import json
import shutil
import signal
import socket
import subprocess
import tarfile
import time
from collections.abc import Iterator
from pathlib import Path

import docker
import docker.errors
import pytest
import requests

from scanner.errors import EngineError, ImageNotFoundError, RegistryError, ScannerError, UsageError
from scanner.image import docker_archive_stream, open_image, walk
from tests.unit.image.image_samples import (
    EXPECTED,
    LAYERS,
    OCI_INDEX,
    OCI_MANIFEST,
    Layout,
    Recorder,
    config_of,
    docker_archive,
    look,
    seen,
    sha,
    tar_of,
)

# bcrypt of "secret", which is all that the registry's htpasswd takes.
HTPASSWD = "user:$2b$05$abcdefghijklmnopqrstuuOQiyCxlgf/oeuTqixKmWdcYUh4Hjl0a\n"
LOGIN = ("user", "secret")


def put(host: str, name: str, tag: str, root: Path, manifest: bytes, media_type: str) -> None:
    """Push everything in a layout over the distribution API, then a manifest."""
    session = requests.Session()
    session.auth = LOGIN
    base = f"http://{host}/v2/{name}"
    for blob in sorted((root / "blobs" / "sha256").iterdir()):
        data = blob.read_bytes()
        place = session.post(f"{base}/blobs/uploads/", timeout=10)
        assert place.status_code == 202, place.text
        done = session.put(
            place.headers["Location"],
            params={"digest": f"sha256:{blob.name}"},
            data=data,
            timeout=10,
        )
        assert done.status_code == 201, done.text
    for each, kind in ((root / "blobs" / "sha256" / sha(manifest)[7:], media_type),):
        body = each.read_bytes()
        for entry in json.loads(body).get("manifests", ()):
            inner = (root / "blobs" / "sha256" / entry["digest"][7:]).read_bytes()
            answer = session.put(
                f"{base}/manifests/{entry['digest']}",
                data=inner,
                headers={"Content-Type": entry["mediaType"]},
                timeout=10,
            )
            assert answer.status_code == 201, answer.text
        answer = session.put(
            f"{base}/manifests/{tag}", data=body, headers={"Content-Type": kind}, timeout=10
        )
        assert answer.status_code == 201, answer.text


@pytest.fixture
def locked_registry(tmp_path: Path) -> Iterator[str]:
    """`host:port` of a registry that wants a log-in."""
    program = shutil.which("docker-registry") or shutil.which("registry")
    if program is None:
        pytest.skip("docker-registry is not installed; `make engine` installs it")
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        address = f"127.0.0.1:{probe.getsockname()[1]}"
    (tmp_path / "htpasswd").write_text(HTPASSWD)
    config = tmp_path / "config.yml"
    config.write_text(
        "version: 0.1\n"
        "log: {level: error}\n"
        f"storage: {{filesystem: {{rootdirectory: {tmp_path / 'data'}}}}}\n"
        f"http: {{addr: '{address}'}}\n"
        f"auth: {{htpasswd: {{realm: test, path: {tmp_path / 'htpasswd'}}}}}\n"
    )
    with (tmp_path / "log").open("wb") as log:
        process = subprocess.Popen([program, "serve", str(config)], stdout=log, stderr=log)
    try:
        deadline = time.monotonic() + 20
        while time.monotonic() < deadline and process.poll() is None:
            try:
                requests.get(f"http://{address}/v2/", timeout=2)
                break
            except requests.ConnectionError:
                time.sleep(0.05)
        yield address
    finally:
        process.send_signal(signal.SIGTERM)
        process.wait(10)


def log_in(folder: Path, host: str, password: str) -> None:
    folder.mkdir(exist_ok=True)
    auth = base64.b64encode(f"user:{password}".encode()).decode()
    (folder / "config.json").write_text(json.dumps({"auths": {host: {"auth": auth}}}))


@pytest.mark.parametrize("how", ["", "gzip", "zstd"])
def test_an_image_straight_from_a_registry(registry: str, how: str, tmp_path: Path) -> None:
    layout = Layout(tmp_path / "l")
    manifest = layout.add(LAYERS, how)
    name = f"sources/{how or 'plain'}"
    put(registry, name, "v1", layout.finish(), manifest, OCI_MANIFEST)
    for end in (":v1", f"@{sha(manifest)}"):
        reference = f"registry:{registry}/{name}{end}"
        with open_image(reference, insecure=True) as image:
            assert (image.source, image.digest) == ("registry", sha(manifest))
            assert image.image_id == sha(config_of(LAYERS))
            result = walk(image, Recorder)
        assert seen(result.facts) == EXPECTED
        assert result.gaps == ()


def test_one_platform_of_several(registry: str, tmp_path: Path) -> None:
    layout = Layout(tmp_path / "l")
    entries = []
    for architecture in ("arm64", "s390x"):
        layer = tar_of(("platform", architecture.encode()))
        manifest = layout.manifest([layer], config=config_of([layer], architecture=architecture))
        told = {"os": "linux", "architecture": architecture}
        entries.append(layout.descriptor(manifest, OCI_MANIFEST, platform=told))
    index = json.dumps({"schemaVersion": 2, "mediaType": OCI_INDEX, "manifests": entries}).encode()
    layout.descriptor(index, OCI_INDEX)
    put(registry, "sources/multi", "v1", layout.finish(), index, OCI_INDEX)
    reference = f"registry:{registry}/sources/multi:v1"
    found = look(reference, insecure=True, platform="linux/s390x")
    assert seen(found.facts) == {"/platform": "s390x"}
    with pytest.raises(UsageError, match="it is for linux/arm64, linux/s390x"):
        look(reference, insecure=True, platform="linux/386")


def test_a_tag_that_is_not_there(registry: str) -> None:
    with pytest.raises(ImageNotFoundError, match="check the name"):
        look(f"registry:{registry}/sources/nothing:v1", insecure=True)


def test_a_registry_that_wants_a_log_in(
    locked_registry: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DOCKER_CONFIG", str(tmp_path / "docker"))
    layout = Layout(tmp_path / "l")
    manifest = layout.add(LAYERS)
    put(locked_registry, "app", "v1", layout.finish(), manifest, OCI_MANIFEST)
    reference = f"registry:{locked_registry}/app:v1"
    with pytest.raises(RegistryError, match="docker login"):
        look(reference, insecure=True)
    log_in(tmp_path / "docker", locked_registry, "wrong")
    with pytest.raises(RegistryError, match="docker login"):
        look(reference, insecure=True)
    log_in(tmp_path / "docker", locked_registry, "secret")
    assert seen(look(reference, insecure=True).facts) == EXPECTED


@pytest.fixture
def loaded(engine: docker.DockerClient, tmp_path: Path) -> Iterator[str]:
    """The ID of an image that the engine has just for one test, tagged `sources-test:1`."""
    path = docker_archive(tmp_path / "app.tar", LAYERS, tags=("sources-test:1",))
    with path.open("rb") as archive:
        (image,) = engine.images.load(archive)
    yield str(image.id)
    engine.images.remove("sources-test:1", force=True)


@pytest.mark.docker
@pytest.mark.xdist_group("sources-test")
def test_an_image_of_the_engine(engine: docker.DockerClient, loaded: str, tmp_path: Path) -> None:
    for reference in ("sources-test:1", "docker:sources-test:1", loaded, f"docker:{loaded}"):
        with open_image(reference) as image:
            assert (image.source, image.image_id) == ("docker", loaded)
            assert image.config.command == ("/app", "-v")
            assert len(image.config.layer_digests) == 2
            result = walk(image, Recorder)
        assert seen(result.facts) == EXPECTED
        assert result.gaps == ()
        entry = result.view.entry("/etc/a")
        assert entry is not None
        assert entry.layer == 1
    saved = tmp_path / "saved.tar"
    with saved.open("wb") as file:
        file.writelines(engine.images.get(loaded).save(named=True))
    with open_image(f"docker-archive:{saved}:sources-test:1") as image:
        assert image.image_id == loaded
        assert seen(walk(image, Recorder).facts) == EXPECTED
    with tarfile.open(saved) as archive:
        assert "manifest.json" in archive.getnames()


@pytest.mark.docker
@pytest.mark.xdist_group("sources-test")
def test_an_image_of_the_engine_tells_the_digest_of_a_manifest_once_it_is_pushed(
    engine: docker.DockerClient, registry: str, loaded: str
) -> None:
    with open_image("docker:sources-test:1") as image:
        assert (image.digest, image.manifest_digest) == (loaded, "")
    name = f"{registry}/sources/pushed"
    engine.images.get(loaded).tag(name, "v1")
    try:
        login = dict(zip(("username", "password"), LOGIN, strict=True))
        told = engine.images.push(name, tag="v1", auth_config=login, stream=True, decode=True)
        assert [line["error"] for line in told if "error" in line] == []
        with open_image(f"docker:{name}:v1") as image:
            pushed = image.manifest_digest
        with open_image(f"registry:{name}:v1", insecure=True) as image:
            assert image.manifest_digest == image.digest == pushed
    finally:
        engine.images.remove(f"{name}:v1", force=True)


@pytest.mark.docker
@pytest.mark.xdist_group("sources-test")
def test_another_platform_than_the_engine_has(loaded: str) -> None:
    with pytest.raises(UsageError, match="is not there for linux/s390x: it is for linux/amd64"):
        look(f"docker:{loaded}", platform="linux/s390x")


@pytest.mark.docker
@pytest.mark.xdist_group("sources-test")
def test_an_image_of_a_registry_can_be_loaded(
    engine: docker.DockerClient, registry: str, tmp_path: Path
) -> None:
    layers = [*LAYERS, tar_of(("only", b"for loading"))]
    layout = Layout(tmp_path / "l")
    manifest = layout.add(layers)
    put(registry, "sources/load", "v1", layout.finish(), manifest, OCI_MANIFEST)
    with open_image(f"registry:{registry}/sources/load:v1", insecure=True) as image:
        engine.images.load(docker_archive_stream(image))  # type: ignore[arg-type]
        image_id = image.image_id
    try:
        assert seen(look(f"docker:{image_id}").facts) == {**EXPECTED, "/only": "for loading"}
    finally:
        engine.images.remove(image_id, force=True)


@pytest.mark.docker
@pytest.mark.usefixtures("engine")
def test_an_image_that_the_engine_does_not_have() -> None:
    with pytest.raises(ImageNotFoundError, match="the engine has no image"):
        look("docker:no-such-image-anywhere:1")


def test_no_engine(registry: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DOCKER_HOST", f"unix://{tmp_path}/nothing.sock")
    with pytest.raises(EngineError, match="no container engine answers"):
        look("docker:debian")
    layout = Layout(tmp_path / "l")
    manifest = layout.add(LAYERS)
    put(registry, "sources/bare", "v1", layout.finish(), manifest, OCI_MANIFEST)
    # A bare name goes to its registry when there is no engine to ask.
    assert seen(look(f"{registry}/sources/bare:v1", insecure=True).facts) == EXPECTED
    with pytest.raises(ScannerError, match="no container engine answers, and registry") as caught:
        look(f"{registry}/sources/other:v1", insecure=True)
    assert "\n" not in str(caught.value)
