"""An image that was unpacked into a directory of the host.

Lists it without following any symbolic link, so that nothing outside is ever read.
"""

from __future__ import annotations

import os
import stat
from collections.abc import Iterator
from pathlib import Path

from scanner.errors import ImageFormatError, ImageNotFoundError, UsageError
from scanner.image.blobs import cannot_read
from scanner.image.config import parse_platform, this_platform
from scanner.image.image import FolderImage
from scanner.image.layer import LayerScan, Member
from scanner.image.limits import Limits
from scanner.image.tar import text
from scanner.image.visit import Item
from scanner.model import FileKind, Gap, GapKind, ImageConfig

_OF_THE_KERNEL = frozenset({b"/proc", b"/sys", b"/dev"})


def open_folder(reference: str, path: str, platform: str | None) -> FolderImage:
    """The directory `path` as an image. There is no configuration: no environment, no command.

    Raises:
        UsageError: it is not a directory.
        ImageFormatError: it cannot be read.
    """
    try:
        root = Path(path).resolve(strict=True)
        first = next(os.scandir(root), None)
    except FileNotFoundError:
        raise ImageNotFoundError(f"there is no directory '{path}': check the path") from None
    except NotADirectoryError:
        raise UsageError(
            f"'{path}' is not a directory: write docker-archive:{path} or oci:{path} for an archive"
        ) from None
    except (OSError, RuntimeError) as error:
        known = error if isinstance(error, OSError) else OSError(0, "circle of links")
        raise cannot_read(path, known) from None
    if first is None:
        raise ImageFormatError(f"the directory '{path}' is empty: unpack the image into it first")
    wanted = parse_platform(platform) if platform else this_platform()
    return FolderImage(reference, ImageConfig(platform=wanted), str(root))


def list_folder(root: str, limits: Limits) -> tuple[LayerScan, list[Item]]:
    """Everything below `root` as one layer, and the files to look at.

    A file's number is its position.
    """
    lister = _Lister(root, limits)
    lister.list()
    return lister.scan, lister.items


class _Lister:
    def __init__(self, root: str, limits: Limits) -> None:
        self.scan = LayerScan(root)
        self.items: list[Item] = []
        self._root = os.fsencode(root.rstrip("/"))
        self._limits = limits
        self._first_names: dict[tuple[int, int], Member] = {}

    def list(self) -> None:
        todo = [(b"", 0)]
        device = os.lstat(self._root or b"/").st_dev
        while todo:
            folder, depth = todo.pop()
            for entry in self._entries(folder):
                path = folder + b"/" + entry.name
                if len(self.scan.members) >= self._limits.layer_entries:
                    self._gap(
                        GapKind.TOO_MANY,
                        self.scan.digest,
                        f"holds more than {self._limits.layer_entries} entries; some are unknown",
                    )
                    return
                try:
                    status = entry.stat(follow_symlinks=False)
                    link = os.readlink(entry.path) if stat.S_ISLNK(status.st_mode) else b""  # noqa: PTH115
                except OSError as error:
                    self._gap(GapKind.UNREADABLE, text(path), error.strerror or str(error))
                    continue
                self._add(path, status, link)
                if not stat.S_ISDIR(status.st_mode):
                    continue
                if path in _OF_THE_KERNEL and status.st_dev != device:
                    continue  # of the running kernel, not of the image
                if depth >= self._limits.path_depth:
                    self._gap(
                        GapKind.TOO_LARGE, text(path), "lies too deep; what it holds is unknown"
                    )
                    continue
                todo.append((path, depth + 1))
        self.scan.last = len(self.items)

    def _entries(self, folder: bytes) -> Iterator[os.DirEntry[bytes]]:
        # Opened without following a link in its last part: the directory may have been replaced.
        flags = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC
        path = self._root + folder or b"/"
        try:
            os.close(os.open(path, flags))
            with os.scandir(path) as found:
                return iter(sorted(found, key=lambda entry: entry.name))
        except OSError as error:
            self._gap(GapKind.UNREADABLE, text(folder) or "/", error.strerror or str(error))
            return iter(())

    def _add(self, name: bytes, status: os.stat_result, link: bytes) -> None:
        path = text(name)
        mode = stat.S_IMODE(status.st_mode)
        kind, number, target, size = FileKind.OTHER, -1, "", 0
        if stat.S_ISDIR(status.st_mode):
            kind = FileKind.DIRECTORY
        elif stat.S_ISLNK(status.st_mode):
            kind, target = FileKind.SYMLINK, text(link)
        elif stat.S_ISREG(status.st_mode):
            kind, number, size = FileKind.FILE, len(self.items), status.st_size
            first = self._first_names.get((status.st_dev, status.st_ino))
            if first is not None:
                self.scan.names.setdefault(first.number, first.path)
                self.scan.members[path] = first._replace(
                    path=path, kind=FileKind.HARDLINK, link=first.path
                )
                return
        member = Member(path, kind, size, mode, status.st_uid, status.st_gid, target, number)
        self.scan.members[path] = member
        if kind is FileKind.FILE:
            if status.st_nlink > 1:
                self._first_names[(status.st_dev, status.st_ino)] = member
            self.items.append(Item(number, path, size, mode, status.st_uid, status.st_gid, 0, name))

    def _gap(self, kind: GapKind, subject: str, reason: str) -> None:
        self.scan.gaps.append(Gap(kind, subject, reason))
