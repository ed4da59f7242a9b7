"""The built wheel works on its own: away from the repository, with its rules inside."""

from __future__ import annotations

import os
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]


def run(*command: str | Path, cwd: Path) -> str:
    env = {name: text for name, text in os.environ.items() if name != "PYTHONPATH"}
    done = subprocess.run(
        command,
        cwd=cwd,
        env=env,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )
    assert done.returncode == 0, f"{command}: {done.stdout}\n{done.stderr}"
    return done.stdout


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("wheel")
    pip = (sys.executable, "-m", "pip", "--disable-pip-version-check")
    run(*pip, "wheel", "-q", "--no-deps", "-w", folder, ROOT, cwd=folder)
    (built,) = folder.glob("fips_scanner-*.whl")
    return built


def test_wheel_holds_every_rule_and_nothing_else_of_the_repository(wheel: Path) -> None:
    with zipfile.ZipFile(wheel) as archive:
        names = set(archive.namelist())
    rules = {f"scanner/_rules/{path.relative_to(ROOT / 'rules')}" for path in rule_files()}
    assert rules <= names
    pages = (ROOT / "scanner/report/html/templates").iterdir()
    assert {str(path.relative_to(ROOT)) for path in pages} <= names
    assert {name.split("/")[0] for name in names if ".dist-info/" not in name} == {"scanner"}


def rule_files() -> list[Path]:
    return [path for path in (ROOT / "rules").rglob("*.yaml") if path.is_file()]


@pytest.mark.slow
def test_installed_wheel_finds_its_rules(wheel: Path, tmp_path: Path) -> None:
    venv = tmp_path / "venv"
    run(sys.executable, "-m", "venv", "--without-pip", venv, cwd=tmp_path)
    python = venv / "bin" / "python"
    # Pip of this environment installs into that one, which saves installing pip there.
    pip = (sys.executable, "-m", "pip", "--disable-pip-version-check", "--python", python)
    run(*pip, "install", "-q", wheel, cwd=tmp_path)
    listed = run(venv / "bin" / "fips-scanner", "rules", "list", cwd=tmp_path)
    assert "go-plain-crypto" in listed
    run(venv / "bin" / "fips-scanner", "rules", "lint", cwd=tmp_path)
    where = run(python, "-c", "import scanner; print(scanner.__file__)", cwd=tmp_path)
    assert Path(where.strip()).is_relative_to(venv)
