"""Puts the document together: metadata, results, risks, findings about controls.

Knows of no assessment plan and no authorizing official, and says so.
"""

from __future__ import annotations

from collections.abc import Iterator
from uuid import UUID

from scanner.model import Finding, Report, Severity, WaiverResult
from scanner.report.identity import subject_uuid
from scanner.report.order import ordered_findings, ordered_runs
from scanner.report.oscal.components import assessed, assets, origin
from scanner.report.oscal.controls import (
    KEYS,
    PROTECTION,
    TRANSMISSION,
    Judged,
    controls_of,
    judged,
)
from scanner.report.oscal.observations import finding_id, gap_id, observations, tls_id
from scanner.report.oscal.values import Ids, Json, line, moment_of, prop, prose, with_lists

VERSION = "1.2.1"
"""Of OSCAL. Nothing is used that 1.1.0 did not have."""

_NO_PLAN = (
    "No assessment plan was given to the scanner. What was asked of the image are the scanner's "
    "own questions: which module serves each use of cryptography, whether it is validated on the "
    "day of the scan, whether its approved mode is on, whether only approved algorithms are used, "
    "and whether the container works when only those are allowed."
)


def assessment_results(report: Report, document: UUID) -> Json:
    """The document, but for the key at its top."""
    # Of the same subject in each scan, so that auditors can follow a finding from one to the next.
    ids = Ids(subject_uuid("oscal", report.image.reference))
    plan = ids.of("resource", "plan")
    return {
        "uuid": str(document),
        "metadata": {
            "title": line(f"FIPS 140-3 readiness of {report.image.reference}"),
            "last-modified": moment_of(report.date),
            "version": report.date.isoformat(),
            "oscal-version": VERSION,
            "remarks": (
                "Times are those of the day for which the image was judged, so that the same scan "
                "gives the same document."
            ),
        },
        "import-ap": {"href": f"#{plan}", "remarks": _NO_PLAN},
        "results": [_result(report, ids)],
        "back-matter": {
            "resources": [
                {
                    "uuid": plan,
                    "title": "Questions of fips-scanner, in place of an assessment plan",
                    "description": _NO_PLAN,
                    "props": [prop("type", "plan", own=False)],
                }
            ]
        },
    }


def _result(report: Report, ids: Ids) -> Json:
    verdict = report.verdict
    found = list(judged(report))
    made: Json = {
        "uuid": ids.of("result"),
        "title": line(f"{verdict.kind}, score {verdict.score} of 100"),
        "description": "\n\n".join(map(line, verdict.reasons)) or line(verdict.kind),
        "start": moment_of(report.date),
        "end": moment_of(report.date),
        "props": list(_props(report)),
        "local-definitions": {
            "components": list(assessed(report, ids)),
            "assessment-assets": assets(report, ids),
        },
        "reviewed-controls": {
            "description": (
                "Controls of NIST SP 800-53 revision 5 that an image shows something about. IA-7, "
                "authentication to a cryptographic module, is not among them."
            ),
            "control-selections": [
                {
                    "include-controls": [
                        {"control-id": each.control.id, "statement-ids": [each.control.statement]}
                        for each in found
                    ]
                }
            ],
        },
    }
    return with_lists(
        made,
        observations=observations(report, ids),
        risks=_risks(report, ids),
        findings=(_finding(report, ids, each) for each in found),
    )


def _props(report: Report) -> Iterator[Json]:
    yield prop("verdict", report.verdict.kind.value)
    yield prop("score", report.verdict.score)
    for question, score in report.verdict.scores.items():
        yield prop(f"score-{question.value}", "not looked at" if score is None else score)
    if report.target:
        yield prop("target", report.target)
    if report.policy:
        yield prop("accepted-verdict", report.policy.accepted.value)
        yield prop("accepted-score", report.policy.accepted_score)
        yield prop("gate", "passed" if report.policy.gate.passed else "failed")


# --- controls ------------------------------------------------------------------------------


