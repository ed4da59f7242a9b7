import gzip
import json
import random
from dataclasses import replace
from datetime import date
from functools import cache
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urlsplit

import jsonschema
import pytest

from scanner.model import Batch, Failure, ImageInfo, Report, Severity
from scanner.report import sarif
from scanner.report.sarif import render, render_many
from scanner.report.sarif_rules import address
from tests.unit.report.gated import WAIVED_POSTGRES
from tests.unit.report.nginx import NOT_READY_NGINX
from tests.unit.report.reports import ALL
from tests.unit.report.test_text import hostile_report

SCHEMA = Path(__file__).parents[2] / "fixtures" / "schemas" / "sarif-2.1.0.json"


@cache
def validator() -> jsonschema.protocols.Validator:
    schema = json.loads(SCHEMA.read_text())
    return jsonschema.Draft202012Validator(schema, format_checker=jsonschema.FormatChecker())


def runs(text: str) -> list[dict[str, Any]]:
    document = json.loads(text)
    validator().validate(document)
    found: list[dict[str, Any]] = document["runs"]
    return found


def run(report: Report) -> dict[str, Any]:
    (only,) = runs(render(report))
    return only


def addresses(node: Any) -> list[str]:
    if isinstance(node, dict):
        here = [node["uri"]] if "uri" in node and "uriBaseId" in node else []
        return here + [found for value in node.values() for found in addresses(value)]
    return [found for each in node for found in addresses(each)] if isinstance(node, list) else []


@pytest.mark.parametrize("report", [*ALL.values(), hostile_report()])
def test_keeps_to_the_schema_and_to_what_github_asks_for(report: Report) -> None:
    text = render(report)
    assert text.isascii()
    made = run(report)
    rules = made["tool"]["driver"]["rules"]
    for rule in rules:
        assert rule["help"]["text"]
        assert rule["help"]["markdown"]
        assert rule["helpUri"].startswith("https://")
        assert len(rule["shortDescription"]["text"]) <= 1024
        assert len(rule["fullDescription"]["text"]) <= 1024
        assert "security" in rule["properties"]["tags"]
        assert len(rule["properties"]["tags"]) <= 10
    for result in made["results"]:
        assert rules[result["ruleIndex"]]["id"] == result["ruleId"]
        (place,) = result["locations"]
        assert place["physicalLocation"]["artifactLocation"]["uri"]
        assert place["physicalLocation"]["region"]["startLine"] >= 1
        assert result["partialFingerprints"]["primaryLocationLineHash"]
    for note in made["invocations"][0]["toolExecutionNotifications"]:
        described = made["tool"]["driver"]["notifications"][note["descriptor"]["index"]]
        assert described["id"] == note["descriptor"]["id"]


@pytest.mark.parametrize(
    ("severity", "level", "score"),
    [
        (Severity.CRITICAL, "error", "9.5"),
        (Severity.HIGH, "error", "8.0"),
        (Severity.MEDIUM, "warning", "5.5"),
        (Severity.LOW, "note", "2.5"),
        (Severity.INFO, "note", None),
    ],
)
def test_severity(severity: Severity, level: str, score: str | None) -> None:
    finding = replace(WAIVED_POSTGRES.findings[0], severity=severity)
    made = run(replace(WAIVED_POSTGRES, findings=(finding,)))
    assert {each["level"] for each in made["results"]} == {level}
    assert made["tool"]["driver"]["rules"][0]["properties"].get("security-severity") == score


def test_a_severity_of_the_policy_is_told_beside_that_of_the_rule() -> None:
    made = run(WAIVED_POSTGRES)
    (at,) = [
        at
        for at, each in enumerate(made["tool"]["driver"]["rules"])
        if each["id"] == "private-key-in-image"
    ]
    rule = made["tool"]["driver"]["rules"][at]
    assert rule["defaultConfiguration"] == {"level": "warning"}
    assert rule["properties"]["security-severity"] == "8.0"
    override = {
        "descriptor": {"id": "private-key-in-image", "index": at},
        "configuration": {"level": "error"},
    }
    assert made["invocations"][0]["ruleConfigurationOverrides"] == [override]


