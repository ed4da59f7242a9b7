"""What runs inside containers: the sources of these programs, and where their builds lie.

Builds nothing itself: that is done when the project is installed.
"""

from __future__ import annotations

import hashlib
import json
from pathlib import Path
from typing import NamedTuple

FOLDER = Path(__file__).parent
STAMP = FOLDER / "built.json"
FLAG = "/proc/sys/crypto/fips_enabled"
ARCHITECTURES = {"amd64": "x86_64", "arm64": "aarch64"}
"""Names of the compiler's targets by the names that images use."""


class Program(NamedTuple):
    """One program, compiled for every architecture."""

    name: str
    system: str
    """The compiler's target after the architecture: `linux-musl`."""
    sources: tuple[str, ...]
    """Files of this folder that it is made of, headers included."""
    flags: tuple[str, ...]


NODE_SOURCES = ("fips_node.c", "stub.c", "supervise.c", "answer.c", "record.c", "calls.c")
NODE_HEADERS = ("fips_node.h", "crypto_names.h")
NODE_HELPER = Program("fips-node", "linux-musl", (*NODE_SOURCES, *NODE_HEADERS), ("-static",))
# Loads into musl as well: it calls nothing that only glibc has.
NODE_PRELOAD = Program(
    "fips-node-preload",
    "linux-gnu.2.17",
    ("preload.c", "crypto_names.h"),
    ("-shared", "-fPIC", "-fvisibility=hidden", "-fno-stack-protector", "-fno-builtin", "-ldl"),
)
PROBE_SOURCES = ("probe.c", "probe_use.c", "probe_keys.h", "probe_library.h")
# The oldest C library whose programs any later one runs.
GLIBC_PROBE = Program("fips-probe-glibc", "linux-gnu.2.17", PROBE_SOURCES, ())
MUSL_PROBE = Program("fips-probe-musl", "linux-musl", PROBE_SOURCES, ("-dynamic",))
AUDIT = Program(
    "fips-audit",
    "linux-musl",  # for its headers alone: the library asks for no C library by name
    (
        *("audit.c", "audit_elf.c", "audit_find.c", "audit_loader.c", "audit_others.c"),
        *("audit_record.c", "audit.h", "audit_elf.h", "audit_functions.h"),
    ),
    (
        *("-shared", "-fPIC", "-ffreestanding", "-fno-stack-protector", "-fvisibility=hidden"),
        *("-Wl,--as-needed", "-Wl,-Bsymbolic"),
    ),
)
PROGRAMS = (NODE_HELPER, NODE_PRELOAD, GLIBC_PROBE, MUSL_PROBE, AUDIT)


def source_digest() -> str:
    """SHA-256 of all sources and of how they are compiled."""
    digest = hashlib.sha256(repr(PROGRAMS).encode())
    for name in sorted({name for program in PROGRAMS for name in program.sources}):
        digest.update((FOLDER / name).read_bytes())
    return digest.hexdigest()


def built(architecture: str, program: Program = NODE_HELPER) -> Path:
    """Where a program for an image's architecture lies once it is built."""
    return FOLDER / f"{program.name}-{ARCHITECTURES.get(architecture, architecture)}"


def is_current() -> bool:
    """Whether all builds are there and come from the present sources."""
    try:
        stamp = json.loads(STAMP.read_text())
    except (OSError, ValueError):
        return False
    return stamp == {"source": source_digest()} and all(
        built(architecture, program).exists()
        for architecture in ARCHITECTURES
        for program in PROGRAMS
    )


def helper(architecture: str, program: Program = NODE_HELPER) -> bytes | None:
    """A program for an image's architecture; None where this installation has none."""
    try:
        return built(architecture, program).read_bytes()
    except OSError:
        return None
