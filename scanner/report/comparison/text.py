"""Writes comparisons as text for people, 80 columns wide and plain unless told otherwise."""

from __future__ import annotations

from rich.text import Text

from scanner.diff.model import Comparison, Comparisons, Side
from scanner.report.comparison.view import headline, outcome, sections
from scanner.report.comparison.view_values import Item
from scanner.report.escape import visible
from scanner.report.look import Look
from scanner.report.page import Page, counted, shared

_LISTED = 3
_ITEMS = 12
"""Of one section; more are counted."""
_STYLES = {"good": "green", "bad": "red", "": ""}


def render(comparisons: Comparisons, look: Look | None = None) -> str:
    """Each comparison, one after the other, and the images that only one side has."""
    page = Page(look or Look())
    several = len(comparisons.images) > 1
    if several:
        _overview(page, comparisons)
    for each in comparisons.images:
        if several and not sections(each):
            continue
        if several:
            page.blank()
            page.line(Text("=" * page.width, style="dim"), indent=0)
        _comparison(page, each)
    if several and (comparisons.added or comparisons.removed or comparisons.failures):
        page.blank()
        page.line(Text("=" * page.width, style="dim"), indent=0)
    for word, sides in (("New", comparisons.added), ("No longer there", comparisons.removed)):
        if sides:
            page.heading(f"{word}: {counted(len(sides), 'image')}")
            for side in sides:
                page.paragraph(_side(side), indent=2, hanging=2)
    if comparisons.failures:
        page.heading("Could not be scanned")
        for failure in comparisons.failures:
            text = f"{visible(failure.reference)}: {visible(failure.error)}"
            page.paragraph(text, indent=2, hanging=2)
    return page.result()


def _overview(page: Page, comparisons: Comparisons) -> None:
    page.paragraph(Text(f"{len(comparisons.images)} images compared", style="bold"))
    for each in comparisons.images:
        style = _STYLES[headline(each).tone]
        line = Text(f"{visible(each.new.reference)}: ")
        line.append(outcome(each), style=style)
        worse = sum(finding.worse for finding in each.findings)
        if worse:
            line.append(f", {counted(worse, 'finding')} new or worse", style="red")
        elif not sections(each):
            line.append(", nothing else changed", style="dim")
        page.paragraph(line, indent=2, hanging=2)


def _side(side: Side) -> str:
    return f"{visible(side.reference)}: {side.verdict}, score {side.score}"


def _comparison(page: Page, comparison: Comparison) -> None:
    head = headline(comparison)
    style = f"bold {_STYLES[head.tone]}".strip()
    told = (head.verdict, head.score, head.gate)
    line = Text("  ".join(each for each in told if each), style=style)
    page.paragraph(line)
    for word, side in zip(("old", "new"), head.sides, strict=True):
        page.labeled(Text(word, style="dim"), [visible(side)], indent=0, at=5)
    if head.notes:
        page.blank()
    for number, note in enumerate(head.notes):
        page.paragraph(visible(note), indent=0 if not number and note.endswith(".") else 2)
    found = sections(comparison)
    if not found:
        page.blank()
        page.paragraph("Nothing else that the reports tell is another than before.")
    for section in found:
        page.heading(section.title, section.beside)
        limit = len(section.items) if page.look.verbose else _ITEMS
        shown, more = shared(section.items, limit)
        for item in shown:
            _item(page, item)
        if more:
            text = f"and {more} more (--verbose shows them)"
            page.paragraph(Text(text, style="dim"), indent=2)


def _item(page: Page, item: Item) -> None:
    style = _STYLES[item.tone]
    line = Text(f"{item.mark} ", style=style)
    if item.label:
        line.append(visible(item.label), style=f"bold {style}".strip())
        line.append("  ")
    line.append(visible(item.text))
    if item.causes:
        line.append(f"  ({item.causes})", style="yellow")
    page.paragraph(line, indent=2, hanging=2)
    for note in item.notes:
        page.paragraph(Text(visible(note), style="dim"), indent=4, hanging=2)
    for word, names in item.lists:
        if not names:
            continue
        listed, more = shared(names, len(names) if page.look.verbose else _LISTED)
        text = ", ".join(visible(each) for each in listed) + (f" and {more} more" if more else "")
        page.paragraph(f"{word}: {text}" if word else text, indent=4, hanging=2)
