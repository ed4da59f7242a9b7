"""Patterns of a policy: which paths, components and images they mean."""

from __future__ import annotations

import re
from functools import lru_cache


def matches(pattern: str, text: str) -> bool:
    """Whether `pattern` means all of `text`.

    `*` and `?` stand for characters within a part of a path, `**` for any. A pattern without a
    slash means a file's name, in whatever folder, or a name that is no path.
    """
    if _compiled(pattern).fullmatch(text):
        return True
    return "/" not in pattern and bool(_compiled(pattern).fullmatch(text.rpartition("/")[2]))


@lru_cache(maxsize=1024)
def _compiled(pattern: str) -> re.Pattern[str]:
    parts = re.split(r"(\*\*/?|\*|\?)", pattern)
    means = {"**/": "(?:.*/)?", "**": ".*", "*": "[^/]*", "?": "[^/]"}
    return re.compile("".join(means.get(each, re.escape(each)) for each in parts), re.DOTALL)
