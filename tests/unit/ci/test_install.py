"""Tests the installation in pipelines, in a working directory that is a branch's."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[3]


def test_no_code_of_the_working_directory_runs(tmp_path: Path) -> None:
    for name in ("venv", "pip", "ensurepip", "runpy"):
        (tmp_path / f"{name}.py").write_text("open('taken', 'w').close()\n")
    done = subprocess.run(
        ["sh", ROOT / "ci/install.sh"],
        cwd=tmp_path,
        env={
            "PATH": "/usr/bin:/bin",
            "FIPS_PYTHON": sys.executable,
            "FIPS_VENV": str(tmp_path / "made"),
            "FIPS_REQUIREMENT": "./no-such-folder",
            "PIP_NO_INDEX": "1",
        },
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert done.returncode == 1
    assert "no-such-folder" in done.stderr  # pip itself was asked
    assert not (tmp_path / "taken").exists()
    assert done.stdout == ""
