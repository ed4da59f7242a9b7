"""Writes comparisons as Markdown, for a comment on a pull request that updates an image.

What matters is seen at once: findings and score. The rest is folded, and cut where a comment has
its limit.
"""

from __future__ import annotations

from scanner.diff.model import Comparison, Comparisons, Side
from scanner.report.comparison.view import headline, outcome, sections
from scanner.report.comparison.view_values import WORSE_AT, Item, Section
from scanner.report.look import Look
from scanner.report.markdown_text import code
from scanner.report.markdown_text import plain as escaped
from scanner.report.page import shared

LIMIT = 60_000
"""Characters; GitHub takes 65,536 in a comment."""
_LISTED = 3
_ITEMS = 20
_OPEN = ("Findings", "Score")
_COLUMNS = "| image | | new or worse |\n|---|---|---|"


def render(comparisons: Comparisons, look: Look | None = None) -> str:
    """Each comparison under a heading of its own."""
    verbose = look.verbose if look else False
    several = len(comparisons.images) != 1 or bool(comparisons.added or comparisons.removed)
    parts = [_overview(comparisons)] if several or comparisons.failures else []
    parts += [
        _comparison(each, verbose=verbose)
        for each in comparisons.images
        if not several or sections(each)
    ]
    text = ""
    for at, part in enumerate(parts):
        # Whole parts only: a fold that is cut open swallows what follows.
        if text and len(text) + len(part) > LIMIT:
            text += f"\n{len(parts) - at} more parts are left out: a comment has its limit.\n"
            break
        text += f"\n{part}" if text else part
    return text


def _comparison(comparison: Comparison, *, verbose: bool) -> str:
    head = headline(comparison)
    told = (head.verdict, head.score, head.gate)
    lines = [f"### {plain(', '.join(each for each in told if each))}", ""]
    lines += [f"{word}: {plain(side)}  " for word, side in zip(_SIDES, head.sides, strict=True)]
    if head.notes:
        lines += ["", *(f"> {plain(each)}  " for each in head.notes)]
    found = sections(comparison)
    if not found:
        lines += ["", "Nothing else that the reports tell is another than before."]
    left = LIMIT - sum(len(each) + 1 for each in lines)
    for section in found:
        shown = _section(section, verbose=verbose)
        if len(shown) > left:
            lines += ["", f"{plain(section.title)}: left out here, a comment has its limit."]
            left -= 100
            continue
        left -= len(shown)
        lines += ["", shown]
    return "\n".join(lines) + "\n"


_SIDES = ("old", "new")


def _section(section: Section, *, verbose: bool) -> str:
    items, more = shared(section.items, len(section.items) if verbose else _ITEMS)
    lines = [line for each in items for line in _item(each)]
    if more:
        lines.append(f"- and {more} more")
    title = plain(section.title) + (f" ({plain(section.beside)})" if section.beside else "")
    if section.title in _OPEN:
        return "\n".join((f"#### {title}", "", *lines))
    summary = f"<details><summary>{title}: {len(section.items)}</summary>"
    return "\n".join((summary, "", *lines, "", "</details>"))


def _item(item: Item) -> list[str]:
    label = f"**{plain(item.label)}** " if item.label else ""
    causes = f" *({plain(item.causes)})*" if item.causes else ""
    lines = [f"- `{item.mark}` {label}{plain(item.text)}{causes}"]
    lines += [f"  - {plain(each)}" for each in item.notes]
    for word, names in item.lists:
        if names:
            listed, more = shared(names, _LISTED)
            text = ", ".join(_name(word, each) for each in listed) + (
                f" and {more} more" if more else ""
            )
            lines.append(f"  - {plain(word)}: {text}" if word else f"  - {text}")
    return lines


def _name(word: str, name: str) -> str:
    """A name as code; what is wrong in a place is none."""
    place, colon, what = name.partition(": ")
    return f"{code(place)}: {plain(what)}" if colon and word == WORSE_AT else code(name)


def _overview(comparisons: Comparisons) -> str:
    rows = [
        f"| {code(each.new.reference)} | {plain(outcome(each))} | "
        f"{sum(finding.worse for finding in each.findings) or ''} |"
        for each in comparisons.images
    ]
    for word, sides in (("new", comparisons.added), ("no longer there", comparisons.removed)):
        rows += [f"| {code(each.reference)} | {word}: {_alone(each)} | |" for each in sides]
    rows += [
        f"| {code(each.reference)} | could not be scanned: {plain(each.error)} | |"
        for each in comparisons.failures
    ]
    return "\n".join((_COLUMNS, *rows)) + "\n"


def _alone(side: Side) -> str:
    return f"{side.verdict}, score {side.score}"


def plain(text: str) -> str:
    """`text` as prose, with arrows."""
    return escaped(text).replace(" -&gt; ", " → ")
