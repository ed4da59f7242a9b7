"""What was not looked at, and whether that keeps the verdict from being better.

Shows what was left open on request, too: a reader of the report may not be who asked for it.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import groupby

from rich.text import Text

from scanner.model import Gap, VerdictKind
from scanner.report.escape import visible
from scanner.report.page import Page, shared

_SUBJECTS = 3
_GAPS = 8


def gaps(page: Page, found: Sequence[Gap], verdict: VerdictKind) -> None:
    """The section; nothing when everything was looked at."""
    if not found:
        return
    page.heading("Not looked at")
    merged = _merged(found)
    limit = len(merged) if page.look.verbose else _GAPS
    shown, more = merged[:limit], merged[limit:]
    # What was found to hold no cryptography is not asked to run.
    marks = verdict is not VerdictKind.NO_CRYPTO and any(gap.caps for gap in found)
    for caps, requested, reason, subjects in shown:
        names, rest = shared(subjects, len(subjects) if page.look.verbose else _SUBJECTS)
        where = ", ".join(visible(each) for each in names if each)
        if rest:
            where += f" and {rest} more"
        text = Text("! ", style="bold yellow") if caps and marks else Text("- ", style="dim")
        text.append(f"{where}: " if where else "")
        text.append(visible(reason))
        if requested and "asked for" not in reason:
            text.append(" (as asked for)", style="dim")
        page.paragraph(text, indent=2, hanging=2)
    if more:
        rest = sum(len(each[3]) for each in more)
        page.paragraph(Text(f"and {rest} more", style="dim"), indent=4)
    if marks:
        legend = Text("! keeps an image from being called ready", style="dim")
        page.paragraph(legend, indent=2)


def _merged(found: Sequence[Gap]) -> list[tuple[bool, bool, str, list[str]]]:
    """Gaps with the same reason together: whether they cap, were asked for, why, and where."""

    def key(gap: Gap) -> tuple[bool, str, str, bool]:
        return (not gap.caps, gap.kind.value, gap.reason, gap.requested)

    return [
        (not same[0], same[3], same[2], sorted(each.subject for each in group))
        for same, group in groupby(sorted(found, key=lambda gap: (*key(gap), gap.subject)), key)
    ]