def by_rule(made: dict[str, Any], rule: str) -> list[dict[str, Any]]:
    return [each for each in made["results"] if each["ruleId"] == rule]


def test_a_result_is_understood_alone_and_tells_layer_and_line() -> None:
    (result,) = by_rule(run(WAIVED_POSTGRES), "setting-hba-md5")
    assert result["message"]["text"] == (
        "PostgreSQL accepts passwords that are stored as MD5: "
        "/var/lib/postgresql/data/pg_hba.conf:85. Seen there: local all all md5 allows MD5; "
        "host all all 127.0.0.1/32 md5 allows MD5. What to do: Store all passwords for SCRAM, "
        "then demand it. Image registry:ghcr.io/team/orders:4.2, layer 3 of 3, "
        "COPY dir:4d4d4d4d4d4d in /."
    )
    place = result["locations"][0]["physicalLocation"]
    assert place["artifactLocation"] == {
        "uri": "var/lib/postgresql/data/pg_hba.conf",
        "uriBaseId": "IMAGEROOT",
    }
    assert place["region"]["startLine"] == 85
    (related,) = result["relatedLocations"]
    assert related["physicalLocation"]["region"]["startLine"] == 87
    assert result["properties"]["layer"]["index"] == 2
    assert result["properties"]["layer"]["diffID"] == WAIVED_POSTGRES.layers[2].diff_id
    assert result["properties"]["layer"]["createdBy"].startswith("/bin/sh -c #(nop) COPY")


def test_what_is_no_file_is_told_of_the_image() -> None:
    (result,) = by_rule(run(WAIVED_POSTGRES), "env-openssl-conf")
    (place,) = result["locations"]
    assert place["physicalLocation"]["artifactLocation"] == {
        "uri": "ghcr.io/team/orders",
        "uriBaseId": "IMAGE",
    }
    assert place["logicalLocations"][0]["kind"] == "configuration"
    bases = set(run(WAIVED_POSTGRES)["originalUriBaseIds"])
    assert bases == {"IMAGE", "IMAGEROOT", "%SRCROOT%"}


@pytest.mark.parametrize(
    ("asked_by", "expected"),
    [
        (("deploy/compose.yaml:4 (service web)",), ("deploy/compose.yaml", "%SRCROOT%", 4)),
        (("/etc/list:1", "images.txt:12"), ("images.txt", "%SRCROOT%", 12)),
        (("../compose.yaml:4", "standard input:3"), ("ghcr.io/team/orders", "IMAGE", 1)),
    ],
)
def test_a_file_that_named_the_image_stands_for_it(
    asked_by: tuple[str, ...], expected: tuple[str, str, int]
) -> None:
    image = replace(WAIVED_POSTGRES.image, asked_by=asked_by)
    (result,) = by_rule(run(replace(WAIVED_POSTGRES, image=image)), "env-openssl-conf")
    place = result["locations"][0]["physicalLocation"]
    artifact = place["artifactLocation"]
    assert (artifact["uri"], artifact["uriBaseId"], place["region"]["startLine"]) == expected


def test_what_is_set_aside_is_suppressed_with_its_reason() -> None:
    made = run(WAIVED_POSTGRES)
    suppressed = {
        each["ruleId"]: each["suppressions"] for each in made["results"] if "suppressions" in each
    }
    expected = {each.id: each.ignored_because for each in WAIVED_POSTGRES.findings}
    assert suppressed == {
        id_: [{"kind": "external", "status": "accepted", "justification": because}]
        for id_, because in expected.items()
        if because
    }


