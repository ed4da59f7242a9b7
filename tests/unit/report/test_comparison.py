import json
import re
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import jsonschema
import pytest
from rich.cells import cell_len

from scanner import model
from scanner.cli_reports import DIFF_FORMATS
from scanner.diff import compare_batches
from scanner.diff.model import Cause, Kind
from scanner.model import Batch, Report
from scanner.report import Look
from scanner.report.comparison import DIFF_RENDERERS, markdown
from scanner.report.comparison.json import schema
from scanner.report.comparison.view_values import shortened, some
from tests.unit.report.conftest import SNAPSHOTS
from tests.unit.report.nginx import NOT_READY_NGINX
from tests.unit.report.test_json import objects
from tests.unit.report.test_text import HOSTILE, hostile_report
from tests.unit.report.updates import ALL

ENDINGS = {"text": "txt", "json": "json", "markdown": "md"}
EMPTY = replace(NOT_READY_NGINX, uses=(), findings=(), conditions=(), assets=(), gaps=(), layers=())


def shown(output: str, old: Report, new: Report, look: Look | None = None) -> str:
    found = compare_batches(Batch((old,)), Batch((new,)))
    return DIFF_RENDERERS[output](found, look or Look())


def test_the_command_offers_every_format() -> None:
    assert tuple(DIFF_RENDERERS) == DIFF_FORMATS == tuple(ENDINGS)


@pytest.mark.parametrize("output", DIFF_RENDERERS)
@pytest.mark.parametrize("name", ALL)
def test_comparison(name: str, output: str, snapshot: Callable[[str, str], None]) -> None:
    snapshot(f"diff/{name}.{ENDINGS[output]}", DIFF_RENDERERS[output](ALL[name], Look()))


def test_every_snapshot_has_a_test() -> None:
    expected = {f"{name}.{ending}" for name in ALL for ending in ENDINGS.values()}
    assert {path.name for path in (SNAPSHOTS / "diff").iterdir()} == expected


# --- text


@pytest.mark.parametrize("name", ALL)
def test_text_is_80_columns_wide_and_plain(name: str) -> None:
    text = DIFF_RENDERERS["text"](ALL[name], Look())
    assert max(map(cell_len, text.splitlines())) <= 80
    assert text.isascii()


def test_color_marks_what_is_worse_and_what_is_better() -> None:
    text = DIFF_RENDERERS["text"](ALL["update"], Look(color=True))
    lines = text.splitlines()
    new = next(line for line in lines if "new, medium" in line)
    gone = next(line for line in lines if "private-key" in line)
    assert "\x1b[31m" in new
    assert "\x1b[31m" not in gone


def test_verbose_leaves_nothing_out() -> None:
    places = tuple(f"/app/{n}" for n in range(30))
    finding = replace(NOT_READY_NGINX.findings[0], id="x", locations=places)
    more = tuple(replace(finding, id=f"x{n}") for n in range(30))
    new = replace(EMPTY, findings=(finding, *more))
    assert "and 27 more" in shown("text", EMPTY, new)
    assert "more (--verbose" in shown("text", EMPTY, new)
    verbose = shown("text", EMPTY, new, Look(verbose=True))
    assert all(place in verbose for place in places)
    assert "x29" in verbose


@pytest.mark.parametrize("output", ["text", "markdown"])
def test_long_values_are_cut_between_items(output: str) -> None:
    place = "/etc/app.conf"
    finding = replace(NOT_READY_NGINX.findings[0], id="x", locations=(place,), evidence=())
    names = tuple(f"TLS_RSA_WITH_CIPHER_{number:02}" for number in range(20))
    kind = model.AssetKind.SETTING
    more = model.Asset(kind, place, "ciphers", unapproved=names)
    old = replace(EMPTY, findings=(finding,))
    text = " ".join(shown(output, old, replace(old, assets=(more,))).replace("\\", "").split())
    told = text.partition("more at: ")[2].partition("- asset")[0]
    assert re.search(r"; ciphers: TLS_RSA_WITH_CIPHER_\d\d and \d+ more", told)
    assert set(re.findall(r"TLS_\w+", told)) <= set(names)
    if output == "markdown":
        assert told.startswith("`/etc/app.conf`: ciphers: ")


def test_what_is_too_long_is_cut_where_it_may_be() -> None:
    assert some(("aa", "bb", "cc", "dd"), ", ", 8) == "aa, bb and 2 more"
    assert some(("aa", "bb", "cc"), ", ", 6) == "aa and 2 more"
    assert some(("a" * 9, "b"), ", ", 3) == f"{'a' * 9} and 1 more"
    assert some((), ", ", 3) == ""
    assert shortened("AES:DES:RC4:MD5", 11) == "AES:DES and 2 more"
    assert shortened("RUN apt-get install", 14) == "RUN ..."
    assert shortened("x" * 20, 10) == f"{'x' * 6} ..."
    assert shortened("as it is", 8) == "as it is"


