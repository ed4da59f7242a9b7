"""Writes a report as SARIF 2.1.0: for code scanning on GitHub, GitLab, and viewers.

One run for each image. What does not fit the limits of GitHub is left out, and the file says so.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence

from scanner import __version__
from scanner.model import Batch, Failure, Finding, Gap, PolicyResult, Report, WaiverState
from scanner.report.look import Look
from scanner.report.order import ordered_findings
from scanner.report.sarif_rules import (
    BASES,
    HELP,
    LEVELS,
    SOURCES,
    Json,
    address,
    is_below,
    location,
    name_of,
    one_line,
    result_of,
    rules,
    spots,
)
from scanner.report.views.images import gate_word, names_apart, policy_result, repository
from scanner.report.views.places import Place

SCHEMA = (
    "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json"
)

# GitHub takes 20 runs of a file, shows 5,000 results of a run, and refuses files of more than
# 10 MB, compressed.
_RUNS = 20
_RESULTS = 5000
_BYTES = 16_000_000
_NOTIFICATIONS = 500

_LEFT_OUT = "left-out"
_NOT_SCANNED = "not-scanned"
_WAIVER_EXPIRED = "waiver-expired"
_WAIVER_UNMATCHED = "waiver-unmatched"
_NOTICES = {
    _LEFT_OUT: "More was found than this file may hold",
    _NOT_SCANNED: "An image could not be scanned",
    _WAIVER_EXPIRED: "A waiver has expired",
    _WAIVER_UNMATCHED: "A waiver matches nothing",
}


def render(report: Report, look: Look | None = None) -> str:  # noqa: ARG001
    """`report` as SARIF in ASCII. `look` changes nothing."""
    return _document([_run(report, repository(report.image.reference), _BYTES)])


def render_many(batch: Batch, look: Look | None = None) -> str:  # noqa: ARG001
    """`batch` as SARIF, a run for each image. `look` changes nothing."""
    room = _RUNS if len(batch.reports) <= _RUNS and not batch.failures else _RUNS - 1
    shown, rest = batch.reports[:room], batch.reports[room:]
    size = _BYTES // max(1, len(shown))
    names = names_apart(shown)
    runs = [_run(each, name, size) for each, name in zip(shown, names, strict=True)]
    if rest or batch.failures or not runs:
        runs.append(_missing(batch.failures, rest))
    return _document(runs)


def _document(runs: list[Json]) -> str:
    document = {"$schema": SCHEMA, "version": "2.1.0", "runs": runs}
    return json.dumps(document, indent=1, ensure_ascii=True) + "\n"


def _run(report: Report, category: str, size: int) -> Json:
    findings = ordered_findings(report.findings)
    chosen, left_out = _chosen(report, findings, size)
    result = policy_result(report)
    verdict = report.verdict
    kinds = sorted({f"gap-{each.kind}" for each in report.gaps})
    notices = [*kinds, *_NOTICES]
    execution = _gap_notes(report, notices)
    if left_out:
        text = f"{left_out} more results are left out; the JSON report has all of them"
        execution.append(_note(_LEFT_OUT, "warning", text, notices))
    invocation: Json = {
        "executionSuccessful": True,
        "exitCode": result.gate.exit_code,
        "exitCodeDescription": f"gate {gate_word(result)}",
        "toolExecutionNotifications": execution,
        "toolConfigurationNotifications": _waiver_notes(result, notices),
    }
    overrides = _overrides(findings)
    if overrides:
        invocation["ruleConfigurationOverrides"] = overrides
    properties: Json = {
        "verdict": verdict.kind.value,
        "verdictReasons": [one_line(each, 1000) for each in verdict.reasons],
        "score": verdict.score,
        "acceptedVerdict": result.accepted.value,
        "acceptedScore": result.accepted_score,
        "gate": gate_word(result),
        "gateReasons": [one_line(each, 1000) for each in result.gate.reasons],
        "date": report.date.isoformat(),
        "rulesDigest": one_line(report.rules_digest),
        "target": one_line(report.target),
        "image": {
            "reference": one_line(report.image.reference),
            "digest": one_line(report.image.digest),
            "platform": one_line(report.image.platform),
            "os": one_line(report.image.os),
            "askedBy": [one_line(each) for each in report.image.asked_by],
        },
    }
    if left_out:
        properties["resultsLeftOut"] = left_out
    return {
        "tool": {"driver": _driver(report.scanner_version, rules(findings), notices)},
        # What comes before the last slash is GitHub's category: runs of one category replace
        # each other, and so those of an image must not depend on its tag.
        "automationDetails": {
            "id": f"fips-scanner/{address(category)}/",
            "description": {"text": f"FIPS readiness of {one_line(report.image.reference)}"},
        },
        "invocations": [invocation],
        "originalUriBaseIds": {
            name: {"description": {"text": text}} for name, text in BASES.items()
        },
        "columnKind": "unicodeCodePoints",
        "results": chosen,
        "properties": properties,
    }


def _driver(version: str, described: list[Json], notices: Sequence[str]) -> Json:
    return {
        "name": "fips-scanner",
        "version": one_line(version),
        "shortDescription": {"text": "Tells whether a container image is ready for FIPS 140-3."},
        "rules": described,
        "notifications": [
            {
                "id": each,
                "name": name_of(each),
                "shortDescription": {"text": text},
                "fullDescription": {"text": f"{text}. It is no finding of its own."},
                "help": {"text": "The message says what it is about and what follows from it."},
                "helpUri": HELP,
                "defaultConfiguration": {"level": "warning"},
            }
            for each, text in ((each, _NOTICES.get(each) or _gap_words(each)) for each in notices)
        ],
    }


def _gap_words(notice: str) -> str:
    return f"Not looked at: {notice.removeprefix('gap-').replace('-', ' ')}"


def _chosen(report: Report, findings: Sequence[Finding], size: int) -> tuple[list[Json], int]:
    """The results that fit, and how many do not. The first place of a finding comes first."""
    found = spots(report, findings)
    order = sorted(range(len(found)), key=lambda at: (not found[at].first, at))[:_RESULTS]
    kept: list[tuple[int, Json]] = []
    for at in order:
        result = result_of(report, found[at])
        size -= len(json.dumps(result))
        if size < 0 and kept:
            break
        kept.append((at, result))
    kept.sort(key=lambda each: each[0])
    return [result for _, result in kept], len(found) - len(kept)


def _overrides(findings: Iterable[Finding]) -> list[Json]:
    """What the policy made of severities."""
    ids = list(dict.fromkeys(each.id for each in findings))
    changed = {each.id: each for each in findings if each.rule_severity}
    return [
        {
            "descriptor": {"id": one_line(id_, 255), "index": ids.index(id_)},
            "configuration": {"level": LEVELS[finding.severity]},
        }
        for id_, finding in changed.items()
    ]


def _gap_notes(report: Report, notices: Sequence[str]) -> list[Json]:
    def key(gap: Gap) -> tuple[bool, bool, str, str]:
        return (not gap.caps, gap.requested, gap.kind.value, gap.subject)

    found = sorted(report.gaps, key=key)
    notes = [_gap_note(report, gap, notices) for gap in found[:_NOTIFICATIONS]]
    if len(found) > _NOTIFICATIONS:
        text = f"{len(found) - _NOTIFICATIONS} more gaps are left out; the JSON report has them"
        notes.append(_note(_LEFT_OUT, "warning", text, notices))
    return notes


def _gap_note(report: Report, gap: Gap, notices: Sequence[str]) -> Json:
    counts = gap.caps and not gap.requested and not gap.ignored_because
    text = (
        f"{one_line(gap.subject)}: {one_line(gap.reason)}" if gap.subject else one_line(gap.reason)
    )
    if gap.ignored_because:
        text += f" (set aside: {one_line(gap.ignored_because)})"
    note = _note(f"gap-{gap.kind}", "warning" if counts else "note", text, notices)
    if gap.subject.startswith("/"):
        place = Place(gap.subject, gap.subject, layer=report.layer_of(gap.subject))
        note["locations"] = [location(report, place)]
    note["properties"] = {
        "capsVerdict": gap.caps,
        "requested": gap.requested,
        "ignored": bool(gap.ignored_because),
    }
    return note


def _waiver_notes(result: PolicyResult, notices: Sequence[str]) -> list[Json]:
    notes = []
    for each in result.waivers:
        waiver = each.waiver
        what = f"the waiver of {one_line(waiver.rule)} for {one_line(waiver.pattern)}"
        if each.state is WaiverState.EXPIRED:
            text = f"{what} expired on {waiver.expires}; {one_line(waiver.owner)} owns it"
            note = _note(_WAIVER_EXPIRED, "error", text, notices)
        elif each.state is WaiverState.UNMATCHED:
            text = f"{what} matches nothing; {one_line(waiver.owner)} owns it"
            note = _note(_WAIVER_UNMATCHED, "warning", text, notices)
        else:
            continue
        if waiver.line and is_below(result.source):
            artifact = {"uri": address(result.source), "uriBaseId": SOURCES}
            region = {"startLine": waiver.line, "startColumn": 1}
            place = {"artifactLocation": artifact, "region": region}
            note["locations"] = [{"physicalLocation": place}]
        notes.append(note)
    return notes


def _note(notice: str, level: str, text: str, notices: Sequence[str]) -> Json:
    return {
        "descriptor": {"id": notice, "index": notices.index(notice)},
        "level": level,
        "message": {"text": f"{text}."},
    }


def _missing(failures: Iterable[Failure], left_out: Iterable[Report]) -> Json:
    """A run of its own for what is missing: an empty run of an image would close its alerts."""
    notices = list(_NOTICES)
    notes = [
        _note(
            _NOT_SCANNED,
            "error",
            f"{one_line(each.reference)} could not be scanned: {one_line(each.error)}",
            notices,
        )
        for each in failures
    ]
    notes += [
        _note(
            _LEFT_OUT,
            "error",
            f"{one_line(each.image.reference)} is left out, as GitHub takes {_RUNS} images of a "
            "file; {image} in the file's name makes one for each",
            notices,
        )
        for each in left_out
    ]
    return {
        "tool": {"driver": _driver(__version__, [], notices)},
        "automationDetails": {"id": "fips-scanner-missing/"},
        "invocations": [{"executionSuccessful": not notes, "toolExecutionNotifications": notes}],
        "columnKind": "unicodeCodePoints",
        "results": [],
    }
