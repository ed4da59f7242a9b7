"""What breaks under FIPS, right below the verdict of the text report.

Repeats what the sections below tell in full; concludes nothing from it.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from scanner.model import ConditionResult, Effect, Finding
from scanner.report.page import Page
from scanner.report.views.breaks import break_lines


def breaks(
    page: Page, conditions: Sequence[ConditionResult], findings: Iterable[Finding] = ()
) -> None:
    """What stopped working, who was refused what, and what the log means; nothing if all works."""
    if any(each.effect is Effect.BREAKS for run in conditions for each in run.differences):
        page.paragraph("Breaks:")
    for line in break_lines(conditions, findings):
        page.paragraph(f"- {line}", indent=2, hanging=2)
