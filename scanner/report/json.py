"""Writes a report as JSON: the published contract of `schema-v1.json`.

Deterministic: the same report gives the same bytes, in whatever order its parts were found. What
was measured in a run (`ready_seconds`, log lines) is part of the report and differs between runs.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import asdict
from importlib import resources
from typing import TYPE_CHECKING, Any, cast

from scanner.model import (
    Asset,
    Batch,
    ConditionResult,
    CryptoUse,
    Finding,
    Gap,
    Module,
    PointsLost,
    PolicyResult,
    Question,
    Report,
    TlsEndpoint,
    WaiverResult,
)
from scanner.report.escape import encodable
from scanner.report.look import Look
from scanner.report.order import in_order, ordered_findings, ordered_runs, ports_in_order

if TYPE_CHECKING:
    from _typeshed import DataclassInstance

Json = dict[str, Any]


def render(report: Report, look: Look | None = None) -> str:  # noqa: ARG001
    """`report` as JSON in ASCII, with sorted keys. `look` changes nothing."""
    return _dump(as_json(report))


def render_many(batch: Batch, look: Look | None = None) -> str:  # noqa: ARG001
    """`batch` as JSON in ASCII, by `batch-v1.json`. `look` changes nothing."""
    document = {
        "schema_version": "1",
        "reports": [as_json(each) for each in batch.reports],
        "failures": [_plain(each) for each in batch.failures],
    }
    return _dump(document)


def _dump(document: Json) -> str:
    return json.dumps(_clean(document), indent=2, sort_keys=True, ensure_ascii=True) + "\n"


def schema() -> Json:
    """The JSON Schema that `render` keeps to."""
    text = resources.files("scanner.report").joinpath("schema-v1.json").read_text("utf-8")
    return cast("Json", json.loads(text))


def batch_schema() -> Json:
    """The JSON Schema that `render_many` keeps to. It refers to `schema` by its `$id`."""
    text = resources.files("scanner.report").joinpath("batch-v1.json").read_text("utf-8")
    return cast("Json", json.loads(text))


def as_json(report: Report) -> Json:
    """`report` in the terms of the schema."""
    verdict = report.verdict
    return {
        "schema_version": report.schema_version,
        "scanner_version": report.scanner_version,
        "rules_digest": report.rules_digest,
        "date": report.date.isoformat(),
        "image": {
            "reference": report.image.reference,
            "digest": report.image.digest,
            "platform": report.image.platform,
            "os": report.image.os,
            "layers": report.image.layers,
            "files": report.image.files,
            "asked_by": list(report.image.asked_by),
            "manifest_digest": report.image.manifest_digest,
        },
        "verdict": verdict.kind.value,
        "verdict_reasons": list(verdict.reasons),
        "score": verdict.score,
        "scores": {each.value: verdict.scores.get(each) for each in Question},
        "points_lost": _sorted(
            (_points(each) for each in verdict.points_lost), "question", "cause"
        ),
        "uses": _sorted((_use(each) for each in report.uses), "consumer", "kind"),
        "findings": [_finding(each) for each in ordered_findings(report.findings)],
        "conditions": [_condition(each) for each in ordered_runs(report.conditions)],
        "assets": _sorted((_asset(each) for each in report.assets), "kind", "path", "name"),
        "gaps": _sorted((_gap(each) for each in report.gaps), "kind", "subject"),
        "layers": [_plain(each) for each in report.layers],
        "origins": [{"path": path, "layer": at} for path, at in sorted(report.origins.items())],
        "target": report.target,
        "policy": _policy(report.policy) if report.policy else None,
    }


def _points(lost: PointsLost) -> Json:
    points = round(lost.points, 2)
    question = lost.question.value if lost.question else None
    return {"question": question, "points": points, "cause": lost.cause}


def _use(use: CryptoUse) -> Json:
    validation = use.validation
    return {
        "consumer": use.consumer,
        "kind": use.kind.value,
        "module": _module(use.module),
        "library": _module(use.library) if use.library else None,
        "validation": {
            "status": validation.status.value,
            "certificate": validation.certificate,
            "standard": validation.standard,
            "sunset": validation.sunset.isoformat() if validation.sunset else None,
            "reason": validation.reason,
            "caveat": validation.caveat,
            "level": validation.level,
        },
        "activation": use.activation.value,
        "activation_reason": use.activation_reason,
        "role": use.role,
        "started": use.started,
        "purpose": use.purpose,
        "evidence": list(use.evidence),
    }


def _module(module: Module) -> Json:
    return {
        "id": module.id,
        "name": module.name,
        "version": module.version,
        "path": module.path,
        "package": module.package,
    }


def _finding(finding: Finding) -> Json:
    return {
        "id": finding.id,
        "question": finding.question.value,
        "severity": finding.severity.value,
        "confidence": finding.confidence.value,
        "title": finding.title,
        "locations": sorted(finding.locations),
        "why": finding.why,
        "fix": finding.fix,
        "evidence": list(finding.evidence),
        "references": list(finding.references),
        "verdict": finding.verdict.value if finding.verdict else None,
        "rule_severity": finding.rule_severity.value if finding.rule_severity else None,
        "ignored_by": finding.ignored_by,
        "ignored_because": finding.ignored_because,
    }


def _condition(result: ConditionResult) -> Json:
    ready = result.ready_seconds
    return {
        "name": result.name,
        "ran": result.ran,
        "reason": result.reason,
        "exit_code": result.exit_code,
        "ready_seconds": None if ready is None else round(ready, 2),
        "health": result.health,
        "ports": list(ports_in_order(result.ports)),
        "tls": [_endpoint(each) for each in sorted(result.tls, key=lambda each: each.port)],
        "log_matches": _sorted(
            {
                "rule": each.rule,
                "meaning": each.meaning,
                "line": each.line,
                "count": each.count,
            }
            for each in result.log_matches
        ),
        "differences": _sorted(
            {
                "what": each.what,
                "effect": each.effect.value,
                "detail": each.detail,
                "baseline": each.baseline,
                "condition": each.condition,
                "log": list(each.log),
            }
            for each in result.differences
        ),
        "switches": list(result.switches),
        "verified": list(result.verified),
        "programs": _sorted(
            {
                "program": each.program,
                "read_flag": each.read_flag,
                "opened": sorted(each.opened),
                "missing": sorted(each.missing),
                "kernel_crypto": sorted(each.kernel_crypto),
                "started": sorted(each.started),
            }
            for each in result.programs
        ),
        "calls": _sorted(map(_plain, result.calls), "program", "algorithm"),
        "offers": _sorted(map(_plain, result.offers), "provider", "kind", "algorithm"),
        "clients": _sorted(map(_plain, result.clients), "program", "server_name"),
        "steps": [_plain(each) for each in result.steps],
        "simulated_by": result.simulated_by,
    }


def _endpoint(endpoint: TlsEndpoint) -> Json:
    return {
        "port": endpoint.port,
        "protocols": list(in_order(endpoint.protocols)),
        "suites": list(in_order(endpoint.suites)),
        "groups": list(in_order(endpoint.groups)),
        "unapproved": list(in_order(endpoint.unapproved)),
        "error": endpoint.error,
        "starttls": endpoint.starttls,
        "signatures": list(in_order(endpoint.signatures)),
        "certificates": [_plain(each) for each in endpoint.certificates],
        "completes_without_ems": endpoint.completes_without_ems,
        "resumes_without_ems": endpoint.resumes_without_ems,
        "post_quantum": list(in_order(endpoint.post_quantum)),
    }


def _plain(value: DataclassInstance) -> Json:
    """A value of the model whose fields are called as in the schema."""
    return {
        name: list(each) if isinstance(each, tuple) else each
        for name, each in asdict(value).items()
    }


def _asset(asset: Asset) -> Json:
    return {**_plain(asset), "kind": asset.kind.value}


def _gap(gap: Gap) -> Json:
    return {
        "kind": gap.kind.value,
        "subject": gap.subject,
        "reason": gap.reason,
        "caps": gap.caps,
        "requested": gap.requested,
        "ignored_because": gap.ignored_because,
    }


def _policy(result: PolicyResult) -> Json:
    rules = result.gate_rules
    return {
        "source": result.source,
        "accepted": result.accepted.value,
        "accepted_score": result.accepted_score,
        "gate": _plain(result.gate),
        "gate_rules": {
            "fail_on": rules.fail_on.value if rules.fail_on else None,
            "min_score": rules.min_score,
            "verdict": rules.verdict.value if rules.verdict else None,
            "questions": [each.value for each in rules.questions],
        },
        "waivers": [_waiver(each) for each in result.waivers],
        "baseline": result.baseline,
    }


def _waiver(result: WaiverResult) -> Json:
    return {
        "waiver": {**_plain(result.waiver), "expires": result.waiver.expires.isoformat()},
        "state": result.state.value,
        "matches": result.matches,
    }


def _sorted(items: Iterable[Json], *first: str) -> list[Json]:
    """Sorted by the named texts, and then by everything else."""
    return sorted(
        items,
        key=lambda item: ([item[name] or "" for name in first], json.dumps(item, sort_keys=True)),
    )


def _clean(value: object) -> object:
    if isinstance(value, str):
        return encodable(value)
    if isinstance(value, Mapping):
        return {key: _clean(each) for key, each in value.items()}
    if isinstance(value, list):
        return [_clean(each) for each in value]
    if isinstance(value, float) and value.is_integer():
        return int(value)  # 8 and 8.0 are the same report
    return value
