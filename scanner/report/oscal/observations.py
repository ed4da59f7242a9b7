"""What was observed: modules in use, findings, runs, and what could not be looked at.

Each observation has an identifier that findings and risks refer to.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator

from scanner.model import (
    ConditionResult,
    CryptoUse,
    Finding,
    Gap,
    Question,
    Report,
    TlsEndpoint,
)
from scanner.report.order import in_order, ordered_findings, ordered_runs
from scanner.report.oscal.components import image_id, module_id, origin
from scanner.report.oscal.controls import TRANSMISSION, controls_of
from scanner.report.oscal.values import Ids, Json, code, line, moment_of, prop, prose, with_lists
from scanner.report.views.places import layer_words, place_words, places

EXAMINE, TEST = "EXAMINE", "TEST"


def finding_id(ids: Ids, finding: Finding) -> str:
    """The identifier of the observation that is a finding of the scanner."""
    # Not its places: it stays the same finding when a build adds one.
    return ids.of("observation", "finding", finding.id, finding.ignored_by, finding.ignored_because)


def tls_id(ids: Ids, run: ConditionResult, endpoint: TlsEndpoint) -> str:
    """The identifier of the observation of a TLS server in a run."""
    return ids.of("observation", "tls", run.name, str(endpoint.port))


def gap_id(ids: Ids, gap: Gap) -> str:
    """The identifier of the observation that something could not be looked at."""
    return ids.of("observation", "gap", gap.kind.value, gap.subject, gap.reason)


def observations(report: Report, ids: Ids) -> Iterator[Json]:
    """Every observation, each once."""
    made: dict[str, Json] = {}
    for each in (*_uses(report, ids), *_findings(report, ids), *_runs(report, ids)):
        made.setdefault(each["uuid"], each)
    for gap in report.gaps:
        made.setdefault(gap_id(ids, gap), _gap(report, ids, gap))
    yield from made.values()


def _observation(
    report: Report,
    ids: Ids,
    uuid: str,
    title: str,
    description: str,
    *,
    method: str,
    kind: str,
    subjects: Iterable[str] = (),
    evidence: Iterable[str] = (),
    props: Iterable[Json] = (),
) -> Json:
    made: Json = {"uuid": uuid, "title": line(title), "description": description}
    with_lists(made, props=props)
    made.update(methods=[method], types=[kind], origins=[origin(ids)])
    found = list(dict.fromkeys(subjects)) or [image_id(ids)]
    made["subjects"] = [{"subject-uuid": each, "type": "component"} for each in found]
    with_lists(made, relevant_evidence=({"description": each} for each in evidence))
    made["collected"] = moment_of(report.date)
    return made


# --- modules in use ------------------------------------------------------------------------


def _uses(report: Report, ids: Ids) -> Iterator[Json]:
    alike: dict[tuple[str, ...], list[CryptoUse]] = defaultdict(list)
    for use in report.uses:
        state = (use.validation.status.value, use.activation.value, use.role)
        alike[module_id(ids, use.module), *state].append(use)
    for key, uses in alike.items():
        yield _of_module(report, ids, key, uses)


def _of_module(report: Report, ids: Ids, key: tuple[str, ...], uses: list[CryptoUse]) -> Json:
    first = uses[0]
    name = f"{first.module.name or first.module.id} {first.module.version}".strip()
    role = "" if first.role == "workload" else " of the distribution's package management"
    said = [first.validation.reason, first.activation_reason]
    description = (
        f"Programs{role} that it serves: {len(uses)}. Validation: {first.validation.status}. "
        f"Approved mode: {first.activation}. "
        f"{' '.join(_sentence(each) for each in said if each)}"
    )
    subjects = [module_id(ids, use.library or use.module) for use in uses]
    return _observation(
        report,
        ids,
        ids.of("observation", "uses", *key),
        f"{name} is used",
        description.strip(),
        method=EXAMINE,
        kind="control-objective",
        subjects=[key[0], *subjects, image_id(ids)],
        evidence=(_program(report, use) for use in uses),
        props=[
            prop("validation-status", first.validation.status.value),
            prop("activation", first.activation.value),
        ],
    )


def _sentence(text: str) -> str:
    told = line(text).rstrip(".")
    return f"{told[:1].upper()}{told[1:]}."


def _program(report: Report, use: CryptoUse) -> str:
    layer = layer_words(report, report.layer_of(use.consumer))
    where = f" ({line(layer)})" if layer else ""
    said = f": {'; '.join(line(each) for each in use.evidence)}" if use.evidence else ""
    return f"{code(use.consumer)}{where} {use.kind.value}{said}"


# --- findings of the scanner ---------------------------------------------------------------


def _findings(report: Report, ids: Ids) -> Iterator[Json]:
    for finding in ordered_findings(report.findings):
        seen = places(report, finding)
        of_files = [place for place in seen if place.path]
        evidence = []
        for place in seen:
            layer = layer_words(report, place.layer)
            where = f" ({line(layer)})" if layer else ""
            said = f": {'; '.join(line(each) for each in place.seen)}" if place.seen else ""
            evidence.append(f"{code(place_words(place))}{where}{said}")
        # What is said of TLS was seen on the wire, whatever program it is said of.
        runs = (
            finding.question is Question.COMPATIBILITY
            or TRANSMISSION in controls_of(finding)
            or not of_files
        )
        props = [
            prop("check", finding.id),
            prop("question", finding.question.value),
            prop("severity", finding.severity.value),
            prop("confidence", finding.confidence.value),
        ]
        if finding.ignored_by:
            props.append(prop("set-aside-by", finding.ignored_by, remarks=finding.ignored_because))
        yield _observation(
            report,
            ids,
            finding_id(ids, finding),
            finding.title,
            prose(finding.why),
            method=TEST if runs else EXAMINE,
            kind="discovery",
            evidence=evidence,
            props=props,
        )


# --- runs ----------------------------------------------------------------------------------


def _runs(report: Report, ids: Ids) -> Iterator[Json]:
    for run in ordered_runs(report.conditions):
        yield _run(report, ids, run)
        for endpoint in run.tls:
            yield _tls(report, ids, run, endpoint)


def _run(report: Report, ids: Ids, run: ConditionResult) -> Json:
    told = [f"Listening: {', '.join(run.ports)}."] if run.ports else []
    told += [f"{each.effect.value}: {each.detail}" for each in run.differences]
    told += [f"switched on: {each}" for each in run.switches]
    told += [f"took effect: {each}" for each in run.verified]
    ended = run.reason or ("running" if run.ran else "unknown")
    description = f"The container {'ran' if run.ran else 'did not run'}: {line(ended)}."
    return _observation(
        report,
        ids,
        ids.of("observation", "run", run.name),
        f"Simulated run: {run.name}",
        description,
        method=TEST,
        kind="control-objective" if run.ran else "not-assessed",
        evidence=map(line, told),
    )


def _tls(report: Report, ids: Ids, run: ConditionResult, endpoint: TlsEndpoint) -> Json:
    told = (
        ("protocols", in_order(endpoint.protocols)),
        ("cipher suites", in_order(endpoint.suites)),
        ("groups", in_order(endpoint.groups)),
        ("signatures", in_order(endpoint.signatures)),
        ("not approved", in_order(endpoint.unapproved)),
        ("incomplete", [endpoint.error] if endpoint.error else []),
    )
    return _observation(
        report,
        ids,
        tls_id(ids, run, endpoint),
        f"TLS on port {endpoint.port} in the run {run.name}",
        "What the server accepted, one offer at a time.",
        method=TEST,
        kind="control-objective",
        evidence=(line(f"{name}: {', '.join(values)}") for name, values in told if values),
    )


def _gap(report: Report, ids: Ids, gap: Gap) -> Json:
    props = [prop("gap", gap.kind.value), prop("caps-verdict", "yes" if gap.caps else "no")]
    if gap.ignored_because:
        props.append(prop("set-aside-by", "policy", remarks=gap.ignored_because))
    return _observation(
        report,
        ids,
        gap_id(ids, gap),
        f"Not looked at: {gap.kind.value}",
        line(f"{gap.subject}: {gap.reason}" if gap.subject else gap.reason),
        method=EXAMINE,
        kind="not-assessed",
        props=props,
    )
