"""States which language runtimes an image holds, as far as names and paths tell.

A path tells a runtime's kind and often its version; what crypto it carries is found elsewhere.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator

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
        ("r", r"/(?:.*/)?lib(?:64)?/R/bin/exec/R"),
        ("r", r"/(?:.*/)?libR\.so(?:\.[\d.]+)?"),
        ("lua", r"/(?:.*/)?lua(?P<version>5\.\d)?"),
        ("lua", r"/(?:.*/)?luajit(?:-(?P<version>[\d.]+)(?:-\w+)?)?"),
        ("lua", r"/(?:.*/)?liblua(?P<version>5\.\d)\.so\.[\d.]+"),
        ("lua", r"/(?:.*/)?libluajit-(?P<version>5\.\d)\.so\.[\d.]+"),
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
    "R",
    "libR.so",
    "lua",
    "liblua",
)
_ELECTRON_SIZE = 48 << 20
"""Bytes that a program with Chromium inside has at least; others only name Electron's variable."""
_LOOKED_AT = 256 << 20
_OVERLAP = 64
# Programs of these may have any name: their scripts are packed behind them.
_VERSIONS = {
    "deno": re.compile(rb"Deno/([1-9]\d{0,2}\.\d{1,3}\.\d{1,3})"),
    "bun": re.compile(rb"Bun v(\d{1,3}\.\d{1,3}\.\d{1,3})"),
    "electron": re.compile(rb"Electron/(\d{1,3}\.\d{1,3}\.\d{1,3})"),
}


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


def runtimes_inside(file: ImageFile, marks: frozenset[str]) -> Iterator[Fact]:
    """The runtimes of JavaScript that a program is, whatever its name; `marks` as found in it."""
    for name, pattern in _VERSIONS.items():
        if name not in marks or (name == "electron" and file.entry.size < _ELECTRON_SIZE):
            continue
        version = _first(file, pattern)
        if version or name == "electron":
            yield fact(FactKind.RUNTIME, file.entry.path, name=name, version=version)


def _first(file: ImageFile, pattern: re.Pattern[bytes]) -> str:
    tail, position = b"", 0
    for chunk in file.chunks():
        if found := pattern.search(tail + chunk):
            return found[1].decode()
        position += len(chunk)
        if position >= _LOOKED_AT:
            break
        tail = chunk[-_OVERLAP:]
    return ""


def make(rules: RuleBook) -> RuntimeInspector:  # noqa: ARG001 - one signature for all makers
    """The inspector; it needs no rules."""
    return RuntimeInspector()
