"""Reads which crates a Rust program was made of: cargo-auditable's list, and paths of sources.

Pure in the bytes given and bounded; judges nothing. The list names what the build depended on,
used or not; a path in the program's messages shows code that was linked in.
"""

from __future__ import annotations

import json
import re
import zlib
from collections.abc import Iterable
from dataclasses import dataclass

SECTION = ".dep-v0"
"""Where cargo-auditable writes its list."""
MAX_PACKED = 4 << 20
MAX_LIST = 16 << 20
MAX_CRATES = 5000
MAX_PATHS = 500_000
"""Paths of one file that are looked at; real programs have some thousand."""
_OVERLAP = 512

# Panic messages name the source file: …/registry/src/…/ring-0.17.14/src/aead.rs, or below
# /usr/share/cargo/registry/ in Debian, or in a vendor folder.
_FOLDER = re.compile(
    rb"/([A-Za-z][A-Za-z0-9_-]{0,63})-"
    rb"(\d{1,4}\.\d{1,5}\.\d{1,9}(?:[-+][0-9A-Za-z.+-]{1,40})?)/"
)
_SOURCE = re.compile(rb"(?:[A-Za-z0-9_.-]{1,64}/){0,12}[A-Za-z0-9_-]{1,64}\.rs")


class CrateListError(ValueError):
    """The bytes are no list of cargo-auditable, or a damaged one."""


@dataclass(frozen=True, slots=True, order=True)
class Crate:
    """A crate and its version."""

    name: str
    version: str


def read_list(section: bytes) -> frozenset[Crate]:
    """The crates that the section `.dep-v0` lists, without those that only the build ran.

    Raises:
        CrateListError: damaged, or larger than any real one.
    """
    if len(section) > MAX_PACKED:
        raise CrateListError(f"{len(section)} bytes, the limit is {MAX_PACKED}")
    unpack = zlib.decompressobj()
    try:
        text = unpack.decompress(section, MAX_LIST)
        content = json.loads(text)
    except (zlib.error, ValueError, RecursionError) as error:
        raise CrateListError(f"cannot be unpacked: {type(error).__name__}") from error
    packages = content.get("packages") if isinstance(content, dict) else None
    if not isinstance(packages, list):
        raise CrateListError("has no packages")
    return frozenset(
        Crate(str(each["name"])[:100], str(each.get("version", ""))[:60])
        for each in packages[:MAX_CRATES]
        if isinstance(each, dict) and "name" in each and each.get("kind") != "build"
    )


def crates_in(chunks: Iterable[bytes]) -> frozenset[Crate]:
    """The crates whose source files the bytes name.

    Raises:
        CrateListError: more paths than any real program has.
    """
    found: set[tuple[bytes, bytes]] = set()
    tail = b""
    looked_at = 0
    for chunk in chunks:
        window = tail + chunk
        for match in _FOLDER.finditer(window):
            looked_at += 1
            if looked_at > MAX_PATHS or len(found) > MAX_CRATES:
                raise CrateListError("names more paths than any real program")
            if _SOURCE.match(window, match.end()):
                found.add((match[1], match[2]))
        tail = chunk[-_OVERLAP:]
    return frozenset(Crate(name.decode(), version.decode()) for name, version in found)