def _finding(report: Report, ids: Ids, found: Judged) -> Json:
    control = found.control
    about = [each for each in report.findings if control in controls_of(each)]
    status: Json = {"state": found.state, "reason": found.reason, "remarks": line(found.why)}
    target: Json = {
        "type": "statement-id",
        "target-id": control.statement,
        "title": f"{control.label} {control.title}",
        "description": control.scope,
        "status": status,
    }
    if not found.applicable:
        target["implementation-status"] = {"state": "not-applicable", "remarks": line(found.why)}
    made: Json = {
        "uuid": ids.of("finding", control.statement),
        "title": f"{control.label}: {found.state.replace('-', ' ')} by this image",
        "description": line(found.why),
        "origins": [origin(ids)],
        "target": target,
    }
    related = dict.fromkeys((*_others(report, ids, found), *(finding_id(ids, e) for e in about)))
    risks = dict.fromkeys(_risk_id(ids, each) for each in about if _is_risk(each))
    return with_lists(
        made,
        related_observations=({"observation-uuid": each} for each in related),
        related_risks=({"risk-uuid": each} for each in risks),
    )


def _others(report: Report, ids: Ids, found: Judged) -> Iterator[str]:
    """Observations besides the scanner's own findings that say something of a control."""
    if found.control == KEYS:
        return
    for run in ordered_runs(report.conditions):
        if found.control == TRANSMISSION:
            yield from (tls_id(ids, run, each) for each in run.tls)
        else:
            yield ids.of("observation", "run", run.name)
    if found.control == PROTECTION:
        yield from (each["uuid"] for each in observations(report, ids) if _is_of_uses(each))
        yield from (gap_id(ids, each) for each in report.gaps)


def _is_of_uses(observation: Json) -> bool:
    return any(each["name"] == "activation" for each in observation.get("props", ()))


# --- risks ---------------------------------------------------------------------------------


def _is_risk(finding: Finding) -> bool:
    return finding.severity is not Severity.INFO


def _risk_id(ids: Ids, finding: Finding) -> str:
    return ids.of("risk", finding_id(ids, finding))


def _risks(report: Report, ids: Ids) -> Iterator[Json]:
    made: dict[str, Json] = {}
    for finding in ordered_findings(report.findings):
        if _is_risk(finding):
            made.setdefault(_risk_id(ids, finding), _risk(report, ids, finding))
    yield from made.values()


def _risk(report: Report, ids: Ids, finding: Finding) -> Json:
    waiver = _waiver(report, finding)
    props = [prop("check", finding.id)]
    if finding.ignored_by:
        props.append(prop("set-aside-by", finding.ignored_by, remarks=finding.ignored_because))
    if waiver is not None:
        props.append(prop("waiver-owner", waiver.waiver.owner))
        props.append(prop("waiver-reason", waiver.waiver.reason))
    made: Json = {
        "uuid": _risk_id(ids, finding),
        "title": line(finding.title),
        "description": prose(finding.why),
        "statement": _statement(finding),
        "props": props,
        # A team's policy accepts it for a while. Whether an authorizing official approved that
        # is not known here, and `deviation-approved` would say so.
        "status": "deviation-requested" if finding.ignored_by in _ASIDE else "open",
        "origins": [origin(ids)],
        "characterizations": [
            {
                "origin": origin(ids),
                "facets": [
                    {"name": name, "system": "urn:fips-scanner:oscal", "value": value}
                    for name, value in (
                        ("severity", finding.severity.value),
                        ("confidence", finding.confidence.value),
                    )
                ],
            }
        ],
    }
    if waiver is not None:
        made["deadline"] = moment_of(waiver.waiver.expires, end=True)
    made["remediations"] = [
        {
            "uuid": ids.of("remediation", finding_id(ids, finding)),
            "lifecycle": "recommendation",
            "title": "What to do",
            "description": prose(finding.fix),
        }
    ]
    made["related-observations"] = [{"observation-uuid": finding_id(ids, finding)}]
    return made


_ASIDE = ("waiver", "override")


def _statement(finding: Finding) -> str:
    by = {
        "waiver": "The team's policy waives it: ",
        "override": "The team's policy overrides the rule: ",
        "baseline": "It was there before: ",
    }
    if not finding.ignored_by:
        return line(f"{finding.severity.value}: {finding.title}")
    because = line(finding.ignored_because.rstrip("."))
    return f"{by[finding.ignored_by]}{because}. The verdict counts it all the same."


def _waiver(report: Report, finding: Finding) -> WaiverResult | None:
    """The waiver that sets `finding` aside."""
    if finding.ignored_by != "waiver" or report.policy is None:
        return None
    for each in report.policy.waivers:
        told = (each.waiver.expires.isoformat(), each.waiver.owner, each.waiver.reason)
        if each.waiver.rule == finding.id and all(t in finding.ignored_because for t in told):
            return each
    return None
