import json
import random
from dataclasses import fields, replace
from enum import StrEnum
from typing import Any

import jsonschema
import pytest

from scanner import model
from scanner.report import Look
from scanner.report.json import render, schema
from tests.unit.report.nginx import NOT_READY_NGINX
from tests.unit.report.reports import ALL
from tests.unit.report.test_text import hostile_report

TOP = {
    *("schema_version", "scanner_version", "rules_digest", "date", "image", "verdict"),
    *("verdict_reasons", "score", "scores", "points_lost", "uses", "findings", "conditions"),
    *("assets", "gaps", "layers", "origins", "target", "policy"),
}


def validate(document: object) -> None:
    jsonschema.validate(document, schema(), cls=jsonschema.Draft202012Validator)


def test_the_schema_is_one() -> None:
    jsonschema.Draft202012Validator.check_schema(schema())


@pytest.mark.parametrize("report", [*ALL.values(), hostile_report()])
def test_reports_keep_to_the_schema(report: model.Report) -> None:
    text = render(report)
    assert text.isascii()
    assert text.endswith("}\n")
    validate(json.loads(text))


def test_the_top_level_is_exactly_what_is_published() -> None:
    document = json.loads(render(NOT_READY_NGINX))
    assert set(document) == TOP
    assert set(document["scores"]) == set(model.Question)


def test_nothing_of_the_model_is_left_out() -> None:
    document = json.loads(render(NOT_READY_NGINX))
    made_of: list[tuple[dict[str, Any], Any]] = [
        (document["uses"][0], model.CryptoUse),
        (document["uses"][0]["module"], model.Module),
        (document["uses"][0]["validation"], model.Validation),
        (document["findings"][0], model.Finding),
        (document["conditions"][0], model.ConditionResult),
        (document["conditions"][0]["tls"][0], model.TlsEndpoint),
        (document["conditions"][1]["differences"][0], model.Difference),
        (document["conditions"][1]["log_matches"][0], model.LogMatch),
        (document["assets"][0], model.Asset),
        (document["gaps"][0], model.Gap),
        (document["points_lost"][0], model.PointsLost),
        (document["image"], model.ImageInfo),
    ]
    for made, of in made_of:
        assert set(made) == {each.name for each in fields(of)}, of


def objects(node: Any) -> list[dict[str, Any]]:
    if isinstance(node, dict):
        here = [node] if node.get("type") == "object" else []
        return here + [found for value in node.values() for found in objects(value)]
    return [found for each in node for found in objects(each)] if isinstance(node, list) else []


def test_no_object_of_the_schema_takes_unknown_keys() -> None:
    found = objects(schema())
    assert len(found) > 10
    assert all(each["additionalProperties"] is False for each in found)
    assert all(set(each["required"]) == set(each["properties"]) for each in found)


@pytest.mark.parametrize(
    ("enum", "path"),
    [
        (model.VerdictKind, ("$defs", "verdict")),
        (model.Question, ("$defs", "question")),
        (model.UseKind, ("$defs", "use", "properties", "kind")),
        (model.Activation, ("$defs", "use", "properties", "activation")),
        (model.Severity, ("$defs", "finding", "properties", "severity")),
        (model.Confidence, ("$defs", "finding", "properties", "confidence")),
        (model.AssetKind, ("$defs", "asset", "properties", "kind")),
        (model.GapKind, ("$defs", "gap", "properties", "kind")),
        (
            model.ValidationStatus,
            ("$defs", "use", "properties", "validation", "properties", "status"),
        ),
        (
            model.Effect,
            ("$defs", "condition", "properties", "differences", "items", "properties", "effect"),
        ),
    ],
)
def test_the_schema_knows_every_word_of_the_model(
    enum: type[StrEnum], path: tuple[str, ...]
) -> None:
    node: Any = schema()
    for step in path:
        node = node[step]
    assert node["enum"] == [each.value for each in enum]


@pytest.mark.parametrize(
    ("change", "problem"),
    [
        ({"extra": 1}, "Additional properties"),
        ({"score": 101}, "maximum"),
        ({"verdict": "fine"}, "not one of"),
        ({"date": "23.11.2026"}, "does not match"),
        ({"schema_version": "2"}, "'1' was expected"),
    ],
)
def test_the_schema_refuses_what_is_not_a_report(change: dict[str, Any], problem: str) -> None:
    document = json.loads(render(NOT_READY_NGINX)) | change
    with pytest.raises(jsonschema.ValidationError, match=problem):
        validate(document)


def test_the_order_in_which_things_were_found_does_not_matter() -> None:
    expected = render(NOT_READY_NGINX)
    shuffled = random.Random(7)
    for _ in range(5):

        def mixed(values: tuple[Any, ...]) -> tuple[Any, ...]:
            return tuple(shuffled.sample(values, len(values)))

        report = replace(
            NOT_READY_NGINX,
            uses=mixed(NOT_READY_NGINX.uses),
            findings=mixed(
                tuple(
                    replace(each, locations=mixed(each.locations))
                    for each in NOT_READY_NGINX.findings
                )
            ),
            conditions=mixed(
                tuple(
                    replace(
                        each,
                        ports=mixed(each.ports),
                        differences=mixed(each.differences),
                        tls=tuple(replace(t, suites=mixed(t.suites)) for t in each.tls),
                    )
                    for each in NOT_READY_NGINX.conditions
                )
            ),
            gaps=mixed(NOT_READY_NGINX.gaps),
            assets=mixed(NOT_READY_NGINX.assets),
            verdict=replace(
                NOT_READY_NGINX.verdict, points_lost=mixed(NOT_READY_NGINX.verdict.points_lost)
            ),
        )
        assert render(report) == expected


def test_the_look_does_not_matter() -> None:
    assert render(NOT_READY_NGINX, Look(40, color=True, verbose=True)) == render(NOT_READY_NGINX)


def test_findings_are_worst_first_and_ports_in_order() -> None:
    document = json.loads(render(NOT_READY_NGINX))
    assert [each["severity"] for each in document["findings"]] == [
        "critical",
        "high",
        "low",
        "info",
    ]
    assert document["findings"][-1]["ignored_because"]
    assert [each["name"] for each in document["conditions"]] == ["baseline", "enforced"]
    assert document["conditions"][0]["ports"] == ["443/tcp", "8443/tcp", "9113/tcp"]


def test_what_was_not_looked_at_is_null() -> None:
    document = json.loads(render(ALL["no-crypto-static"]))
    assert document["scores"]["compatibility"] is None
    assert document["scores"]["module"] == 100
