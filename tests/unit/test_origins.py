"""Tests which layer a report says brought a file."""

from __future__ import annotations

from dataclasses import replace

import pytest

from scanner.image import ImageView
from scanner.model import FileEntry, FileKind, ImageConfig, Platform
from scanner.origins import layers_of, with_origins
from tests.unit.report.nginx import NOT_READY_NGINX


def _view(*paths: tuple[str, int]) -> ImageView:
    entries = {
        path: FileEntry(path, FileKind.FILE, 10, 0o644, 0, 0, layer=layer) for path, layer in paths
    }
    return ImageView(entries, {})


CONFIG = ImageConfig(
    Platform("linux", "amd64"),
    layer_digests=("sha256:a", "sha256:b"),
    created_by=("ADD rootfs", "RUN apt-get install nginx"),
)
VIEW = _view(("/usr/sbin/nginx", 1), ("/etc/x", 0), ("/etc/x:1", 1))


def test_layers_tell_what_they_brought() -> None:
    low, high = layers_of(CONFIG, VIEW)
    assert (low.diff_id, low.created_by, low.files, low.size) == ("sha256:a", "ADD rootfs", 1, 10)
    assert (high.created_by, high.files, high.size) == ("RUN apt-get install nginx", 2, 20)


def test_steps_that_cannot_be_matched_with_layers_are_left_out() -> None:
    config = replace(CONFIG, created_by=("ADD rootfs",))
    assert [each.created_by for each in layers_of(config, VIEW)] == ["", ""]


@pytest.mark.parametrize(
    ("place", "layer"),
    [
        ("/usr/sbin/nginx", 1),
        ("/usr/sbin/nginx:12", 1),
        ("/usr/sbin/nginx!/lib/x.jar", 1),
        ("/usr/sbin/nginx!/lib/x.jar:3", 1),
        ("/etc/x", 0),
        ("/etc/x:1", 1),
        ("/etc/x:2", 0),
        ("/not/there", None),
        ("ENV", None),
        ("443/tcp", None),
    ],
)
def test_a_place_lies_in_the_layer_of_its_file(place: str, layer: int | None) -> None:
    finding = replace(NOT_READY_NGINX.findings[0], locations=(place,))
    report = replace(NOT_READY_NGINX, findings=(finding,), layers=layers_of(CONFIG, VIEW))
    assert with_origins(report, VIEW).layer_of(place) == layer
