"""The page as a file: well-formed, whole, and of the scanner's own markup only."""

from __future__ import annotations

import base64
import hashlib
import re
from collections import Counter
from dataclasses import replace
from functools import cache
from itertools import pairwise
from typing import Any
from xml.etree.ElementTree import Element

import html5lib
import pytest

from scanner.model import (
    AlgorithmCall,
    Asset,
    AssetKind,
    Batch,
    ConditionResult,
    CryptoUse,
    Difference,
    Effect,
    Failure,
    Finding,
    Gap,
    GapKind,
    LayerInfo,
    Module,
    Report,
    UseKind,
)
from scanner.report import html
from scanner.report.html.limits import Limits, first
from scanner.report.html.words import fitted, size_words
from tests.unit.report.nginx import NOT_READY_NGINX
from tests.unit.report.reports import ALL
from tests.unit.report.test_text import HOSTILE, hostile_report

MARKUP = (
    '"><script>alert(1)</script><img src=x onerror=alert(1)></title></style>'
    "</script><!--{{ 7*7 }}{% raw %}&lt;b&gt;'`javascript:alert(1)"
)
"""What would be obeyed if one place forgot to escape it."""


@cache
def page(name: str) -> str:
    return html.render(ALL[name])


def parsed(text: str) -> Element:
    """The page, if a browser would have nothing to forgive in it."""
    tree: Any = html5lib.HTMLParser(strict=True, namespaceHTMLElements=False).parse(text)
    assert isinstance(tree, Element)
    return tree


def words(element: Element) -> str:
    """What is read there, line breaks as spaces."""
    for each in element.iter("br"):
        each.tail = f" {(each.tail or '').lstrip()}"
    return " ".join("".join(element.itertext()).split())


def many(*names: str) -> Batch:
    return Batch(tuple(ALL[each] for each in names or ALL))


@pytest.mark.parametrize("name", ALL)
def test_a_browser_has_nothing_to_forgive(name: str) -> None:
    assert page(name).endswith("</html>\n")
    parsed(page(name))


@pytest.mark.parametrize("name", [*ALL, "all of them"])
def test_every_id_is_there_once_and_every_link_leads_somewhere(name: str) -> None:
    root = parsed(html.render_many(many()) if name == "all of them" else page(name))
    ids = Counter(each.get("id") for each in root.iter() if each.get("id"))
    assert [key for key, number in ids.items() if number > 1] == []
    for each in root.iter():
        for attribute in ("href", "aria-labelledby", "for"):
            value = each.get(attribute) or ""
            if attribute == "href" and not value.startswith("#"):
                assert not value or value.startswith(("https://", "http://")), value
                continue
            assert all(key.lstrip("#") in ids for key in value.split()), value


@pytest.mark.parametrize("name", [*ALL, "all of them"])
def test_headings_go_down_by_one_level(name: str) -> None:
    root = parsed(html.render_many(many()) if name == "all of them" else page(name))
    levels = [int(each.tag[1]) for each in root.iter() if re.fullmatch("h[1-6]", str(each.tag))]
    assert levels.count(1) == 1
    assert levels[0] == 1
    assert all(after <= before + 1 for before, after in pairwise(levels))


def test_tables_have_captions_and_scopes() -> None:
    root = parsed(page("not-ready-nginx"))
    tables = list(root.iter("table"))
    assert len(tables) > 5
    for table in tables:
        caption = table.find("caption")
        assert caption is not None
        assert words(caption)
        assert all(each.get("scope") for each in table.iter("th"))


@pytest.mark.parametrize("name", ALL)
def test_the_page_names_nothing_to_load_and_allows_nothing_but_its_own(name: str) -> None:
    root = parsed(page(name))
    (style,), (script,) = list(root.iter("style")), list(root.iter("script"))
    (policy,) = (
        each.get("content", "")
        for each in root.iter("meta")
        if each.get("http-equiv") == "Content-Security-Policy"
    )
    for kind, element in (("style", style), ("script", script)):
        digest = base64.b64encode(hashlib.sha256((element.text or "").encode()).digest()).decode()
        assert f"{kind}-src 'sha256-{digest}';" in policy
    assert policy.startswith("default-src 'none';")
    loading = [each for each in root.iter() if each.get("src") or each.tag in ("link", "img")]
    assert loading == []
    assert not re.search(r"@import|url\(", style.text or "")
    assert all(each.get("style") is None for each in root.iter())  # the policy forbids them


def test_the_same_report_gives_the_same_bytes_in_whatever_order_it_was_found() -> None:
    report = NOT_READY_NGINX
    turned = replace(
        report,
        uses=report.uses[::-1],
        findings=report.findings[::-1],
        conditions=report.conditions[::-1],
        assets=report.assets[::-1],
        gaps=report.gaps[::-1],
    )
    assert html.render(turned) == html.render(report)


@pytest.mark.parametrize("text", [HOSTILE, MARKUP])
@pytest.mark.parametrize("number", [1, 2])
def test_hostile_content_is_text_and_nothing_else(text: str, number: int) -> None:
    hostile = hostile_everywhere(text)
    made = html.render(hostile) if number == 1 else html.render_many(Batch((hostile,) * 2))
    root = parsed(made)
    assert len(list(root.iter("script"))) == len(list(root.iter("style"))) == 1
    assert list(root.iter("img")) == list(root.iter("b")) == []
    for each in root.iter():
        assert not [name for name in each.attrib if name.startswith("on")]
        assert not (each.get("href") or "").startswith("javascript")
    assert "49" not in words(root).split()
    # No control character, direction override or lone surrogate takes effect.
    assert not re.search(r"[\x00-\x09\x0b-\x1f\x7f-\x9f\u2028\u202e\u200b\ud800-\udfff]", made)
    made.encode()
    assert ("<script>alert(1)" if text == MARKUP else r"owned\x07\r\n[bold red]x[/]") in words(root)


