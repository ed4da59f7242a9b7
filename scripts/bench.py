"""Times the static inspection of a large image, and prints what it costs.

Compares with a bare walk over the same archive; changes nothing and needs no engine.
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
import tarfile
import threading
import time
from pathlib import Path

from scripts.bench_image import archive_path, make

TARGET_SECONDS = 10
TARGET_MIB = 250
_INTERVAL = 0.02
_READ = 1 << 20


def main() -> None:
    """Print a table: what was run, wall seconds, peak memory of all its processes."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("archive", nargs="?", type=Path, help="another docker archive to scan")
    parser.add_argument("--runs", type=int, default=3)
    arguments = parser.parse_args()
    archive: Path = arguments.archive or archive_path()
    if arguments.archive is None and not archive.exists():
        print("bench: making the image, once", file=sys.stderr)
        make_default(archive)
    read_through(archive)
    size, files = describe(archive)
    print(f"{archive.name}: {size / 1e9:.2f} GB, {files} files, {os.cpu_count()} processors\n")
    print(f"{'':28} {'seconds':>8} {'RSS MiB':>8} {'PSS MiB':>8}")
    bare = [sys.executable, "-c", BARE_WALK, str(archive)]
    row("bare tar walk", bare, arguments.runs)
    scan = [str(Path(sys.executable).parent / "fips-scanner"), "scan", f"docker-archive:{archive}"]
    options = ["--static", "--output", f"json={os.devnull}", "--fail-on", "never"]
    row("fips-scanner scan --static", [*scan, *options], arguments.runs)
    print(f"\ntarget: under {TARGET_SECONDS} s and {TARGET_MIB} MiB")


BARE_WALK = """
import sys, tarfile
with tarfile.open(sys.argv[1]) as outer:
    for member in outer:
        if member.name.endswith(".tar"):
            with tarfile.open(fileobj=outer.extractfile(member), mode="r|") as layer:
                for entry in layer:
                    layer.members.clear()
"""
"""Python's tarfile over every layer, from the first byte to the last, no content looked at."""


def make_default(archive: Path) -> None:
    """The archive that `bench_image.py` makes without options."""
    from scripts.bench_image import FILES, SIZE

    make(archive, SIZE, FILES)


def read_through(archive: Path) -> None:
    """Get the file into the page cache, so that no run pays for the disk."""
    with archive.open("rb") as file:
        while file.read(_READ):
            pass


def describe(archive: Path) -> tuple[int, int]:
    """Bytes of the archive, and regular files in its layers."""
    files = 0
    with tarfile.open(archive) as outer:
        for member in outer:
            content = outer.extractfile(member) if member.name.endswith(".tar") else None
            if content is not None:
                with tarfile.open(fileobj=content) as layer:
                    files += sum(entry.isreg() for entry in layer)
    return archive.stat().st_size, files


def row(name: str, command: list[str], runs: int) -> None:
    """Run a command several times and print its best time with the memory of that run."""
    best = min(measure(command) for _ in range(runs))
    seconds, rss, pss = best
    print(f"{name:28} {seconds:8.2f} {rss >> 10:8} {pss >> 10:8}", flush=True)


def measure(command: list[str]) -> tuple[float, int, int]:
    """Wall seconds, and the highest sums of RSS and PSS (KiB) over all processes at one time."""
    peaks = [0, 0]
    begin = time.perf_counter()
    with subprocess.Popen(command, stderr=subprocess.PIPE, start_new_session=True) as process:
        done = threading.Event()
        watcher = threading.Thread(target=watch, args=(process.pid, done, peaks))
        watcher.start()
        _, problems = process.communicate()
        seconds = time.perf_counter() - begin
        done.set()
        watcher.join()
    if process.returncode not in (0, 3):
        sys.exit(f"bench: {command[0]} failed: {problems.decode(errors='replace')[-500:]}")
    return seconds, peaks[0], peaks[1]


def watch(session: int, done: threading.Event, peaks: list[int]) -> None:
    """Sample the memory of all processes of a session until `done`.

    PSS counts a page that several processes share once; RSS counts it for each of them.
    """
    while not done.wait(_INTERVAL):
        rss = pss = 0
        for pid in processes_of(session):
            try:
                lines = Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines()
            except OSError:
                continue
            fields = {line.split(":")[0]: line.split() for line in lines[1:]}
            rss += int(fields["Rss"][1])
            pss += int(fields["Pss"][1])
        peaks[0] = max(peaks[0], rss)
        peaks[1] = max(peaks[1], pss)


def processes_of(session: int) -> list[int]:
    """The processes of a session."""
    found = []
    for status in Path("/proc").glob("[0-9]*/stat"):
        try:
            fields = status.read_text().rpartition(")")[2].split()
        except OSError:
            continue
        if int(fields[3]) == session:
            found.append(int(status.parent.name))
    return found


if __name__ == "__main__":
    main()
