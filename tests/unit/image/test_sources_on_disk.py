"""Docker archives, OCI layouts and directories: the same image looks the same from everywhere."""

from __future__ import annotations

import gzip
import json
import os
import tarfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from scanner.errors import ImageNotFoundError, RegistryError, ScannerError, UsageError
from scanner.image import docker_archive_stream, open_image, walk
from scanner.image.image import Layer, LayeredImage
from scanner.model import FileEntry, GapKind, ImageConfig, Platform

from .image_samples import (
    EXPECTED,
    LAYERS,
    OCI_INDEX,
    Layout,
    Recorder,
    config_of,
    docker_archive,
    look,
    seen,
    sha,
    tar_of,
)


def layout_tar(root: Path) -> Path:
    path = root.with_suffix(".tar")
    with tarfile.open(path, "w") as tar:
        for child in sorted(root.iterdir()):
            tar.add(child, child.name)
    return path


@pytest.mark.parametrize("how", ["", "gzip", "zstd"])
@pytest.mark.parametrize("form", ["archive", "archive.gz", "layout", "layout.tar"])
def test_the_same_image_from_everywhere(how: str, form: str, tmp_path: Path) -> None:
    if form.startswith("archive"):
        path = docker_archive(tmp_path / "app.tar", LAYERS, how=how)
        if form == "archive.gz":
            path.write_bytes(gzip.compress(path.read_bytes()))
        reference = f"docker-archive:{path}"
    else:
        layout = Layout(tmp_path / "layout")
        layout.add(LAYERS, how)
        root = layout.finish()
        reference = f"oci:{layout_tar(root) if form == 'layout.tar' else root}"
    with open_image(reference) as image:
        result = walk(image, Recorder)
        assert image.image_id == sha(config_of(LAYERS))
        assert image.config.command == ("/app", "-v")
        assert image.config.env_get("A") == "b=c"
        assert image.config.created_by == ("step 0", "step 1")
        assert image.platform == "linux/amd64"
    assert seen(result.facts) == EXPECTED
    assert result.gaps == ()
    entries = [result.view.entry(path) for path in ("/etc", "/etc/a")]
    assert [entry and entry.layer for entry in entries] == [0, 1]
    assert result.view.resolve("/bin/x") == "/usr/bin/x"


def test_a_layout_tells_the_digest_of_the_manifest(tmp_path: Path) -> None:
    layout = Layout(tmp_path / "l")
    manifest = layout.add(LAYERS)
    with open_image(f"oci:{layout.finish()}") as image:
        assert image.digest == image.manifest_digest == sha(manifest)


def test_an_archive_with_its_manifest_first_and_a_layer_that_is_a_link(tmp_path: Path) -> None:
    layer = tar_of(("a", b"A"))
    config = config_of([layer, layer])
    link = tarfile.TarInfo("two/layer.tar")
    link.type, link.linkname = tarfile.SYMTYPE, "../one/layer.tar"
    manifest = [{"Config": "c.json", "Layers": ["one/layer.tar", "two/layer.tar"]}]
    path = tmp_path / "a.tar"
    data = tar_of(
        ("manifest.json", json.dumps(manifest).encode()),
        ("c.json", config),
        ("two/layer.tar", link),
        ("one/layer.tar", layer),
    )
    for each in (data, gzip.compress(data)):
        path.write_bytes(each)
        assert seen(look(f"docker-archive:{path}").facts) == {"/a": "A"}


def test_an_archive_of_a_current_engine_is_read_in_one_pass(tmp_path: Path) -> None:
    # An OCI layout with a manifest.json beside it, blobs first: as engines from 25 on write.
    layout = Layout(tmp_path / "l")
    layout.add(LAYERS, "")
    config = config_of(LAYERS)
    manifest = [
        {
            "Config": f"blobs/sha256/{sha(config)[7:]}",
            "Layers": [f"blobs/sha256/{sha(layer)[7:]}" for layer in LAYERS],
        }
    ]
    root = layout.finish()
    (root / "manifest.json").write_text(json.dumps(manifest))
    path = layout_tar(root)
    for data in (path.read_bytes(), gzip.compress(path.read_bytes())):
        path.write_bytes(data)
        assert seen(look(f"docker-archive:{path}").facts) == EXPECTED


