"""Reads Debian's package database: `status`, distroless `status.d` files, and file lists.

Knows one file at a time, and not which packages matter.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

MAX_PACKAGES = 50_000
MAX_FILES = 500_000

_WANTED = ("Package", "Status", "Version", "Source", "Architecture")


@dataclass(frozen=True, slots=True)
class Package:
    """An installed package. `source` is the source package's name, its own by default."""

    name: str
    version: str
    source: str
    architecture: str


def parse_status(text: str) -> Iterator[Package]:
    """Installed packages of a `status` file, or the one of a `status.d` file.

    Packages that were removed and only left their configuration are passed over.
    """
    fields: dict[str, str] = {}
    found = 0
    for line in (*text.split("\n"), ""):
        if line.strip():
            name, colon, value = line.partition(":")
            if colon and name in _WANTED:
                fields[name] = value.strip()
            continue
        package = _package(fields)
        fields = {}
        if package is not None:
            yield package
            found += 1
            if found >= MAX_PACKAGES:
                return


def _package(fields: dict[str, str]) -> Package | None:
    # A distroless image has no Status field: what it lists is installed.
    status = fields.get("Status", "install ok installed").split()
    if "Package" not in fields or status[-1:] not in (["installed"], ["unpacked"]):
        return None
    name = fields["Package"]
    source = fields.get("Source", name).split(" ", 1)[0]
    return Package(name, fields.get("Version", ""), source, fields.get("Architecture", ""))


def parse_list(text: str) -> Iterator[str]:
    """Absolute paths of a `/var/lib/dpkg/info/*.list` file."""
    for line in text.split("\n", MAX_FILES)[:MAX_FILES]:
        if line.startswith("/") and line != "/.":
            yield line


def parse_md5sums(text: str) -> Iterator[str]:
    """Absolute paths of an `.md5sums` file, whose lines are `<md5>  <relative path>`."""
    for line in text.split("\n", MAX_FILES)[:MAX_FILES]:
        _digest, _gap, path = line.partition("  ")
        if path:
            yield "/" + path.lstrip("/")


def package_of_list(path: str) -> str:
    """Package name of `…/info/libssl3:amd64.list` or `…/status.d/libssl3.md5sums`."""
    return path.rsplit("/", 1)[-1].rsplit(".", 1)[0].split(":", 1)[0]
