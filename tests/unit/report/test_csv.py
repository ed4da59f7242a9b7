import csv
import io
from dataclasses import replace

import pytest

from scanner.model import Batch, Failure, Report
from scanner.report.csv_table import COLUMNS, render, render_many
from tests.unit.report.gated import WAIVED_POSTGRES
from tests.unit.report.reports import ALL
from tests.unit.report.test_text import HOSTILE, hostile_report

FORMULAS = ("=1+1", "+1", "-1", "@SUM(A1)", "|calc", "%x", "＝1", "  =1", "\t=1", "a;=cmd", "a; -1")


def rows(text: str) -> list[dict[str, str]]:
    read = list(csv.DictReader(io.StringIO(text, newline=""), strict=True))
    assert all(set(each) == set(COLUMNS) for each in read)
    assert all(None not in each.values() for each in read)
    return read


@pytest.mark.parametrize("report", [*ALL.values(), hostile_report()])
def test_every_line_has_every_column(report: Report) -> None:
    text = render(report)
    found = rows(text)
    assert text.count("\n") == text.count("\r\n") == len(found) + 1
    assert [each["type"] for each in found].count("image") == 1
    places = sum(len(each.locations) or 1 for each in report.findings)
    assert [each["type"] for each in found].count("finding") == places
    assert [each["type"] for each in found].count("gap") == len(report.gaps)


def test_the_header_is_what_is_published() -> None:
    assert ",".join(COLUMNS) == (
        "image,digest,platform,os,date,target,verdict,score,accepted_verdict,accepted_score,gate,"
        "type,rule,question,severity,rule_severity,confidence,fails_gate,ignored_by,"
        "ignored_because,title,location,line,seen,layer,layer_digest,instruction,fix,"
        "asked_by"
    )


def test_a_place_with_its_lines_its_layer_and_the_policy() -> None:
    found = {each["rule"]: each for each in rows(render(WAIVED_POSTGRES))}
    setting = found["setting-hba-md5"]
    assert setting["location"] == "/var/lib/postgresql/data/pg_hba.conf"
    assert setting["line"] == "85 87"
    assert (setting["layer"], setting["instruction"]) == ("3", "COPY dir:4d4d4d4d4d4d in /")
    assert setting["fails_gate"] == "no"
    assert (setting["verdict"], setting["score"]) == ("not-ready", "22")
    assert (setting["accepted_score"], setting["gate"]) == ("41", "failed")
    assert found["private-key-in-image"]["fails_gate"] == "yes"
    assert found["private-key-in-image"]["rule_severity"] == "medium"
    assert found["openssl-provider-missing"]["ignored_by"] == "baseline"
    assert found["gap:packed"]["ignored_because"].startswith("accepted until 2027-03-01")
    assert found["env-openssl-conf"]["location"] == "image configuration"


@pytest.mark.parametrize("formula", FORMULAS)
def test_nothing_of_an_image_is_a_formula(formula: str) -> None:
    bad = replace(
        WAIVED_POSTGRES.findings[0], title=formula, locations=(formula,), evidence=(formula,)
    )
    image = replace(WAIVED_POSTGRES.image, reference=formula, os=formula)
    text = render(replace(WAIVED_POSTGRES, findings=(bad,), image=image))
    for row in rows(text):
        for cell in row.values():
            # A spreadsheet that separates by semicolons sees more cells than there are.
            for part in cell.split(";"):
                assert not part.strip().startswith(("=", "+", "-", "@", "|", "%", "＝")), cell
    found = rows(text)[1]
    assert found["title"].replace("'", "").replace("\\t", "\t") == formula


def test_content_is_whole_and_on_one_line() -> None:
    long = "/" + "x" * 5000
    bad = replace(WAIVED_POSTGRES.findings[0], locations=(long, HOSTILE), title='a "b", c')
    found = rows(render(replace(WAIVED_POSTGRES, findings=(bad,))))
    assert {each["location"] for each in found if each["type"] == "finding"} >= {long}
    assert found[1]["title"] == 'a "b", c'
    assert all("\n" not in cell for each in found for cell in each.values())


def test_several_images_and_one_that_could_not_be_scanned() -> None:
    batch = Batch((ALL["ready-go"], WAIVED_POSTGRES), (Failure("team/gone:1", "no such", 2),))
    found = rows(render_many(batch))
    images = [each for each in found if each["type"] == "image"]
    assert [each["image"] for each in images] == [
        "team/gateway:2.4",
        "registry:ghcr.io/team/orders:4.2",
    ]
    assert (found[-1]["type"], found[-1]["image"], found[-1]["title"]) == (
        "failure",
        "team/gone:1",
        "no such",
    )


def test_a_failed_image_alone_is_told_by_the_gate() -> None:
    (image, *_) = rows(render(ALL["undetermined-no-engine"]))
    assert image["gate"] == "could not be determined"
    assert "no container engine" in image["title"]
