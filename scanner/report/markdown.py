"""Writes a report as Markdown: for a comment on a pull request, and for the summary of a CI step.

What fails the gate comes first; details are folded. What a comment cannot hold is left out, and it
says so. Nothing of an image is a link, a mention or markup in it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from datetime import timedelta
from functools import partial
from html import escape
from urllib.parse import quote

from scanner.gate import UNDETERMINED
from scanner.model import (
    GENERIC,
    Batch,
    Failure,
    Finding,
    Gap,
    PolicyResult,
    Question,
    Report,
    VerdictKind,
    WaiverResult,
    WaiverState,
)
from scanner.report.escape import visible
from scanner.report.look import Look
from scanner.report.markdown_text import code, paragraphs, plain
from scanner.report.order import ordered_findings
from scanner.report.page import counted, shared
from scanner.report.views.breaks import break_lines
from scanner.report.views.gaps import merged
from scanner.report.views.images import failing, gate_asks, gate_word, policy_result, repository
from scanner.report.views.places import Place, layer_words, place_words, places

# GitHub takes 65,536 characters of a comment, GitLab more. The rest is for what a script may add.
_LIMIT = 60_000
_MARGIN = 1500
"""Of it, for saying what was left out."""

_SOON = timedelta(days=30)
_FIXES = 3
_PLACES = 2
_ROWS = (40, 12, 3)
"""Of a table; fewer where it would not fit."""
_REASONS = 6
_IMAGES = 200
_CELL = 160
_BROUGHT = 90

VERDICTS: dict[VerdictKind, str] = {
    VerdictKind.READY: "ready",
    VerdictKind.CONDITIONAL: "conditional",
    VerdictKind.NOT_READY: "not ready",
    VerdictKind.NO_CRYPTO: "no cryptography",
    VerdictKind.UNDETERMINED: "undetermined",
}

Block = list[str]
Part = tuple[str, Callable[[int], Block]]
"""What a part is called, and what makes it with no more than so many rows."""


def render(report: Report, look: Look | None = None) -> str:  # noqa: ARG001
    """`report` as Markdown. `look` changes nothing."""
    head = [marker([report]), "", *_headline(report, "##"), *_below(report)]
    return _fitted(head, _parts(report, "###"))


def render_many(batch: Batch, look: Look | None = None) -> str:  # noqa: ARG001
    """`batch` as Markdown: a table, then each image, those that fail first."""
    head = [marker(batch.reports), "", *_overview(batch)]
    ordered = sorted(batch.reports, key=lambda each: policy_result(each).gate.passed)
    parts = [(_name(each), partial(_folded_image, each)) for each in ordered]
    return _fitted(head, parts)


def marker(reports: Sequence[Report]) -> str:
    """The first line, by which a script finds the comment that it is to update.

    It has the image without its tag, so that two jobs for two images keep a comment each.
    """
    names = {repository(each.image.reference) for each in reports}
    about = next(iter(names)) if len(names) == 1 else "several images"
    shown = quote(about[:200].encode("utf-8", "replace"), safe="/:@._ ")
    return f"<!-- fips-scanner report: {shown.replace('--', '%2D%2D')} -->"


def _fitted(head: Block, parts: Iterable[Part]) -> str:
    """The head, and the parts that fit; says which do not."""
    lines, left_out = list(head), []
    room = _LIMIT - _MARGIN - _size(lines)
    for title, make in parts:
        tries = _ROWS if room > _MARGIN else ()
        block = next((each for rows in tries if _size(each := make(rows)) < room), None)
        if block is None:
            left_out.append(title)
        else:
            lines += ["", *block]
            room -= _size(block) + 1
    if left_out:
        shown, more = shared(left_out, 3)
        names = ", ".join(shown) + (f" and {more} more" if more else "")
        lines += ["", f"*Left out, as a comment holds no more: {names}.*"]
    return "\n".join(lines) + "\n"


def _size(lines: Iterable[str]) -> int:
    return sum(len(line.encode()) + 1 for line in lines)


def _headline(report: Report, level: str) -> Block:
    verdict = report.verdict
    return [
        f"{level} FIPS readiness of {_name(report)}: {VERDICTS[verdict.kind]}, "
        f"score {verdict.score} of 100"
    ]


def _name(report: Report) -> str:
    return code(report.image.reference, _CELL) or "an image without a name"


def _below(report: Report) -> Block:
    """Gate, reasons, and what it is about."""
    result = policy_result(report)
    asks = plain(gate_asks(result.gate_rules))
    lines = ["", f"**Gate {gate_word(result)}**, which asks for {asks}.", ""]
    if result.gate.reasons:
        shown, more = shared(result.gate.reasons, _REASONS)
        lines += [f"- {plain(each)}" for each in shown]
        lines += [f"- and {more} more"] if more else []
        lines.append("")
    elif report.verdict.kind is VerdictKind.NOT_READY:
        lines += ["It passes, and must not be counted as FIPS 140-3 ready.", ""]
    if (result.accepted, result.accepted_score) != (report.verdict.kind, report.verdict.score):
        accepted = f"{VERDICTS[result.accepted]}, score {result.accepted_score}"
        lines += [f"Without what the policy sets aside: {accepted}.", ""]
    image = report.image
    about = [f"Judged for {report.date}"]
    about += [plain(each) for each in (image.platform, image.os) if each]
    about += [code(image.digest[:19])] if image.digest else []
    about += [f"to run on {plain(report.target)}"] if report.target not in ("", GENERIC) else []
    about += [f"named by {code(each, _CELL)}" for each in image.asked_by[:_PLACES]]
    about += [f"policy {code(result.source, _CELL)}"] if result.source else []
    return [*lines, ", ".join(about)]


def _parts(report: Report, level: str) -> list[Part]:
    """The parts, the most important first."""
    result = policy_result(report)
    failed = ordered_findings(failing(report))
    known = {id(each) for each in failed}
    others = [each for each in ordered_findings(report.findings) if id(each) not in known]
    counting = [each for each in others if not each.ignored_by]
    aside = [each for each in others if each.ignored_by]
    fixes = [each for each in failed or counting if each.fix.strip()]
    parts: list[Part] = []

    def add(title: str, make: Callable[[int], Block], *, folded: bool = False) -> None:
        parts.append((title.lower(), partial(_titled, level, title, make, folded=folded)))

    if failed:
        add("What fails the gate", partial(_findings, report, failed))
    breaks = break_lines(report.conditions, report.findings)
    if breaks:
        add("What breaks", lambda _: [f"- {plain(each)}" for each in breaks])
    open_ = result.gate.exit_code == UNDETERMINED
    if open_ and report.gaps:
        add("Not looked at", partial(_gaps, report.gaps))
    if fixes:
        add("What to do", partial(_fixes, report, fixes))
    if any(_wants_attention(each, report) for each in result.waivers):
        add("Waivers", partial(_waivers, report, result))
    if counting:
        title = counted(len(counting), "other finding" if failed else "finding")
        add(title, partial(_findings, report, counting), folded=True)
    if aside:
        title = f"{counted(len(aside), 'finding')} set aside"
        add(title, partial(_aside, report, aside), folded=True)
    if report.gaps and not open_:
        title = f"Not looked at: {counted(len(report.gaps), 'place')}"
        add(title, partial(_gaps, report.gaps), folded=True)
    add("Score of each question", lambda _: _scores(report), folded=True)
    return parts


def _titled(
    level: str, title: str, make: Callable[[int], Block], rows: int, *, folded: bool
) -> Block:
    return _folded(title, make(rows)) if folded else [f"{level} {title}", "", *make(rows)]


def _folded(title: str, lines: Sequence[str]) -> Block:
    """Lines behind a title. The empty ones make GitHub and GitLab read Markdown in between."""
    return ["<details>", f"<summary>{title}</summary>", "", *lines, "", "</details>"]


def _findings(report: Report, found: Sequence[Finding], rows: int) -> Block:
    shown, more = shared(found, rows)
    head = ["severity", "finding", "where"]
    lines = []
    for finding in shown:
        at = places(report, finding)
        row = [
            _severity(finding),
            f"**{plain(finding.title)}**<br>{code(finding.id)}",
            _where(at),
        ]
        row += [code(layer_words(report, at[0].layer), _BROUGHT)] if report.layers else []
        lines.append(row)
    return [*_table([*head, "brought by"] if report.layers else head, lines), *_and(more)]


def _table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> Block:
    rule = "|".join("---" for _ in head)
    return [f"| {' | '.join(head)} |", f"|{rule}|", *(f"| {' | '.join(row)} |" for row in rows)]


def _and(more: int) -> Block:
    return ["", f"and {more} more"] if more else []


def _severity(finding: Finding) -> str:
    if finding.rule_severity:
        return f"{finding.severity} (rule: {finding.rule_severity})"
    return finding.severity.value


def _where(found: Sequence[Place]) -> str:
    shown, more = shared(found, _PLACES)
    cells = []
    for place in shown:
        words = place_words(place)
        cell = code(words, _CELL) if place.path else plain(words, _CELL)
        seen = place.seen[0].partition("; ")[0] if place.seen else ""
        cells.append(f"{cell}<br>{code(seen, _CELL)}" if seen and len(found) == 1 else cell)
    if more:
        cells.append(f"and {more} more")
    return "<br>".join(cells)


def _fixes(report: Report, found: Sequence[Finding], rows: int) -> Block:
    different = list({each.id: each for each in found}.values())
    shown, more = different[: min(rows, _FIXES)], len(different) - min(rows, _FIXES)
    lines: Block = []
    for number, finding in enumerate(shown, start=1):
        lines += [f"{number}. {plain(finding.title)} ({code(finding.id)})", ""]
        body = paragraphs(finding.fix)
        seen = next((place.seen[0] for place in places(report, finding) if place.seen), "")
        if seen and " beside " in finding.fix:
            body += ["", f"Seen: {code(seen)}"]
        lines += [f"   {line}" if line else "" for line in body]
        lines.append("")
    if more > 0:
        ids, rest = shared([code(each.id) for each in different[len(shown) :]], 5)
        names = ", ".join(ids) + (f" and {rest} more" if rest else "")
        lines += [f"The same for {names}: `fips-scanner explain ID`.", ""]
    return lines[:-1]


def _wants_attention(result: WaiverResult, report: Report) -> bool:
    """Whether a waiver has expired, is about to, or has nothing to waive."""
    soon = result.waiver.expires - report.date <= _SOON
    return result.state is not WaiverState.HOLDS or soon


def _waivers(report: Report, result: PolicyResult, rows: int) -> Block:
    found = [
        f"- **{word}**: {_waiver(each)}"
        for state, word in _STATES.items()
        for each in result.waivers
        if each.state is state and _wants_attention(each, report)
    ]
    shown, more = shared(found, rows)
    holding = sum(each.state is WaiverState.HOLDS for each in result.waivers)
    lines = [*shown, *_and(more)]
    if holding:
        lines += ["", f"{counted(holding, 'waiver')} in force."]
    return lines


_STATES = {
    WaiverState.EXPIRED: "Expired",
    WaiverState.HOLDS: "Expires soon",
    WaiverState.UNMATCHED: "Matches nothing",
}


def _waiver(result: WaiverResult) -> str:
    waiver = result.waiver
    places_ = counted(result.matches, "place")
    text = f"{code(waiver.rule)} for {code(waiver.pattern)} until {waiver.expires}, {places_}"
    return f"{text}; {plain(waiver.owner)}: {plain(waiver.reason, 300)}"


def _aside(report: Report, found: Sequence[Finding], rows: int) -> Block:
    shown, more = shared(found, rows)
    lines = [
        (
            finding.severity.value,
            code(finding.id),
            _where(places(report, finding)),
            f"{finding.ignored_by}: {plain(finding.ignored_because, 300)}",
        )
        for finding in shown
    ]
    return [*_table(("severity", "finding", "where", "why set aside"), lines), *_and(more)]


def _gaps(found: Sequence[Gap], rows: int) -> Block:
    shown, more = shared(merged(found), rows)
    lines = []
    for each in shown:
        gap = each.first
        names, rest = shared([code(name, _CELL) for name in each.subjects if name], _PLACES)
        about = ", ".join(names) + (f" and {rest} more" if rest else "")
        marks = ["keeps the verdict from being better"] if gap.caps else []
        marks += ["as asked for"] if gap.requested else []
        marks += [f"set aside: {plain(gap.ignored_because, 300)}"] if gap.ignored_because else []
        line = f"{about}: {plain(gap.reason, 300)}" if about else plain(gap.reason, 300)
        lines.append(f"- {line}" + (f" ({'; '.join(marks)})" if marks else ""))
    return [*lines, *_and(more)]


def _scores(report: Report) -> Block:
    rows = []
    for question in (*Question, None):
        lost = [each for each in report.verdict.points_lost if each.question is question]
        lost.sort(key=lambda each: (-each.points, each.cause))
        shown, more = shared([f"-{each.points:g} {code(each.cause)}" for each in lost], 4)
        cell = ", ".join(shown) + (f" and {more} more" if more else "")
        if question is not None:
            score = report.verdict.scores.get(question)
            rows.append((question.value, "not looked at" if score is None else str(score), cell))
        elif lost:
            rows.append(("verdict", "", cell))
    return _table(("question", "score", "points lost"), rows)


def _overview(batch: Batch) -> Block:
    number = len(batch.reports) + len(batch.failures)
    rows: list[tuple[bool, tuple[str, ...]]] = []
    for report in batch.reports:
        result, verdict = policy_result(report), report.verdict
        ids, more = shared(sorted({each.id for each in failing(report)}), 3)
        found = ", ".join(code(each) for each in ids) + (f" and {more} more" if more else "")
        answer = (gate_word(result), VERDICTS[verdict.kind], str(verdict.score), found)
        rows.append((result.gate.passed, (_name(report), *answer)))
    passed = sum(each[0] for each in rows)
    rows += [(False, _failure(each)) for each in batch.failures]
    rows.sort(key=lambda each: each[0])
    shown, more = shared([row for _, row in rows], _IMAGES)
    head = ("image", "gate", "verdict", "score", "what fails it")
    return [
        f"## FIPS readiness of {counted(number, 'image')}: {passed} of {number} pass the gate",
        "",
        *_table(head, shown),
        *_and(more),
    ]


def _failure(failure: Failure) -> tuple[str, ...]:
    name = code(failure.reference, _CELL)
    name += f"<br>{code(failure.asked_by[0], _CELL)}" if failure.asked_by else ""
    return (name, "could not be scanned", "", "", plain(failure.error, 300))


def _folded_image(report: Report, rows: int) -> Block:
    result = policy_result(report)
    name = escape(visible(report.image.reference, _CELL))
    title = (
        f"<code>{name}</code>: gate {gate_word(result)}, {VERDICTS[report.verdict.kind]}, "
        f"score {report.verdict.score}"
    )
    lines: Block = _below(report)[1:]
    for _, make in _parts(report, "####"):
        lines += ["", *make(rows)]
    return _folded(title, lines)