@pytest.mark.parametrize("compressed", [False, True])
def test_one_of_several_images_of_an_archive(compressed: bool, tmp_path: Path) -> None:
    layers = [tar_of(("a", b"1")), tar_of(("a", b"2"))]
    configs = [config_of([layer]) for layer in layers]
    manifest = [
        {"Config": f"{n}.json", "Layers": [f"{n}/layer.tar"], "RepoTags": [f"team/app:{n}"]}
        for n in (0, 1)
    ]
    data = tar_of(
        *((f"{n}.json", configs[n]) for n in (0, 1)),
        *((f"{n}/layer.tar", layers[n]) for n in (0, 1)),
        ("manifest.json", json.dumps(manifest).encode()),
    )
    path = tmp_path / "a.tar"
    path.write_bytes(gzip.compress(data) if compressed else data)
    assert seen(look(f"docker-archive:{path}:team/app:1").facts) == {"/a": "2"}
    with pytest.raises(UsageError, match="holds 2 images: add a colon and one of team/app:0, team"):
        look(f"docker-archive:{path}")
    with pytest.raises(ImageNotFoundError, match="it holds team/app:0"):
        look(f"docker-archive:{path}:other")


def test_one_of_several_images_of_a_layout(tmp_path: Path) -> None:
    layout = Layout(tmp_path / "l")
    first = layout.add([tar_of(("a", b"1"))], tag="v1")
    layout.add([tar_of(("a", b"2"))], tag="v2")
    root = layout.finish()
    assert seen(look(f"oci:{root}:v2").facts) == {"/a": "2"}
    assert seen(look(f"oci:{root}@{sha(first)}").facts) == {"/a": "1"}
    with pytest.raises(UsageError, match="holds 2 images: add a colon and one of v1, v2"):
        look(f"oci:{root}")
    with pytest.raises(ImageNotFoundError, match="it holds v1, v2"):
        look(f"oci:{root}:v3")


def platforms(tmp_path: Path, *names: str, nested: bool = False) -> Path:
    """An index with an image for each platform, an attestation first."""
    layout = Layout(tmp_path / "l")
    attestation = {
        "platform": {"os": "unknown", "architecture": "unknown"},
        "annotations": {"vnd.docker.reference.type": "attestation-manifest"},
    }
    entries = [
        layout.descriptor(b"{}", "application/vnd.oci.image.manifest.v1+json", **attestation)
    ]
    for name in names:
        system, architecture, *variant = name.split("/")
        told = {"os": system, "architecture": architecture}
        if variant:
            told["variant"] = variant[0]
        layer = tar_of(("platform", name.encode()))
        manifest = layout.manifest([layer], config=config_of([layer], **told))
        entries.append(
            layout.descriptor(manifest, "application/vnd.oci.image.manifest.v1+json", platform=told)
        )
    index = json.dumps({"schemaVersion": 2, "mediaType": OCI_INDEX, "manifests": entries}).encode()
    if nested:
        layout.entries.append(layout.descriptor(index, OCI_INDEX))
    else:
        layout.entries.extend(entries)
    return layout.finish()


@pytest.mark.parametrize("nested", [False, True])
@pytest.mark.parametrize(
    ("wanted", "found"),
    [
        ("linux/arm64", "linux/arm64/v8"),
        ("arm64", "linux/arm64/v8"),
        ("aarch64", "linux/arm64/v8"),
        ("linux/arm/v6", "linux/arm/v6"),
        ("linux/arm", "linux/arm/v7"),
        ("s390x", "linux/s390x"),
    ],
)
def test_the_platform_asked_for_is_picked(
    nested: bool, wanted: str, found: str, tmp_path: Path
) -> None:
    names = ("linux/arm64/v8", "linux/arm/v6", "linux/arm/v7", "linux/s390x")
    root = platforms(tmp_path, *names, nested=nested)
    assert seen(look(f"oci:{root}", wanted).facts) == {"/platform": found}


