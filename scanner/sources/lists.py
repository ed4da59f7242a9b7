"""Lists of images: one on a line, with comments.

Asks for no image.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from scanner.sources.files import read_text, shown_name

_COMMENT = re.compile(r"(?:^|\s)#.*")
MAX_LINES = 10_000


def listed(name: str) -> Iterator[tuple[int, str]]:
    """The images that the file `name` lists, each with the number of its line.

    Raises:
        UsageError: it cannot be read.
    """
    lines = re.split(r"\r\n|\r|\n", read_text(name))
    for number, line in enumerate(lines, 1):
        image = _COMMENT.sub("", line).strip()
        if image:
            yield number, image


def place(name: str, line: int) -> str:
    """A line of the file `name`, for people."""
    return f"{shown_name(name)}:{line}"
