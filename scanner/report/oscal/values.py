"""Small values of OSCAL: its dialect of Markdown, properties, identifiers.

Everything that comes from an image goes through one of these.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, date, datetime, time
from typing import Any
from uuid import UUID

from scanner.report.escape import visible
from scanner.report.identity import part_uuid
from scanner.report.views.prose import blocks

Json = dict[str, Any]

NAMESPACE = "urn:fips-scanner:oscal"
"""Of the scanner's own properties, which OSCAL demands for names that are not its own."""
_LONGEST = 2000
# An underline within a word does nothing, and paths are full of them.
_MARKS = re.compile(r"[\\`*\[\]<>~$|]|(?<!\w)_|_(?!\w)|\{(?=\{)|(?<=\{)\{")


def line(text: str) -> str:
    """`text` as prose within a line, nothing of which takes effect as markup."""
    shown = visible(" ".join(text.split()), _LONGEST)
    return _MARKS.sub(r"\\\g<0>", shown) or "unknown"


def code(text: str) -> str:
    """`text` as code within a line: a path, a setting."""
    shown = visible(text, _LONGEST).strip()
    fence = "`" * (1 + max(map(len, re.findall(r"`+", shown)), default=0))
    pad = " " if shown.startswith("`") or shown.endswith("`") else ""
    return f"{fence}{pad}{shown}{pad}{fence}" if shown else "unknown"


def prose(text: str) -> str:
    """A text of a rule: paragraphs, and lines that are to be pasted."""
    parts = []
    for is_code, lines in blocks(text):
        if is_code:
            parts.append("\n".join(f"    {each}" for each in lines))
        else:
            parts += map(line, lines)
    return "\n\n".join(parts) or "unknown"


def prop(name: str, value: object, *, own: bool = True, remarks: str = "") -> Json:
    """A property, in the scanner's own namespace unless the name is one of OSCAL's."""
    made: Json = {"name": name}
    if own:
        made["ns"] = NAMESPACE
    made["value"] = visible(" ".join(str(value).split()), _LONGEST).strip() or "unknown"
    if remarks:
        made["remarks"] = line(remarks)
    return made


def moment_of(day: date, *, end: bool = False) -> str:
    """The first or the last second of a day, in UTC."""
    at = time(23, 59, 59) if end else time()
    return datetime.combine(day, at, UTC).isoformat().replace("+00:00", "Z")


@dataclass(frozen=True, slots=True)
class Ids:
    """Makes the identifiers of what a document tells of."""

    subject: UUID

    def of(self, kind: str, *parts: str) -> str:
        """The identifier of the part that is told by `parts`."""
        return str(part_uuid(self.subject, kind, *parts))


def with_lists(made: Json, **lists: Iterable[Json]) -> Json:
    """`made` with those of `lists` that hold something: OSCAL forbids empty ones."""
    for name, items in lists.items():
        if held := list(items):
            made[name.replace("_", "-")] = held
    return made
