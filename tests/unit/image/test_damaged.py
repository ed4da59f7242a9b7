"""Images that are damaged or hostile: one line, or a gap and the rest is read."""

from __future__ import annotations

import gzip
import json
from pathlib import Path

import pytest

from scanner.errors import ImageFormatError, ImageNotFoundError, ScannerError, UsageError
from scanner.image import Limits
from scanner.image.blobs import cannot_read
from scanner.model import GapKind

from .image_samples import (
    LAYERS,
    Layout,
    compress,
    docker_archive,
    look,
    seen,
    sha,
    tar_of,
)


def damaged(tmp_path: Path, what: str) -> str:
    path = tmp_path / "app.tar"
    if what == "missing":
        return f"docker-archive:{path}"
    docker_archive(path, LAYERS)
    data = path.read_bytes()
    changes = {
        "empty": b"",
        "zeros": bytes(10240),
        "truncated": data[: len(data) // 2],
        "truncated gzip": gzip.compress(data)[:-100],
        "not a tar": b"hello world " * 100,
        "no manifest": tar_of(("a", b"x")),
        "wrong layer": data.replace(b"upper", b"other"),
        "wrong config": data.replace(b"A=b=c", b"A=b=d"),
        "gzip wrong layer": gzip.compress(data.replace(b"upper", b"other")),
        "no image": tar_of(("manifest.json", b"[]")),
        "wrong manifest": tar_of(("manifest.json", b'{"a": ')),
    }
    path.write_bytes(changes[what])
    return f"docker-archive:{path}"


@pytest.mark.parametrize(
    ("what", "error", "words"),
    [
        ("missing", ImageNotFoundError, "there is no file"),
        ("empty", ImageFormatError, "is empty"),
        ("zeros", ImageFormatError, "is empty"),
        ("truncated", ImageFormatError, "ends inside"),
        ("truncated gzip", ImageFormatError, "ends inside its gzip data"),
        ("not a tar", ImageFormatError, "is not a tar archive"),
        ("no manifest", ImageFormatError, "no manifest.json"),
        ("wrong layer", ImageFormatError, "has the digest sha256:"),
        ("wrong config", ImageFormatError, "has the digest sha256:"),
        ("gzip wrong layer", ImageFormatError, "has the digest sha256:"),
        ("no image", ImageFormatError, "holds no image"),
        ("wrong manifest", ImageFormatError, "is damaged"),
    ],
)
def test_a_damaged_archive_is_one_line(
    what: str, error: type[Exception], words: str, tmp_path: Path
) -> None:
    with pytest.raises(error, match=words) as caught:
        look(damaged(tmp_path, what))
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("what", "words"),
    [
        ("layer", "has the digest"),
        ("layer size", "bytes instead of"),
        ("no layer", "lacks sha256:"),
        ("manifest", "has the digest"),
        ("no index", "no index.json"),
        ("artifact", "is not a container image but 'application/x'"),
        ("layers", "has 1 layers where its configuration has 2"),
    ],
)
def test_a_damaged_layout_is_one_line(what: str, words: str, tmp_path: Path) -> None:
    layout = Layout(tmp_path / "l")
    manifest = layout.add(LAYERS)
    if what == "artifact":
        changed = json.loads(manifest)
        changed["config"]["mediaType"] = "application/x"
        layout.entries[:] = [layout.descriptor(json.dumps(changed).encode(), "")]
    if what == "layers":
        changed = json.loads(manifest)
        changed["layers"].pop()
        layout.entries[:] = [layout.descriptor(json.dumps(changed).encode(), "")]
    root = layout.finish()
    blobs = root / "blobs" / "sha256"
    layer = blobs / sha(compress(LAYERS[1], "gzip"))[7:]
    if what == "layer":
        layer.write_bytes(
            compress(LAYERS[1].replace(b"upper", b"other"), "gzip").ljust(
                layer.stat().st_size, b"\0"
            )[: layer.stat().st_size]
        )
    elif what == "layer size":
        layer.write_bytes(b"short")
    elif what == "no layer":
        layer.unlink()
    elif what == "manifest":
        (blobs / sha(manifest)[7:]).write_bytes(manifest.replace(b"2", b"1", 1))
    elif what == "no index":
        (root / "index.json").unlink()
    with pytest.raises(ImageFormatError, match=words) as caught:
        look(f"oci:{root}")
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("how", ["", "gzip", "zstd"])
def test_a_layer_that_is_no_tar_is_a_gap_and_the_others_count(how: str, tmp_path: Path) -> None:
    layers = [
        tar_of(("a", b"A")),
        b"hello world " * 100,
        tar_of(("b", b"B"), ("c", b"x" * 999))[:1700],
    ]
    result = look(f"docker-archive:{docker_archive(tmp_path / 'a.tar', layers, how=how)}")
    assert seen(result.facts) == {"/a": "A", "/b": "B"}
    assert [(gap.kind, gap.subject) for gap in result.gaps] == [
        (GapKind.MALFORMED, sha(layers[1])),
        (GapKind.MALFORMED, sha(layers[2])),
    ]


