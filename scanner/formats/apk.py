"""Reads Alpine's package database, `/lib/apk/db/installed`.

Knows the text and nothing of what the packages mean.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

MAX_PACKAGES = 50_000
MAX_FILES = 500_000


@dataclass(frozen=True, slots=True)
class Package:
    """An installed package and its files (absolute paths)."""

    name: str
    version: str
    source: str
    files: tuple[str, ...]


def parse_installed(text: str) -> Iterator[Package]:
    """Packages of the database. A field is a letter and a colon; a blank line ends a package."""
    fields: dict[str, str] = {}
    files: list[str] = []
    folder = ""
    found = listed = 0
    for line in (*text.split("\n"), ""):
        key, value = line[:1], line[2:].rstrip("\r")
        if not line.strip():
            if "P" in fields:
                yield Package(
                    fields["P"], fields.get("V", ""), fields.get("o", fields["P"]), tuple(files)
                )
                found += 1
                if found >= MAX_PACKAGES:
                    return
            fields, files, folder = {}, [], ""
        elif line[1:2] != ":":
            continue
        elif key == "F":
            folder = value.strip("/")
        elif key == "R" and listed < MAX_FILES:
            files.append(f"/{folder}/{value}" if folder else f"/{value}")
            listed += 1
        elif key in ("P", "V", "o"):
            fields[key] = value
