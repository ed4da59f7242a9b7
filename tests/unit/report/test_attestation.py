import json
import re
from dataclasses import replace
from datetime import date
from pathlib import Path
from typing import Any

import jsonschema
import pytest
import yaml

from scanner import model
from scanner.commands.outputs import Output, Outputs
from scanner.errors import UsageError
from scanner.gate import FAILED, PASSED, USAGE
from scanner.model import (
    Activation,
    Batch,
    ConditionResult,
    Gap,
    GapKind,
    GateResult,
    GateRules,
    ImageInfo,
    PolicyResult,
    Validation,
    ValidationStatus,
    VerdictKind,
    Waiver,
    WaiverResult,
    WaiverState,
)
from scanner.report.attestation import PREDICATE, render, schema
from tests.unit.report.gated import WAIVED_POSTGRES
from tests.unit.report.nginx import NOT_READY_NGINX
from tests.unit.report.parts import DIGEST
from tests.unit.report.reports import ALL, NO_CRYPTO, READY_GO, UNDETERMINED
from tests.unit.report.test_text import HOSTILE, hostile_report


def pushed(report: model.Report) -> model.Report:
    return replace(report, image=replace(report.image, manifest_digest=DIGEST))


def predicate(report: model.Report) -> dict[str, Any]:
    statement = json.loads(render(pushed(report)))
    made: dict[str, Any] = statement["predicate"]
    jsonschema.validate(made, schema(), cls=jsonschema.Draft202012Validator)
    return made


def test_the_schema_is_one_and_is_called_as_the_predicate() -> None:
    jsonschema.Draft202012Validator.check_schema(schema())
    assert schema()["$id"] == PREDICATE


@pytest.mark.parametrize("report", [*ALL.values(), hostile_report()])
def test_reports_keep_to_the_schema(report: model.Report) -> None:
    predicate(report)
    text = render(pushed(report))
    assert text.isascii()
    assert text == render(pushed(report))


def test_it_is_a_statement_about_the_manifest() -> None:
    statement = json.loads(render(READY_GO))
    assert statement["_type"] == "https://in-toto.io/Statement/v1"
    assert statement["predicateType"] == PREDICATE
    assert statement["subject"] == [
        {"name": "team/gateway", "digest": {"sha256": DIGEST.removeprefix("sha256:")}}
    ]


@pytest.mark.parametrize(
    ("image", "told"),
    [
        (
            ImageInfo("dir:/srv", "", "linux/amd64"),
            "it has no digest",
        ),
        (ImageInfo("app:1", DIGEST, "linux/amd64"), "only the ID of the image is known"),
        (
            ImageInfo("app:1", "x", "linux/amd64", manifest_digest=f"sha512:{'0' * 128}"),
            "no SHA-256 digest",
        ),
        (ImageInfo("app:1\x1b[2J\n", DIGEST, "linux/amd64"), r"'app:1\x1b[2J\n'"),
    ],
)
def test_without_the_digest_of_a_manifest_nothing_is_claimed(image: ImageInfo, told: str) -> None:
    with pytest.raises(UsageError) as error:
        render(replace(READY_GO, image=image))
    assert told in str(error.value)
    assert "\n" not in str(error.value)


def gated(passed: bool, code: int) -> model.Report:
    result = PolicyResult("", VerdictKind.READY, 100, GateResult(passed, code))
    return replace(READY_GO, policy=result)


@pytest.mark.parametrize(
    ("report", "result"),
    [
        (gated(True, 0), "PASSED"),
        (gated(False, 1), "FAILED"),
        (gated(False, 3), "UNDETERMINED"),
        # without a policy the default gate answers
        (READY_GO, "PASSED"),
        (NOT_READY_NGINX, "FAILED"),
        (UNDETERMINED, "UNDETERMINED"),
    ],
)
def test_the_result_is_the_gate_s_answer(report: model.Report, result: str) -> None:
    assert predicate(report)["result"] == result


def test_what_a_policy_accepts_stands_beside_the_verdict() -> None:
    assert WAIVED_POSTGRES.policy is not None
    accepting = replace(
        WAIVED_POSTGRES.policy,
        accepted=VerdictKind.READY,
        accepted_score=99,
        gate=GateResult(True, 0),
        gate_rules=GateRules(fail_on=None),
    )
    made = predicate(replace(WAIVED_POSTGRES, policy=accepting))
    assert (made["result"], made["verdict"], made["score"]) == ("PASSED", "not-ready", 22)
    assert made["policy"]["accepted"] == {"verdict": "ready", "score": 99}
    assert made["policy"]["asked"]["failOn"] is None
    aside = {each["id"]: each["setAsideBy"] for each in made["findings"]}
    assert aside["library-without-known-user"] == "waiver"
    assert aside["module-not-validated"] is None