# --- hostile


@pytest.mark.parametrize("sides", [(EMPTY, hostile_report()), (hostile_report(), EMPTY)])
@pytest.mark.parametrize("output", DIFF_RENDERERS)
def test_hostile_content_is_shown_and_not_obeyed(output: str, sides: tuple[Report, Report]) -> None:
    text = shown(output, *sides, Look(verbose=True))
    assert set(re.findall(r"[\x00-\x1f\x7f-\x9f\u2028\u202e\u200b\ud800-\udfff]", text)) <= {"\n"}
    text.encode("utf-8")


def test_hostile_content_makes_no_markup() -> None:
    hostile = "x|y <script>alert(1)</script> ![a](http://e.vil) @team #7 </details> **b**\n\n# H"
    name = NOT_READY_NGINX.findings[0]
    new = replace(
        EMPTY,
        image=replace(EMPTY.image, reference=hostile, os=hostile),
        findings=(replace(name, title=hostile, locations=(hostile, "`" + hostile)),),
        gaps=(model.Gap(model.GapKind.PACKED, hostile, hostile),),
    )
    text = shown("markdown", EMPTY, new)
    prose = re.sub(r"(`+).*?\1|<code>.*?</code>", "", text)
    assert "<script" not in prose
    assert not re.search(r"(?<!\\)\]\(http", prose)
    assert "@team" not in prose
    assert "#7" not in prose
    assert prose.count("</details>") == prose.count("<details>")
    assert not re.search(r"^# H", prose, re.MULTILINE)


def test_a_comment_keeps_to_its_limit() -> None:
    name = NOT_READY_NGINX.findings[0]
    finding = replace(name, locations=tuple(f"/{n}/{'a' * 250}" for n in range(4)))
    many = tuple(replace(finding, id=f"x{n}", title="t" * 250) for n in range(100))
    gaps = tuple(model.Gap(model.GapKind.PACKED, f"/{n}", f"{n}" + "r" * 1500) for n in range(100))
    new = replace(EMPTY, findings=many, gaps=gaps)
    look = Look(verbose=True)
    text = shown("markdown", EMPTY, new, look)
    assert len(text) < markdown.LIMIT + 1000
    assert "left out here, a comment has its limit" in text
    batch = Batch(tuple(replace(new, image=replace(new.image, reference=f"i{n}")) for n in "abc"))
    old = Batch(tuple(replace(each, findings=(), gaps=()) for each in batch.reports))
    text = DIFF_RENDERERS["markdown"](compare_batches(old, batch), Look())
    assert len(text) < markdown.LIMIT + 1000
    assert text.count("<details>") == text.count("</details>")
    assert "more parts are left out" in text


# --- json


@pytest.mark.parametrize("comparisons", [*ALL.values()])
def test_json_keeps_to_its_schema(comparisons: Any) -> None:
    text = DIFF_RENDERERS["json"](comparisons, Look())
    assert text.isascii()
    jsonschema.validate(json.loads(text), schema(), cls=jsonschema.Draft202012Validator)


def test_hostile_reports_keep_to_the_schema() -> None:
    for sides in ((EMPTY, hostile_report()), (hostile_report(), EMPTY)):
        document = json.loads(shown("json", *sides))
        jsonschema.validate(document, schema(), cls=jsonschema.Draft202012Validator)
        text = json.dumps(document, ensure_ascii=False)
        assert json.dumps(HOSTILE[:20], ensure_ascii=False).strip('"') in text


def test_the_schema_is_one_and_takes_no_unknown_keys() -> None:
    jsonschema.Draft202012Validator.check_schema(schema())
    found = objects(schema())
    assert len(found) > 15
    assert all(each["additionalProperties"] is False for each in found)
    assert all(set(each["required"]) == set(each["properties"]) for each in found)


@pytest.mark.parametrize(
    "enum",
    [
        Kind,
        Cause,
        model.AssetKind,
        model.GapKind,
        model.Question,
        model.Severity,
        model.VerdictKind,
    ],
)
def test_the_schema_knows_every_word(enum: Any) -> None:
    assert schema()["$defs"][enum.__name__]["enum"] == [each.value for each in enum]


def test_the_same_reports_give_the_same_bytes_in_whatever_order() -> None:
    old, new = NOT_READY_NGINX, hostile_report()
    turned = replace(
        old,
        uses=old.uses[::-1],
        findings=old.findings[::-1],
        conditions=old.conditions[::-1],
        assets=old.assets[::-1],
        gaps=old.gaps[::-1],
    )
    for output in DIFF_RENDERERS:
        assert shown(output, old, new) == shown(output, turned, new)
