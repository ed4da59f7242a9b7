"""The inspectors, and the driver that shows them each file of an image.

An inspector looks at one file and states facts. It never judges, never looks at another file,
and may raise: the driver turns an exception into a gap.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from functools import partial
from typing import Protocol

from scanner.image import FileTooLargeError, ImageFile, Visit
from scanner.inspectors import (
    archives,
    binary,
    bundles,
    dotnet,
    erlang,
    go,
    integrity,
    java,
    java_options,
    keystores,
    openssl,
    os_packages,
    packages,
    pem,
    policy,
    runtimes,
    scripts,
    servers,
    source,
)
from scanner.model import Fact, FileEntry, FileKind, Gap, GapKind
from scanner.rulebook import RuleBook


class Inspector(Protocol):
    """Plug-in 1: looks at single files. Pure in the file's path and bytes."""

    name: str

    def wants(self, entry: FileEntry, head: bytes) -> bool:
        """Whether to show this file. `head` is its first bytes, 4096 at most. Must be cheap."""
        ...

    def inspect(self, file: ImageFile) -> Iterable[Fact | Gap]:
        """What is in the file. May raise; the file then costs a gap."""
        ...


MAKERS: tuple[Callable[[RuleBook], Inspector], ...] = (
    binary.make,
    go.make,
    openssl.make,
    integrity.make,
    pem.make,
    keystores.make,
    policy.make,
    os_packages.make,
    java.make,
    java_options.make,
    dotnet.make,
    erlang.make,
    scripts.make,
    runtimes.make,
    archives.make,
    source.make,
    packages.make,
    bundles.make,
    servers.make,
)


class FileVisitor:
    """Shows a file to every inspector that wants it."""

    def __init__(self, inspectors: tuple[Inspector, ...]) -> None:
        self._inspectors = inspectors

    def wants(self, entry: FileEntry, head: bytes) -> bool:
        return entry.kind is FileKind.FILE and any(
            each.wants(entry, head) for each in self._inspectors
        )

    def __call__(self, file: ImageFile) -> Visit:
        facts: list[Fact] = []
        gaps: list[Gap] = []
        for inspector in self._inspectors:
            if not inspector.wants(file.entry, file.head):
                continue
            try:
                for seen in inspector.inspect(file):
                    if isinstance(seen, Gap):
                        gaps.append(seen)
                    else:
                        facts.append(seen)
            except FileTooLargeError as error:
                gaps.append(
                    Gap(
                        GapKind.TOO_LARGE,
                        file.entry.path,
                        f"not inspected ({inspector.name}): {error}",
                    )
                )
            except Exception as error:  # a bad file must never end the scan
                gaps.append(
                    Gap(
                        GapKind.MALFORMED,
                        file.entry.path,
                        f"the {inspector.name} inspector could not read it: "
                        f"{type(error).__name__}: {error}",
                    )
                )
        return Visit(tuple(facts), tuple(gaps))


def make_visitor(rules: RuleBook) -> FileVisitor:
    """A visitor with all inspectors. Worker processes make their own."""
    return FileVisitor(tuple(make(rules) for make in MAKERS))


def visitor_maker(rules: RuleBook) -> Callable[[], FileVisitor]:
    """`make_visitor` with its rules bound, in a form that can be sent to another process."""
    return partial(make_visitor, rules)
