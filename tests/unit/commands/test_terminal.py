import json
import os
import pty
import select
import subprocess
import sys
import time
from pathlib import Path

import pytest

from scanner import cli
from scanner.commands.progress import PhaseLines
from scanner.commands.terminal import OutputFile, look_for
from scanner.errors import EngineError, UsageError
from scanner.report.json import as_json
from tests.unit.commands.running import COMMAND, environment
from tests.unit.conftest import Answer
from tests.unit.report.nginx import NOT_READY_NGINX

# --- terminals


def on_terminal(*arguments: str, code: str = "", **variables: str) -> str:
    """What the command, or a program of our own, writes to a terminal."""
    ours, theirs = pty.openpty()
    with subprocess.Popen(
        [sys.executable, "-c", code] if code else [*COMMAND, *arguments],
        stdin=theirs,
        stdout=theirs,
        stderr=theirs,
        env=environment(**variables),
    ) as process:
        os.close(theirs)
        written = b""
        deadline = time.monotonic() + 60
        while time.monotonic() < deadline:
            if select.select([ours], [], [], 0.2)[0]:
                try:
                    piece = os.read(ours, 65536)
                except OSError:  # the other end was closed
                    break
                written += piece
            elif process.poll() is not None:
                break
        os.close(ours)
    return written.decode()


def test_a_terminal_gets_color() -> None:
    shown = on_terminal("explain", "java-opts-not-read", TERM="xterm-256color")
    assert "\x1b[1;33mMEDIUM" in shown


@pytest.mark.parametrize("variable", [{"NO_COLOR": "1"}, {"CI": "true"}, {"TERM": "dumb"}])
def test_a_terminal_that_wants_none_gets_none(variable: dict[str, str], rootfs: Path) -> None:
    shown = on_terminal("explain", "java-opts-not-read", **{"TERM": "xterm", **variable})
    assert "MEDIUM" in shown
    assert "\x1b" not in shown


def test_progress_on_a_terminal_leaves_nothing_behind(rootfs: Path) -> None:
    shown = on_terminal("scan", f"dir:{rootfs}", "--static", TERM="xterm")
    before, _, report = shown.partition("NO CRYPTO")
    assert "\x1b[2K" in before  # the line was drawn and wiped
    assert "inspecting" not in report


def test_color_can_be_forced_and_no_color_wins() -> None:
    assert look_for(sys.__stdout__, environment={"FORCE_COLOR": "1"}).color  # type: ignore[arg-type]
    both = {"FORCE_COLOR": "1", "NO_COLOR": "1"}
    assert not look_for(sys.__stdout__, environment=both).color  # type: ignore[arg-type]


def test_phases_are_said_once(capsys: pytest.CaptureFixture[str]) -> None:
    lines = PhaseLines()
    for text in ("opening x", "opening x", "judging", "a\x1b[0m"):
        lines.phase(text)
        lines.advance(1, 2, "bytes")
    assert capsys.readouterr().err == "opening x\njudging\na\\x1b[0m\n"


# --- the output file


def test_the_report_goes_to_the_file_and_a_word_to_stderr(
    tmp_path: Path,
    answers: Answer,
    capsys: pytest.CaptureFixture[str],
) -> None:
    answers(NOT_READY_NGINX)
    path = tmp_path / "report.json"
    assert cli.run(["scan", "x", "-o", f"json={path}"]) == 1
    seen = capsys.readouterr()
    assert seen.out == ""
    assert seen.err.startswith(f"not-ready, score 31: written to {path}\n")
    written = json.loads(path.read_text())
    assert written["findings"] == as_json(NOT_READY_NGINX)["findings"]
    assert written["policy"]["gate"]["exit_code"] == 1
    assert [each.name for each in tmp_path.iterdir()] == ["report.json"]


def test_a_scan_that_fails_leaves_the_file_as_it_was(
    tmp_path: Path,
    answers: Answer,
    capsys: pytest.CaptureFixture[str],
) -> None:
    answers(EngineError("broke"))
    path = tmp_path / "report.txt"
    path.write_text("yesterday's")
    assert cli.run(["scan", "x", "-o", f"text={path}"]) == 3
    assert path.read_text() == "yesterday's"
    assert [each.name for each in tmp_path.iterdir()] == ["report.txt"]
    capsys.readouterr()


def test_a_file_that_cannot_be_written_is_told_before_the_scan(
    tmp_path: Path,
    answers: Answer,
    capsys: pytest.CaptureFixture[str],
) -> None:
    answers(AssertionError("the scan must not begin"))
    assert cli.run(["scan", "x", "-o", f"text={tmp_path}"]) == 2
    assert "is a directory" in capsys.readouterr().err


def test_an_existing_file_keeps_its_mode_and_a_link_its_target(tmp_path: Path) -> None:
    target = tmp_path / "target"
    target.write_text("old")
    target.chmod(0o640)
    link = tmp_path / "link"
    link.symlink_to(target)
    with OutputFile(link) as file:
        assert target.read_text() == "old"
        file.write("new")
    assert link.is_symlink()
    assert target.read_text() == "new"
    assert target.stat().st_mode & 0o777 == 0o640


def test_a_new_file_has_the_mode_that_the_user_wants(tmp_path: Path) -> None:
    before = os.umask(0o027)
    try:
        with OutputFile(tmp_path / "new") as file:
            file.write("x")
    finally:
        os.umask(before)
    assert (tmp_path / "new").stat().st_mode & 0o777 == 0o640


def test_a_pipe_is_written_to_and_not_replaced(tmp_path: Path) -> None:
    path = tmp_path / "pipe"
    os.mkfifo(path)
    reader = os.open(path, os.O_RDONLY | os.O_NONBLOCK)
    with OutputFile(path) as file:
        file.write("x")
    assert os.read(reader, 10) == b"x"
    os.close(reader)
    assert path.is_fifo()


def test_a_full_disk_is_a_line() -> None:
    with OutputFile(Path("/dev/full")) as file, pytest.raises(UsageError, match="no space left"):
        file.write("x" * 100_000)


def test_a_file_in_a_folder_that_is_missing_says_so(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="make the folder first, or name another file"):
        OutputFile(tmp_path / "missing/x.json")
