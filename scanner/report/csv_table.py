"""Writes a report as a table in CSV (RFC 4180), a line for each place of a finding, and each gap.

Safe to open in a spreadsheet: nothing of an image becomes a formula there.
"""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Iterator

from scanner.gate import counts
from scanner.model import Batch, Failure, Finding, Gap, PolicyResult, Report
from scanner.report.escape import visible
from scanner.report.look import Look
from scanner.report.order import ordered_findings
from scanner.report.views.images import gate_word, policy_result
from scanner.report.views.places import Place, instruction, places_of
from scanner.report.views.prose import blocks

COLUMNS = (
    "image",
    "digest",
    "platform",
    "os",
    "date",
    "target",
    "verdict",
    "score",
    "accepted_verdict",
    "accepted_score",
    "gate",
    "type",
    "rule",
    "question",
    "severity",
    "rule_severity",
    "confidence",
    "fails_gate",
    "ignored_by",
    "ignored_because",
    "title",
    "location",
    "line",
    "seen",
    "layer",
    "layer_digest",
    "instruction",
    "fix",
    "asked_by",
)
"""The header. New columns come last."""

_ANY = 1_000_000
_Row = dict[str, str | int | None]


def render(report: Report, look: Look | None = None) -> str:
    """`report` as CSV. `look` changes nothing."""
    return render_many(Batch((report,)), look)


def render_many(batch: Batch, look: Look | None = None) -> str:  # noqa: ARG001
    """`batch` as one table. `look` changes nothing."""
    file = io.StringIO()
    writer = csv.writer(file, lineterminator="\r\n")
    writer.writerow(COLUMNS)
    for row in _rows(batch):
        writer.writerow([_cell(row.get(name)) for name in COLUMNS])
    return file.getvalue()


def _rows(batch: Batch) -> Iterator[_Row]:
    for report in batch.reports:
        result = policy_result(report)
        about = _about(report, result)
        reasons = "; ".join(result.gate.reasons or report.verdict.reasons)
        yield {**about, "type": "image", "title": reasons}
        started = {use.consumer for use in report.uses if use.started}
        for finding in ordered_findings(report.findings):
            same = {**about, **_finding(finding, fails=counts(finding, result.gate_rules))}
            for place in places_of(report, finding, started):
                yield {**same, **_place(report, place)}
        for gap in sorted(report.gaps, key=lambda each: (each.kind, each.subject, each.reason)):
            yield {**about, **_gap(report, gap)}
    for failure in batch.failures:
        yield _failure(failure)


def _about(report: Report, result: PolicyResult) -> _Row:
    image, verdict = report.image, report.verdict
    return {
        "image": image.reference,
        "digest": image.digest,
        "platform": image.platform,
        "os": image.os,
        "date": report.date.isoformat(),
        "target": report.target,
        "verdict": verdict.kind,
        "score": verdict.score,
        "accepted_verdict": result.accepted,
        "accepted_score": result.accepted_score,
        "gate": gate_word(result),
        "asked_by": "; ".join(image.asked_by),
    }


def _finding(finding: Finding, *, fails: bool) -> _Row:
    prose = next((lines[0] for is_code, lines in blocks(finding.fix) if not is_code), "")
    return {
        "type": "finding",
        "rule": finding.id,
        "question": finding.question,
        "severity": finding.severity,
        "rule_severity": finding.rule_severity,
        "confidence": finding.confidence,
        "fails_gate": "yes" if fails else "no",
        "ignored_by": finding.ignored_by,
        "ignored_because": finding.ignored_because,
        "title": finding.title,
        "fix": prose,
    }


def _place(report: Report, place: Place) -> _Row:
    row: _Row = {
        "location": place.path or place.location or "image configuration",
        "line": " ".join(map(str, place.lines)),
        "seen": "; ".join(place.seen),
    }
    return {**row, **_layer(report, place.layer)}


def _layer(report: Report, at: int | None) -> _Row:
    if at is None or at >= len(report.layers):
        return {}
    layer = report.layers[at]
    return {"layer": at + 1, "layer_digest": layer.diff_id, "instruction": instruction(layer)}


def _gap(report: Report, gap: Gap) -> _Row:
    row: _Row = {
        "type": "gap",
        "rule": f"gap:{gap.kind}",
        # Only that a verdict is capped is known of a single gap, not whether the gate fails.
        "ignored_by": "policy" if gap.ignored_because else "",
        "ignored_because": gap.ignored_because,
        "title": gap.reason,
        "location": gap.subject,
    }
    at = report.layer_of(gap.subject) if gap.subject.startswith("/") else None
    return {**row, **_layer(report, at)}


def _failure(failure: Failure) -> _Row:
    return {
        "image": failure.reference,
        "platform": failure.platform,
        "asked_by": "; ".join(failure.asked_by),
        "gate": "could not be scanned",
        "type": "failure",
        "title": failure.error,
    }


# What a spreadsheet takes for the beginning of a formula, also after a semicolon, which separates
# columns where the comma is a decimal point.
_FORMULA = re.compile(r"(^|;)(\s*)(?=[-=+@|%\t\r＝＋－＠])")


def _cell(value: str | int | None) -> str | int:
    if value is None or isinstance(value, int):
        return "" if value is None else value
    return _FORMULA.sub(r"\1\2'", visible(value, _ANY))
