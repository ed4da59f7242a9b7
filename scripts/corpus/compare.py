"""Compares what the scanner saw in the corpus with what the programs say of themselves.

Knows neither where the files come from nor how they are looked at.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum

from scripts.corpus.ask import Told
from scripts.corpus.detect import Seen
from scripts.corpus.entries import Kind


class Outcome(StrEnum):
    """How what was seen and what is there agree, of one module in one file."""

    RIGHT = "right"
    UNVERSIONED = "version not named"
    WRONG = "wrong version"
    MISSED = "missed"
    FALSE_ALARM = "false alarm"
    UNASKED = "not asked"
    """The module was seen; its version could not be asked for."""


@dataclass(frozen=True, slots=True)
class Result:
    """One module in one file."""

    entry: str
    path: str
    module: str
    outcome: Outcome
    seen: str = ""
    told: str = ""
    kind: Kind | None = None
    """Of the label; none of a false alarm."""
    source: str = ""
    problem: str = ""


def compare(entry: str, told: Iterable[Told], seen: Seen) -> tuple[Result, ...]:
    """Every module that is in a file of the entry, or was seen in one."""
    results: list[Result] = []
    known: set[tuple[str, str]] = set()
    for each in told:
        key = (each.path, each.module)
        known.add(key)
        outcome = _outcome(each, seen.get(key))
        found = seen.get(key, "")
        results.append(
            Result(
                entry,
                each.path,
                each.module,
                outcome,
                found,
                each.version,
                each.kind,
                each.source,
                each.problem,
            )
        )
    results += [
        Result(entry, path, module, Outcome.FALSE_ALARM, version)
        for (path, module), version in sorted(seen.items())
        if (path, module) not in known
    ]
    return tuple(results)


def _outcome(told: Told, seen: str | None) -> Outcome:
    if seen is None:
        return Outcome.MISSED
    if told.problem:
        return Outcome.UNASKED
    if not told.version:
        return Outcome.RIGHT
    if not seen:
        return Outcome.UNVERSIONED
    return Outcome.RIGHT if _plain(seen) == _plain(told.version) else Outcome.WRONG


def _plain(version: str) -> str:
    """`go1.27.3` and `1.27.3` are one, as are `3.8` and `3.8.0`."""
    text = version.removeprefix("go").removeprefix("v")
    while text.endswith(".0"):
        text = text.removesuffix(".0")
    return text
