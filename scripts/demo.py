"""Scans every sample image and shows verdict and score beside the expected ones.

Ends with exit code 1 when one disagrees; builds nothing.
"""

from __future__ import annotations

import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from rich import box
from rich.console import Console
from rich.progress import Progress
from rich.table import Table

from scripts import expectations
from scripts.build_samples import SAMPLES, fips_provider, image_of, sample_names
from scripts.building import connect

WORKERS = 2
SHOWN_IN_FULL = "openssl-fips-active"


def examine(name: str, provider: Path) -> tuple[str, str, list[str], float]:
    """Scan a sample; returns its verdict, its score, where it disagrees, and the seconds."""
    started = time.monotonic()
    expected = expectations.load(SAMPLES / name / "expected.yaml")
    try:
        report, log = expectations.scan(f"docker:{image_of(name)}", provider)
    except subprocess.TimeoutExpired as error:
        report, log = None, str(error)
    seconds = time.monotonic() - started
    if report is None:
        last = log.strip().splitlines()[-1:] or ["no output"]
        return "no report", "", last, seconds
    problems = expectations.disagreements(expected, report)
    return report["verdict"], str(report["score"]), problems, seconds


def main(arguments: list[str]) -> int:
    """Examine the samples named, or all; returns the exit code."""
    names = arguments or sample_names()
    provider = fips_provider(connect())
    # Names and numbers are not cut where nobody says how wide the page is.
    console = Console(width=None if sys.stdout.isatty() else 110)
    table = Table(box=box.SIMPLE_HEAD, padding=(0, 1), pad_edge=False)
    table.add_column("")
    table.add_column("sample", no_wrap=True)
    for heading in ("verdict", "expected", "score", "expected"):
        table.add_column(heading, no_wrap=True)
    table.add_column("s", justify="right", no_wrap=True)
    wrong: dict[str, list[str]] = {}
    with Progress(console=Console(stderr=True), transient=True) as progress:
        task = progress.add_task("scanning", total=len(names))
        with ThreadPoolExecutor(WORKERS) as pool:
            results = pool.map(examine, names, [provider] * len(names))
            for name, result in zip(names, results, strict=True):
                verdict, score, problems, seconds = result
                expected = expectations.load(SAMPLES / name / "expected.yaml")
                if problems:
                    wrong[name] = problems
                table.add_row(
                    "[red]✗[/red]" if problems else "[green]✓[/green]",
                    name,
                    verdict,
                    expected.verdict,
                    score,
                    f"{expected.at_least}..{expected.at_most}",
                    f"{seconds:.0f}",
                )
                progress.advance(task)
    console.print(table)
    for name, problems in wrong.items():
        console.print(f"[red]{name}[/red]: {'; '.join(problems)}", highlight=False)
    console.print(f"\n{len(names) - len(wrong)} of {len(names)} agree.\n")
    if SHOWN_IN_FULL in names:
        command = Path(sys.executable).with_name("fips-scanner")
        subprocess.run(
            [command, "scan", f"docker:{image_of(SHOWN_IN_FULL)}", "--fail-on", "never"],
            check=False,
        )
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
