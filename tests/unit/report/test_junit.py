import re
from dataclasses import replace
from functools import cache
from pathlib import Path

import pytest
import xmlschema
from junitparser import Error, Failure, JUnitXml, Skipped, TestCase, TestSuite

from scanner import model
from scanner.model import Batch, GateResult, GateRules, Report, Severity, VerdictKind
from scanner.report.junit import render, render_many
from tests.unit.report.gated import WAIVED_POSTGRES
from tests.unit.report.reports import ALL
from tests.unit.report.test_text import hostile_report

SCHEMA = Path(__file__).parents[2] / "fixtures" / "schemas" / "jenkins-junit-10.xsd"


@cache
def schema() -> xmlschema.XMLSchema:
    return xmlschema.XMLSchema(SCHEMA)


def suites(text: str) -> list[TestSuite]:
    schema().validate(text)
    read = JUnitXml.fromstring(text.encode())
    assert isinstance(read, JUnitXml)
    counted = [each for suite in read for each in suite]
    outcomes = [outcome(each) for each in counted]
    assert read.tests == len(counted)
    assert read.failures == outcomes.count("Failure")
    assert read.errors == outcomes.count("Error")
    names = [(each.classname, each.name) for each in counted]
    assert len(set(names)) == len(names)
    return list(read)


def cases(report: Report) -> dict[str, TestCase]:
    (suite,) = suites(render(report))
    return {each.name.partition(":")[0]: each for each in suite}


def outcome(case: TestCase) -> str:
    return type(case.result[0]).__name__ if case.result else "passed"


@pytest.mark.parametrize("report", [*ALL.values(), hostile_report()])
def test_consumers_read_it(report: Report) -> None:
    (suite,) = suites(render(report))
    assert suite.tests == len(list(suite))
    assert any(each.name == "passes the gate" for each in suite)


def test_what_the_gate_counts_fails_and_what_is_set_aside_is_skipped() -> None:
    found = cases(WAIVED_POSTGRES)
    assert {name: outcome(case) for name, case in found.items()} == {
        "module-not-validated": "Failure",
        "private-key-in-image": "Failure",
        "setting-hba-md5": "passed",
        "openssl-provider-missing": "Skipped",
        "library-without-known-user": "Skipped",
        "env-openssl-conf": "Skipped",
        "the score is high enough": "Failure",
        "the verdict is good enough": "Failure",
        "waiver of library-without-known-user for /usr/lib/**/libexslt.so*": "passed",
        "waiver of gap": "passed",
        "waiver of private-key-in-image for server.key": "Failure",
        "waiver of go-no-fips for /usr/bin/gosu": "passed",
        "not looked at": "Skipped",
        "passes the gate": "Failure",
    }
    (skipped,) = found["openssl-provider-missing"].result
    assert isinstance(skipped, Skipped)
    assert skipped.message == "known from last-release.json of 2026-11-01"
    (failed,) = found["private-key-in-image"].result
    assert isinstance(failed, Failure)
    assert failed.message == "high: A private key lies in the image"
    assert "/var/lib/postgresql/data/server.key  RSA 2048" in failed.text
    assert "Give the key to the container when it starts." in failed.text
    assert "low, which the gate lets pass" in found["setting-hba-md5"].system_out
    assert "matches nothing" in found["waiver of go-no-fips for /usr/bin/gosu"].system_out


def test_an_image_that_passes_has_a_case_that_does() -> None:
    for name in ("ready-go", "no-crypto-static"):
        case = cases(ALL[name])["passes the gate"]
        assert outcome(case) == "passed"
        assert case.system_out == "asked for: no finding at or above high"


def test_an_open_gate_is_an_error() -> None:
    found = cases(ALL["undetermined-no-engine"])
    (error,) = found["passes the gate"].result
    assert isinstance(error, Error)
    assert error.type == "exit code 3"
    assert "no container engine" in error.message


def gated(rules: GateRules, answer: GateResult, accepted: VerdictKind) -> Report:
    assert WAIVED_POSTGRES.policy
    policy = replace(WAIVED_POSTGRES.policy, gate_rules=rules, gate=answer, accepted=accepted)
    return replace(WAIVED_POSTGRES, findings=(), policy=policy)


