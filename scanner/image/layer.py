"""What one layer holds, and what visitors found in its files.

Knows nothing of other layers: hiding and replacing is `squash`'s business.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import NamedTuple

from scanner.image.layer_links import LayerLinks
from scanner.image.limits import Limits
from scanner.image.tar import TarMember
from scanner.model import Fact, FileKind, Gap, GapKind

_WHITEOUT = ".wh."
_OPAQUE = ".wh..wh..opq"
_KINDS = {
    "0": FileKind.FILE,
    "7": FileKind.FILE,
    "S": FileKind.FILE,
    "1": FileKind.HARDLINK,
    "2": FileKind.SYMLINK,
    "3": FileKind.OTHER,
    "4": FileKind.OTHER,
    "5": FileKind.DIRECTORY,
    "6": FileKind.OTHER,
}


class Member(NamedTuple):
    """One path of a layer."""

    path: str
    kind: FileKind
    size: int
    mode: int
    uid: int
    gid: int
    link: str
    number: int
    """Of its content: where it begins in the layer. Hard links share that of their target. -1: no
    content in this layer."""


@dataclass(slots=True)
class LayerScan:
    """The result of reading one layer. Cheap to send between processes."""

    digest: str
    members: dict[str, Member] = field(default_factory=dict)
    """By path. A path that occurs twice counts once, the last time."""
    whiteouts: list[str] = field(default_factory=list)
    opaque: list[str] = field(default_factory=list)
    facts: dict[int, tuple[Fact, ...]] = field(default_factory=dict)
    """By number of content."""
    file_gaps: dict[int, tuple[Gap, ...]] = field(default_factory=dict)
    gaps: list[Gap] = field(default_factory=list)
    """Of the layer as a whole."""
    names: dict[int, str] = field(default_factory=dict)
    """The first path of each content that has several."""
    unwanted: set[int] = field(default_factory=set)
    """Numbers of contents that nobody wanted to see."""
    last: int = 0
    """The highest number given away."""

    def renumber(self, link: Member) -> int:
        """Give a hard link a number of its own: it is looked at under its own name."""
        self.last += 1
        self.members[link.path] = link._replace(number=self.last)
        return self.last


class LayerError(Exception):
    """A layer breaks a bound that ends its reading."""

    def __init__(self, kind: GapKind, reason: str) -> None:
        super().__init__(reason)
        self.kind = kind
        self.reason = reason


class LayerBuilder:
    """Collects the members of one layer as its headers are read."""

    def __init__(self, digest: str, limits: Limits) -> None:
        self.scan = LayerScan(digest)
        self._limits = limits
        self._links = LayerLinks(limits)
        self._count = 0
        self._unstated = 0

    def add(self, found: TarMember) -> Member | None:
        """Take a header in. Returns the member when it is a file whose content follows.

        Raises:
            LayerError: the layer has more members than allowed.
        """
        self._count += 1
        self.scan.last = max(self.scan.last, found.offset)
        if self._count > self._limits.layer_entries:
            raise LayerError(
                GapKind.TOO_MANY, f"holds more than {self._limits.layer_entries} entries"
            )
        path = self._path(found.name)
        if path is None:
            return None
        parent, _, name = path.rpartition("/")
        if name.startswith(_WHITEOUT):
            self._whiteout(parent or "/", name)
            return None
        kind = _KINDS.get(found.type)
        if kind is None:
            self.gap(
                GapKind.NOT_SUPPORTED, f"'{path}' is of the unknown kind {found.type!r}; left out"
            )
            return None
        member = self._member(path, kind, found)
        if member is None:
            return None
        # A later entry takes the place of an earlier one, in order too.
        self.scan.members.pop(path, None)
        self.scan.members[path] = member
        if member.kind is FileKind.SYMLINK:
            self._links.put(path, member.link)
        else:
            self._links.drop(path)
        if kind is not FileKind.FILE:
            return None
        if found.type == "S":
            self.scan.file_gaps[member.number] = (
                Gap(GapKind.NOT_SUPPORTED, path, "not inspected: it is stored as a sparse file"),
            )
            return None
        return member

    def _member(self, path: str, kind: FileKind, found: TarMember) -> Member | None:
        link = found.link
        if path == "/" and kind is not FileKind.DIRECTORY:
            self.gap(GapKind.MALFORMED, "holds an entry without a name; left out")
            return None
        if kind is FileKind.HARDLINK:
            target = normalize(link, self._limits)
            target = target and self._links.real(target)
            if target is None or target == path:
                self.gap(GapKind.MALFORMED, f"'{path}' is a hard link to nowhere; left out")
                return None
            known = self.scan.members.get(target)
            if known is not None and known.kind in (FileKind.FILE, FileKind.HARDLINK):
                if known.kind is FileKind.FILE:
                    self.scan.names.setdefault(known.number, target)
                return known._replace(path=path, kind=FileKind.HARDLINK, link=target)
            if known is not None and known.kind is FileKind.SYMLINK:
                return known._replace(path=path)
            return Member(path, kind, found.size, found.mode, found.uid, found.gid, target, -1)
        if kind is FileKind.SYMLINK and not 0 < len(link) <= self._limits.path_length:
            self.gap(GapKind.MALFORMED, f"'{path}' is a symbolic link without a usable target")
            return None
        number = found.offset if kind is FileKind.FILE else -1
        return Member(
            path,
            kind,
            found.size,
            found.mode,
            found.uid,
            found.gid,
            link if kind is FileKind.SYMLINK else "",
            number,
        )

    def _path(self, name: str) -> str | None:
        path = normalize(name, self._limits)
        if path is None:
            shown = name if len(name) <= 100 else f"{name[:100]}…"
            too_long = len(name) > self._limits.path_length
            self.gap(
                GapKind.TOO_LARGE if too_long else GapKind.MALFORMED,
                f"holds the path '{shown}', which is too long or leads out of the image; left out",
            )
            return None
        real = self._links.real(path)
        if real is None:
            self.gap(
                GapKind.MALFORMED,
                f"'{path}' lies below symbolic links that lead in a circle or too far; left out",
            )
        return real

    def _whiteout(self, parent: str, name: str) -> None:
        if name == _OPAQUE:
            self.scan.opaque.append(parent)
            return
        if name.startswith(_WHITEOUT + _WHITEOUT):
            return  # bookkeeping of a storage driver that is gone
        hidden = name.removeprefix(_WHITEOUT)
        if hidden in ("", ".", ".."):
            self.gap(GapKind.MALFORMED, f"holds the whiteout '{name}', which hides nothing")
            return
        self.scan.whiteouts.append(f"{parent.rstrip('/')}/{hidden}")

    def gap(self, kind: GapKind, reason: str) -> None:
        """State trouble with the layer; only the first of many are stated one by one."""
        if len(self.scan.gaps) >= self._limits.layer_gaps:
            self._unstated += 1
            return
        self.scan.gaps.append(Gap(kind, self.scan.digest, reason))

    def stopped(self, kind: GapKind, reason: str) -> None:
        """State that the rest of the layer could not be read. Always heard."""
        self.scan.gaps.append(
            Gap(
                kind,
                self.scan.digest,
                f"the layer {reason}; read up to its entry {self._count}, the rest is unknown",
            )
        )

    def finish(self) -> LayerScan:
        """The layer as far as it was read."""
        if self._unstated:
            self.scan.gaps.append(
                Gap(
                    GapKind.TOO_MANY,
                    self.scan.digest,
                    f"the layer has {self._unstated} more entries that were left out",
                )
            )
        return self.scan


def normalize(name: str, limits: Limits) -> str | None:
    """`./etc//x` as `/etc/x`; None for a path that leads out, is too deep or too long."""
    if len(name) > limits.path_length:
        return None
    if "//" not in name and "./" not in name and not name.endswith("."):
        path = name.strip("/")
        deep = path.count("/")
    else:
        parts = [part for part in name.split("/") if part not in ("", ".")]
        if ".." in parts:
            return None
        path = "/".join(parts)
        deep = len(parts)
    return f"/{path}" if deep <= limits.path_depth and "\0" not in path else None


def many_named(scan: LayerScan) -> Iterator[Member]:
    """The hard links of a layer whose content lies in the layer."""
    return (
        member
        for member in scan.members.values()
        if member.kind is FileKind.HARDLINK and member.number >= 0
    )
