import os
from pathlib import Path

import pytest

from scanner import machine
from scanner.machine import Means, inspectors, memory, processors, side_by_side

MEMINFO = "MemTotal: 100 kB\nMemAvailable:    4194304 kB\n"


def test_a_quota_of_processors_counts(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "sched_getaffinity", lambda _: set(range(16)))
    assert processors(tmp_path) == 16
    for quota, expected in (("200000 100000\n", 2), ("max 100000", 16), ("10000 100000", 1)):
        (tmp_path / "cpu.max").write_text(quota)
        assert processors(tmp_path) == expected


def test_memory_is_what_the_machine_and_the_container_leave(tmp_path: Path) -> None:
    meminfo = tmp_path / "meminfo"
    assert memory(tmp_path, meminfo) is None
    meminfo.write_text(MEMINFO)
    assert memory(tmp_path, meminfo) == 4 << 30
    (tmp_path / "memory.max").write_text("max\n")
    assert memory(tmp_path, meminfo) == 4 << 30
    (tmp_path / "memory.max").write_text(f"{2 << 30}\n")
    (tmp_path / "memory.current").write_text(f"{1 << 30}\n")
    assert memory(tmp_path, meminfo) == 3 << 29


@pytest.mark.parametrize(
    ("cpus", "free", "images", "jobs", "means"),
    [
        (1, 64 << 30, 10, None, Means(1, 1)),
        (2, 64 << 30, 10, None, Means(2, 1)),
        (8, 64 << 30, 10, None, Means(8, 4)),
        (64, 64 << 30, 100, None, Means(8, 8)),
        (8, 64 << 30, 3, None, Means(3, 3)),
        (8, 3 << 30, 10, None, Means(3, 3)),
        (8, 1000, 10, None, Means(1, 1)),
        (8, None, 10, None, Means(1, 1)),
        (2, 64 << 30, 10, 6, Means(6, 1)),
        (2, 64 << 30, 3, 6, Means(3, 1)),
        (2, 64 << 30, 0, None, Means(1, 1)),
    ],
)
def test_what_goes_on_side_by_side(
    cpus: int,
    free: int | None,
    images: int,
    jobs: int | None,
    means: Means,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(machine, "processors", lambda: cpus)
    monkeypatch.setattr(machine, "memory", lambda: free)
    assert side_by_side(images, jobs) == means


def test_inspectors_share_the_processors(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(machine, "processors", lambda: 16)
    assert [inspectors(), inspectors(2), inspectors(8)] == [4, 2, 1]
