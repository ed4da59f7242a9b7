"""Several images in one call, as users meet it. Starts no container."""

import json
import os
import shutil
from dataclasses import replace
from pathlib import Path

import pytest

import scanner.scan
from scanner import cli
from scanner.commands.progress import PhaseLines, shown_scans
from scanner.interruption import Interruption
from scanner.model import Failure, Gap, GapKind, Report
from scanner.sources.wanted import Target
from tests.unit.commands.running import start
from tests.unit.commands.test_terminal import on_terminal
from tests.unit.report.reports import NO_CRYPTO


@pytest.fixture
def images(rootfs: Path, tmp_path: Path) -> list[str]:
    """Two images without cryptography, and one that is not there."""
    shutil.copytree(rootfs, tmp_path / "second")
    return [f"dir:{rootfs}", "dir:/no/such", f"dir:{tmp_path / 'second'}"]


def test_one_that_is_missing_leaves_it_open_and_shows_everywhere(
    images: list[str], tmp_path: Path
) -> None:
    (tmp_path / "list").write_text("".join(f"{each}\n" for each in images[1:]))
    done = start(
        *("scan", images[0], "--from-file", str(tmp_path / "list"), "--static", "--no-policy"),
        *("-o", "text", "-o", f"json={tmp_path}/all.json", "-o", f"csv={tmp_path}/{{image}}.csv"),
    )
    assert done.returncode == 3
    assert done.stdout.startswith("3 images: 2 passed the gate, 1 not scanned\n")
    assert f"namedby{tmp_path}/list:1" in "".join(done.stdout.split())
    lines = done.stderr.splitlines()
    assert f"[1/3] {images[0]}: inspecting files" in lines
    assert "[2/3] dir:/no/such: not scanned" in lines
    assert f"[3/3] {images[2]}: no-crypto, score 100, gate passed" in lines
    assert sum("fips-scanner: dir:/no/such: " in each for each in lines) == 1
    assert sum(each.startswith("2 reports: written to ") for each in lines) == 1
    document = json.loads((tmp_path / "all.json").read_text())
    assert [each["image"]["reference"] for each in document["reports"]] == [images[0], images[2]]
    assert document["reports"][1]["image"]["asked_by"] == [f"{tmp_path}/list:2"]
    assert document["failures"][0]["asked_by"] == [f"{tmp_path}/list:1"]
    assert len(list(tmp_path.glob("*.csv"))) == 2


SHOWN = """
import time
from scanner.commands.progress import shown_scans
from scanner.model import Failure
from scanner.sources.wanted import Target

with shown_scans([Target("first"), Target("x\\x1b[2J" + "y" * 80)], quiet=False) as watcher:
    for at in range(2):
        watcher.begun(at)
        watcher.phase(at, "inspecting files")
        watcher.advance(at, 1 << 20, 4 << 20, "bytes")
    time.sleep(0.15)
    for at in range(2):
        watcher.ended(at, Failure("x", "y", 3), "")
print("end")
"""


def test_a_terminal_shows_a_line_for_each_and_wipes_it() -> None:
    shown = on_terminal(code=SHOWN, TERM="xterm")
    before, _, after = shown.partition("\nend")
    for text in ("first", "inspecting files", "1 of 4 MiB", "0 of 2", "2 of 2"):
        assert text in before
    assert "\x1b[2K" in before
    assert "\x1b[2J" not in before
    assert "inspecting" not in before[before.rindex("\x1b[2K") :] + after
    assert "first: not scanned" in before


def test_quiet_says_nothing_but_errors(capsys: pytest.CaptureFixture[str]) -> None:
    failure = Failure("b", "not there", 3)
    for quiet in (True, False):
        with shown_scans([Target("a"), Target("b")], quiet=quiet) as watcher:
            watcher.begun(0)
            watcher.phase(0, "inspecting")
            watcher.advance(0, 1, 2, "bytes")
            watcher.ended(0, NO_CRYPTO, "")
            watcher.ended(1, failure, "Traceback")
            watcher.interrupted(1)
        seen = capsys.readouterr()
        assert seen.out == ""
        assert bool(seen.err) is not quiet
        assert "Traceback" not in seen.err


def test_a_traceback_of_one_is_shown_on_request(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("FIPS_SCANNER_DEBUG", "1")
    with shown_scans([Target("a")], quiet=True) as watcher:
        watcher.ended(0, Failure("a", "x", 3), "Traceback\n  here\x1b[2J")
    assert capsys.readouterr().err == "Traceback\n  here\\x1b[2J\n"


def test_timed_lines_tell_how_much_was_done(capsys: pytest.CaptureFixture[str]) -> None:
    lines = PhaseLines("a: ", timed=True)
    lines.phase("inspecting files")
    lines.advance(1 << 20, 3 << 20, "bytes")
    lines.advance(3 << 20, 3 << 20, "bytes")
    lines.phase("judging")
    lines.advance(5, None, "files")
    lines.close()
    texts = [each.split(" s  ")[1] for each in capsys.readouterr().err.splitlines()]
    assert texts == [
        "inspecting files",
        "inspecting files: 3 of 3 MiB",
        "judging",
        "judging: 5 files",
    ]


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (["a", "b", "-o", "cyclonedx"], "write cyclonedx={image}.cdx.json"),
        (["a", "b", "-o", "json={image}.json", "--jobs", "0"], "--jobs"),
        (["--from-file", "/no/such/list"], "/no/such/list"),
        (["a", "--build-arg", "=x"], "--build-arg =x has no name"),
        (["compose:/no/such"], "cannot read /no/such"),
    ],
)
def test_what_cannot_be_is_told_before_any_scan(
    arguments: list[str], says: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert cli.run(["scan", *arguments]) == 2
    seen = capsys.readouterr()
    assert seen.out == ""
    [line] = seen.err.splitlines()
    assert line.startswith("fips-scanner: ")
    assert says in line


def test_a_single_scan_that_is_interrupted_is_reported_with_its_own_exit_code(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    def scan(*_: object, interruption: Interruption, **__: object) -> Report:
        with interruption.deferred():
            os.kill(os.getpid(), 2)
        gap = Gap(GapKind.INTERRUPTED, "x", "not run: the scan was interrupted")
        return replace(NO_CRYPTO, gaps=(gap,))

    monkeypatch.setattr(scanner.scan, "scan", scan)
    path = tmp_path / "r.json"
    assert cli.run(["scan", "x", "--no-policy", "-o", f"json={path}"]) == 130
    assert json.loads(path.read_text())["gaps"][0]["kind"] == "interrupted"
    assert capsys.readouterr().err.splitlines()[-1] == "fips-scanner: interrupted; cleaned up"


def test_one_that_is_interrupted_too_early_says_so(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def scan(*_: object, **__: object) -> Report:
        os.kill(os.getpid(), 2)
        return NO_CRYPTO

    monkeypatch.setattr(scanner.scan, "scan", scan)
    assert cli.run(["scan", "x", "--no-policy"]) == 130
    seen = capsys.readouterr()
    assert seen.out == ""
    assert "nothing to report" in seen.err
