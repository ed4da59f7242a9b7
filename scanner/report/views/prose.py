"""Takes the prose of rules apart: paragraphs, list items, and lines that are to be pasted.

Lays nothing out.
"""

from __future__ import annotations

import re
import textwrap

from scanner.report.escape import visible_lines

_ITEM = re.compile(r"(?:[-*]|\d{1,2}\.) +")


def blocks(text: str) -> list[tuple[bool, list[str]]]:
    """Blocks of a text: whether it is code, and its lines (prose: one for each paragraph)."""
    found: list[tuple[bool, list[str]]] = []
    fenced = False
    after_blank = True
    for line in visible_lines(textwrap.dedent(text).strip("\n")):
        if line.lstrip().startswith("```"):
            fenced = not fenced
            after_blank = True
            continue
        code = fenced or (line.startswith("  ") and not _continues(found, line, after_blank))
        if not line.strip() and not fenced:
            if found and found[-1][0]:
                found[-1][1].append("")
            after_blank = True
            continue
        if not found or found[-1][0] != code:
            found.append((code, []))
        kept = found[-1][1]
        if code:
            kept.append(line)
        elif kept and not after_blank and not _ITEM.match(line):
            kept[-1] = f"{kept[-1]} {line.strip()}"
        else:
            kept.append(line.strip())
        after_blank = False
    return [
        (code, textwrap.dedent("\n".join(lines)).strip("\n").split("\n") if code else lines)
        for code, lines in found
    ]


def _continues(blocks: list[tuple[bool, list[str]]], line: str, after_blank: bool) -> bool:
    """Whether an indented line goes on with a list item and is no code."""
    if after_blank or not blocks or blocks[-1][0] or line.startswith("    "):
        return False
    return bool(blocks[-1][1] and _ITEM.match(blocks[-1][1][-1]))