@pytest.mark.parametrize("how", ["gzip", "zstd"])
def test_a_decompression_bomb_is_a_gap(how: str, tmp_path: Path) -> None:
    bomb = tar_of(("small", b"S"), ("bomb", bytes(40 << 20)), ("after", b"x"))
    path = docker_archive(tmp_path / "a.tar", [bomb], how=how)
    assert path.stat().st_size < 1 << 20
    result = look(f"docker-archive:{path}", limits=Limits(layer_bytes=4 << 20))
    assert seen(result.facts) == {"/small": "S"}
    assert [gap.kind for gap in result.gaps] == [GapKind.TOO_LARGE]


def test_an_encrypted_layer_is_a_gap(tmp_path: Path) -> None:
    layout = Layout(tmp_path / "l")
    manifest = json.loads(layout.manifest(LAYERS))
    manifest["layers"][1]["mediaType"] += "+encrypted"
    data = json.dumps(manifest).encode()
    layout.entries.append(layout.descriptor(data, "application/vnd.oci.image.manifest.v1+json"))
    result = look(f"oci:{layout.finish()}")
    assert seen(result.facts) == {"/etc/a": "lower", "/etc/gone": "gone"}
    assert [gap.kind for gap in result.gaps] == [GapKind.ENCRYPTED]


def test_more_layers_than_allowed_are_a_gap(tmp_path: Path) -> None:
    layers = [tar_of((f"f{number}", b"x")) for number in range(5)]
    path = docker_archive(tmp_path / "a.tar", layers)
    result = look(f"docker-archive:{path}", limits=Limits(layers=3))
    assert list(seen(result.facts)) == ["/f0", "/f1", "/f2"]
    assert [gap.kind for gap in result.gaps] == [GapKind.TOO_MANY]


@pytest.mark.parametrize(
    ("reference", "words"),
    [
        ("docker-archive:{}", "is a directory"),
        ("oci:{}/nothing", "there is no OCI layout"),
        ("dir:{}/nothing", "there is no directory"),
        ("dir:{}/file", "is not a directory"),
        ("dir:{}/empty", "is empty"),
        ("oci:{}/empty", "no index.json"),
        ("oci:{}/file", "is not a tar archive"),
    ],
)
def test_a_wrong_path_is_one_line(reference: str, words: str, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("text")
    (tmp_path / "empty").mkdir()
    with pytest.raises(ScannerError, match=words) as caught:
        look(reference.format(tmp_path))
    assert "\n" not in str(caught.value)


def test_no_permission_is_one_line() -> None:
    error = cannot_read("/x", PermissionError(13, "Permission denied"))
    assert isinstance(error, UsageError)
    assert "no permission to read '/x'" in str(error)
