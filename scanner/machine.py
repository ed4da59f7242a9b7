"""What this machine can do side by side: its processors and memory, as far as we may use them.

Decides nothing about images.
"""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path

_CGROUP = Path("/sys/fs/cgroup")
_MEMINFO = Path("/proc/meminfo")


_SCAN = 1 << 30
"""Bytes that the scan of an image may need, and its container beside it."""
_MOST_WORKERS = 4
_MOST_SCANS = 8
"""Beyond that, the engine and the disk are what is waited for."""


@dataclass(frozen=True, slots=True)
class Means:
    """How much may go on at the same time."""

    scans: int
    runs: int
    """Scans that run containers. Fewer, as these are timed, and may use two processors each."""


def side_by_side(images: int, jobs: int | None = None) -> Means:
    """What suits this machine, and no more than there are images; `jobs` scans where given."""
    count = processors()
    free = memory()
    room = max(1, free // _SCAN) if free is not None else 1
    scans = min(images, jobs or min(count, room, _MOST_SCANS))
    return Means(max(1, scans), max(1, min(scans, count // 2)))


def inspectors(scans: int = 1) -> int:
    """Processes that inspect one image side by side, where `scans` go on."""
    return max(1, min(processors(), _MOST_WORKERS) // scans)


def processors(cgroup: Path = _CGROUP) -> int:
    """Processors that this process may use, at least 1."""
    count = len(os.sched_getaffinity(0))
    quota, _, period = _first_line(cgroup / "cpu.max").partition(" ")
    if quota.isdecimal() and period.isdecimal() and int(period):
        count = min(count, round(int(quota) / int(period)))
    return max(1, count)


def memory(cgroup: Path = _CGROUP, meminfo: Path = _MEMINFO) -> int | None:
    """Bytes that are free to be used; None where nothing tells."""
    known = []
    try:
        lines = meminfo.read_text().splitlines()
    except OSError:
        lines = []
    for line in lines:
        name, _, value = line.partition(":")
        if name == "MemAvailable" and value.split()[:1] and value.split()[0].isdecimal():
            known.append(int(value.split()[0]) << 10)
    limit, used = _first_line(cgroup / "memory.max"), _first_line(cgroup / "memory.current")
    if limit.isdecimal():
        # What is used includes the page cache, which gives way.
        known.append(int(limit) - (int(used) // 2 if used.isdecimal() else 0))
    return min(known) if known else None


def _first_line(path: Path) -> str:
    try:
        return path.read_text().partition("\n")[0].strip()
    except OSError:
        return ""