def test_gaps_and_waivers_are_notifications() -> None:
    invocation = run(WAIVED_POSTGRES)["invocations"][0]
    (gap,) = invocation["toolExecutionNotifications"]
    assert gap["level"] == "note"  # the policy accepts it
    assert gap["locations"][0]["physicalLocation"]["artifactLocation"]["uri"].endswith("helper")
    told = {
        each["descriptor"]["id"]: each["level"]
        for each in invocation["toolConfigurationNotifications"]
    }
    assert told == {"waiver-expired": "error", "waiver-unmatched": "warning"}
    (place,) = invocation["toolConfigurationNotifications"][0]["locations"]
    artifact = {"uri": ".fips-scanner.yaml", "uriBaseId": "%SRCROOT%"}
    assert place["physicalLocation"]["artifactLocation"] == artifact
    assert place["physicalLocation"]["region"]["startLine"] == 18
    assert invocation["exitCode"] == 1
    open_ = run(ALL["undetermined-no-engine"])["invocations"][0]
    levels = [each["level"] for each in open_["toolExecutionNotifications"]]
    assert set(levels) == {"warning", "note"}
    assert levels[0] == "warning"


def fingerprints(report: Report) -> list[str]:
    return [
        each["partialFingerprints"]["primaryLocationLineHash"] for each in run(report)["results"]
    ]


def test_fingerprints_stay_from_one_build_to_the_next() -> None:
    before = fingerprints(WAIVED_POSTGRES)
    assert len(set(before)) == len(before)
    rebuilt = replace(
        WAIVED_POSTGRES,
        date=date(2027, 1, 1),
        image=ImageInfo("docker:ghcr.io/team/orders@sha256:ff", "sha256:ff", "linux/amd64"),
        findings=tuple(
            replace(each, evidence=tuple(line.replace(":85 ", ":90 ") for line in each.evidence))
            for each in WAIVED_POSTGRES.findings
        ),
        layers=(),
        origins={},
        policy=None,
    )
    assert fingerprints(rebuilt) == before
    other = replace(WAIVED_POSTGRES, image=ImageInfo("ghcr.io/team/shop:4.2", "", ""))
    assert not set(fingerprints(other)) & set(before)


def test_a_place_with_a_line_keeps_its_fingerprint_when_the_line_moves() -> None:
    finding = replace(WAIVED_POSTGRES.findings[0], locations=("/etc/x.conf:7", "/etc/x.conf:9"))
    first = fingerprints(replace(WAIVED_POSTGRES, findings=(finding,)))
    moved = replace(finding, locations=("/etc/x.conf:8", "/etc/x.conf:12"))
    assert fingerprints(replace(WAIVED_POSTGRES, findings=(moved,))) == first
    assert len(set(first)) == 2


@pytest.mark.parametrize(
    ("path", "expected"),
    [
        ("/etc/nginx/nginx.conf", "etc/nginx/nginx.conf"),
        ("/app.jar!/lib/x y.jar", "app.jar!/lib/x%20y.jar"),
        ("//evil.example/x", "evil.example/x"),
        ("/../../etc/passwd", "etc/passwd"),
        ("/javascript:alert(1)", "javascript%3Aalert(1)"),
        ("/a%2e#b?c", "a%252e%23b%3Fc"),
        ("/\udcff\n", "%FF%0A"),
        ("/\ud800", "%5Cud800"),
        ("/é", "%C3%A9"),
        ("/", "."),
    ],
)
def test_addresses_are_relative_and_encoded(path: str, expected: str) -> None:
    assert address(path) == expected
    parts = urlsplit(expected)
    assert not parts.scheme
    assert not parts.netloc


def test_long_addresses_are_cut_and_stay_different() -> None:
    made = {address(f"/{'é' * 3000}{end}") for end in "ab"}
    assert len(made) == 2
    assert all(len(each) < 1100 for each in made)
    assert all(unquote(each, errors="strict") for each in made)


def test_hostile_content_makes_no_links_and_no_addresses() -> None:
    link = "[click](https://evil.example)"
    bad = replace(
        WAIVED_POSTGRES.findings[0],
        title=link,
        locations=(f"/{link}", "https://evil.example/x", "//evil.example"),
        why=link,
        fix=link,
        evidence=(f"/{link}: {link}",),
        references=("javascript:alert(1)", 'https://x"><script>', "https://ok.example/a"),
    )
    made = run(replace(WAIVED_POSTGRES, findings=(bad,)))
    rule = made["tool"]["driver"]["rules"][0]
    assert "](" not in json.dumps([each["message"] for each in made["results"]])
    assert "](" not in rule["help"]["text"]
    assert r"\[click\](https:&#8203;//evil" in rule["help"]["markdown"]
    assert rule["helpUri"] == "https://ok.example/a"
    for each in addresses(made):
        assert not urlsplit(each).scheme
        assert not each.startswith("/")


