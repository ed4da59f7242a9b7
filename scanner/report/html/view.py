"""Everything that a page shows of a report, in the order in which it shows it.

Only looks up, orders and counts: verdict, score and gate are those of the report.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import groupby

from scanner.model import (
    Asset,
    Batch,
    CryptoUse,
    Effect,
    Failure,
    Gap,
    PointsLost,
    PolicyResult,
    Question,
    Report,
)
from scanner.report.html import algorithms
from scanner.report.html import runs as ran
from scanner.report.html.crypto_map import CryptoMap, crypto_map
from scanner.report.html.findings import Findings, findings_of
from scanner.report.html.layers import LayerRow, layer_rows
from scanner.report.html.limits import Limits, Shown, first
from scanner.report.html.words import (
    WAIVER_STATES,
    Badge,
    Tone,
    mode_badge,
    score_tone,
    status_badge,
    verdict_badge,
    verdict_sentence,
)
from scanner.report.order import main_first
from scanner.report.views.assets import WORDS, order_of
from scanner.report.views.breaks import break_lines
from scanner.report.views.gaps import Merged, merged
from scanner.report.views.images import gate_asks, gate_word, policy_result
from scanner.report.views.uses import certificate, grouped, how, module_name, notes_of

_PROGRAMS = 3
_REASONS = 6


@dataclass(frozen=True, slots=True)
class ScoreRow:
    """A question, its score, and what took its points."""

    name: str
    score: int | None
    tone: Tone
    causes: tuple[tuple[str, str, str], ...]
    """Points, what took them, and the id in the page of the finding that did, or `""`."""


@dataclass(frozen=True, slots=True)
class UseRow:
    """Uses that differ in the program only."""

    first: CryptoUse
    programs: tuple[str, ...]
    more: Shown[str]
    started: frozenset[str]
    module: str
    how: str
    status: Badge
    certificate: str
    mode: Badge
    notes: tuple[str, ...]
    layer: str


@dataclass(frozen=True, slots=True)
class AssetKindRows:
    """The inventory of one sort."""

    title: str
    rows: Shown[Asset]
    layers: tuple[str, ...]
    """Of each row."""
    number: int
    unapproved: int


@dataclass(frozen=True, slots=True)
class GapRow:
    """Gaps with the same reason."""

    gap: Gap
    subjects: Shown[str]
    caps: bool
    """Whether it keeps the verdict from being better."""


@dataclass(frozen=True, slots=True)
class Section:
    """An entry of the table of contents."""

    key: str
    title: str
    beside: str = ""


@dataclass(frozen=True, slots=True)
class ImageView:
    """A report as the page shows it."""

    report: Report
    limits: Limits
    prefix: str
    """With which the ids of this image begin in the page."""
    verdict: Badge
    sentence: str
    policy: PolicyResult
    gate: Badge
    gate_asks: str
    accepted: Badge | None
    """What the policy accepts, where that is not the verdict."""
    score_tone: Tone
    reasons: Shown[str]
    breaks: tuple[str, ...]
    scores: tuple[ScoreRow, ...]
    findings: Findings
    map: CryptoMap | None
    workload: Shown[UseRow]
    tools: Shown[UseRow]
    ports: tuple[algorithms.Port, ...]
    clients: Shown[ran.ClientRow]
    runs: tuple[ran.Run, ...]
    steps: ran.Steps
    calls: ran.Calls
    libraries: tuple[algorithms.Library, ...]
    layers: tuple[LayerRow, ...]
    gaps: Shown[GapRow]
    assets: tuple[AssetKindRows, ...]
    waivers: tuple[tuple[object, Badge], ...]
    sections: tuple[Section, ...]


@dataclass(frozen=True, slots=True)
class BatchView:
    """Several reports as one page shows them."""

    images: tuple[ImageView, ...]
    failures: tuple[Failure, ...]
    numbers: tuple[tuple[Badge, int], ...]
    """How many images have which verdict."""


def batch_view(batch: Batch) -> BatchView:
    """The images in the order in which they were scanned."""
    limits = Limits.for_images(len(batch.reports))
    images = tuple(
        image_view(each, limits, f"image-{at + 1}-") for at, each in enumerate(batch.reports)
    )
    numbers: dict[Badge, int] = {}
    for each in images:
        numbers[each.verdict] = numbers.get(each.verdict, 0) + 1
    return BatchView(images, batch.failures, tuple(numbers.items()))


def image_view(report: Report, limits: Limits, prefix: str = "") -> ImageView:
    """Everything that the page shows of `report`."""
    verdict = report.verdict
    policy = policy_result(report)
    findings = findings_of(report, prefix, limits)
    workload = [each for each in report.uses if each.role == "workload"]
    tools = [each for each in report.uses if each.role != "workload"]
    differs = (policy.accepted, policy.accepted_score) != (verdict.kind, verdict.score)
    gate_tone = Tone.GOOD if policy.gate.passed else Tone.BAD
    parts = {
        "findings": findings,
        "map": crypto_map(workload),
        "workload": _uses(report, workload, limits),
        "tools": _uses(report, tools, limits),
        "ports": tuple(algorithms.ports_of(report, limits)),
        "clients": ran.clients_of(report, limits),
        "runs": tuple(ran.runs_of(report, limits)),
        "steps": ran.steps_of(report, limits),
        "calls": ran.calls_of(report, limits),
        "libraries": tuple(algorithms.libraries_of(report, limits)),
        "layers": tuple(layer_rows(report)),
        "gaps": _gaps(report, limits),
        "assets": tuple(_assets(report, limits)),
        "waivers": tuple((each, WAIVER_STATES[each.state]) for each in policy.waivers),
    }
    return ImageView(
        report=report,
        limits=limits,
        prefix=prefix,
        verdict=verdict_badge(verdict.kind),
        sentence=verdict_sentence(verdict.kind),
        policy=policy,
        gate=Badge(gate_word(policy), gate_tone),
        gate_asks=gate_asks(policy.gate_rules),
        accepted=verdict_badge(policy.accepted) if differs else None,
        score_tone=score_tone(verdict.score),
        reasons=first(verdict.reasons, _REASONS),
        breaks=tuple(break_lines(report.conditions, report.findings)),
        scores=tuple(_scores(report, findings.keys)),
        sections=_sections(report, prefix, parts, limits),
        **parts,  # type: ignore[arg-type]
    )


def _scores(report: Report, keys: Mapping[str, str]) -> list[ScoreRow]:
    lost = sorted(report.verdict.points_lost, key=lambda each: (-each.points, each.cause))
    rows = []
    for question in (*Question, None):
        its = [each for each in lost if each.question is question]
        if question is None and not its:
            continue
        score = report.verdict.scores.get(question) if question else None
        rows.append(
            ScoreRow(
                name=question.value if question else "verdict",
                score=score,
                tone=score_tone(score),
                causes=tuple(_cause(each, keys) for each in its),
            )
        )
    return rows


def _cause(lost: PointsLost, keys: Mapping[str, str]) -> tuple[str, str, str]:
    sort, colon, rest = lost.cause.partition(":")
    words = {
        "gap": f"not looked at: {rest}",
        "uses": f"programs: {rest}",
        "verdict": f"because it is {rest}",
    }
    text = words.get(sort, lost.cause) if colon else lost.cause
    return (f"{lost.points:g}", text, keys.get(lost.cause, ""))


def _uses(report: Report, found: Sequence[CryptoUse], limits: Limits) -> Shown[UseRow]:
    groups = first(grouped(found), limits.rows)
    rows = []
    for group in groups:
        use = group.first
        started = frozenset(each.consumer for each in group.uses if each.started)
        paths = main_first((each.consumer for each in group.uses), started)
        rows.append(
            UseRow(
                first=use,
                programs=tuple(paths[:_PROGRAMS]),
                more=first(paths[_PROGRAMS:], limits.places),
                started=started,
                module=module_name(use),
                how=how(use),
                status=status_badge(use.validation.status),
                certificate=certificate(use.validation),
                mode=mode_badge(use.activation),
                notes=tuple(notes_of(group.uses)),
                layer=_layer(report, use.module.path or use.consumer),
            )
        )
    return Shown(tuple(rows), groups.more)


def _layer(report: Report, place: str) -> str:
    at = report.layer_of(place)
    return "" if at is None else str(at + 1)


def _gaps(report: Report, limits: Limits) -> Shown[GapRow]:
    together: Sequence[Merged] = merged(report.gaps)
    shown = first(together, limits.rows)
    rows = (
        GapRow(
            each.first,
            first(tuple(filter(None, each.subjects)), limits.places),
            each.first.caps and not each.first.ignored_because,
        )
        for each in shown
    )
    return Shown(tuple(rows), shown.more)


def _assets(report: Report, limits: Limits) -> list[AssetKindRows]:
    found = []
    for kind, group in groupby(sorted(report.assets, key=order_of), lambda each: each.kind):
        rows = list(group)
        shown = first(rows, limits.rows)
        found.append(
            AssetKindRows(
                title=WORDS[kind][1].capitalize(),
                rows=shown,
                layers=tuple(_layer(report, each.path) for each in shown),
                number=sum(each.count for each in rows),
                unapproved=sum(bool(each.unapproved) for each in rows),
            )
        )
    return found


_FOUND = ("score", "findings")
"""Sections that are there before all others are."""


def _sections(
    report: Report, prefix: str, parts: Mapping[str, object], limits: Limits
) -> tuple[Section, ...]:
    findings = parts["findings"]
    assert isinstance(findings, Findings)
    breaks = sum(
        each.effect is Effect.BREAKS for run in report.conditions for each in run.differences
    )
    told = (
        ("score", "Score", f"{report.verdict.score} of 100", True),
        ("findings", "Findings", str(findings.counting.total), True),
        ("uses", "What uses cryptography", "", True),
        ("tls", "TLS", "", bool(parts["ports"] or parts["clients"])),
        ("runs", "Simulated runs", f"{breaks} broken" if breaks else "", True),
        ("calls", "Algorithms asked for", "", bool(parts["calls"])),
        ("offers", "Algorithms given", "", bool(parts["libraries"])),
        ("layers", "Layers", str(len(report.layers)), bool(report.layers)),
        ("inventory", "Inventory", "", bool(report.assets)),
        ("gaps", "Not looked at", str(len(report.gaps)), bool(report.gaps)),
        ("policy", "Policy and gate", "", True),
    )
    return tuple(
        Section(f"{prefix}{key}", title, beside)
        for key, title, beside, is_shown in told
        if is_shown and (limits.findings if key in _FOUND else limits.whole)
    )
