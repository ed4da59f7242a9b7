"""Starts one container on a simulated FIPS node, of an image that is made for that and removed.

The image holds nothing but the scanner's own static helper: nothing is pulled.
"""

from __future__ import annotations

import hashlib
import io
import json
import tarfile
from collections.abc import Iterator
from dataclasses import replace

from scanner.errors import EngineError
from scanner.simulate.engine import engine
from scanner.simulate.limits import RunLimits
from scanner.simulate.native import helper
from scanner.simulate.node import NodeBox
from scanner.simulate.session import Session, load_archive
from scanner.simulate.sweep import sweep

PROGRAM = "/fips-node"
_LIMITS = replace(RunLimits(), total=60.0, memory=64 * 2**20, pids=32, cpus=1.0)


def mode_of_node(architecture: str) -> str:
    """How the engine was able to show a container a FIPS node.

    Raises:
        EngineError: it was not, or it cannot start a container at all.
    """
    program = helper(architecture)
    if program is None:
        raise EngineError(f"this installation has no helper for {architecture}")
    with engine(timeout=30) as client:
        sweep(client)
        with (
            load_archive(client, image_archive(program, architecture)) as image,
            Session(client, _LIMITS) as session,
            session.box(image, node_helper=program) as box,
        ):
            assert isinstance(box, NodeBox)
            return box.attempt.mode.value


def image_archive(program: bytes, architecture: str) -> Iterator[bytes]:
    """An image of `program` alone, as `docker save` writes it."""
    layer = _tar({PROGRAM.lstrip("/"): program}, mode=0o755)
    config = json.dumps(
        {
            "architecture": architecture,
            "os": "linux",
            # Waits for nobody: it is shown the flag before it begins, and ends at once.
            "config": {"Entrypoint": [PROGRAM]},
            "rootfs": {"type": "layers", "diff_ids": [f"sha256:{_sha256(layer)}"]},
        }
    ).encode()
    name = f"{_sha256(config)}.json"
    manifest = json.dumps([{"Config": name, "RepoTags": None, "Layers": ["layer.tar"]}]).encode()
    yield _tar({name: config, "layer.tar": layer, "manifest.json": manifest})


def _tar(files: dict[str, bytes], mode: int = 0o644) -> bytes:
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w") as tar:
        for name, content in files.items():
            entry = tarfile.TarInfo(name)
            entry.size, entry.mode = len(content), mode
            tar.addfile(entry, io.BytesIO(content))
    return buffer.getvalue()


def _sha256(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()
