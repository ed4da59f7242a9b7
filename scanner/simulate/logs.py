"""Finds messages that rules know in a container's output.

The output is hostile: it is bounded before it comes here, and only printable text goes out.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from itertools import islice

from scanner.model import LogMatch
from scanner.rulebook import LogRule

_LONGEST_LINE = 300
_ESCAPES = re.compile(r"\x1b\[[0-9;?]*[ -/]*[@-~]")
_MOST = 1000
_STEP, _OVERLAP = 2048, 1024


def match_log(log: bytes, rules: Iterable[LogRule]) -> tuple[LogMatch, ...]:
    """One match for each rule whose pattern is in `log`, with its first line and how often."""
    text = _ESCAPES.sub("", log.decode("utf-8", "replace"))
    windows = tuple(_windows(text))
    found: list[LogMatch] = []
    for rule in rules:
        pattern = re.compile(rule.pattern)
        count, line = 0, ""
        for start, window, fresh in windows:
            for hit in islice(pattern.finditer(window), _MOST):
                # What begins in the overlap is seen again in the next window.
                if hit.start() < fresh:
                    line = line or line_at(text, start + hit.start())
                    count += 1
        if count:
            found.append(LogMatch(rule.id, rule.meaning, line, count))
    return tuple(found)


def _windows(text: str) -> Iterator[tuple[int, str, int]]:
    """Pieces of `text` that overlap: where each begins, and how much of it is not in the next.

    Patterns may span lines and look far ahead; within a piece of limited length a hostile log
    cannot make them slow.
    """
    for start in range(0, max(len(text), 1), _STEP):
        window = text[start : start + _STEP + _OVERLAP]
        last = start + _STEP >= len(text)
        yield start, window, len(window) if last else _STEP


def line_at(text: str, position: int) -> str:
    """The line around `position`, without control characters and not too long."""
    start = text.rfind("\n", 0, position) + 1
    start = max(start, position - _LONGEST_LINE // 2)
    end = text.find("\n", position)
    line = text[start : len(text) if end < 0 else end][:_LONGEST_LINE]
    return "".join(char if char.isprintable() else " " for char in line).strip()


def new_in(later: Sequence[LogMatch], before: Sequence[LogMatch]) -> tuple[LogMatch, ...]:
    """The matches of rules that had none before."""
    known = {match.rule for match in before}
    return tuple(match for match in later if match.rule not in known)
