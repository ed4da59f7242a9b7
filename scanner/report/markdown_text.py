"""Writes text into Markdown so that nothing of it takes effect: no markup, link, mention or HTML.

Made for the dialects of GitHub and GitLab. Lays nothing out.
"""

from __future__ import annotations

import re
from collections.abc import Iterable

from scanner.report.escape import visible
from scanner.report.views.prose import blocks

_MARKS = re.compile(r"([\\`*_\[\]~$|])")
_QUOTED = re.compile(r"`([^`]+)`")
_BLOCK = re.compile(r"^([-+#=:>]|\d{1,9}[.)])")
# A zero-width space ends a mention, a reference to an issue, an emoji and a link before it begins;
# an entity would not, as both platforms look for them in the finished text.
_ENDS = "&#8203;"
_MENTION = re.compile(r"([@#!%~&^])(?=[\w\"'/])")
_LINK = re.compile(r"(?i)(://|www\.|mailto:|xmpp:)")
_EMOJI = re.compile(r"(?<=:)(?=[\w+-]+:)")
_RUN = re.compile(r"`+")


def code(text: str, limit: int = 300) -> str:
    """`text` as code within a line. Good in table cells, too."""
    shown = visible(text, limit).strip(" ")
    if not shown:
        return ""
    if "|" in shown:
        # A bar ends a table cell even in code, and what escapes it depends on the renderer. Links
        # are looked for in HTML's code, too.
        shown = _LINK.sub(_broken, shown).replace("@", "@\0")
        return f"<code>{''.join(map(_entity, shown))}</code>"
    fence = "`" * (1 + _longest_run(shown))
    pad = " " if shown.startswith("`") or shown.endswith("`") else ""
    return f"{fence}{pad}{shown}{pad}{fence}"


def plain(text: str, limit: int = 2000) -> str:
    """`text` as prose within a line."""
    shown = visible(" ".join(text.split()), limit)
    # No control character is left in it, so that one can stand for where something is to end.
    shown = _MENTION.sub("\\1\0", shown)
    shown = _LINK.sub(_broken, shown)
    shown = _EMOJI.sub("\0", shown)
    shown = _BLOCK.sub("\\1\0", _MARKS.sub(r"\\\1", shown))
    for mark, entity in (("&", "&amp;"), ("<", "&lt;"), (">", "&gt;"), ("\0", _ENDS)):
        shown = shown.replace(mark, entity)
    return shown


def prose(text: str) -> str:
    """`text` as prose within a line; what it has between backticks is code."""
    parts = _QUOTED.split(text)
    return "".join(code(part) if at % 2 else _kept(part) for at, part in enumerate(parts))


def fenced(lines: Iterable[str]) -> list[str]:
    """Lines that are to be pasted, exactly as they are."""
    kept = list(lines)
    fence = "`" * max(3, 1 + max(map(_longest_run, kept), default=0))
    return [fence, *kept, fence]


def paragraphs(text: str) -> list[str]:
    """The lines of a text that may have several paragraphs, lists, and lines to be pasted."""
    found: list[str] = []
    for is_code, lines in blocks(text):
        if found:
            found.append("")
        if is_code:
            found += fenced(lines)
            continue
        before = False
        for line in lines:
            item = line.startswith(("- ", "* "))
            if found and found[-1] and not (item and before):
                found.append("")
            # A line that begins with a slash may be an order to GitLab.
            order = _ENDS if line.startswith("/") else ""
            found.append(f"- {prose(line[2:])}" if item else order + prose(line))
            before = item
    return found


def _kept(text: str) -> str:
    """`plain`, with the spaces at both ends that part it from code."""
    if not text:
        return ""
    before = " " if text[0].isspace() else ""
    after = " " if text[-1].isspace() else ""
    shown = plain(text)
    return f"{before}{shown}{after}" if shown else " "


def _longest_run(text: str) -> int:
    return max(map(len, _RUN.findall(text)), default=0)


def _broken(match: re.Match[str]) -> str:
    return f"{match[1][:1]}\0{match[1][1:]}"


def _entity(character: str) -> str:
    if character == "\0":
        return _ENDS
    return character if character.isalnum() or character in " /-" else f"&#{ord(character)};"
