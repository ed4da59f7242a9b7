"""Layers whose entries lie below symbolic links, as a real engine unpacks them and as we do."""

from __future__ import annotations

import io
import tarfile
import uuid
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import cast

import docker
import pytest

from scanner.image import open_image, walk
from scanner.model import FileKind
from tests.unit.image.image_samples import Recorder, docker_archive, tar_of

USRMERGE = tar_of(("usr/", None), ("usr/lib/", None), ("usr/lib/a", b"A"), ("lib", "-> usr/lib"))
pytestmark = pytest.mark.docker

ENGINES_OWN = ("dev", "etc", "proc", "sys", ".dockerenv")


@pytest.mark.parametrize(
    "layers",
    [
        (
            tar_of(
                ("usr/lib/", None),
                ("lib", "-> usr/lib"),
                ("lib/x", b"X"),
                ("lib/sub/deep", b"D"),
                ("abs", "-> /usr/lib"),
                ("abs/y", b"Y"),
                ("up/", None),
                ("up/l", "-> ../usr/lib"),
                ("up/l/z", b"Z"),
                ("lib/h", "= lib/x"),
            ),
        ),
        (USRMERGE, tar_of(("lib/x", b"X"))),
        (USRMERGE, tar_of(("lib/.wh.a", b""))),
        (USRMERGE, tar_of(("usr/lib/", None), ("lib2", "-> usr/lib"), ("lib2/.wh.a", b""))),
    ],
    ids=["same layer", "lower layer", "whiteout over a lower link", "whiteout through a link"],
)
def test_the_tree_is_the_engines(
    engine: docker.DockerClient, tmp_path: Path, layers: Sequence[bytes]
) -> None:
    if engine.info().get("Driver") not in ("overlay2", "overlayfs"):
        pytest.skip("the engine stacks layers otherwise")
    name = f"fips-tests/unpacking:{uuid.uuid4().hex[:12]}"
    archive = docker_archive(tmp_path / "image.tar", list(layers), tags=(name,))
    engine.images.load(archive.read_bytes())
    try:
        container = engine.containers.create(name, mem_limit="32m", pids_limit=8)
        try:
            exported = b"".join(cast("Iterable[bytes]", container.export()))
        finally:
            container.remove()
    finally:
        engine.images.remove(name, force=True)
    with tarfile.open(fileobj=io.BytesIO(exported)) as tar:
        expected = {
            f"/{member.name}": (member.isdir(), member.issym())
            for member in tar
            if member.name.split("/")[0] not in ENGINES_OWN
        }
    with open_image(f"docker-archive:{archive}") as opened:
        view = walk(opened, Recorder).view
    found = {
        path: (entry.kind is FileKind.DIRECTORY, entry.kind is FileKind.SYMLINK)
        for path in view.paths()
        if path != "/" and (entry := view.entry(path))
    }
    assert found == expected
