"""The order in which the parts of a report are shown, whatever order they were found in.

Leaves nothing out.
"""

from __future__ import annotations

import re
from collections.abc import Container, Iterable

from scanner.model import ConditionResult, Finding

_LIBRARY = re.compile(r"\.so(\.[0-9.]+)?\Z")

NODE = "node"
RUNS = ("baseline", NODE, "enforced")
"""Conditions of a simulated run, mildest first."""


def ordered_findings(findings: Iterable[Finding]) -> list[Finding]:
    """Worst first, those that count before those that are ignored."""

    def key(each: Finding) -> tuple[bool, int, str, str, list[str]]:
        # A policy may have made several of one, which differ in the last two.
        first = (bool(each.ignored_by), each.severity.rank, each.id)
        return (*first, each.ignored_because, sorted(each.locations))

    return sorted(findings, key=key)


def ordered_runs(runs: Iterable[ConditionResult]) -> list[ConditionResult]:
    """`RUNS` first, and any others by name."""

    def key(result: ConditionResult) -> tuple[int, str]:
        return (RUNS.index(result.name) if result.name in RUNS else len(RUNS), result.name)

    return sorted(runs, key=key)


def in_order(names: Iterable[str]) -> list[str]:
    """Names sorted, each once; SSL before TLS, as in time."""
    return sorted(set(names))


def ports_in_order(ports: Iterable[str]) -> list[str]:
    """`443/tcp` before `8443/tcp`."""

    def key(port: str) -> tuple[int, str]:
        number = re.match(r"\d{1,9}", port)
        return (int(number[0]) if number else 0, port)

    return sorted(set(ports), key=key)


def main_first(paths: Iterable[str], started: Container[str] = ()) -> list[str]:
    """Paths, each once: those `started`, then programs before libraries, few folders first."""

    def key(path: str) -> tuple[bool, bool, int, str]:
        return (path not in started, _LIBRARY.search(path) is not None, path.count("/"), path)

    return sorted(set(paths), key=key)
