"""What was not looked at, and whether that keeps the verdict from being better.

Shows what was left open on request, too: a reader of the report may not be who asked for it.
"""

from __future__ import annotations

from collections.abc import Sequence

from rich.text import Text

from scanner.model import Gap, VerdictKind
from scanner.report.escape import visible
from scanner.report.page import Page, shared
from scanner.report.views.gaps import merged

_SUBJECTS = 3
_GAPS = 8


def gaps(page: Page, found: Sequence[Gap], verdict: VerdictKind) -> None:
    """The section; nothing when everything was looked at."""
    if not found:
        return
    page.heading("Not looked at")
    together = merged(found)
    limit = len(together) if page.look.verbose else _GAPS
    shown, more = together[:limit], together[limit:]
    # What was found to hold no cryptography is not asked to run.
    marks = verdict is not VerdictKind.NO_CRYPTO and any(gap.caps for gap in found)
    for each in shown:
        gap, subjects = each.first, each.subjects
        names, rest = shared(subjects, len(subjects) if page.look.verbose else _SUBJECTS)
        where = ", ".join(visible(name) for name in names if name)
        if rest:
            where += f" and {rest} more"
        text = (
            Text("! ", style="bold yellow")
            if gap.caps and marks and not gap.ignored_because
            else Text("- ", style="dim")
        )
        text.append(f"{where}: " if where else "")
        text.append(visible(gap.reason))
        if gap.requested and "asked for" not in gap.reason:
            text.append(" (as asked for)", style="dim")
        if gap.ignored_because:
            text.append(f" ({visible(gap.ignored_because)})", style="dim")
        page.paragraph(text, indent=2, hanging=2)
    if more:
        rest = sum(len(each.subjects) for each in more)
        page.paragraph(Text(f"and {rest} more", style="dim"), indent=4)
    if marks:
        legend = Text("! keeps an image from being called ready", style="dim")
        page.paragraph(legend, indent=2)
