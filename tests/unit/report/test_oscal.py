import gzip
import json
from dataclasses import replace
from datetime import date
from functools import cache
from pathlib import Path
from typing import Any

import jsonschema
import pytest

from scanner import model
from scanner.model import (
    ConditionResult,
    Confidence,
    Finding,
    Gap,
    GapKind,
    Question,
    Severity,
    TlsEndpoint,
    VerdictKind,
)
from scanner.report.oscal import render
from scanner.report.oscal.values import code, line
from tests.unit.report.gated import WAIVED_POSTGRES
from tests.unit.report.nginx import NOT_READY_NGINX
from tests.unit.report.reports import ALL, NO_CRYPTO, READY_GO, UNDETERMINED
from tests.unit.report.test_text import hostile_report

SCHEMA = Path(__file__).parents[2] / "fixtures/schemas/oscal-assessment-results-1.2.3.json.gz"


@cache
def validator() -> jsonschema.Draft7Validator:
    text = gzip.decompress(SCHEMA.read_bytes()).decode()
    # Python's regular expressions have no Unicode categories; the scanner's own names are ASCII.
    text = text.replace("\\\\p{L}", "[A-Za-z]").replace("\\\\p{N}", "[0-9]")
    return jsonschema.Draft7Validator(json.loads(text))


def results(report: model.Report) -> dict[str, Any]:
    made: dict[str, Any] = json.loads(render(report))["assessment-results"]["results"][0]
    return made


def states(report: model.Report) -> dict[str, tuple[str, str]]:
    return {
        each["target"]["target-id"]: (
            each["target"]["status"]["state"],
            each["target"]["status"]["reason"],
        )
        for each in results(report)["findings"]
    }


def found(id_: str, **parts: Any) -> Finding:
    finding = Finding(
        id_, Question.USAGE, Severity.HIGH, Confidence.HIGH, "Title", ("/x",), "Why.", "Fix."
    )
    return replace(finding, **parts)


def every(node: Any, key: str) -> list[str]:
    if isinstance(node, dict):
        here = [node[key]] if key in node else []
        return here + [each for value in node.values() for each in every(value, key)]
    return [each for item in node for each in every(item, key)] if isinstance(node, list) else []


@pytest.mark.parametrize(
    "report",
    [
        *ALL.values(),
        hostile_report(),
        replace(READY_GO, findings=(found("tls-x"), found("private-key-in-image", locations=()))),
        replace(NO_CRYPTO, gaps=()),
    ],
)
def test_reports_keep_to_the_schema_and_refer_to_what_is_there(report: model.Report) -> None:
    document = json.loads(render(report))
    errors = [f"{each.json_path}: {each.message}" for each in validator().iter_errors(document)]
    assert errors == []
    uuids = every(document, "uuid")
    assert len(uuids) == len(set(uuids))
    for key in ("observation-uuid", "risk-uuid", "actor-uuid", "subject-uuid", "component-uuid"):
        assert set(every(document, key)) <= set(uuids), key
    inside = {href[1:] for href in every(document, "href") if href.startswith("#")}
    assert inside
    assert inside <= set(uuids)


@pytest.mark.parametrize("report", ALL.values())
def test_what_could_not_be_determined_is_never_satisfied(report: model.Report) -> None:
    undetermined = replace(report, verdict=replace(report.verdict, kind=VerdictKind.UNDETERMINED))
    assert {state for state, _ in states(undetermined).values()} == {"not-satisfied"}
    assert states(undetermined)["sc-13_smt.b"] == ("not-satisfied", "other")


@pytest.mark.parametrize(
    ("kind", "expected"),
    [
        (VerdictKind.READY, ("satisfied", "pass")),
        (VerdictKind.CONDITIONAL, ("not-satisfied", "fail")),
        (VerdictKind.NOT_READY, ("not-satisfied", "fail")),
    ],
)
def test_a_control_is_satisfied_by_the_verdict_alone(
    kind: VerdictKind, expected: tuple[str, str]
) -> None:
    report = replace(READY_GO, verdict=replace(READY_GO.verdict, kind=kind))
    assert states(report)["sc-13_smt.b"] == expected


