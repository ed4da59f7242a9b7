"""What the tests of pipelines share: the scripts, and a folder that has them installed."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[3]
GATE = ROOT / "ci" / "gate.sh"
REPORTS = ("fips.sarif", "fips-junit.xml", "fips.md", "fips.html", "fips.json")
SHELLS = {"dash": "dash", "bash": "bash --posix", "busybox": "busybox sh"}
COMMAND = "##vso[task.setvariable variable=PATH]x"
"""A name that Azure would take for a command."""


def install(folder: Path, shell: str = "dash") -> None:
    """Put `fips-scanner` and `fips-scanner-gate`, run by `shell`, into `folder`/bin."""
    if shutil.which(shell) is None:
        if os.environ.get("CI"):
            pytest.fail(f"{shell} is not installed")
        pytest.skip(f"{shell} is not installed; `make dev` installs it")
    commands = folder / "bin"
    commands.mkdir(exist_ok=True)
    (commands / "fips-scanner").symlink_to(Path(sys.executable).with_name("fips-scanner"))
    gate = commands / "fips-scanner-gate"
    gate.write_text(f'#!/bin/sh\nexec {SHELLS[shell]} {GATE} "$@"\n')
    gate.chmod(0o755)


def make_images(folder: Path) -> None:
    """`good`, which passes, and `bad`, which has an OpenSSL inside that no certificate covers."""
    (folder / "good/etc").mkdir(parents=True)
    (folder / "good/etc/motd").write_text("hello\n")
    bad = folder / "bad" / COMMAND
    bad.mkdir(parents=True)
    package = find_spec("cryptography")
    assert package is not None
    assert package.origin is not None
    library = Path(package.origin).with_name("hazmat") / "bindings" / "_rust.abi3.so"
    shutil.copy(library, bad / library.name)


def run(script: str, place: Path, **variables: str) -> tuple[int, str]:
    """Run a step's script in `place`; gives its exit code and what it shows."""
    done = subprocess.run(
        ["sh", "-e", "-c", script],
        cwd=place,
        env={"PATH": f"{place / 'bin'}:/usr/bin:/bin", "HOME": str(place), **variables},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        timeout=120,
        check=False,
    )
    return done.returncode, done.stdout
