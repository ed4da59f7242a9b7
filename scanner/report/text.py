"""Writes a report as text for people, 80 columns wide and plain unless told otherwise.

Content of the image is shown as plain characters only: no markup, control character or
direction override of it takes effect.
"""

from __future__ import annotations

from rich.text import Text

from scanner.model import Report
from scanner.report.escape import visible
from scanner.report.look import Look
from scanner.report.order import ordered_findings
from scanner.report.page import Page
from scanner.report.sections.algorithms import calls
from scanner.report.sections.assets import assets
from scanner.report.sections.findings import findings
from scanner.report.sections.gaps import gaps
from scanner.report.sections.head import headline, scores
from scanner.report.sections.offers import offers
from scanner.report.sections.policy import gate, waivers
from scanner.report.sections.runs import runs
from scanner.report.sections.steps import steps
from scanner.report.sections.tls import tls
from scanner.report.sections.uses import uses


def render(report: Report, look: Look | None = None) -> str:
    """`report` as text: verdict first, then why, then everything that backs it."""
    page = Page(look or Look())
    headline(page, report)
    gate(page, report)
    scores(page, report.verdict)
    uses(page, report.uses)
    findings(page, report.findings, {use.consumer for use in report.uses if use.started})
    waivers(page, report)
    tls(page, report.conditions)
    runs(page, report.conditions, report.gaps)
    steps(page, report.conditions)
    calls(page, report.conditions)
    offers(page, report.conditions)
    assets(page, report.assets)
    gaps(page, report.gaps, report.verdict.kind)
    _closing(page, report)
    return page.result()


def _closing(page: Page, report: Report) -> None:
    page.blank()
    worst = next(iter(ordered_findings(report.findings)), None)
    hints = [f"fips-scanner explain {visible(worst.id)}"] if worst else []
    if not page.look.verbose:
        hints.append("--verbose for full lists")
    hints.append("--output json for programs")
    page.paragraph(Text(f"More: {'; '.join(hints)}", style="dim"), hanging=6)
    rules = report.rules_digest.removeprefix("sha256:")[:12]
    text = f"fips-scanner {report.scanner_version}, rules {rules or 'unknown'}"
    page.paragraph(Text(text, style="dim"))