def test_it_says_what_was_run_and_what_was_not_looked_at() -> None:
    assert predicate(READY_GO)["scope"] == {
        "static": False,
        "runs": ["baseline", "enforced"],
        "notLookedAt": [],
    }
    assert predicate(NO_CRYPTO)["scope"] == {
        "static": True,
        "runs": [],
        "notLookedAt": [{"kind": "not-run", "capsVerdict": True, "count": 1}],
    }
    gaps = tuple(Gap(GapKind.PACKED, f"/{n}", "x", caps=n < 2) for n in range(3))
    assert predicate(replace(READY_GO, gaps=gaps))["scope"]["notLookedAt"] == [
        {"kind": "packed", "capsVerdict": False, "count": 1},
        {"kind": "packed", "capsVerdict": True, "count": 2},
    ]
    failed = ConditionResult("node", False, "no engine")
    assert predicate(replace(READY_GO, conditions=(failed,)))["scope"]["static"] is True


def test_modules_are_told_once_and_without_the_distribution_s_tools() -> None:
    names = [each["name"] for each in predicate(NOT_READY_NGINX)["modules"]]
    assert sorted(names) == ["OpenSSL", "OpenSSL", "OpenSSL FIPS Provider", "libsodium"]
    assert predicate(READY_GO)["modules"] == [
        {
            "id": "go-fips140",
            "name": "Go Cryptographic Module",
            "version": "v1.0.0",
            "validation": "active",
            "certificate": 5247,
            "sunset": "2031-04-26",
            "approvedMode": "on",
        }
    ]


def until(*validations: Validation, waivers: tuple[WaiverResult, ...] = ()) -> str | None:
    uses = tuple(
        replace(READY_GO.uses[0], validation=each, activation=Activation.ON) for each in validations
    )
    policy = PolicyResult("", VerdictKind.READY, 100, GateResult(True, 0), waivers=waivers)
    found: str | None = predicate(replace(READY_GO, uses=uses, policy=policy))["holdsUntil"]
    return found


def test_it_says_until_when_that_holds_which_it_rests_on() -> None:
    active, late, soon = ValidationStatus.ACTIVE, date(2031, 1, 1), date(2027, 5, 1)
    assert until() is None
    assert until(Validation(active, 1, "FIPS 140-3", late)) == "2031-01-01"
    both = Validation(active, 1, "FIPS 140-3", late), Validation(active, 2, "FIPS 140-3", soon)
    assert until(*both) == "2027-05-01"
    historical = Validation(ValidationStatus.HISTORICAL, 2, "FIPS 140-3", date(2020, 1, 1))
    assert until(both[0], historical) == "2031-01-01"
    # the last day of the old standard comes before any sunset
    assert until(Validation(active, 1, "FIPS 140-2", soon)) == "2026-09-21"
    waiver = Waiver("r", "*", "why", "who", date(2026, 12, 24))
    held = WaiverResult(waiver, WaiverState.HOLDS, 1)
    assert until(both[0], waivers=(held,)) == "2026-12-24"
    assert until(both[0], waivers=(replace(held, state=WaiverState.EXPIRED),)) == "2031-01-01"


def test_text_of_an_image_is_written_out() -> None:
    assert "\\u001b" not in render(pushed(hostile_report()))
    assert HOSTILE not in predicate(hostile_report())["reasons"]


POLICIES = Path(__file__).parents[3] / "docs/attestation"


def paths_of(node: dict[str, Any], path: str = "") -> set[str]:
    below = node.get("properties", {})
    return {path} | {each for key in below for each in paths_of(below[key], f"{path}.{key}")}


@pytest.mark.parametrize(
    "name", ["fips.rego", "fips.cue", "kyverno.yaml", "policy-controller.yaml"]
)
def test_the_policies_of_the_documentation_ask_for_what_there_is(name: str) -> None:
    text = (POLICIES / name).read_text()
    assert PREDICATE in text
    asked = set(re.findall(r"input\.predicate(\.[\w.]+)", text))
    asked |= {f".{each}" for each in re.findall(r"\{\{ ([\w.]+) \}\}", text)}
    if name.endswith(".cue") or "type: cue" in text:
        asked |= {f".{each}" for each in re.findall(r"^\s+(result|verdict):", text, re.MULTILINE)}
    assert asked
    assert asked <= paths_of(schema())
    if name.endswith(".yaml"):
        assert yaml.safe_load(text)["metadata"]["name"] == "fips-ready"


def test_other_reports_are_written_all_the_same(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = tmp_path / "report.json"
    outputs = (Output("attestation"), Output("json", file))
    with Outputs(outputs, (), verbose=False) as made:
        made.write(Batch((NO_CRYPTO,)))
        assert made.answer(PASSED) == USAGE
        assert made.answer(FAILED) == FAILED
    assert json.loads(file.read_text())["verdict"] == "no-crypto"
    seen = capsys.readouterr()
    assert seen.out == ""
    assert "has no digest" in seen.err
