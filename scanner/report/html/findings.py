"""The findings as the page shows them: title, places, why, fix, and the evidence folded.

Marks what is set aside; leaves nothing out.
"""

from __future__ import annotations

import re
from collections.abc import Container, Mapping, Sequence
from dataclasses import dataclass

from scanner.model import Finding, Report
from scanner.report.html.limits import Limits, Shown, first
from scanner.report.html.words import Badge, severity_badge
from scanner.report.order import ordered_findings
from scanner.report.views.images import failing
from scanner.report.views.places import Place, place_words, places_of
from scanner.report.views.prose import blocks

_ITEM = re.compile(r"([-*]|\d{1,2}\.) +")
_LINK = re.compile(r"https?://[^\s<>\"']+\Z")
_FIRST = 3
_ADVICE = 240
_SEEN = 4
"""Lines of what was seen at one place."""


@dataclass(frozen=True, slots=True)
class Block:
    """A part of a text: `text`, `code`, `bullets` or `numbers`."""

    kind: str
    lines: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Reference:
    """Where to read more; a link only where it leads to the web."""

    text: str
    is_link: bool


@dataclass(frozen=True, slots=True)
class PlaceRow:
    """A place of a finding, in words."""

    words: str
    seen: tuple[str, ...]
    layer: str
    """`layer 3`, `""` where that is not known."""


@dataclass(frozen=True, slots=True)
class FindingView:
    """One finding."""

    finding: Finding
    key: str
    """Its id in the page: a rule may say one thing of places that are waived and of others."""
    severity: Badge
    fails_gate: bool
    points: str
    """That it cost, `""` where none."""
    cost: float
    places: Shown[PlaceRow]
    why: tuple[Block, ...]
    fix: tuple[Block, ...]
    evidence: Shown[str]
    advice: str
    """The first sentence of what to do."""
    references: tuple[Reference, ...]


@dataclass(frozen=True, slots=True)
class Findings:
    """All of them, worst first."""

    counting: Shown[FindingView]
    aside: Shown[FindingView]
    numbers: tuple[tuple[Badge, int], ...]
    """How many of each severity count."""

    @property
    def first(self) -> tuple[FindingView, ...]:
        """Those to begin with: the worst, and of these the dearest."""

        def order(each: FindingView) -> tuple[int, float]:
            return (each.finding.severity.rank, -each.cost)

        return tuple(sorted(self.counting.rows, key=order)[:_FIRST])

    @property
    def keys(self) -> Mapping[str, str]:
        """A rule's id → its first place in the page, for links."""
        shown = (*self.counting.rows, *self.aside.rows)
        return {each.finding.id: each.key for each in reversed(shown)}


def findings_of(report: Report, prefix: str, limits: Limits) -> Findings:
    """The findings of a report; ids in the page begin with `prefix`."""
    started = {use.consumer for use in report.uses if use.started}
    fails = {id(each) for each in failing(report)}
    points: dict[str, float] = {}
    for lost in report.verdict.points_lost:
        points[lost.cause] = points.get(lost.cause, 0) + lost.points
    ordered = ordered_findings(report.findings)
    numbers: dict[str, int] = {}
    views = []
    for finding in ordered:
        seen = numbers[finding.id] = numbers.get(finding.id, 0) + 1
        key = f"{prefix}finding-{_slug(finding.id)}{f'-{seen}' if seen > 1 else ''}"
        views.append(
            FindingView(
                finding=finding,
                key=key,
                severity=severity_badge(finding.severity),
                fails_gate=id(finding) in fails,
                points=f"{points[finding.id]:g}" if points.get(finding.id) else "",
                cost=points.get(finding.id, 0),
                places=_places(report, finding, started, limits),
                why=prose_blocks(finding.why),
                fix=prose_blocks(finding.fix),
                evidence=first(finding.evidence, limits.lines),
                advice=_advice(finding.fix),
                references=tuple(
                    Reference(each, bool(_LINK.match(each))) for each in finding.references
                ),
            )
        )
    counting = [each for each in views if not each.finding.ignored_by]
    aside = [each for each in views if each.finding.ignored_by]
    return Findings(first(counting, limits.rows), first(aside, limits.rows), _numbers(counting))


def prose_blocks(text: str) -> tuple[Block, ...]:
    """The paragraphs, lists and lines to paste of a rule's text."""
    found: list[Block] = []
    for is_code, lines in blocks(text):
        if is_code:
            found.append(Block("code", tuple(lines)))
            continue
        for line in lines:
            item = _ITEM.match(line)
            kind = "text" if not item else "bullets" if item[1] in "-*" else "numbers"
            text = line[item.end() :] if item else line
            if found and found[-1].kind == kind and kind != "text":
                found[-1] = Block(kind, (*found[-1].lines, text))
            else:
                found.append(Block(kind, (text,)))
    return tuple(found)


def _advice(fix: str) -> str:
    line = next((block.lines[0] for block in prose_blocks(fix) if block.kind != "code"), "")
    sentence = re.split(r"(?<=[.:;]) +(?=[A-Z`])", line, maxsplit=1)[0].rstrip(":")
    if len(sentence) <= _ADVICE:
        return sentence
    return f"{sentence[:_ADVICE].rpartition(' ')[0]} …"


def _places(
    report: Report, finding: Finding, started: Container[str], limits: Limits
) -> Shown[PlaceRow]:
    shown = first(places_of(report, finding, started), limits.places)
    return Shown(tuple(_place(each, limits) for each in shown), shown.more)


def _place(place: Place, limits: Limits) -> PlaceRow:
    layer = "" if place.layer is None else f"layer {place.layer + 1}"
    # The evidence has all of it.
    told = dict.fromkeys(each.partition("; ")[0] for each in place.seen)
    return PlaceRow(place_words(place), tuple(told)[: min(_SEEN, limits.lines)], layer)


def _numbers(counting: Sequence[FindingView]) -> tuple[tuple[Badge, int], ...]:
    numbers: dict[Badge, int] = {}
    for each in counting:
        numbers[each.severity] = numbers.get(each.severity, 0) + 1
    return tuple(numbers.items())


def _slug(text: str) -> str:
    return re.sub(r"[^a-z0-9]+", "-", text.lower()).strip("-") or "x"
