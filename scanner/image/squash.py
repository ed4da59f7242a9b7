"""Puts layers on top of each other: what is hidden vanishes, with its facts and gaps.

Reads no content and looks into no fact.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Sequence
from dataclasses import dataclass, replace

from scanner.image.layer import LayerScan, Member
from scanner.image.limits import DEFAULT_LIMITS, Limits
from scanner.image.view import ImageView
from scanner.model import Fact, FileEntry, FileKind, Gap, GapKind

_Content = tuple[LayerScan, int, str]
"""The layer and number of a file's content, and the path that its facts carry."""


@dataclass(frozen=True, slots=True)
class Walk:
    """Everything seen on a walk over an image: visible files only."""

    view: ImageView
    facts: tuple[Fact, ...]
    """Sorted by path; those of one file in the order in which its visitor stated them."""
    gaps: tuple[Gap, ...]


def squash(layers: Sequence[LayerScan], limits: Limits = DEFAULT_LIMITS) -> Walk:
    """The layers as one tree. `layers` lists the lowest first; one may occur several times."""
    tree = _Tree(limits)
    for index, layer in enumerate(layers):
        tree.add_layer(index, layer)
    facts: list[Fact] = []
    gaps: list[Gap] = []
    for path in sorted(tree.contents):
        scan, number, first = tree.contents[path]
        found, missed = scan.facts.get(number, ()), scan.file_gaps.get(number, ())
        if path == first:
            facts.extend(found)
            gaps.extend(missed)
        else:
            facts.extend(replace(each, path=path) if each.path == first else each for each in found)
            gaps.extend(
                replace(each, subject=path) if each.subject == first else each for each in missed
            )
    seen = {id(layer): layer for layer in layers}
    gaps.extend(gap for layer in seen.values() for gap in layer.gaps)
    gaps.extend(tree.gaps)
    view = ImageView(tree.entries, tree.children, limits.link_depth)
    gaps.extend(_replaced_links(tree, view, facts))
    return Walk(view, tuple(facts), tuple(gaps))


def _replaced_links(tree: _Tree, view: ImageView, facts: Sequence[Fact]) -> list[Gap]:
    """That a directory took a link's place, which not every engine sees so.

    It matters where a file with something to tell lies, or would lie, on either side.
    """
    told = sorted({each.path for each in facts})

    def tells(folder: str) -> bool:
        below = f"{folder.rstrip('/')}/"
        at = bisect_left(told, below)
        return at < len(told) and told[at].startswith(below)

    gaps: list[Gap] = []
    for path, target in tree.replaced.items():
        sides = (path, view.resolve(target))
        reason = (
            f"a layer puts something below it without naming it, and it is a link to '{target}' "
            "of a lower layer: a directory takes its place where layers are stacked with "
            "overlayfs, as is assumed here; other engines follow it"
        )
        matters = any(tells(side) for side in sides if side)
        gaps.append(Gap(GapKind.NOT_SUPPORTED, path, reason, caps=matters))
    if tree.more_replaced:
        gaps.append(
            Gap(
                GapKind.TOO_MANY,
                "layers",
                f"{tree.more_replaced} more links of lower layers have a directory in their place",
            )
        )
    return gaps


class _Tree:
    """The squashed tree while it grows."""

    def __init__(self, limits: Limits) -> None:
        self.entries: dict[str, FileEntry] = {}
        self.children: dict[str, set[str]] = {}
        self.contents: dict[str, _Content] = {}
        self.gaps: list[Gap] = []
        self.replaced: dict[str, str] = {}
        """Links that a directory took the place of although no layer names it; their targets,
        absolute."""
        self.more_replaced = 0
        self._limits = limits

    def add_layer(self, index: int, layer: LayerScan) -> None:
        # Whiteouts concern lower layers only, wherever in their layer they stand.
        for path in layer.opaque:
            self._through_link(path, index, layer)
            self._empty(path)
        for path in layer.whiteouts:
            self._through_link(path.rpartition("/")[0], index, layer)
            self._remove(path)
        lower: list[Member] = []
        for member in layer.members.values():
            if member.kind is FileKind.HARDLINK and member.number < 0:
                lower.append(member)
            else:
                self._put(member, index, layer)
        for member in lower:
            self._link_below(member, index)

    def _put(self, member: Member, index: int, layer: LayerScan) -> None:
        path, kind, size, mode, uid, gid, link, number = member
        self._place(FileEntry(path, kind, size, mode, uid, gid, link, index))
        if number >= 0:
            self.contents[path] = (layer, number, layer.names.get(number, path))

    def _link_below(self, member: Member, index: int) -> None:
        # A hard link to a file that only a lower layer has: engines make it one of both.
        target = self.entries.get(member.link)
        content = self.contents.get(member.link)
        if target is None or content is None:
            self.gaps.append(
                Gap(
                    GapKind.MALFORMED,
                    member.path,
                    f"not inspected: it is a hard link to '{member.link}', which is not there",
                )
            )
            return
        self._place(
            replace(
                target,
                path=member.path,
                kind=FileKind.HARDLINK,
                link_target=member.link,
                layer=index,
            )
        )
        self.contents[member.path] = content

    def _place(self, entry: FileEntry) -> None:
        path = entry.path
        old = self.entries.get(path)
        if entry.kind is FileKind.DIRECTORY:
            if old is not None and old.kind is not FileKind.DIRECTORY:
                self._remove(path)
            self.children.setdefault(path, set())
        elif old is not None:
            if path == "/":
                return
            self._remove(path)
        self.entries[path] = entry
        if path != "/":
            parent, _, name = path.rpartition("/")
            self._folder(parent or "/", entry.layer).add(name)

    def _folder(self, path: str, layer: int) -> set[str]:
        names = self.children.get(path)
        if names is None:
            old = self.entries.get(path)
            if old is not None and old.kind is FileKind.SYMLINK:
                self._replaced(path, old.link_target)
            # Not every writer lists directories, and a directory takes a file's place.
            self._place(FileEntry(path, FileKind.DIRECTORY, 0, 0o755, 0, 0, "", layer))
            names = self.children[path]
        return names

    def _through_link(self, folder: str, index: int, layer: LayerScan) -> None:
        # A whiteout makes its directory, too, if need be in the place of a link.
        while folder and folder not in self.children:
            old = self.entries.get(folder)
            if old is not None:
                if old.kind is FileKind.SYMLINK and folder not in layer.members:
                    self._folder(folder, index)
                return
            folder = folder.rpartition("/")[0]

    def _replaced(self, path: str, link: str) -> None:
        if path in self.replaced:
            return
        if len(self.replaced) >= self._limits.link_gaps:
            self.more_replaced += 1
            return
        self.replaced[path] = link if link.startswith("/") else f"{path.rpartition('/')[0]}/{link}"

    def _empty(self, path: str) -> None:
        for name in tuple(self.children.get(path, ())):
            self._remove(f"{path.rstrip('/')}/{name}")

    def _remove(self, path: str) -> None:
        if path not in self.entries or path == "/":
            return
        parent, _, name = path.rpartition("/")
        self.children[parent or "/"].discard(name)
        todo = [path]
        while todo:
            each = todo.pop()
            del self.entries[each]
            self.contents.pop(each, None)
            todo.extend(f"{each}/{name}" for name in self.children.pop(each, ()))
