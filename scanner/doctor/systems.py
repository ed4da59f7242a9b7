"""Knows the commands that get a part on the systems that people use."""

from __future__ import annotations

import sys
from collections.abc import Mapping
from pathlib import Path

OS_RELEASE = Path("/etc/os-release")
DEBIAN, RED_HAT, MAC = "Debian or Ubuntu", "RHEL or Fedora", "macOS"


def family(os_release: Path = OS_RELEASE, platform: str = sys.platform) -> str:
    """Which of the systems this is; `""` for any other."""
    if platform == "darwin":
        return MAC
    try:
        lines = os_release.read_text(errors="replace").splitlines()
    except OSError:
        return ""
    names: set[str] = set()
    for line in lines:
        key, _, value = line.partition("=")
        if key in ("ID", "ID_LIKE"):
            names.update(value.strip("\"' ").split())
    if names & {"debian", "ubuntu"}:
        return DEBIAN
    return RED_HAT if names & {"rhel", "fedora", "centos"} else ""


def commands(by_family: Mapping[str, tuple[str, ...]], here: str | None = None) -> tuple[str, ...]:
    """Those for this system, or all of them with the system's name where none is for it."""
    here = family() if here is None else here
    if here in by_family:
        return by_family[here]
    return tuple(f"{command}  # {name}" for name, all_ in by_family.items() for command in all_)
