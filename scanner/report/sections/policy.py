"""What the team's policy makes of the report: the gate's answer, and what became of each waiver.

Repeats what the policy's result says; accepts nothing itself.
"""

from __future__ import annotations

from datetime import date

from rich.text import Text

from scanner.gate import UNDETERMINED
from scanner.model import GateRules, PolicyResult, Question, Report, WaiverResult, WaiverState
from scanner.report.escape import visible
from scanner.report.page import Page, counted, shared

SOON = 30
"""Days before its end in which a waiver is told of."""
_WAIVERS = 12
_MARGIN = 13


def gate(page: Page, report: Report) -> None:
    """The gate's answer and why; nothing where no policy was applied."""
    result = report.policy
    if result is None:
        return
    word, style = _answer(result)
    line = Text("Gate", style="bold")
    line.append(f"  {word}", style=style)
    line.append(f"  {_by(result)}", style="dim")
    page.blank()
    page.paragraph(line, hanging=6)
    for reason in result.gate.reasons:
        page.paragraph(f"- {visible(reason, len(reason))}", indent=2, hanging=2)
    aside = _set_aside(report)
    if aside:
        accepted = f"{result.accepted}, score {result.accepted_score}, without {aside}"
        page.paragraph(f"accepted: {accepted}", indent=2, hanging=2)


def waivers(page: Page, report: Report) -> None:
    """What became of each waiver that is meant for the image; nothing where there is none."""
    result = report.policy
    if result is None or not result.waivers:
        return
    found = sorted(result.waivers, key=_order)
    numbers = {word: sum(each.state is state for each in found) for state, word in _SUMMARY.items()}
    summary = ", ".join(f"{number} {word}" for word, number in numbers.items() if number)
    page.heading("Waivers", f"{summary}; of {visible(result.source) or 'the policy'}")
    shown, more = shared(found, len(found) if page.look.verbose else _WAIVERS)
    for each in shown:
        _waiver(page, each, report.date)
    if more:
        page.paragraph(Text(f"and {more} more", style="dim"), indent=4)


_SUMMARY = {
    WaiverState.EXPIRED: "expired",
    WaiverState.UNMATCHED: "without a match",
    WaiverState.HOLDS: "in force",
}


def _answer(result: PolicyResult) -> tuple[str, str]:
    if result.gate.passed:
        return "passes", "bold green"
    if result.gate.exit_code == UNDETERMINED:
        return "cannot be decided", "bold yellow"
    return "does not pass", "bold red"


def _by(result: PolicyResult) -> str:
    parts = [asked(result.gate_rules)]
    if result.source:
        parts.append(f"by {visible(result.source)}")
    if result.baseline:
        parts.append(f"compared with {visible(result.baseline)}")
    return ", ".join(parts)


def asked(rules: GateRules) -> str:
    """What a gate asks of an image, in words."""
    parts = []
    if rules.fail_on is not None:
        about = ""
        if set(rules.questions) != set(Question):
            about = f" on {' and '.join(each.value for each in rules.questions)}"
        parts.append(f"nothing at or above {rules.fail_on}{about}")
    if rules.min_score is not None:
        parts.append(f"a score of {rules.min_score}")
    if rules.verdict is not None:
        parts.append(f"{rules.verdict} or better")
    return f"asked: {', '.join(parts) or 'nothing'}"


def _set_aside(report: Report) -> str:
    findings = [each for each in report.findings if each.ignored_by]
    places = sum(len(each.locations) or 1 for each in findings)
    gaps = sum(bool(each.ignored_because) for each in report.gaps)
    parts = []
    if findings:
        ids = len({each.id for each in findings})
        parts.append(f"{counted(ids, 'finding')} in {counted(places, 'place')}")
    if gaps:
        parts.append(counted(gaps, "gap"))
    return f"{' and '.join(parts)} set aside" if parts else ""


def _order(result: WaiverResult) -> tuple[int, date, int]:
    first = {WaiverState.EXPIRED: 0, WaiverState.UNMATCHED: 1, WaiverState.HOLDS: 2}
    return (first[result.state], result.waiver.expires, result.waiver.line)


def _waiver(page: Page, result: WaiverResult, today: date) -> None:
    waiver = result.waiver
    line = f", line {waiver.line}" if waiver.line else ""
    image = f" in {visible(waiver.image)}" if waiver.image != "*" else ""
    what = f"{visible(waiver.rule)} for {visible(waiver.pattern)}{image}{line}"
    matched = counted(result.matches, "place") if result.matches else "no place"
    until = _until(result, today)
    why = f"{until}, {visible(waiver.owner)}, {matched}: {visible(waiver.reason)}"
    page.labeled(_label(result, today), [what, Text(why, style="dim")], indent=2, at=_MARGIN)


def _label(result: WaiverResult, today: date) -> Text:
    if result.state is WaiverState.EXPIRED:
        return Text("EXPIRED", style="bold red")
    if result.state is WaiverState.UNMATCHED:
        return Text("no match", style="yellow")
    if (result.waiver.expires - today).days <= SOON:
        return Text("ends soon", style="yellow")
    return Text("in force")


def _until(result: WaiverResult, today: date) -> str:
    return f"{'on' if result.state is WaiverState.EXPIRED else 'until'} " + until(
        result.waiver.expires, today
    )


def until(day: date, today: date) -> str:
    """A day, and how far it is: `2026-12-10, in 15 days`."""
    days = (day - today).days
    if days == 0:
        return f"{day}, today"
    far = f"{abs(days)} day{'' if abs(days) == 1 else 's'}"
    return f"{day}, {far} ago" if days < 0 else f"{day}, in {far}"
