"""Tiny real images for tests, made with the standard library's tarfile, gzip and zstandard.

Builds only what a test asks for; nothing of the code under test is used.
"""

from __future__ import annotations

import gzip
import hashlib
import io
import json
import tarfile
from dataclasses import dataclass, field
from pathlib import Path

import zstandard

from scanner.facts import fact
from scanner.image import ImageFile, Limits, Visit, Walk, open_image, walk
from scanner.model import Fact, FactKind, FileEntry, Gap, GapKind

OCI_MANIFEST = "application/vnd.oci.image.manifest.v1+json"
OCI_INDEX = "application/vnd.oci.image.index.v1+json"
OCI_CONFIG = "application/vnd.oci.image.config.v1+json"
OCI_LAYER = "application/vnd.oci.image.layer.v1.tar"


def tar_of(*items: tuple[str, object], pax: bool = False) -> bytes:
    """A tar. An item's second part: bytes (a file), None (a directory), `-> x` (a symbolic
    link), `= x` (a hard link), or a TarInfo to be used as it is."""
    buffer = io.BytesIO()
    format_ = tarfile.PAX_FORMAT if pax else tarfile.GNU_FORMAT
    with tarfile.open(fileobj=buffer, mode="w", format=format_) as tar:
        for name, what in items:
            if isinstance(what, tarfile.TarInfo):
                tar.addfile(what)
                continue
            info = tarfile.TarInfo(name)
            info.mode = 0o644
            data = None
            if isinstance(what, bytes):
                info.size = len(what)
                data = io.BytesIO(what)
            elif what is None:
                info.type, info.mode = tarfile.DIRTYPE, 0o755
            elif isinstance(what, str) and what.startswith("-> "):
                info.type, info.linkname = tarfile.SYMTYPE, what[3:]
            elif isinstance(what, str) and what.startswith("= "):
                info.type, info.linkname = tarfile.LNKTYPE, what[2:]
            else:
                raise TypeError(what)
            tar.addfile(info, data)
    return buffer.getvalue()


def sha(data: bytes) -> str:
    return f"sha256:{hashlib.sha256(data).hexdigest()}"


def config_of(layers: list[bytes], **fields: object) -> bytes:
    """An image configuration for uncompressed `layers`."""
    config = {
        "architecture": "amd64",
        "os": "linux",
        "config": {"Env": ["A=b=c"], "Entrypoint": ["/app"], "Cmd": ["-v"]},
        "rootfs": {"type": "layers", "diff_ids": [sha(layer) for layer in layers]},
        "history": [{"created_by": f"step {number}"} for number, _ in enumerate(layers)],
    }
    return json.dumps({**config, **fields}).encode()


def compress(layer: bytes, how: str) -> bytes:
    if how == "gzip":
        return gzip.compress(layer)
    if how == "zstd":
        return zstandard.ZstdCompressor().compress(layer)
    return layer


def docker_archive(
    path: Path,
    layers: list[bytes],
    *,
    how: str = "",
    tags: tuple[str, ...] = ("app:1",),
    config: bytes | None = None,
    manifest_first: bool = False,
) -> Path:
    """What `docker save` of engine 20.10 writes: layers first, manifest last."""
    config = config or config_of(layers)
    name = f"{hashlib.sha256(config).hexdigest()}.json"
    files: list[tuple[str, object]] = [
        (f"{number}/layer.tar", compress(layer, how)) for number, layer in enumerate(layers)
    ]
    manifest = [{"Config": name, "RepoTags": list(tags), "Layers": [layer[0] for layer in files]}]
    told: list[tuple[str, object]] = [
        (name, config),
        ("manifest.json", json.dumps(manifest).encode()),
    ]
    path.write_bytes(tar_of(*(told + files if manifest_first else files + told)))
    return path


@dataclass
class Layout:
    """An OCI layout that is being put together."""

    root: Path
    entries: list[dict[str, object]] = field(default_factory=list)

    def blob(self, data: bytes) -> str:
        folder = self.root / "blobs" / "sha256"
        folder.mkdir(parents=True, exist_ok=True)
        (folder / sha(data)[7:]).write_bytes(data)
        return sha(data)

    def descriptor(self, data: bytes, media_type: str, **more: object) -> dict[str, object]:
        return {"mediaType": media_type, "digest": self.blob(data), "size": len(data), **more}

    def manifest(
        self, layers: list[bytes], how: str = "gzip", config: bytes | None = None
    ) -> bytes:
        suffix = {"gzip": "+gzip", "zstd": "+zstd"}.get(how, "")
        return json.dumps(
            {
                "schemaVersion": 2,
                "mediaType": OCI_MANIFEST,
                "config": self.descriptor(config or config_of(layers), OCI_CONFIG),
                "layers": [
                    self.descriptor(compress(layer, how), OCI_LAYER + suffix) for layer in layers
                ],
            }
        ).encode()

    def add(self, layers: list[bytes], how: str = "gzip", tag: str = "", **more: object) -> bytes:
        manifest = self.manifest(layers, how)
        notes = {"org.opencontainers.image.ref.name": tag} if tag else {}
        self.entries.append(self.descriptor(manifest, OCI_MANIFEST, annotations=notes, **more))
        return manifest

    def finish(self) -> Path:
        (self.root / "oci-layout").write_text('{"imageLayoutVersion": "1.0.0"}')
        (self.root / "index.json").write_text(
            json.dumps({"schemaVersion": 2, "manifests": self.entries})
        )
        return self.root


class Recorder:
    """A visitor that wants files with content and states what it reads in three ways."""

    def wants(self, entry: FileEntry, head: bytes) -> bool:
        return bool(head) and b"skip" not in head

    def __call__(self, file: ImageFile) -> Visit:
        if file.head.startswith(b"raise"):
            raise ValueError("on purpose")
        if file.head.startswith(b"gap"):
            return Visit(gaps=(Gap(GapKind.PACKED, file.entry.path, "as told"),))
        content = file.read(1 << 30)
        with file.open() as reader:
            assert reader.read() == content
            reader.seek(-1, io.SEEK_END)
            assert reader.read() == content[-1:]
        assert b"".join(file.chunks(7)) == content
        assert file.head == content[:4096]
        shown = content[:40].decode("latin-1")
        return Visit((fact(FactKind.RUNTIME, file.entry.path, name=shown),))


def seen(facts: tuple[Fact, ...]) -> dict[str, str]:
    """Path and content of what a `Recorder` saw."""
    return {each.path: each.text("name") for each in facts}


LAYERS = [
    tar_of(("etc/", None), ("etc/a", b"lower"), ("etc/gone", b"gone"), ("bin", "-> usr/bin")),
    tar_of(("etc/a", b"upper"), ("etc/.wh.gone", b""), ("usr/bin/x", b"x" * 9000)),
]
"""Layers in which the upper one replaces, hides and adds."""
EXPECTED = {"/etc/a": "upper", "/usr/bin/x": "x" * 40}
"""What is `seen` of them."""


def look(
    reference: object,
    platform: str | None = None,
    limits: Limits | None = None,
    *,
    insecure: bool = False,
) -> Walk:
    """A walk over the image with a `Recorder`."""
    with open_image(str(reference), platform=platform, insecure=insecure) as image:
        return walk(image, Recorder, limits=limits or Limits())
