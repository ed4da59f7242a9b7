"""Takes single parts out of a regular expression: an alternative, or a run of literal text.

Reads the expression's text only; what it matches is asked by the caller.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field

_TOKEN = re.compile(
    r"(?P<class>\[\^?\]?(?:\\[\s\S]|[^\]\\])*\])"
    r"|(?P<repeat>[*+?]\??|\{\d*,?\d*\}\??)"
    r"|(?P<open>\((?:\?(?:[a-zA-Z]*:|P<\w+>|[a-zA-Z]+\)|=|!|<=|<!))?)"
    r"|(?P<close>\))"
    r"|(?P<or>\|)"
    r"|(?P<any>[.^$]|\\[AbBdDsSwWZ])"
    r"|(?P<literal>\\x[0-9a-fA-F]{2}|\\[\s\S]|[\s\S])"
)
MIN_WORDS = 3
"""Letters and digits that a run of text must hold to be worth an example of its own."""


@dataclass(slots=True)
class _Group:
    """A group, or the whole expression, while it is read."""

    start: int
    bars: list[int] = field(default_factory=list)


def without_alternative(pattern: str) -> Iterator[tuple[str, str]]:
    """Each alternative of `pattern`, at any depth, and the pattern without it."""
    groups = [_Group(0)]
    for token in _TOKEN.finditer(pattern):
        if token.lastgroup == "open" and not token[0].endswith(")"):
            groups.append(_Group(token.end()))
        elif token.lastgroup == "or":
            groups[-1].bars.append(token.start())
        elif token.lastgroup == "close" and len(groups) > 1:
            yield from _each_left_out(pattern, groups.pop(), token.start())
    yield from _each_left_out(pattern, groups[0], len(pattern))


def _each_left_out(pattern: str, group: _Group, end: int) -> Iterator[tuple[str, str]]:
    starts = [group.start, *(bar + 1 for bar in group.bars)]
    ends = [*group.bars, end]
    if len(starts) == 1:
        return
    parts = [pattern[start:stop] for start, stop in zip(starts, ends, strict=True)]
    for index, part in enumerate(parts):
        rest = "|".join(parts[:index] + parts[index + 1 :])
        if part and part not in parts[:index]:
            yield part, pattern[: group.start] + rest + pattern[end:]


def without_literal(pattern: str) -> Iterator[tuple[str, str]]:
    """Each run of literal text of `pattern`, and the pattern that takes anything in its place.

    Of a pattern that is one such run, its halves.
    """
    runs = [run for run in _runs(pattern) if _words(pattern[slice(*run)]) >= MIN_WORDS]
    if len(runs) == 1 and runs[0] == (0, len(pattern)):
        runs = _halves(pattern)
    for start, end in runs:
        gap = f"[\\s\\S]{{0,{end - start}}}"
        yield pattern[start:end], pattern[:start] + gap + pattern[end:]


def _words(text: str) -> int:
    return sum(each.isalnum() for each in text)


def _runs(pattern: str) -> list[tuple[int, int]]:
    """Where text stands that has to be there: what may be left out shows nothing."""
    found: list[tuple[int, int]] = []
    opened: list[int] = []
    closed: int | None = None
    start = last = end = 0
    for token in _TOKEN.finditer(pattern):
        kind = token.lastgroup
        if kind == "literal":
            last, end, closed = token.start(), token.end(), None
            continue
        # A repetition is of the character before it alone.
        stop = last if kind == "repeat" and closed is None else end
        if stop > start:
            found.append((start, stop))
        if kind == "repeat" and closed is not None and token[0][0] in "?*":
            del found[closed:]
        closed = opened.pop() if kind == "close" and opened else None
        if kind == "open" and not token[0].endswith(")"):
            opened.append(len(found))
        start = last = end = token.end()
    if end > start:
        found.append((start, end))
    return found


def _halves(pattern: str) -> list[tuple[int, int]]:
    """The parts before and after the gap between words that is nearest to the middle."""
    gaps = [gap.start() for gap in re.finditer(r"(?<=[^\\])[ :,_-]", pattern)]
    if not gaps:
        return []
    middle = min(gaps, key=lambda each: abs(each - len(pattern) // 2))
    return [
        half
        for half in ((0, middle), (middle, len(pattern)))
        if _words(pattern[slice(*half)]) >= MIN_WORDS
    ]
