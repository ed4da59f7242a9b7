"""Runs the command as users do, in a process of its own."""

import os
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[3]
COMMAND = [sys.executable, "-m", "scanner"]


def environment(**variables: str) -> dict[str, str]:
    """This process's environment without what decides about color."""
    drop = {"NO_COLOR", "FORCE_COLOR", "CI", "TERM", "FIPS_SCANNER_DEBUG"}
    kept = {name: value for name, value in os.environ.items() if name not in drop}
    return {**kept, "PYTHONPATH": str(ROOT), **variables}


def start(*arguments: str, **variables: str) -> subprocess.CompletedProcess[str]:
    """Run the command to its end, with pipes for output."""
    return subprocess.run(
        [*COMMAND, *arguments],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
        env=environment(**variables),
    )
