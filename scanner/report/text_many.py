"""Writes reports on several images as text for people: a table, and why each does not pass.

Adds no judgment. Full reports come with `verbose` only.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

from rich.text import Text

from scanner.gate import UNDETERMINED
from scanner.model import Batch, Failure, Finding, GapKind, Report
from scanner.report.escape import visible
from scanner.report.look import Look
from scanner.report.order import ordered_findings
from scanner.report.page import GAP, Page, counted, shared
from scanner.report.sections.findings import SEVERITY_STYLE
from scanner.report.sections.head import VERDICTS
from scanner.report.text import render as render_one
from scanner.report.views.images import failing, policy_result
from scanner.report.views.places import place_words, places

_VERDICT, _SCORE, _GATE = 12, 5, 6
_INDENT = 2
_FINDINGS = 3
"""Findings told of one image."""
_ASKED_BY = 3
_ERROR = 600
_COMMON = 5
"""Rules told that several images fail by."""


def render(batch: Batch, look: Look | None = None) -> str:
    """`batch` as text: one line for each image, then what keeps those from passing that do not."""
    look = look or Look()
    page = Page(look)
    names = _names(batch)
    _headline(page, batch)
    _table(page, batch, names)
    _common(page, batch)
    for report, name in zip(batch.reports, names, strict=True):
        if not policy_result(report).gate.passed:
            _why(page, report, name)
    for failure in batch.failures:
        page.blank()
        page.paragraph(Text(_failed_name(failure), style="bold"))
        _asked_by(page, failure.asked_by)
        page.paragraph(visible(failure.error, _ERROR), indent=_INDENT, hanging=2)
    _closing(page, batch)
    if not look.verbose:
        return page.result()
    rule = "=" * page.width
    full = "".join(f"{render_one(each, look)}\n{rule}\n\n" for each in batch.reports)
    return full + page.result()


def _headline(page: Page, batch: Batch) -> None:
    answers = [policy_result(each).gate for each in batch.reports]
    passed = sum(each.passed for each in answers)
    undecided = sum(each.exit_code == UNDETERMINED for each in answers)
    failed = len(answers) - passed - undecided
    parts = [
        f"{number} {word}"
        for number, word in (
            (passed, "passed the gate"),
            (failed, "failed it"),
            (undecided, "undetermined"),
            (len(batch.failures), "not scanned"),
        )
        if number
    ]
    number = counted(len(answers) + len(batch.failures), "image")
    line = Text(f"{number}: {', '.join(parts)}", style="bold")
    page.paragraph(line)


def _table(page: Page, batch: Batch, names: Sequence[str]) -> None:
    rest = page.width - _INDENT - _VERDICT - _SCORE - _GATE - 4 * GAP
    worst = min(32, rest * 2 // 5)
    widths = (_VERDICT, _SCORE, _GATE, rest - worst, worst)
    page.blank()
    titles = ("verdict", "score", "gate", "image", "worst finding")
    page.columns([[Text(each, style="dim")] for each in titles], widths, indent=_INDENT)
    for report, name in zip(batch.reports, names, strict=True):
        verdict = report.verdict
        word, style, _ = VERDICTS[verdict.kind]
        found = _worst(report)
        page.columns(
            (
                [Text(word, style=_plain(style))],
                [f"{verdict.score:>{_SCORE}}"],
                [_gate_word(report)],
                [name],
                [visible(found.id) if found else ""],
            ),
            widths,
            indent=_INDENT,
        )
    for failure in batch.failures:
        told = Text("not scanned", style="yellow")
        name = _failed_name(failure)
        page.columns(([told], ["-".rjust(_SCORE)], [""], [name], [""]), widths, indent=_INDENT)


def _plain(style: str) -> str:
    """The color of a verdict's headline, for a word in a table."""
    return f"bold {style.rpartition(' on ')[2]}"


def _gate_word(report: Report) -> Text:
    answer = policy_result(report).gate
    if answer.passed:
        return Text("passed", style="green")
    if answer.exit_code == UNDETERMINED:
        return Text("open", style="yellow")
    return Text("failed", style="red")


def _worst(report: Report) -> Finding | None:
    return next((each for each in ordered_findings(report.findings) if not each.ignored_by), None)


def _common(page: Page, batch: Batch) -> None:
    """What several images fail by: the place to begin."""
    rules = Counter(rule for each in batch.reports for rule in {each.id for each in failing(each)})
    common = sorted((-number, rule) for rule, number in rules.items() if number > 1)
    if not common:
        return
    page.heading("Several images fail by")
    shown, more = shared([f"{rule}: {-number} images" for number, rule in common], _COMMON)
    for each in shown:
        page.paragraph(visible(each), indent=_INDENT, hanging=2)
    if more:
        page.paragraph(Text(f"and {more} more", style="dim"), indent=_INDENT)


def _why(page: Page, report: Report, name: str) -> None:
    page.blank()
    page.paragraph(Text(name, style="bold"))
    _asked_by(page, report.image.asked_by)
    for reason in policy_result(report).gate.reasons:
        page.paragraph(f"- {visible(reason, _ERROR)}", indent=_INDENT, hanging=2)
    if any(gap.kind is GapKind.INTERRUPTED for gap in report.gaps):
        page.paragraph("- its scan was interrupted, so not all of it is known", indent=_INDENT)
    shown, more = shared(ordered_findings(failing(report)), _FINDINGS)
    for finding in shown:
        severity = finding.severity.value.upper()
        title = Text(severity, style=SEVERITY_STYLE[finding.severity])
        title.append(f"  {visible(finding.title)}")
        page.paragraph(title, indent=_INDENT, hanging=len(severity) + 2)
        where, rest = shared([place_words(each) for each in places(report, finding)], 1)
        text = ", ".join(map(visible, where)) + (f" and {rest} more" if rest else "")
        page.paragraph(Text(text, style="dim"), indent=_INDENT + len(severity) + 2, hanging=2)
    if more:
        text = f"and {counted(more, 'more finding')} that fail{'s' if more == 1 else ''} it"
        page.paragraph(Text(text, style="dim"), indent=_INDENT)


def _asked_by(page: Page, places: Sequence[str]) -> None:
    if places:
        shown, more = shared(places, _ASKED_BY)
        text = ", ".join(map(visible, shown)) + (f" and {more} more" if more else "")
        page.paragraph(Text(f"named by {text}", style="dim"), indent=_INDENT, hanging=2)


def _names(batch: Batch) -> list[str]:
    """What each image is called: with its platform where another is called the same."""
    names = [each.image.reference for each in batch.reports]
    return [
        visible(name if names.count(name) == 1 else f"{name} ({report.image.platform})")
        for name, report in zip(names, batch.reports, strict=True)
    ]


def _failed_name(failure: Failure) -> str:
    platform = f" ({failure.platform})" if failure.platform else ""
    return visible(f"{failure.reference}{platform}")


def _closing(page: Page, batch: Batch) -> None:
    page.blank()
    worst = [each for each in map(_worst, batch.reports) if each]
    hints = [f"fips-scanner explain {visible(worst[0].id)}"] if worst else []
    if not page.look.verbose:
        hints.append("--verbose for full reports")
    hints += ["--output json for programs", "--output html={image}.html for people"]
    page.paragraph(Text(f"More: {'; '.join(hints)}", style="dim"), hanging=6)
