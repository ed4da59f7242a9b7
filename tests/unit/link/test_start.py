"""How a container starts, read from its configuration and file tree."""

from __future__ import annotations

import pytest

from scanner.image.view import ImageView
from scanner.link.programs import find_program
from scanner.model import FileEntry, FileKind, ImageConfig, Platform

LINUX = Platform("linux", "amd64")


def view_of(*entries: FileEntry) -> ImageView:
    children: dict[str, set[str]] = {}
    everything = {entry.path: entry for entry in entries}
    for path in list(everything):
        parent = path
        while parent not in ("", "/"):
            above, _, name = parent.rpartition("/")
            children.setdefault(above or "/", set()).add(name)
            if above and above not in everything:
                everything[above] = FileEntry(above, FileKind.DIRECTORY, 0, 0o755, 0, 0)
            parent = above
    return ImageView(everything, children)


def program(path: str, mode: int = 0o755) -> FileEntry:
    return FileEntry(path, FileKind.FILE, 10, mode, 0, 0)


def link(path: str, target: str) -> FileEntry:
    return FileEntry(path, FileKind.SYMLINK, 0, 0o777, 0, 0, target)


def test_a_bare_name_is_looked_up_in_the_engines_path_when_the_image_has_none() -> None:
    view = view_of(program("/usr/sbin/nginx"))
    assert find_program("nginx", view, ImageConfig(LINUX)) == "/usr/sbin/nginx"


def test_the_images_path_decides_and_its_order() -> None:
    view = view_of(program("/opt/a/x"), program("/opt/b/x"))
    config = ImageConfig(LINUX, env=(("PATH", "/opt/b:/opt/a"),))
    assert find_program("x", view, config) == "/opt/b/x"


def test_links_are_followed_inside_the_image() -> None:
    view = view_of(link("/bin", "usr/bin"), program("/usr/bin/dash"), link("/usr/bin/sh", "dash"))
    assert find_program("/bin/sh", view, ImageConfig(LINUX)) == "/usr/bin/dash"


def test_a_relative_path_starts_at_the_working_directory() -> None:
    view = view_of(program("/srv/run.sh"))
    assert find_program("./run.sh", view, ImageConfig(LINUX, working_dir="/srv")) == "/srv/run.sh"


@pytest.mark.parametrize("name", ["/etc/passwd", "/missing", "nothing"])
def test_what_cannot_be_executed_is_no_program(name: str) -> None:
    view = view_of(program("/etc/passwd", mode=0o644))
    assert find_program(name, view, ImageConfig(LINUX)) is None