@pytest.mark.parametrize(
    ("accepted", "code", "expected"),
    [
        (VerdictKind.READY, 0, "passed"),
        (VerdictKind.CONDITIONAL, 0, "passed"),
        (VerdictKind.NOT_READY, 1, "Failure"),
        (VerdictKind.UNDETERMINED, 3, "Error"),
    ],
)
def test_the_verdict_that_is_asked_for(accepted: VerdictKind, code: int, expected: str) -> None:
    rules = GateRules(None, None, VerdictKind.CONDITIONAL)
    found = cases(gated(rules, GateResult(code == 0, code), accepted))
    assert outcome(found["the verdict is good enough"]) == expected
    assert outcome(found["passes the gate"]) == expected
    assert "the score is high enough" not in found


@pytest.mark.parametrize(("limit", "expected"), [(41, "passed"), (42, "Failure")])
def test_the_score_that_is_asked_for(limit: int, expected: str) -> None:
    answer = GateResult(expected == "passed", int(expected != "passed"))
    found = cases(gated(GateRules(Severity.HIGH, limit), answer, VerdictKind.READY))
    assert outcome(found["the score is high enough"]) == expected


def test_names_do_not_depend_on_the_tag() -> None:
    def names(reference: str) -> set[tuple[str, str]]:
        image = replace(WAIVED_POSTGRES.image, reference=reference)
        (suite,) = suites(render(replace(WAIVED_POSTGRES, image=image)))
        assert suite.name == reference
        return {(each.classname, each.name) for each in suite}

    assert names("docker:ghcr.io/team/orders:1.0") == names("ghcr.io/team/orders@sha256:ab")
    groups = {group for group, _ in names("ghcr.io/team/orders:1.0")}
    assert "ghcr.io/team/orders.validation" in groups


def test_an_image_that_could_not_be_scanned_is_an_error() -> None:
    batch = Batch(
        (WAIVED_POSTGRES, WAIVED_POSTGRES), (model.Failure("team/gone:1", "no such image", 2),)
    )
    first, second, gone = suites(render_many(batch))
    assert not {each.classname for each in first} & {each.classname for each in second}
    (case,) = gone
    assert (gone.name, case.name, outcome(case)) == ("team/gone:1", "can be scanned", "Error")
    assert case.result[0].message == "no such image"


def test_a_rule_that_is_set_aside_in_parts_has_a_case_for_each() -> None:
    finding = WAIVED_POSTGRES.findings[3]
    parts = (replace(finding, ignored_by=""), finding, replace(finding, ignored_because="later"))
    (suite,) = suites(render(replace(WAIVED_POSTGRES, findings=parts)))
    names = [each.name for each in suite if each.name.startswith(finding.id)]
    assert [name.partition("load it")[2] for name in names] == ["", " (waiver)", " (waiver) #2"]


def test_nothing_is_in_it_that_xml_forbids() -> None:
    text = render(hostile_report())
    assert not re.search("[\x00-\x08\x0b\x0c\x0e-\x1f\ud800-\udfff\ufffe\uffff]", text)
    wild = "\x00\x0b\ufffe\ud800 ]]> <![CDATA[ <failure/> &#0; \"'"
    bad = replace(
        WAIVED_POSTGRES.findings[0], title=wild, locations=(f"/{wild}",), why=wild, fix=wild
    )
    found = cases(replace(WAIVED_POSTGRES, findings=(bad,)))
    (failed,) = found["module-not-validated"].result
    assert r"\x00\x0b\ufffe\ud800 ]]> <![CDATA[ <failure/> &#0;" in failed.text
    assert failed.message.endswith("&#0; \"'")


def test_many_places_are_counted_and_not_listed() -> None:
    many = tuple(f"/usr/bin/p{number}" for number in range(500))
    bad = replace(WAIVED_POSTGRES.findings[0], locations=many)
    found = cases(replace(WAIVED_POSTGRES, findings=(bad,)))
    text = found["module-not-validated"].result[0].text
    assert "and 480 more" in text
    assert len(text) < 5000


def test_no_image_at_all() -> None:
    assert suites(render_many(Batch(()))) == []
