"""The inventory of the text report."""

from __future__ import annotations

from scanner.model import Asset, AssetKind
from scanner.report.look import Look
from scanner.report.page import Page
from scanner.report.sections.assets import assets


def shown(*found: Asset, verbose: bool = False) -> str:
    page = Page(Look(verbose=verbose))
    assets(page, found)
    return page.result()


def call(number: int, **attributes: object) -> Asset:
    given = {"algorithms": ("MD5",), "unapproved": ("MD5",), "line": number, **attributes}
    return Asset(AssetKind.SOURCE, "/app/main.py", "hashlib.md5", **given)  # type: ignore[arg-type]


def test_nothing_takes_no_room() -> None:
    assert shown() == ""


def test_what_is_unapproved_is_shown_with_its_line_and_the_rest_is_counted() -> None:
    text = shown(call(3), call(4, unapproved=(), algorithms=("SHA2-256",)))
    assert "/app/main.py:3  hashlib.md5: MD5" in text
    assert "main.py:4" not in text
    assert "1 more call" in text
    assert "main.py:4" in shown(call(3), call(4, unapproved=()), verbose=True)


def test_many_of_a_kind_are_counted() -> None:
    text = shown(*(call(number) for number in range(1, 31)))
    assert text.count("/app/main.py") == 5
    assert "and 25 more calls" in text


def test_nothing_of_a_dependency_is_shown_one_by_one() -> None:
    text = shown(call(1, own=False))
    assert "main.py" not in text
    assert "1 call" in text
    assert "nothing unapproved" not in text


def test_approved_ones_are_told_to_be_so() -> None:
    bundle = Asset(AssetKind.CERTIFICATE, "/ca.pem", "CN=x", count=142, own=False)
    assert "142 certificates, nothing unapproved seen in them" in shown(bundle)


def test_modules_that_are_intact_are_counted() -> None:
    intact = Asset(AssetKind.INTEGRITY, "/server", "go-fips140", "intact")
    assert "integrity       1 module as its checksum says" in shown(intact)
    altered = Asset(AssetKind.INTEGRITY, "/fips.so", "openssl-fips-provider", "altered")
    text = shown(intact, altered)
    assert "/fips.so  openssl-fips-provider (altered)" in text
    assert "and 1 module as its checksum says" in text
