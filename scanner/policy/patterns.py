"""Patterns of a policy: which paths, components and images they mean.

Takes time that grows with the square of a path's length at most: paths come from images.
"""

from __future__ import annotations

import re
from functools import lru_cache


def matches(pattern: str, text: str) -> bool:
    """Whether `pattern` means all of `text`.

    `*` and `?` stand for characters within a part of a path, `**` for any; `/**/` also for a
    single slash. A pattern without a slash means a file's name, in whatever folder, or a name
    that is no path.
    """
    if _compiled(pattern).fullmatch(text):
        return True
    return "/" not in pattern and bool(_compiled(pattern).fullmatch(text.rpartition("/")[2]))


def never_matches(pattern: str) -> str:
    """Why `pattern` means no path and no name whatever, or `""` if it may mean one.

    The reason ends with what to write instead.
    """
    return next((why for regex, why in IMPOSSIBLE if re.search(regex, pattern)), "")


IMPOSSIBLE = (
    ("^!", "a pattern cannot be negated; name what it is about"),
    (r"^\.\.?/", "paths in an image begin with /"),
    ("/$", "only a folder ends with /; end it with /** for everything in it"),
    ("//", "paths in an image hold no //; write one /"),
    (r"/\.\.?(/|$)", "paths in an image are normalized; write it without . and .."),
)
"""Regular expressions for what no pattern that means something holds, and why."""

RELATIVE = re.compile(r"^(?!\*?/|\*\*)[\s\S]*/")
"""A regular expression for a pattern with a slash that no absolute path can match."""


@lru_cache(maxsize=1024)
def _compiled(pattern: str) -> re.Pattern[str]:
    # Where `*` could stop in several places, the first one is as good as any later one: it leaves
    # more for what follows. Hence the atomic groups, without which a long path could be tried in
    # a number of ways that grows exponentially.
    sections = re.split(r"(?:(?<![^/])\*\*(/)|\*\*)", pattern)
    regex = _section(sections[0], last=len(sections) == 1)
    for at in range(1, len(sections), 2):
        last = at + 2 == len(sections)
        skipped = "(?:.*?/)??" if sections[at] else ".*?"
        section = _section(sections[at + 1], last=last)
        regex += f"{skipped}{section}" if last else f"(?>{skipped}{section})"
    return re.compile(regex, re.DOTALL)


def _section(pattern: str, *, last: bool) -> str:
    """The expression for a part of a pattern without `**`."""
    first, *rest = (_literal(each) for each in pattern.split("*"))
    parts = [first]
    for number, each in enumerate(rest, 1):
        end = number == len(rest)
        if end and (last or not each):
            parts.append(f"[^/]*{each}" if last else "[^/]*?")
        else:
            parts.append(f"(?>[^/]*?{each})")
    return "".join(parts)


def _literal(text: str) -> str:
    return "[^/]".join(map(re.escape, text.split("?")))
