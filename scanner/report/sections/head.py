"""The top of the text report: verdict, score, why, and where the points went.

Repeats what the verdict says; adds no judgment.
"""

from __future__ import annotations

from rich.text import Text

from scanner.model import GENERIC, PointsLost, Question, Report, Verdict, VerdictKind
from scanner.report.escape import visible
from scanner.report.page import Page, counted, shared
from scanner.report.sections.breaks import breaks

VERDICTS: dict[VerdictKind, tuple[str, str, str]] = {
    VerdictKind.READY: (
        "READY",
        "bold black on green",
        "Every use of cryptography that was found is validated, and in approved mode.",
    ),
    VerdictKind.CONDITIONAL: (
        "CONDITIONAL",
        "bold black on yellow",
        "It would be ready with what is named below.",
    ),
    VerdictKind.NOT_READY: (
        "NOT READY",
        "bold white on red",
        "It must not be counted as FIPS 140-3 ready.",
    ),
    VerdictKind.NO_CRYPTO: (
        "NO CRYPTO",
        "bold black on green",
        "No cryptography was found in it, so FIPS asks nothing of it.",
    ),
    VerdictKind.UNDETERMINED: (
        "UNDETERMINED",
        "bold black on yellow",
        "What could be seen is not enough to say.",
    ),
}
"""Verdict → headline, its style, and one sentence."""

_REASONS = 4
_CAUSES = 4
_PLACES = 3
_BAR = 10


def headline(page: Page, report: Report) -> None:
    """Verdict, score, image, the reasons in one sentence each, and what breaks."""
    verdict = report.verdict
    word, style, sentence = VERDICTS[verdict.kind]
    line = Text.assemble((f" {word} " if page.look.color else word, style))
    line.append(f"  score {verdict.score} of 100", style="bold")
    page.paragraph(line)
    image = report.image
    page.paragraph(visible(image.reference))
    if image.asked_by:
        places = ", ".join(map(visible, image.asked_by[:_PLACES]))
        more = len(image.asked_by) - _PLACES
        text = f"named by {places}{f' and {more} more' if more > 0 else ''}"
        page.paragraph(Text(text, style="dim"), hanging=2)
    known = [image.platform, image.os, _short(image.digest), f"judged for {report.date}"]
    if report.target not in ("", GENERIC):
        known.append(f"for {report.target}")
    page.paragraph(Text(", ".join(visible(each) for each in known if each), style="dim"))
    page.blank()
    page.paragraph(sentence)
    limit = len(verdict.reasons) if page.look.verbose else _REASONS
    reasons, more = shared(verdict.reasons, limit)
    for reason in reasons:
        page.paragraph(f"- {visible(_sentence(reason))}", indent=2, hanging=2)
    if more:
        page.paragraph(f"- and {more} more reasons", indent=2)
    breaks(page, report.conditions, report.findings)


def scores(page: Page, verdict: Verdict) -> None:
    """One bar for each question, and what took its points."""
    page.heading("Score", "of each question, and the points of the total that it lost")
    for question in Question:
        score = verdict.scores.get(question)
        lost = [each for each in verdict.points_lost if each.question is question]
        lost.sort(key=lambda each: (-each.points, each.cause))
        label = Text.assemble(
            f"{question.value:<15}",
            _bar(score, color=page.look.color),
            f" {'?' if score is None else score:>4}",
        )
        shown, more = lost[:_CAUSES], lost[_CAUSES:]
        causes = [_cause(each) for each in shown]
        if more:
            points = sum(each.points for each in more)
            causes.append(f"-{points:g} by {counted(len(more), 'other')}")
        if score is None:
            causes.insert(0, "not looked at")
        lines = [Text(each, style="dim") for each in causes or [""]]
        page.labeled(label, lines, indent=2, at=2 + 15 + _BAR + 5 + 2)

    for each in verdict.points_lost:
        if each.question is None:
            line = Text(_cause(each), style="dim")
            page.labeled("verdict", [line], indent=2, at=2 + 15 + _BAR + 5 + 2)


def _bar(score: int | None, *, color: bool) -> Text:
    full, empty = ("█", "░") if color else ("#", ".")
    if score is None:
        return Text(("░" if color else " ") * _BAR, style="dim")
    # A bar is full only at 100 and empty only at 0.
    cells = min(_BAR - (score < 100), max(int(score > 0), round(score * _BAR / 100)))
    style = "green" if score >= 90 else "yellow" if score >= 50 else "red"
    return Text.assemble((full * cells, style), (empty * (_BAR - cells), "dim"))


def _cause(lost: PointsLost) -> str:
    cause = visible(lost.cause)
    if cause.startswith("gap:"):
        cause = f"{cause.removeprefix('gap:')} (gap)"
    elif cause.startswith("uses:"):
        cause = f"{cause.removeprefix('uses:')} (programs)"
    elif cause.startswith("verdict:"):
        cause = f"because it is {cause.removeprefix('verdict:')}"
    return f"-{lost.points:g} {cause}"


def _short(digest: str) -> str:
    algorithm, _, value = digest.partition(":")
    return f"{algorithm}:{value[:12]}" if value else digest[:19]


def _sentence(reason: str) -> str:
    return reason.strip().rstrip(".") or "no reason given"
