"""What lies in the working directory is scanned, and never run."""

import subprocess
import sys
from pathlib import Path


def test_no_code_comes_from_the_working_directory(tmp_path: Path) -> None:
    folder = tmp_path / "repository"
    folder.mkdir()
    for name in ("multiprocessing", "selectors", "signal"):
        (folder / f"{name}.py").write_text(f"open({name!r}, 'w')\nraise SystemExit(9)\n")
    for name in ("a", "b"):
        (folder / name / "etc").mkdir(parents=True)
        (folder / name / "etc/motd").write_text("hello\n")
    scan = ["scan", "--static", "--no-policy", "--workers", "2", "dir:a", "dir:b"]
    program = Path(sys.executable).with_name("fips-scanner")
    done = subprocess.run(
        [program, *scan], cwd=folder, capture_output=True, check=False, timeout=120
    )
    assert done.returncode == 0, done.stderr
    assert sorted(each.name for each in folder.iterdir() if each.suffix != ".py") == ["a", "b"]
