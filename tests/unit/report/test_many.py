"""Several images in one document: the summary for people, and the batch for programs."""

import json
from collections.abc import Callable
from dataclasses import fields, replace
from datetime import date
from typing import Any

import jsonschema
import pytest
from referencing import Registry, Resource

from scanner.gate import exit_code
from scanner.model import Batch, Failure, Gap, GapKind, GateRules, Policy, Report, Severity
from scanner.policy import apply_policy
from scanner.report import Look
from scanner.report.formats import RENDERERS, render
from scanner.report.json import batch_schema, schema
from scanner.report.text_many import render as summary
from scanner.rulebook import RuleBook
from tests.unit.report.nginx import NOT_READY_NGINX
from tests.unit.report.reports import NO_CRYPTO, READY_GO, UNDETERMINED

ODD = "x\x1b[2J[bold]\u202e"


@pytest.fixture(scope="module")
def rules() -> RuleBook:
    return RuleBook.load()


def gated(report: Report, rules: RuleBook, fail_on: Severity | None = Severity.HIGH) -> Report:
    policy = Policy(gate=GateRules(fail_on=fail_on))
    return apply_policy(report, policy, today=date(2026, 11, 23), scoring=rules.scoring)


@pytest.fixture(scope="module")
def batch(rules: RuleBook) -> Batch:
    twin = replace(
        NOT_READY_NGINX.image, platform="linux/arm64", asked_by=("compose.yaml:4 (web)",)
    )
    interrupted = Gap(GapKind.INTERRUPTED, "enforced", "not run: the scan was interrupted")
    return Batch(
        (
            gated(READY_GO, rules),
            gated(NOT_READY_NGINX, rules),
            gated(replace(NOT_READY_NGINX, image=twin, gaps=(interrupted,)), rules),
            gated(UNDETERMINED, rules),
            gated(NO_CRYPTO, rules),
        ),
        (
            Failure("team/nope:1", "the engine has no image 'team/nope:1': pull it", 2),
            Failure("service api", "not scanned: it is built", 3, asked_by=("compose.yaml:9",)),
        ),
    )


def test_the_summary_as_people_see_it(batch: Batch, snapshot: Callable[[str, str], None]) -> None:
    snapshot("many/summary.txt", summary(batch))


def test_full_reports_come_on_request_and_the_summary_last(batch: Batch) -> None:
    text = summary(batch, Look(verbose=True))
    assert text.count("Score  of each question") == len(batch.reports)
    assert text.rindex("Score  of each question") < text.index("7 images: 2 passed the gate")


def test_nothing_hostile_reaches_the_summary(rules: RuleBook) -> None:
    image = replace(NOT_READY_NGINX.image, reference=ODD, asked_by=(ODD,))
    finding = replace(NOT_READY_NGINX.findings[0], id=ODD, title=ODD, locations=(ODD,))
    report = gated(replace(NOT_READY_NGINX, image=image, findings=(finding,)), rules)
    for look in (Look(), Look(color=True)):
        text = summary(Batch((report,), (Failure(ODD, ODD, 3, ODD, (ODD,)),)), look)
        assert "\u202e" not in text
        assert "\x1b[2J" not in text
        assert "[bold]" in text


def test_lines_stay_within_the_page(batch: Batch) -> None:
    for width in (60, 80, 100):
        assert max(map(len, summary(batch, Look(width=width)).splitlines())) <= width


def test_an_empty_batch_is_no_error() -> None:
    assert summary(Batch(())).startswith("0 images")


def validate(document: object) -> None:
    registry: Registry[Any] = Registry().with_resources(
        (each["$id"], Resource.from_contents(each)) for each in (schema(), batch_schema())
    )
    jsonschema.Draft202012Validator(batch_schema(), registry=registry).validate(document)


def test_the_batch_keeps_to_its_schema(batch: Batch) -> None:
    jsonschema.Draft202012Validator.check_schema(batch_schema())
    document = json.loads(RENDERERS["json"].many(batch, Look()))  # type: ignore[misc]
    validate(document)
    assert [each["image"]["reference"] for each in document["reports"]] == [
        each.image.reference for each in batch.reports
    ]
    assert set(document["failures"][0]) == {each.name for each in fields(Failure)}
    document["failures"][0]["reference"] = 7
    with pytest.raises(jsonschema.ValidationError):
        validate(document)
    document["failures"][0]["reference"] = "x"
    del document["reports"][1]["verdict"]
    with pytest.raises(jsonschema.ValidationError):
        validate(document)


def test_every_format_for_several_takes_failures_alone() -> None:
    failed = Batch((), (Failure("a", "b", 3), Failure("c", "d", 3)))
    for name, made in RENDERERS.items():
        if made.many is not None:
            assert render(name, failed, Look())


def test_the_exit_code_of_several(rules: RuleBook) -> None:
    ready, failing = gated(READY_GO, rules), gated(NOT_READY_NGINX, rules)
    undetermined = gated(UNDETERMINED, rules)
    lost = Failure("x", "not there", 2)
    assert exit_code(Batch((ready,))) == 0
    assert exit_code(Batch((ready, ready))) == 0
    assert exit_code(Batch((ready, failing, undetermined), (lost,))) == 1
    assert exit_code(Batch((ready, undetermined))) == 3
    assert exit_code(Batch((ready,), (lost,))) == 3
    assert exit_code(Batch((), (lost,))) == 3
    assert exit_code(Batch((gated(NOT_READY_NGINX, rules, None), ready))) == 0