def hostile_everywhere(text: str) -> Report:
    """`hostile_report`, and the same for what only this page shows."""
    report = hostile_report() if text == HOSTILE else with_markup(text)
    call = AlgorithmCall(text, text, text, text, text)
    condition = replace(
        report.conditions[0],
        calls=(call,),
        differences=(Difference(text, Effect.BREAKS, text, text, text, (text,)),),
    )
    finding = replace(report.findings[0], references=(text, f"javascript:{text}"), id=text)
    return replace(
        report,
        conditions=(condition,),
        findings=(*report.findings, finding),
        layers=(LayerInfo(text, text, 1, 1),),
        target=text,
    )


def with_markup(text: str) -> Report:
    use = CryptoUse(text, UseKind.LINKED, Module(text, text, text, text, text), evidence=(text,))
    return replace(
        NOT_READY_NGINX,
        image=replace(NOT_READY_NGINX.image, reference=text, digest=text, os=text, platform=text),
        verdict=replace(NOT_READY_NGINX.verdict, reasons=(text,)),
        uses=(use,),
        findings=tuple(
            replace(each, title=text, why=text, fix=f"{text}\n\n    {text}", locations=(text,))
            for each in NOT_READY_NGINX.findings
        ),
        conditions=(replace(NOT_READY_NGINX.conditions[0], name=text, reason=text),),
        assets=(Asset(AssetKind.SOURCE, text, text, text, 1, 1, (text,), (text,)),),
        gaps=(Gap(GapKind.INTERNAL, text, text),),
        scanner_version=text,
        rules_digest=text,
    )


def test_a_huge_report_stays_light_and_says_what_it_leaves_out() -> None:
    paths = tuple(f"/opt/app/lib/part-{n}/module-{n}.so" for n in range(10_000))
    finding: Finding = replace(NOT_READY_NGINX.findings[1], locations=paths, evidence=paths)
    huge = replace(
        NOT_READY_NGINX,
        findings=(finding,),
        uses=tuple(
            CryptoUse(each, UseKind.STATIC, Module("x", "Own code", str(n), each))
            for n, each in enumerate(paths)
        ),
        assets=tuple(Asset(AssetKind.PACKAGE, each, "name " * 20) for each in paths),
        gaps=tuple(Gap(GapKind.UNREADABLE, each, f"reason {each}") for each in paths),
        conditions=(
            ConditionResult(
                "enforced", True, calls=tuple(AlgorithmCall(each, "f", "MD5") for each in paths)
            ),
        ),
    )
    made = html.render(huge)
    assert len(made) < 1_000_000
    text = re.sub(r"<[^>]*>", "", made)
    rows = 10_000 - Limits().rows
    assert f"{rows} more rows are not shown here" in text
    assert f"{10_000 - Limits().places} more places are not shown here" in text
    assert f"{rows} more calls are not shown here" in text
    assert f"{rows} more reasons are not shown here" in text
    assert "9997 more places" in text  # of which some are there, folded


@pytest.mark.parametrize(("number", "findings", "rest"), [(30, 1, 1), (31, 1, 0), (121, 0, 0)])
def test_of_many_images_each_shows_less(number: int, findings: int, rest: int) -> None:
    made = html.render_many(Batch((ALL["waived-postgres"],) * number))
    ids = re.findall(r'\bid="([^"]+)"', made)
    assert sum(each.endswith("-head") for each in ids) == number
    assert sum(each.endswith("-findings") for each in ids) == findings * number
    assert sum(each.endswith("-uses") for each in ids) == rest * number
    assert made.count("A page about this image alone has everything") == (0 if rest else number)
    assert {*re.findall(r'\bhref="#([^"]+)"', made)} <= {*ids}


def test_what_is_left_out_is_more_than_one_and_never_counted_twice() -> None:
    assert first(range(5), 4).rows == (0, 1, 2, 3, 4)
    assert first(range(6), 4).more == 2
    assert first(range(6), 4).total == 6
    assert Limits.for_images(1) == Limits()
    assert Limits.for_images(10_000).rows == 20


def test_what_a_policy_sets_aside_is_there_and_marked() -> None:
    root = parsed(page("not-ready-nginx"))
    (aside,) = (e for e in root.iter("details") if "aside" in (e.get("class") or "").split())
    assert "waived" in words(aside)
    assert "MD5 of cache keys, agreed with security on 2026-10-02" in words(aside)
    assert "It hashes file names." in words(aside)
    assert aside.get("open") is None


def test_several_images_have_an_overview_and_what_was_not_scanned() -> None:
    batch = replace(many(), failures=(Failure("gone:1", "no such image", 3),))
    root = parsed(html.render_many(batch))
    text = words(root)
    assert "gone:1: no such image" in text
    overview = next(root.iter("tbody"))
    assert len(list(overview.iter("tr"))) == len(ALL)
    for report in ALL.values():
        assert report.image.reference in words(overview)
    assert html.render_many(Batch(())) != ""
    parsed(html.render_many(Batch((), batch.failures)))


@pytest.mark.parametrize(
    ("size", "expected"),
    [(0, "0 B"), (999, "999 B"), (1000, "1.0 kB"), (13_400_000, "13.4 MB"), (2 * 10**12, "2.0 TB")],
)
def test_sizes(size: int, expected: str) -> None:
    assert size_words(size) == expected


def test_a_path_keeps_its_end() -> None:
    assert fitted("/usr/lib/x/module.so", 11) == "…/module.so"
    assert fitted("no path at all", 8) == "no path…"
    assert fitted("short", 12) == "short"
