import json
from dataclasses import fields, replace
from pathlib import Path
from typing import Any

import pytest

from scanner.errors import UsageError
from scanner.model import Batch, Failure, LayerInfo, Report, VerdictKind
from scanner.report import read
from scanner.report.json import as_json, render, render_many
from scanner.report.read import read_batch, read_report
from tests.unit.report.nginx import NOT_READY_NGINX
from tests.unit.report.reports import ALL, READY_GO
from tests.unit.report.test_text import hostile_report

FIXTURES = Path(__file__).parents[2] / "fixtures/reports"
LAYERED = replace(
    READY_GO, layers=(LayerInfo("sha256:1", "COPY a /", 1, 9),), origins={"/gateway": 0}
)
REPORTS = {**ALL, "hostile": hostile_report(), "layered": LAYERED}


@pytest.mark.parametrize("name", REPORTS)
def test_what_is_read_is_what_was_written(name: str) -> None:
    text = render(REPORTS[name])
    assert render(read_report(text, "x")) == text
    assert render(read_report(text.encode(), "x")) == text


def test_a_report_is_read_as_it_was() -> None:
    assert read_report(render(LAYERED), "x") == LAYERED


def test_a_batch_is_read_with_its_failures() -> None:
    batch = Batch(tuple(REPORTS.values()), (Failure("a:1", "no such image", 2),))
    text = render_many(batch)
    assert render_many(read_batch(text, "x")) == text


def test_one_report_is_a_batch_too() -> None:
    assert read_batch(render(READY_GO), "x") == Batch((READY_GO,))


def test_a_batch_of_two_is_no_report() -> None:
    with pytest.raises(UsageError, match=r"all\.json holds 2 reports"):
        read_report(render_many(Batch((READY_GO, NOT_READY_NGINX))), "all.json")


def test_every_key_of_a_report_is_read() -> None:
    assert {each.name for each in fields(read._Document)} == set(as_json(READY_GO))


@pytest.mark.parametrize("name", ["of-0.1.0", "before-policies"])
def test_reports_of_earlier_releases_are_read(name: str) -> None:
    content = (FIXTURES / f"{name}.json").read_bytes()
    report = read_report(content, name)
    assert (report.verdict.kind, report.verdict.score) == (VerdictKind.NOT_READY, 31)
    assert len(report.uses) == len(NOT_READY_NGINX.uses)
    assert (report.policy, report.layers, report.target) == (None, (), "")
    assert keeps(json.loads(render(report)), json.loads(content))


def keeps(now: Any, then: Any) -> bool:
    """Whether `now` says everything that `then` says."""
    if isinstance(then, dict):
        return all(name in now and keeps(now[name], each) for name, each in then.items())
    if isinstance(then, list):
        return len(now) == len(then) and all(map(keeps, now, then))
    return bool(now == then)


def changed(**parts: object) -> str:
    return json.dumps(json.loads(render(NOT_READY_NGINX)) | parts)


def with_finding(**parts: object) -> str:
    document = json.loads(render(NOT_READY_NGINX))
    document["findings"][1] |= parts
    return json.dumps(document)


def without(key: str) -> str:
    document: dict[str, Any] = json.loads(render(NOT_READY_NGINX))
    del document[key]
    return json.dumps(document)


@pytest.mark.parametrize(
    ("content", "says"),
    [
        ("", "r.json is empty: write one with `fips-scanner scan IMAGE -o json=FILE`"),
        ("{", "is not JSON (EOF while parsing"),
        ("READY  score 100", "is not JSON (expected value at line 1 column 1)"),
        (b"\xff\xfe{\x00}\x00", "is not JSON"),
        ("[" * 100_000, "is not JSON (recursion limit exceeded"),
        ("[1]", "is no report of fips-scanner"),
        ("{}", "is no report of fips-scanner in JSON"),
        ('{"runs": [], "version": "2.1.0"}', "is SARIF, not a report of fips-scanner"),
        ('{"bomFormat": "CycloneDX"}', "is CycloneDX, not a report"),
        ('{"predicate": {}}', "is an attestation, not a report"),
        (changed(schema_version="2"), "by schema 2, and this release reads schema 1"),
        (changed(score=101), "score: input should be less than or equal to 100"),
        (changed(score="31"), "score: input should be a valid integer"),
        (changed(score=True), "score: input should be a valid integer"),
        (changed(date="yesterday"), "date: input should be a valid date"),
        (changed(uses={}), "uses: input should be a valid array"),
        (changed(points_lost=[{"question": None, "points": float("inf"), "cause": ""}]), "points"),
        (changed(later=1), "later: is not known; fips-scanner 0.1.0 wrote it: use that, or a n"),
        (without("findings"), "findings: field required"),
        (with_finding(severity="awful"), "findings[1].severity: input should be 'critical'"),
        (with_finding(locations=["/a", 7]), "findings[1].locations[1]: input should be a valid st"),
        (with_finding(**{"a\x1b[2J": 1}), r"findings[1].a\x1b[2J: is not known"),
        ('{"schema_version": "1", "reports": [{}]}', "reports[0].schema_version: field required"),
        (b" " * (read.MAX_BYTES + 1), "r.json is larger than 64 MiB"),
    ],
)
def test_what_is_no_report_is_said_to_be_none_in_one_line(content: str | bytes, says: str) -> None:
    with pytest.raises(UsageError) as caught:
        read_batch(content, "r.json")
    message = str(caught.value)
    assert says in message
    assert message.startswith("r.json ")
    assert "\n" not in message
    assert len(message) < 600


def test_a_layer_that_is_not_there_is_nobodys() -> None:
    document = json.loads(render(LAYERED))
    document["origins"].append({"path": "/b", "layer": 7})
    report: Report = read_report(json.dumps(document), "x")
    assert report.layer_of("/gateway") == 0
    assert report.layer_of("/b") is None