def test_this_machines_platform_is_the_default(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    root = platforms(tmp_path, "linux/amd64", "linux/arm64")
    monkeypatch.setattr("platform.machine", lambda: "aarch64")
    assert seen(look(f"oci:{root}").facts) == {"/platform": "linux/arm64"}


def test_a_platform_that_is_not_there(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("platform.machine", lambda: "riscv64")
    root = platforms(tmp_path, "linux/amd64", "linux/arm64")
    with pytest.raises(UsageError, match="choose one of linux/amd64, linux/arm64 with --platform"):
        look(f"oci:{root}")
    with pytest.raises(UsageError, match="is not there for linux/s390x: it is for linux/amd64"):
        look(f"oci:{root}", "s390x")
    with pytest.raises(UsageError, match="not a platform"):
        look(f"oci:{root}", "linux/")


def test_the_only_platform_is_taken_without_asking(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("platform.machine", lambda: "riscv64")
    assert seen(look(f"oci:{platforms(tmp_path, 'linux/s390x')}").facts) == {
        "/platform": "linux/s390x"
    }


def test_a_windows_image_is_looked_into_and_its_policy_is_the_hosts(tmp_path: Path) -> None:
    result = look(f"oci:{platforms(tmp_path, 'windows/amd64')}")
    assert seen(result.facts) == {"/platform": "windows/amd64"}
    assert [(gap.kind, gap.caps) for gap in result.gaps] == [(GapKind.NOT_SUPPORTED, True)]
    assert "policy of the host" in result.gaps[0].reason


class _Elsewhere:
    """A layer that the registry names and does not have."""

    size = 10
    digest = ""

    def chunks(self) -> Iterator[bytes]:
        raise RegistryError("registry.example answered 404 for sha256:6eb3")


def test_a_windows_image_whose_base_layers_are_not_in_the_registry() -> None:
    config = ImageConfig(Platform("windows", "amd64"))
    layers = (Layer(_Elsewhere(), "sha256:6eb3"),)
    image = LayeredImage("registry.example/app:1", "registry", config, layers, b"{}")
    (gap,) = walk(image, Recorder).gaps
    assert gap.kind is GapKind.NOT_SUPPORTED
    assert "could not be inspected: registry.example answered 404" in gap.reason


def test_a_directory(tmp_path: Path) -> None:
    root = tmp_path / "root"
    (root / "etc").mkdir(parents=True)
    (root / "etc" / "a").write_bytes(b"A")
    (root / "etc" / "b").hardlink_to(root / "etc" / "a")
    (root / "out").symlink_to("/etc")
    (root / "etc" / "up").symlink_to("../../secret")
    (tmp_path / "secret").write_bytes(b"secret")
    os.mkfifo(root / "fifo")
    (root / "etc" / "caf\udce9").write_bytes(b"latin")
    result = look(f"dir:{root}")
    assert seen(result.facts) == {"/etc/a": "A", "/etc/b": "A", "/etc/caf\\xe9": "latin"}
    assert result.gaps == ()
    assert result.view.resolve("/out/a") == "/etc/a"
    assert result.view.resolve("/etc/up") is None


def test_a_directory_reached_through_a_link(tmp_path: Path) -> None:
    (tmp_path / "real").mkdir()
    (tmp_path / "real" / "a").write_bytes(b"A")
    (tmp_path / "link").symlink_to("real")
    assert seen(look(f"dir:{tmp_path}/link").facts) == {"/a": "A"}


def test_a_name_that_is_interesting_only_as_a_hard_link_is_looked_at(tmp_path: Path) -> None:
    data = tar_of(("objects/1", b"ID=x"), ("etc/os-release", "= objects/1"))
    path = docker_archive(tmp_path / "a.tar", [data])
    with open_image(f"docker-archive:{path}") as image:
        result = walk(image, ByName)
    assert seen(result.facts) == {"/etc/os-release": "ID=x"}
    (tmp_path / "r" / "etc").mkdir(parents=True)
    (tmp_path / "r" / "a").write_bytes(b"ID=y")
    (tmp_path / "r" / "etc" / "os-release").hardlink_to(tmp_path / "r" / "a")
    with open_image(f"dir:{tmp_path}/r") as image:
        result = walk(image, ByName)
    assert seen(result.facts) == {"/etc/os-release": "ID=y"}


class ByName(Recorder):
    def wants(self, entry: FileEntry, head: bytes) -> bool:
        return entry.path == "/etc/os-release"


# --- for an engine ---


@pytest.mark.parametrize("how", ["", "gzip"])
def test_an_image_written_for_an_engine_reads_the_same(how: str, tmp_path: Path) -> None:
    layout = Layout(tmp_path / "l")
    layout.add(LAYERS, how)
    copy = tmp_path / "copy.tar"
    with open_image(f"oci:{layout.finish()}") as image:
        copy.write_bytes(b"".join(docker_archive_stream(image)))
        image_id = image.image_id
    with open_image(f"docker-archive:{copy}") as image:
        assert image.image_id == image_id
        assert seen(walk(image, Recorder).facts) == EXPECTED


def test_a_layer_in_zstd_and_a_directory_are_not_for_an_engine(tmp_path: Path) -> None:
    layout = Layout(tmp_path / "l")
    layout.add(LAYERS, "zstd")
    with open_image(f"oci:{layout.finish()}") as image, pytest.raises(ScannerError, match="zstd"):
        list(docker_archive_stream(image))
    with (
        open_image(f"dir:{tmp_path}") as image,
        pytest.raises(ScannerError, match="cannot be loaded"),
    ):
        docker_archive_stream(image)
