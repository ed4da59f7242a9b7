"""Writes what was found of an image as an in-toto statement, to be signed and attached to it.

Claims a manifest digest or nothing: signatures are attached to manifests. Signs nothing itself.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator
from datetime import date
from functools import cache
from importlib.resources import files
from typing import Any

from scanner.errors import UsageError
from scanner.gate import UNDETERMINED
from scanner.model import (
    CryptoUse,
    PolicyResult,
    Question,
    Report,
    ValidationStatus,
    WaiverResult,
    WaiverState,
)
from scanner.report.escape import visible
from scanner.report.look import Look
from scanner.report.order import ordered_findings, ordered_runs
from scanner.report.views.images import policy_result, repository

STATEMENT = "https://in-toto.io/Statement/v1"
PREDICATE = "urn:fips-scanner:attestation:1"
"""The type of the predicate; `attestation-v1.json` says what is in it."""

_LONGEST = 2000

Json = dict[str, Any]


@cache
def schema() -> Json:
    """The JSON Schema of the predicate."""
    text = files("scanner.report").joinpath("attestation-v1.json").read_text(encoding="utf-8")
    loaded: Json = json.loads(text)
    return loaded


def render(report: Report, look: Look | None = None) -> str:
    """`report` as a statement about its image's manifest.

    Raises:
        UsageError: the digest of its manifest is not known.
    """
    del look  # it is for programs
    statement = {
        "_type": STATEMENT,
        "subject": [{"name": _name(report), "digest": {"sha256": _manifest(report)}}],
        "predicateType": PREDICATE,
        "predicate": _predicate(report),
    }
    return f"{json.dumps(statement, indent=2)}\n"


def _manifest(report: Report) -> str:
    image = report.image
    algorithm, _, content = image.manifest_digest.partition(":")
    if algorithm == "sha256" and content:
        return content
    named = _text(image.reference)
    if image.manifest_digest:
        raise UsageError(f"no attestation of '{named}': its manifest has no SHA-256 digest")
    if not image.digest:
        raise UsageError(f"no attestation of '{named}': it has no digest; scan an image")
    raise UsageError(
        f"no attestation of '{named}': only the ID of the image is known, not the digest of its "
        "manifest; push it, and scan registry:NAME"
    )


def _text(text: str) -> str:
    return visible(text, _LONGEST)


def _name(report: Report) -> str:
    """The repository, as cosign calls a subject; of an image in a file, the file's name."""
    name = repository(report.image.reference)
    if report.image.reference.startswith(("oci:", "docker-archive:")):
        name = name.rstrip("/").rpartition("/")[2]
    return _text(name) or "image"


def _predicate(report: Report) -> Json:
    verdict, result = report.verdict, policy_result(report)
    return {
        "result": _result(result),
        "verdict": verdict.kind.value,
        "score": verdict.score,
        "scores": {each.value: verdict.scores.get(each) for each in Question},
        "reasons": [_text(each) for each in verdict.reasons],
        "date": report.date.isoformat(),
        "holdsUntil": _until(report, result),
        "scanner": {
            "name": "fips-scanner",
            "version": report.scanner_version,
            "rules": report.rules_digest,
        },
        "image": {
            "reference": _text(report.image.reference),
            "platform": _text(report.image.platform),
            "os": _text(report.image.os),
        },
        "target": report.target,
        "scope": _scope(report),
        "modules": list(_modules(report)),
        "findings": [
            {
                "id": _text(each.id),
                "question": each.question.value,
                "severity": each.severity.value,
                "places": len(each.locations),
                "setAsideBy": each.ignored_by or None,
            }
            for each in ordered_findings(report.findings)
        ],
        "policy": _policy(result),
    }


def _result(result: PolicyResult) -> str:
    """The gate's answer in the words of in-toto's own predicate for tests."""
    if result.gate.passed:
        return "PASSED"
    return "UNDETERMINED" if result.gate.exit_code == UNDETERMINED else "FAILED"


def _scope(report: Report) -> Json:
    ran = [each.name for each in ordered_runs(report.conditions) if each.ran]
    gaps = Counter((each.kind.value, each.caps) for each in report.gaps)
    return {
        "static": not ran,
        "runs": [_text(name) for name in ran],
        "notLookedAt": [
            {"kind": kind, "capsVerdict": caps, "count": count}
            for (kind, caps), count in sorted(gaps.items())
        ],
    }


def _modules(report: Report) -> Iterator[Json]:
    """The modules that serve the image's programs, each once in each state."""
    made: dict[str, Json] = {}
    for use in report.uses:
        if use.role == "workload":
            each = _module(use)
            made[json.dumps(each)] = each
    for _, each in sorted(made.items()):
        yield each


def _module(use: CryptoUse) -> Json:
    validation = use.validation
    return {
        "id": _text(use.module.id),
        "name": _text(use.module.name),
        "version": _text(use.module.version),
        "validation": validation.status.value,
        "certificate": validation.certificate,
        "sunset": validation.sunset.isoformat() if validation.sunset else None,
        "approvedMode": use.activation.value,
    }


def _until(report: Report, result: PolicyResult) -> str | None:
    """The last day on which the certificates and waivers hold that this rests on."""
    days = [
        _last_day(use)
        for use in report.uses
        if use.role == "workload" and use.validation.status is ValidationStatus.ACTIVE
    ]
    days += [each.waiver.expires for each in result.waivers if each.state is WaiverState.HOLDS]
    known = [each for each in days if each is not None]
    return min(known).isoformat() if known else None


def _last_day(use: CryptoUse) -> date | None:
    # It loads what certificates are read with, and every command loads this module.
    from scanner.cmvp_status import END_OF_140_2

    sunset = use.validation.sunset
    if sunset and use.validation.standard == "FIPS 140-2":
        return min(sunset, END_OF_140_2)
    return sunset


def _policy(result: PolicyResult) -> Json:
    asked = result.gate_rules
    return {
        "source": _text(result.source),
        "accepted": {"verdict": result.accepted.value, "score": result.accepted_score},
        "gate": {
            "passed": result.gate.passed,
            "exitCode": result.gate.exit_code,
            "reasons": [_text(each) for each in result.gate.reasons],
        },
        "asked": {
            "failOn": asked.fail_on.value if asked.fail_on else None,
            "minScore": asked.min_score,
            "verdict": asked.verdict.value if asked.verdict else None,
            "questions": [each.value for each in asked.questions],
        },
        "baseline": _text(result.baseline),
        "waivers": [_waiver(each) for each in result.waivers],
    }


def _waiver(result: WaiverResult) -> Json:
    waiver = result.waiver
    return {
        "rule": _text(waiver.rule),
        "pattern": _text(waiver.pattern),
        "reason": _text(waiver.reason),
        "owner": _text(waiver.owner),
        "expires": waiver.expires.isoformat(),
        "state": result.state.value,
        "places": result.matches,
    }
