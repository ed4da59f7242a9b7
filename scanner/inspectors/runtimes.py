"""States which language runtimes an image holds, as far as names and paths tell.

A path tells a runtime's kind and often its version; what crypto it carries is found elsewhere.
"""

from __future__ import annotations

import re
from collections.abc import Iterable

from scanner.facts import fact
from scanner.image import ImageFile
from scanner.model import Fact, FactKind, FileEntry, Gap
from scanner.rulebook import RuleBook

# Last part of a path → runtime. A group `version` is taken from the whole path.
_PATTERNS: tuple[tuple[str, re.Pattern[str]], ...] = tuple(
    (name, re.compile(pattern))
    for name, pattern in (
        ("python", r"/(?:.*/)?(?:lib)?python(?P<version>[23]\.\d{1,2})[a-z]*(?:\.so\.1\.0)?"),
        ("node", r"/(?:.*/)?v?(?P<version>\d+\.\d+\.\d+)/bin/node"),
        ("node", r"/(?:.*/)?(?:node|nodejs)"),
        ("node", r"/(?:.*/)?libnode\.so\.\d+"),
        ("ruby", r"/(?:.*/)?ruby(?P<version>\d\.\d(?:\.\d+)?)?"),
        ("ruby", r"/(?:.*/)?libruby(?:-|\.so\.)(?P<version>\d\.\d(?:\.\d+)?)(?:\.so.*)?"),
        ("php", r"/(?:.*/)?php(?:-fpm|-cgi)?-?(?P<version>\d\.\d)?"),
        ("php", r"/(?:.*/)?libphp(?P<version>\d(?:\.\d)?)?\.so"),
        ("perl", r"/(?:.*/)?perl(?P<version>5\.\d+(?:\.\d+)?)?"),
        ("perl", r"/(?:.*/)?libperl\.so\.(?P<version>5\.\d+(?:\.\d+)?)"),
        ("erlang", r"/(?:.*/)?erts-(?P<version>[\d.]+)/bin/beam\.smp"),
    )
)
_BEGINNINGS = (
    "python",
    "libpython",
    "node",
    "libnode",
    "ruby",
    "libruby",
    "php",
    "libphp",
    "perl",
    "libperl",
    "beam.smp",
)


class RuntimeInspector:
    """RUNTIME facts."""

    name = "runtimes"

    def wants(self, entry: FileEntry, head: bytes) -> bool:
        return (
            head.startswith(b"\x7fELF")
            and entry.path.rsplit("/", 1)[-1].startswith(_BEGINNINGS)
            and (entry.executable or ".so" in entry.path)
        )

    def inspect(self, file: ImageFile) -> Iterable[Fact | Gap]:
        for name, pattern in _PATTERNS:
            if found := pattern.fullmatch(file.entry.path):
                version = found.groupdict().get("version") or ""
                yield fact(FactKind.RUNTIME, file.entry.path, name=name, version=version)
                return


def make(rules: RuleBook) -> RuntimeInspector:  # noqa: ARG001 - one signature for all makers
    """The inspector; it needs no rules."""
    return RuntimeInspector()