def test_what_a_policy_accepts_satisfies_nothing() -> None:
    assert WAIVED_POSTGRES.policy is not None
    accepted = replace(WAIVED_POSTGRES.policy, accepted=VerdictKind.READY)
    report = replace(WAIVED_POSTGRES, policy=accepted)
    assert states(report)["sc-13_smt.b"] == ("not-satisfied", "fail")


def test_without_cryptography_the_control_does_not_apply() -> None:
    target = results(NO_CRYPTO)["findings"][0]["target"]
    assert target["status"]["state"] == "satisfied"
    assert target["implementation-status"]["state"] == "not-applicable"
    assert "no known cryptography" in target["implementation-status"]["remarks"]
    assert "implementation-status" not in results(READY_GO)["findings"][0]["target"]


def test_only_controls_that_were_looked_at_are_reviewed() -> None:
    def reviewed(report: model.Report) -> list[str]:
        chosen = results(report)["reviewed-controls"]["control-selections"][0]
        return [each["control-id"] for each in chosen["include-controls"]]

    assert reviewed(READY_GO) == ["sc-13", "sc-8.1"]
    assert reviewed(UNDETERMINED) == ["sc-13"]
    keys = replace(READY_GO, findings=(found("private-key-in-image"),))
    assert reviewed(keys) == ["sc-13", "sc-8.1", "sc-12"]
    assert states(keys)["sc-12_smt"] == ("not-satisfied", "fail")


def test_tls_is_satisfied_by_approved_algorithms_of_a_ready_image_only() -> None:
    def tls(report: model.Report, **parts: Any) -> tuple[str, str]:
        endpoint = replace(TlsEndpoint(443, ("TLS 1.3",), ("TLS_AES_128_GCM_SHA256",)), **parts)
        run = ConditionResult("baseline", True, tls=(endpoint,))
        return states(replace(report, conditions=(run,)))["sc-8.1_smt"]

    assert tls(READY_GO) == ("satisfied", "pass")
    assert tls(READY_GO, unapproved=("x25519",)) == ("not-satisfied", "fail")
    assert tls(READY_GO, error="the port closed") == ("not-satisfied", "other")
    assert tls(UNDETERMINED) == ("not-satisfied", "other")
    assert tls(NOT_READY_NGINX) == ("not-satisfied", "fail")
    assert tls(replace(READY_GO, findings=(found("tls-offers-x"),))) == ("not-satisfied", "fail")


def test_tls_of_an_enforced_run_alone_says_nothing_of_the_image() -> None:
    run = ConditionResult("enforced", True, tls=(TlsEndpoint(443, ("TLS 1.3",)),))
    assert "sc-8.1_smt" not in states(replace(READY_GO, conditions=(run,)))


def risk(report: model.Report, by: str) -> dict[str, Any]:
    made: dict[str, Any] = next(
        each
        for each in results(report)["risks"]
        if {"set-aside-by": by}.items()
        <= {each["name"]: each["value"] for each in each["props"]}.items()
    )
    return made


def test_a_waiver_is_told_with_owner_reason_and_end() -> None:
    assert WAIVED_POSTGRES.policy is not None
    waiver = next(
        each.waiver
        for each in WAIVED_POSTGRES.policy.waivers
        if any(
            f.ignored_by == "waiver" and f.id == each.waiver.rule for f in WAIVED_POSTGRES.findings
        )
    )
    made = risk(WAIVED_POSTGRES, "waiver")
    props = {each["name"]: each["value"] for each in made["props"]}
    assert (props["waiver-owner"], props["waiver-reason"]) == (waiver.owner, waiver.reason)
    assert made["deadline"] == f"{waiver.expires}T23:59:59Z"
    # nobody told the scanner that an authorizing official approved it
    assert made["status"] == "deviation-requested"


def test_what_was_there_before_stays_an_open_risk() -> None:
    made = risk(WAIVED_POSTGRES, "baseline")
    assert made["status"] == "open"
    assert "deadline" not in made


