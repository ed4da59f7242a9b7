"""Small images for linker tests, made of facts and a file tree."""

from __future__ import annotations

from collections.abc import Iterable
from functools import cache

from scanner.facts import fact
from scanner.image.view import ImageView
from scanner.link.world import FactIndex, World
from scanner.model import Fact, FactKind, FileEntry, FileKind, ImageConfig, Platform
from scanner.rulebook import RuleBook

LINUX = Platform("linux", "amd64")


@cache
def rules() -> RuleBook:
    return RuleBook.load()


def tree(
    files: Iterable[str], links: Iterable[tuple[str, str]] = (), mode: int = 0o755
) -> ImageView:
    """A view of `files` and symbolic `links`, with the folders that they need."""
    entries = {path: FileEntry(path, FileKind.FILE, 64, mode, 0, 0) for path in files}
    for path, target in links:
        entries[path] = FileEntry(path, FileKind.SYMLINK, 0, 0o777, 0, 0, target)
    children: dict[str, set[str]] = {}
    for file in list(entries):
        below = file
        while below:
            above, _, name = below.rpartition("/")
            children.setdefault(above or "/", set()).add(name)
            if above:
                entries.setdefault(above, FileEntry(above, FileKind.DIRECTORY, 0, 0o755, 0, 0))
            below = above
    return ImageView(entries, children)


def elf(path: str, *needed: str, linkage: str = "dynamic", **more: str | tuple[str, ...]) -> Fact:
    """An ELF file; `linkage` is that of a program unless said otherwise."""
    is_library = linkage == "shared-object"
    soname = path.rpartition("/")[2] if is_library else ""
    interpreter = "" if is_library else "/lib64/ld-linux-x86-64.so.2"
    attributes: dict[str, str | tuple[str, ...]] = {
        "machine": "x86_64",
        "soname": soname,
        "interpreter": interpreter,
    }
    return fact(
        FactKind.ELF, path, evidence=(), needed=needed, linkage=linkage, **{**attributes, **more}
    )


def library(path: str, *needed: str, **more: str | tuple[str, ...]) -> Fact:
    return elf(path, *needed, linkage="shared-object", **more)


def code(
    path: str, module: str, version: str = "", form: str = "library", **more: str | bool
) -> Fact:
    """Code of a crypto module, as a fingerprint finds it."""
    return fact(
        FactKind.MODULE_CODE,
        path,
        evidence=(),
        module=module,
        version=version,
        form=form,
        **more,
    )


def world(
    *facts: Fact,
    links: Iterable[tuple[str, str]] = (),
    env: Iterable[tuple[str, str]] = (),
    extra: Iterable[str] = (),
) -> World:
    """An image of the files that `facts` speak of."""
    paths = {each.path for each in facts if each.path} | set(extra)
    config = ImageConfig(LINUX, env=tuple(env))
    return World(FactIndex(facts), tree(paths, links), config, rules())
