"""The static helper that shows a container a FIPS node: its source, and where its builds lie."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path

FOLDER = Path(__file__).parent
SOURCE = FOLDER / "fips_node.c"
STAMP = FOLDER / "built.json"
FLAG = "/proc/sys/crypto/fips_enabled"
ARCHITECTURES = {"amd64": "x86_64", "arm64": "aarch64"}
"""Names of the compiler's targets by the names that images use."""


def source_digest() -> str:
    """SHA-256 of the helper's source."""
    return hashlib.sha256(SOURCE.read_bytes()).hexdigest()


def built(architecture: str) -> Path:
    """Where the helper for an image's architecture lies once it is built."""
    return FOLDER / f"fips-node-{ARCHITECTURES.get(architecture, architecture)}"


def is_current() -> bool:
    """Whether all builds are there and come from the present source."""
    try:
        stamp = json.loads(STAMP.read_text())
    except (OSError, ValueError):
        return False
    return stamp == {"source": source_digest()} and all(map(Path.exists, map(built, ARCHITECTURES)))


def helper(architecture: str) -> bytes | None:
    """The helper's program for an image's architecture; None where this installation has none."""
    try:
        return built(architecture).read_bytes()
    except OSError:
        return None
