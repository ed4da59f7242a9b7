"""What changes of certificates: by time, by a newer list, and for what was scanned before."""

from __future__ import annotations

import json
from datetime import date

import pytest
import yaml

from scanner.certificates import Certificate
from scanner.cmvp_changes import (
    Knowledge,
    affected,
    changes_until,
    differences,
    loses,
    updated_by,
)
from scanner.cmvp_listing import read_listing
from scanner.cmvp_yaml import certificate_yaml
from scanner.errors import UsageError
from scanner.report.json import as_json
from scanner.rulebook import RuleBook
from tests.unit.report.reports import READY_GO

TODAY = date(2026, 11, 24)
RULES = RuleBook.load()
# The three shapes of NIST-CMVP-API: modules.json, historical-modules.json (days run together, no
# sunset), and one certificate of its own.
ACTIVE = {
    "Certificate Number": "4985",
    "Vendor Name": "The OpenSSL Project",
    "Module Name": "OpenSSL FIPS Provider",
    "Module Type": "Software",
    "Validation Date": "03/11/202511/21/2025",
    "standard": "FIPS 140-3",
    "status": "Active",
    "sunset_date": "3/10/2030",
    "overall_level": 1,
    "caveat": "When operated in approved mode. No assurance of the minimum strength of generated "
    "SSPs (e.g., keys).",
}
HISTORICAL = {
    "Certificate Number": "4735",
    "Vendor Name": "Google, LLC.",
    "Module Name": "BoringCrypto",
    "Validation Date": "07/23/2024",
    "Status": "Historical",
}
DETAIL = {
    "certificate_number": "5600",
    "vendor_name": "The OpenSSL Corporation",
    "vendor": {"name": "The OpenSSL Corporation"},
    "module_name": "OpenSSL FIPS Provider",
    "module_type": "Software",
    "standard": "FIPS 140-3",
    "status": "Active",
    "overall_level": 1,
    "validation_dates": ["11/19/2026"],
    "sunset_date": "11/18/2031",
    "caveat": "Interim validation. When operated in approved mode.",
}


def listing(*entries: object, day: str = "2026-11-20T01:02:03Z") -> bytes:
    return json.dumps({"metadata": {"generated_at": day}, "modules": entries}).encode()


def updates(content: bytes) -> dict[str, str]:
    read = read_listing(content, "list", TODAY)
    now = updated_by(RULES.certificates, read, TODAY)
    return {
        f"{each.certificate.certificate} {each.what}": each.text
        for each in differences(RULES.certificates, now, TODAY)
    }


def test_a_list_that_says_the_same_changes_nothing() -> None:
    assert updates(listing(ACTIVE)) == {}


def test_a_sunset_that_moved_is_told() -> None:
    found = updates(listing({**ACTIVE, "sunset_date": "3/10/2029"}))
    assert found == {"4985 sunset": "sunset moved from 2030-03-10 to 2029-03-10"}


def test_a_certificate_that_became_historical_is_told() -> None:
    assert updates(listing(HISTORICAL)) == {"4735 status": "was active, is historical"}


def test_a_historical_one_that_is_active_again_is_told() -> None:
    back = next(each for each in RULES.certificates if each.historical_by and each.certificate)
    entry = {
        **ACTIVE,
        "Certificate Number": str(back.certificate),
        "caveat": "",
        "standard": "FIPS 140-3",
    }
    (now,) = updated_by((back,), read_listing(listing(entry), "list", TODAY), TODAY)
    assert now.historical_by is None


def test_a_new_certificate_of_a_known_module_covers_nothing_until_somebody_says_what() -> None:
    raw = json.dumps({"metadata": {"generated_at": "2026-11-20"}, "certificate": DETAIL})
    read = read_listing(raw.encode(), "5600.json", TODAY)
    (new,) = updated_by(RULES.certificates, read, TODAY)
    assert (new.id, new.interim, new.covers) == ("openssl-fips-provider-5600", True, ())
    assert (new.validated, new.sunset) == (date(2026, 11, 19), date(2031, 11, 18))
    (change,) = differences(RULES.certificates, (new,), TODAY)
    assert change.what == "new"
    assert "add `covers`" in change.text


def test_a_new_certificate_of_an_unknown_module_is_left_alone() -> None:
    assert (
        updates(listing({**ACTIVE, "Certificate Number": "5601", "Module Name": "Toaster"})) == {}
    )


def test_an_older_list_does_not_undo_what_was_read_later() -> None:
    old = listing({**ACTIVE, "sunset_date": "3/10/2029"}, day="2025-01-01")
    assert updates(old) == {}


@pytest.mark.parametrize(
    ("content", "complaint"),
    [
        (b"<html>", "is not JSON"),
        (b"[" * 100_000, "is not JSON"),
        (b"{}", "lists no certificates"),
        (b'{"modules": [{"Certificate Number": "x"}]}', "lists no certificates"),
        (b'{"modules": [1, null, "x"]}', "lists no certificates"),
    ],
)
def test_what_is_no_list_is_refused_in_one_line(content: bytes, complaint: str) -> None:
    with pytest.raises(UsageError, match=complaint) as raised:
        read_listing(content, "file", TODAY)
    assert "\n" not in str(raised.value)


def test_every_certificate_is_the_same_after_it_was_written() -> None:
    for each in RULES.certificates:
        raw = yaml.load(certificate_yaml(each, "x\ny"), Loader=yaml.BaseLoader)
        again = Certificate.model_validate({**raw, "id": each.id})
        assert differences((each,), (again,), TODAY) == ()
        assert again.checked == each.checked


def test_what_sunsets_until_a_day_comes_soonest_first() -> None:
    known = [each for each in RULES.certificates if each.certificate in (4631, 4943, 4985)]
    found = changes_until(known, TODAY, date(2028, 12, 31))
    assert [each.certificate.certificate for each in found] == [4943, 4631]
    assert found[0].text == "sunsets in 53 days, on 2027-01-16: then interim-expired"
    assert changes_until(known, TODAY, TODAY) == ()


def knowledge(day: date, certificates: tuple[Certificate, ...] = RULES.certificates) -> Knowledge:
    return Knowledge(certificates, RULES.distributions, day)


def test_programs_of_a_report_that_lose_their_validation_are_named() -> None:
    report = json.loads(json.dumps(as_json(READY_GO)))
    report["uses"][0]["module"].update(
        {"id": "openssl-fips-provider", "name": "OpenSSL FIPS Provider", "version": "3.1.2"}
    )
    (hit,) = affected(report, "x.json", knowledge(TODAY), knowledge(date(2030, 3, 11)))
    assert (hit.image, hit.program) == (READY_GO.image.reference, READY_GO.uses[0].consumer)
    assert (hit.before.certificate, hit.after.status.value) == (4985, "historical")
    assert loses(hit)
    assert affected(report, "x.json", knowledge(TODAY), knowledge(TODAY)) == []
    assert affected(report, "x.json", knowledge(TODAY), knowledge(date(2030, 3, 10))) == []


@pytest.mark.parametrize("report", [{}, [], "x", {"image": {}, "uses": []}, {"image": 1}])
def test_what_is_no_report_is_refused(report: object) -> None:
    with pytest.raises(UsageError, match=r"x\.json is no JSON report"):
        affected(report, "x.json", knowledge(TODAY), knowledge(TODAY))