def test_too_many_places_are_left_out_and_every_finding_stays() -> None:
    many = tuple(f"/usr/bin/p{number}" for number in range(6000))
    first, second, *rest = WAIVED_POSTGRES.findings
    report = replace(
        WAIVED_POSTGRES,
        findings=(replace(first, locations=many), replace(second, locations=many), *rest),
    )
    (made,) = json.loads(render(report))["runs"]
    assert len(made["results"]) == 5000
    assert {each["ruleId"] for each in made["results"]} == {each.id for each in report.findings}
    left_out = sum(len(each.locations) for each in report.findings) - 5000
    assert made["properties"]["resultsLeftOut"] == left_out
    notes = made["invocations"][0]["toolExecutionNotifications"]
    assert any(str(left_out) in each["message"]["text"] for each in notes)


def test_a_file_stays_below_what_github_takes(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sarif, "_BYTES", sarif._BYTES // 20)
    noise = random.Random(5)
    wild = tuple(f"/{noise.randbytes(1000).hex()}" for _ in range(200))
    report = replace(
        WAIVED_POSTGRES,
        findings=tuple(replace(each, locations=wild) for each in WAIVED_POSTGRES.findings),
    )
    text = render_many(Batch(tuple(named(report, f"team/app{n}:1") for n in range(3))))
    assert len(gzip.compress(text.encode(), 1)) < 10_000_000 // 20
    assert all(each["properties"]["resultsLeftOut"] for each in json.loads(text)["runs"])


def named(report: Report, reference: str, platform: str = "linux/amd64") -> Report:
    return replace(report, image=replace(report.image, reference=reference, platform=platform))


def test_each_image_has_a_run_and_a_category_of_its_own() -> None:
    batch = Batch(
        (
            named(NOT_READY_NGINX, "nginx:1.27"),
            named(NOT_READY_NGINX, "docker:team/app:1"),
            named(NOT_READY_NGINX, "docker:team/app:2"),
            named(NOT_READY_NGINX, "docker:team/app:2", "linux/arm64"),
            named(NOT_READY_NGINX, "docker:team/app:2", "linux/arm64"),
            named(NOT_READY_NGINX, "dir:/srv/root fs"),
        )
    )
    made = runs(render_many(batch))
    ids = [each["automationDetails"]["id"] for each in made]
    assert ids[0] == "fips-scanner/nginx/"
    assert ids[1] == "fips-scanner/docker%3Ateam/app%3A1/"
    assert ids[5] == "fips-scanner/srv/root%20fs/"
    assert len(set(ids)) == len(ids) == 6


def test_what_could_not_be_scanned_closes_no_alert() -> None:
    batch = Batch((WAIVED_POSTGRES,), (Failure("team/gone:1", "no such image", 2),))
    scanned, missing = runs(render_many(batch))
    assert scanned["automationDetails"]["id"] == "fips-scanner/ghcr.io/team/orders/"
    assert missing["automationDetails"]["id"] == "fips-scanner-missing/"
    (invocation,) = missing["invocations"]
    assert invocation["executionSuccessful"] is False
    assert invocation["toolExecutionNotifications"][0]["message"]["text"] == (
        "team/gone:1 could not be scanned: no such image."
    )


def test_github_takes_twenty_runs() -> None:
    reports = tuple(named(ALL["ready-go"], f"team/app{n}:1") for n in range(25))
    made = runs(render_many(Batch(reports)))
    assert len(made) == 20
    notes = made[-1]["invocations"][0]["toolExecutionNotifications"]
    assert [each["message"]["text"].partition(" ")[0] for each in notes] == [
        f"team/app{n}:1" for n in range(19, 25)
    ]
    assert len(runs(render_many(Batch(reports[:20])))) == 20


def test_nothing_scanned_is_a_file_too() -> None:
    (made,) = runs(render_many(Batch(())))
    assert made["results"] == []