def test_a_mere_remark_is_no_risk() -> None:
    report = replace(READY_GO, findings=(found("x", severity=Severity.INFO),))
    assert "risks" not in results(report)
    assert any(each["title"] == "Title" for each in results(report)["observations"])


def test_files_are_examined_and_runs_tested() -> None:
    methods = {
        each["title"]: each["methods"]
        for each in results(ALL["conditional-breaks"])["observations"]
    }
    assert methods["Simulated run: enforced"] == ["TEST"]
    assert methods["The container fails when only approved algorithms are allowed"] == ["TEST"]
    of_nginx = {each["title"]: each["methods"] for each in results(NOT_READY_NGINX)["observations"]}
    title = "OpenSSL 3 is used, and the image has no FIPS provider for it"
    assert of_nginx[title] == ["EXAMINE"]


def test_what_was_seen_of_tls_is_tested_whatever_program_served_it() -> None:
    report = replace(READY_GO, findings=(found("tls-offers-x", locations=("/gateway",)),))
    made = next(each for each in results(report)["observations"] if each["title"] == "Title")
    assert made["methods"] == ["TEST"]
    control = next(each for each in results(report)["findings"] if "SC-8" in each["title"])
    assert control["target"]["status"]["remarks"] == "Title"


def test_every_place_is_evidence() -> None:
    title = "OpenSSL 3 is used, and the image has no FIPS provider for it"
    made = next(each for each in results(NOT_READY_NGINX)["observations"] if each["title"] == title)
    finding = next(each for each in NOT_READY_NGINX.findings if each.title == title)
    assert len(made["relevant-evidence"]) == len(finding.locations)


def test_a_gap_is_an_observation_of_the_control() -> None:
    gap = Gap(GapKind.PACKED, "/opt/x", "packed with UPX")
    made = results(replace(READY_GO, gaps=(gap,)))
    observed = next(each for each in made["observations"] if each["types"] == ["not-assessed"])
    assert observed["description"] == "/opt/x: packed with UPX"
    related = {each["observation-uuid"] for each in made["findings"][0]["related-observations"]}
    assert observed["uuid"] in related


def test_an_active_certificate_is_a_validation_of_the_module() -> None:
    components = results(READY_GO)["local-definitions"]["components"]
    module = next(each for each in components if each["title"].startswith("Go Cryptographic"))
    validation = next(each for each in components if each["type"] == "validation")
    assert module["links"] == [{"href": f"#{validation['uuid']}", "rel": "validation"}]
    assert {each["name"]: each["value"] for each in validation["props"]}.items() >= {
        "validation-type": "fips-140-3",
        "validation-reference": "5247",
        "level": "1",
    }.items()


def test_a_certificate_that_does_not_hold_here_is_no_validation() -> None:
    components = results(UNDETERMINED)["local-definitions"]["components"]
    titles = [each["title"] for each in components if each["type"] == "validation"]
    assert titles == ["CMVP certificate 4794"]


def test_the_next_scan_is_another_document_about_the_same_things() -> None:
    later = replace(READY_GO, date=date(2026, 11, 24), gaps=(Gap(GapKind.PACKED, "/x", "y"),))
    one, two = (json.loads(render(each))["assessment-results"] for each in (READY_GO, later))
    assert one["uuid"] != two["uuid"]
    kept = {each["uuid"] for each in one["results"][0]["observations"]}
    assert kept < {each["uuid"] for each in two["results"][0]["observations"]}


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("a *b* [c](d) <e> `f`", r"a \*b\* \[c\](d) \<e\> \`f\`"),
        ("ssl_ciphers of _x_", r"ssl_ciphers of \_x\_"),
        ("{{ insert: param, x }}", r"\{\{ insert: param, x }}"),
        ("a\nb\x1b[2J", r"a b\\x1b\[2J"),
        ("", "unknown"),
    ],
)
def test_text_of_an_image_is_no_markup(text: str, shown: str) -> None:
    assert line(text) == shown


def test_code_is_fenced_by_more_than_it_holds() -> None:
    assert code("/a`b") == "``/a`b``"
    assert code("`x") == "`` `x ``"
    assert code("") == "unknown"
