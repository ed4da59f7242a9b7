"""Worker processes: the same result as without, deaths that cost one batch, no leftovers."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import textwrap
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from scanner.image import ImageFile, Visit, Walk, open_image, walk, walker
from scanner.model import GapKind

from .image_samples import Layout, Recorder, docker_archive, seen, tar_of

LAYERS = [
    tar_of(*((f"low/{number}", b"%d" % number) for number in range(40)), ("x", b"gap")),
    tar_of(("low/.wh.3", b""), ("low/4", b"new"), ("hard", "= low/4"), ("bad", b"raise")),
]


@pytest.fixture
def always_pool(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(walker, "POOL_BYTES", 0)
    monkeypatch.setattr(walker, "BATCH_FILES", 3)


class Deadly(Recorder):
    """Dies as if killed for lack of memory."""

    def __call__(self, file: ImageFile) -> Visit:
        if file.head == b"die":
            os.kill(os.getpid(), signal.SIGKILL)
        return super().__call__(file)


class Broken(Recorder):
    def __init__(self) -> None:
        raise RuntimeError("cannot be made")


class Counter:
    """A progress that remembers."""

    def __init__(self) -> None:
        self.seen: list[tuple[int, int | None]] = []

    def phase(self, text: str) -> None:
        pass

    def advance(self, done: int, total: int | None, unit: str) -> None:
        assert unit == "bytes"
        self.seen.append((done, total))


def run(reference: str, workers: int, make: type[Recorder] = Recorder) -> Walk:
    with open_image(reference) as image:
        return walk(image, make, workers=workers)


@pytest.mark.usefixtures("always_pool")
@pytest.mark.parametrize("source", ["archive", "layout", "folder"])
def test_workers_change_nothing(source: str, tmp_path: Path) -> None:
    if source == "folder":
        for number in range(10):
            (tmp_path / f"f{number}").write_bytes(b"%d" % number)
        reference = f"dir:{tmp_path}"
    elif source == "archive":
        reference = f"docker-archive:{docker_archive(tmp_path / 'a.tar', LAYERS)}"
    else:
        layout = Layout(tmp_path / "l")
        layout.add(LAYERS)
        reference = f"oci:{layout.finish()}"
    alone, together = run(reference, 1), run(reference, 2)
    assert alone.facts == together.facts
    assert alone.gaps == together.gaps
    assert list(alone.view.paths()) == list(together.view.paths())
    assert len(alone.facts) >= 10


@pytest.mark.usefixtures("always_pool")
def test_a_worker_that_dies_costs_its_batch_only(tmp_path: Path) -> None:
    files = [(f"f{number}", b"%d" % number) for number in range(20)]
    files[9] = ("f9", b"die")
    path = docker_archive(tmp_path / "a.tar", [tar_of(*files)])
    result = run(f"docker-archive:{path}", 2, Deadly)
    lost = {gap.subject for gap in result.gaps}
    assert "/f9" in lost
    assert len(lost) == 3
    assert {gap.kind for gap in result.gaps} == {GapKind.INTERNAL}
    assert set(seen(result.facts)) | lost == {f"/f{number}" for number in range(20)}


@pytest.mark.usefixtures("always_pool")
def test_a_worker_that_dies_on_a_compressed_layer_costs_the_layer(tmp_path: Path) -> None:
    layers = [tar_of(("a", b"A")), tar_of(("b", b"die")), tar_of(("c", b"C"))]
    path = docker_archive(tmp_path / "a.tar", layers, how="gzip")
    result = run(f"docker-archive:{path}", 2, Deadly)
    assert seen(result.facts) == {"/a": "A", "/c": "C"}
    assert [gap.kind for gap in result.gaps] == [GapKind.INTERNAL]


@pytest.mark.usefixtures("always_pool")
def test_a_visitor_that_cannot_be_made_is_a_mistake_of_the_caller(tmp_path: Path) -> None:
    path = docker_archive(tmp_path / "a.tar", LAYERS)
    for workers in (1, 2):
        with pytest.raises(RuntimeError, match="cannot be made"):
            run(f"docker-archive:{path}", workers, Broken)


@pytest.mark.parametrize("workers", [1, 2])
@pytest.mark.usefixtures("always_pool")
def test_progress_grows_to_the_total(workers: int, tmp_path: Path) -> None:
    path = docker_archive(tmp_path / "a.tar", LAYERS, how="gzip")
    counter = Counter()
    with open_image(f"docker-archive:{path}") as image:
        walk(image, Recorder, workers=workers, progress=counter)
    assert [done for done, _ in counter.seen] == sorted(done for done, _ in counter.seen)
    assert counter.seen[-1][0] == counter.seen[-1][1]


SLOW = """
    import sys, time
    from scanner.image import Visit, open_image, walk, walker

    walker.POOL_BYTES = 0

    class Slow:
        def wants(self, entry, head):
            return True

        def __call__(self, file):
            open(sys.argv[2], "w").close()
            time.sleep(60)
            return Visit()

    if __name__ == "__main__":
        with open_image(sys.argv[1]) as image:
            walk(image, Slow, workers=2)
"""


def group_of(leader: int) -> list[int]:
    """Living processes of a process group."""
    found = []
    for status in Path("/proc").glob("[0-9]*/stat"):
        try:
            fields = status.read_text().rpartition(")")[2].split()
        except OSError:
            continue
        if int(fields[2]) == leader and fields[0] != "Z":
            found.append(int(status.parent.name))
    return found


@pytest.mark.parametrize("kill", ["interrupt-all", "interrupt-main", "kill-main"])
def test_nothing_is_left_running(kill: str, tmp_path: Path) -> None:
    script = tmp_path / "slow.py"
    script.write_text(textwrap.dedent(SLOW))
    path = docker_archive(tmp_path / "a.tar", LAYERS)
    root = Path(__file__).parents[3]
    process = subprocess.Popen(
        [sys.executable, str(script), f"docker-archive:{path}", str(tmp_path / "started")],
        env={**os.environ, "PYTHONPATH": str(root)},
        start_new_session=True,
        stderr=subprocess.DEVNULL,
    )
    try:
        wait_for((tmp_path / "started").exists)
        if kill == "interrupt-all":
            os.killpg(process.pid, signal.SIGINT)
        else:
            process.send_signal(signal.SIGINT if kill == "interrupt-main" else signal.SIGKILL)
        assert process.wait(timeout=10) != 0
        wait_for(lambda: not group_of(process.pid))
    finally:
        for pid in group_of(process.pid):
            os.kill(pid, signal.SIGKILL)


def wait_for(condition: Callable[[], object], seconds: float = 15) -> None:
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end, "took too long"
        time.sleep(0.02)
