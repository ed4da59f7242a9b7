"""The findings, worst first: what is wrong, where, why it matters and how to fix it.

Wraps prose, and leaves every line alone that is to be pasted.
"""

from __future__ import annotations

from collections.abc import Container, Sequence
from itertools import groupby

from rich.text import Text

from scanner.model import Confidence, Finding, Severity
from scanner.report.escape import visible
from scanner.report.order import RUNS, main_first, ordered_findings
from scanner.report.page import Page, counted, shared
from scanner.report.views.prose import blocks

_LOCATIONS = 3
_LINES = 4
"""Of evidence beside one location."""
_BECAUSE = 800
"""Characters of a reason that are shown; a policy has its own bounds."""
_MARGIN = 9
"""Column in which the text beside `where`, `why` and `fix` begins."""

SEVERITY_STYLE: dict[Severity, str] = {
    Severity.CRITICAL: "bold white on red",
    Severity.HIGH: "bold red",
    Severity.MEDIUM: "bold yellow",
    Severity.LOW: "bold blue",
    Severity.INFO: "bold",
}


def findings(page: Page, found: Sequence[Finding], started: Container[str] = ()) -> None:
    """The section. Says so when there is nothing to find.

    Args:
        started: programs that the image starts: of many locations, they are shown.
    """
    counting = [each for each in ordered_findings(found) if not each.ignored_by]
    ignored = [each for each in ordered_findings(found) if each.ignored_by]
    numbers = {
        severity.value: len(list(each))
        for severity, each in groupby(counting, key=lambda finding: finding.severity)
    }
    summary = ", ".join(f"{number} {name}" for name, number in numbers.items())
    page.heading("Findings", summary)
    if not counting:
        page.paragraph("None.", indent=2)
    for number, finding in enumerate(counting):
        if number:
            page.blank()
        _finding(page, finding, started)
    if ignored:
        page.blank()
        page.paragraph(f"{counted(len(ignored), 'finding')} set aside:", indent=2)
        for finding in ignored:
            _set_aside(page, finding, started)


def _set_aside(page: Page, finding: Finding, started: Container[str]) -> None:
    text = Text(f"{visible(finding.id)}, {finding.severity}{_changed(finding)}", style="dim")
    page.paragraph(text, indent=4, hanging=2)
    locations = main_first(finding.locations, started)
    shown, more = shared(locations, len(locations) if page.look.verbose else 1)
    where = ", ".join(map(_location, shown))
    why = visible(finding.ignored_because, _BECAUSE)
    page.paragraph(f"{where}{f' and {more} more' if more else ''}: {why}", indent=6, hanging=2)


def _changed(finding: Finding) -> str:
    return f" ({finding.rule_severity} by its rule)" if finding.rule_severity else ""


def _finding(page: Page, finding: Finding, started: Container[str]) -> None:
    title = Text(finding.severity.value.upper(), style=SEVERITY_STYLE[finding.severity])
    title.append("  ")
    title.append(visible(finding.title), style="bold")
    page.paragraph(title, indent=2, hanging=len(finding.severity.value) + 2)
    sure = f", confidence {finding.confidence}" if finding.confidence is not Confidence.HIGH else ""
    changed = f", severity {finding.rule_severity} by its rule" if finding.rule_severity else ""
    page.paragraph(Text(f"{visible(finding.id)}{sure}{changed}", style="dim"), indent=2)
    locations = main_first(finding.locations, started)
    shown, more = shared(locations, len(locations) if page.look.verbose else _LOCATIONS)
    where = [line for each in shown for line in _place(each, finding.evidence)]
    if where:
        if more:
            where.append(f"and {more} more")
        page.labeled("where", where, indent=2, at=_MARGIN)
    prose(page, "why", finding.why)
    prose(page, "fix", finding.fix)
    if page.look.verbose and finding.evidence:
        page.labeled("seen", [visible(each) for each in finding.evidence], indent=2, at=_MARGIN)


def _place(location: str, evidence: Sequence[str]) -> list[str]:
    """A location with what was seen there, where its evidence tells: a module, or a line."""
    told = [line.partition("; ")[0] for line in evidence if line.startswith(f"{location}:")]
    lines = list(dict.fromkeys(told))[:_LINES]
    return [visible(each) for each in lines] if location and lines else [_location(location)]


def _location(location: str) -> str:
    if location in RUNS:
        return f"simulated run: {location}"
    return visible(location) or "the image's configuration"


def prose(page: Page, label: str, text: str) -> None:
    """Paragraphs beside `label`; indented or fenced lines stay exactly as they are."""
    first: str = label
    for code, lines in blocks(text):
        if code:
            if first:
                page.labeled(first, [" "], indent=2, at=_MARGIN)
            page.blank()
            for line in lines:
                page.line(Text(line, style="cyan"), indent=_MARGIN + 2)
            page.blank()
        else:
            page.labeled(first, lines, indent=2, at=_MARGIN)
        first = ""
