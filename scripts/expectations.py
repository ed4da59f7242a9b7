"""Reads what is expected of a sample image and says where a report disagrees.

Knows reports only in their published JSON form, as any other reader of them would.
"""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

SCAN_SECONDS = 300
USE_KEYS = {
    "consumer": ("consumer",),
    "kind": ("kind",),
    "role": ("role",),
    "activation": ("activation",),
    "module": ("module", "id"),
    "validation": ("validation", "status"),
    "certificate": ("validation", "certificate"),
}
"""What may be asked of a use, and where a report has it. `library` is asked of whichever file
holds the library through which the module is reached."""


@dataclass(frozen=True)
class Expectation:
    """An `expected.yaml`: the truth about a sample, found by thinking and not by scanning."""

    verdict: str
    at_least: int
    at_most: int
    must: tuple[str, ...]
    must_not: tuple[str, ...]
    uses: tuple[Mapping[str, str], ...]
    """Each must be found among the report's uses."""
    no_uses: bool
    """`uses: []` was written: there must be none at all."""
    notes: str


def load(path: Path) -> Expectation:
    """Read an `expected.yaml`.

    Raises:
        ValueError: a key that nothing reads, or one that is missing.
    """
    # The base loader keeps every scalar a string: `on` is a word here.
    data = yaml.load(path.read_text(), Loader=yaml.BaseLoader)  # noqa: S506
    findings, score = data.get("findings", {}), data.get("score", {})
    unknown = {
        *(set(data) - {"verdict", "score", "findings", "uses", "notes"}),
        *(set(findings) - {"must", "must_not"}),
        *(set(score) - {"at_least", "at_most"}),
        *(key for use in data.get("uses", ()) for key in set(use) - {*USE_KEYS, "library"}),
    }
    if unknown or not data.get("verdict") or not data.get("notes"):
        raise ValueError(f"{path}: unknown {sorted(unknown)}, or verdict or notes are missing")
    return Expectation(
        verdict=data["verdict"],
        at_least=int(score.get("at_least", 0)),
        at_most=int(score.get("at_most", 100)),
        must=tuple(findings.get("must", ())),
        must_not=tuple(findings.get("must_not", ())),
        uses=tuple(data.get("uses", ())),
        no_uses=data.get("uses") == [],
        notes=data["notes"],
    )


def disagreements(expected: Expectation, report: Mapping[str, Any]) -> list[str]:
    """Every point where a report (as parsed JSON) is not as expected; empty when all agree."""
    found = {finding["id"] for finding in report["findings"]}
    problems = [f"missing finding {name}" for name in expected.must if name not in found]
    problems += [f"wrong finding {name}" for name in expected.must_not if name in found]
    if report["verdict"] != expected.verdict:
        problems.insert(0, f"verdict {report['verdict']} instead of {expected.verdict}")
    if not expected.at_least <= report["score"] <= expected.at_most:
        span = f"{expected.at_least}..{expected.at_most}"
        problems.append(f"score {report['score']} instead of {span}")
    problems += [
        f"missing use {dict(wanted)}"
        for wanted in expected.uses
        if not any(_agrees(use, wanted) for use in report["uses"])
    ]
    if expected.no_uses and report["uses"]:
        problems.append(f"{len(report['uses'])} uses instead of none")
    return problems


def _agrees(use: Mapping[str, Any], wanted: Mapping[str, str]) -> bool:
    return all(str(_value(use, key)) == text for key, text in wanted.items())


def _value(use: Mapping[str, Any], key: str) -> object:
    if key == "library":
        return (use["library"] or use["module"])["path"]
    value: Any = use
    for step in USE_KEYS[key]:
        value = value[step]
    return value


def scan(image: str, provider: Path) -> tuple[dict[str, Any] | None, str]:
    """Scan an image with the command, as a user would.

    Args:
        image: what to scan.
        provider: the `fips.so` to simulate with where the image has none.

    Returns:
        The report as parsed JSON, or None; and what the command said on stderr.
    """
    command = [str(Path(sys.executable).with_name("fips-scanner")), "scan", image]
    options = ["--output", "json", "--fail-on", "never", "--fips-provider", str(provider)]
    done = subprocess.run(
        [*command, *options],
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=SCAN_SECONDS,
        check=False,
    )
    try:
        return json.loads(done.stdout), done.stderr
    except ValueError:
        return None, f"exit code {done.returncode}: {done.stderr}"
