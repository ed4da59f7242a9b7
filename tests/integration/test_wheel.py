"""The built wheel works on its own: away from the repository, with its rules, on any machine."""

from __future__ import annotations

import os
import subprocess
import sys
import tarfile
import zipfile
from pathlib import Path

import pytest

from scanner.simulate.native import ARCHITECTURES, PROGRAMS, built

ROOT = Path(__file__).resolve().parents[2]


def run(*command: str | Path, cwd: Path, **variables: str) -> str:
    env = {name: text for name, text in os.environ.items() if name != "PYTHONPATH"}
    done = subprocess.run(
        command,
        cwd=cwd,
        env={**env, **variables},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )
    assert done.returncode == 0, f"{command}: {done.stdout}\n{done.stderr}"
    return done.stdout


ELF_MACHINES = {"amd64": 62, "arm64": 183}


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("wheel")
    run(sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", folder, cwd=ROOT)
    (found,) = folder.glob("fips_scanner-*.whl")
    return found


def test_wheel_holds_every_rule_and_nothing_else_of_the_repository(wheel: Path) -> None:
    with zipfile.ZipFile(wheel) as archive:
        names = set(archive.namelist())
    rules = {f"scanner/_rules/{path.relative_to(ROOT / 'rules')}" for path in rule_files()}
    assert rules <= names
    # Without it, the types of the library count for nothing where it is used.
    assert "scanner/py.typed" in names
    others = {name for name in names if not name.startswith("scanner/")}
    assert {name.partition("/")[2] for name in others if ".data/" in name} == {
        "scripts/fips-scanner-gate"
    }
    assert all(".dist-info/" in name or ".data/" in name for name in others)


def rule_files() -> list[Path]:
    return [path for path in (ROOT / "rules").rglob("*.yaml") if path.is_file()]


def test_one_wheel_serves_both_architectures(wheel: Path) -> None:
    """Its programs are for containers; the machine that installs it needs Python alone."""
    assert wheel.name.endswith("-py3-none-any.whl")
    with zipfile.ZipFile(wheel) as archive:
        for architecture in ARCHITECTURES:
            for program in PROGRAMS:
                path = built(architecture, program).relative_to(ROOT)
                head = archive.read(str(path))[:20]
                assert head[:4] == b"\x7fELF"
                assert int.from_bytes(head[18:20], "little") == ELF_MACHINES[architecture], path


def test_source_archive_has_what_builds_a_wheel_and_nothing_built(tmp_path: Path) -> None:
    run(sys.executable, "-m", "hatchling", "build", "-t", "sdist", "-d", tmp_path, cwd=ROOT)
    (found,) = tmp_path.glob("*.tar.gz")
    with tarfile.open(found) as archive:
        names = {name.partition("/")[2] for name in archive.getnames()}
    sources = {str(path.relative_to(ROOT)) for path in rule_files()}
    folder = Path("scanner/simulate/native")
    sources |= {str(folder / each) for program in PROGRAMS for each in program.sources}
    sources |= {"hatch_build.py", "ci/gate.sh", "LICENSE", "README.md"}
    assert sources <= names
    programs = {
        str(built(architecture, program).relative_to(ROOT))
        for architecture in ARCHITECTURES
        for program in PROGRAMS
    }
    assert not programs & names
    assert not {name for name in names if name.startswith((".venv", ".cache", "dist"))}


@pytest.mark.slow
def test_installed_wheel_finds_its_rules(wheel: Path, tmp_path: Path) -> None:
    """Installed as the GitHub action does it."""
    venv = tmp_path / "venv"
    given = {"FIPS_VENV": str(venv), "FIPS_REQUIREMENT": str(wheel), "FIPS_PYTHON": sys.executable}
    given["PIP_NO_COMPILE"] = "1"  # what runs once is not worth compiling
    where = run("sh", ROOT / "ci/install.sh", cwd=tmp_path, **given)
    assert Path(where.strip()) == venv / "bin"
    listed = run(venv / "bin" / "fips-scanner", "rules", "list", cwd=tmp_path)
    assert "go-plain-crypto" in listed
    gate = str(venv / "bin" / "fips-scanner-gate")
    ended = subprocess.run([gate, "result"], cwd=tmp_path, capture_output=True, check=False)
    assert ended.returncode == 3
    place = run(
        venv / "bin" / "python", "-c", "import scanner; print(scanner.__file__)", cwd=tmp_path
    )
    assert Path(place.strip()).is_relative_to(venv)
