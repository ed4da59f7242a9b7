"""Status is computed for a day, and nothing is called validated that no certificate names."""

from __future__ import annotations

from datetime import date

import pytest

from scanner.certificates import Certificate
from scanner.cmvp import status_on, validate
from scanner.model import Module, ValidationStatus
from scanner.rulebook import RuleBook

TODAY = date(2026, 11, 23)
RULES = RuleBook.load()
Status = ValidationStatus


def certificate(**changes: object) -> Certificate:
    raw: dict[str, object] = {
        "id": "x-1",
        "certificate": "1",
        "module": "X",
        "vendor": "V",
        "standard": "FIPS 140-3",
        "validated": "2024-01-10",
        "sunset": "2026-01-09",
        "covers": [{"module": "gnutls", "versions": ["3.7.6"]}],
        "source": "https://example.org/",
        "checked": "2026-03-29",
    }
    return Certificate.model_validate({**raw, **changes})


@pytest.mark.parametrize(
    ("changes", "day", "expected"),
    [
        ({}, "2024-01-09", Status.NONE),
        ({}, "2024-01-10", Status.ACTIVE),
        ({}, "2026-01-09", Status.ACTIVE),
        ({}, "2026-01-10", Status.HISTORICAL),
        ({"interim": "yes"}, "2026-01-09", Status.ACTIVE),
        ({"interim": "yes"}, "2026-01-10", Status.INTERIM_EXPIRED),
        ({"standard": "FIPS 140-2", "sunset": "2026-09-21"}, "2026-09-21", Status.ACTIVE),
        ({"standard": "FIPS 140-2", "sunset": "2026-09-21"}, "2026-09-22", Status.HISTORICAL),
        ({"standard": "FIPS 140-2", "sunset": "2028-01-01"}, "2026-09-22", Status.HISTORICAL),
        (
            {"certificate": "none", "validated": "none", "sunset": "none"},
            "2026-01-01",
            Status.IN_PROCESS,
        ),
        ({"sunset": "none"}, "2026-01-01", Status.UNKNOWN),
        ({"sunset": "none"}, "2023-01-01", Status.NONE),
        ({"sunset": "none", "historical_by": "2026-03-29"}, "2026-01-01", Status.HISTORICAL),
    ],
)
def test_status_of_a_day(changes: dict[str, object], day: str, expected: Status) -> None:
    assert status_on(certificate(**changes), date.fromisoformat(day)) is expected


def ask(
    module: str,
    version: str = "",
    package: str = "",
    system: str = "",
    day: date = TODAY,
) -> tuple[Status, int | None, str]:
    os_id, _, os_version = system.partition(" ")
    found = validate(
        Module(module, module, version, "/lib/x", package),
        os_id,
        os_version,
        RULES.certificates,
        day,
        RULES.distributions,
    )
    assert found.reason
    assert "\n" not in found.reason
    return found.status, found.certificate, found.reason


PROVIDER = "openssl-fips-provider"


@pytest.mark.parametrize(
    ("module", "version", "package", "system", "status", "number"),
    [
        # upstream: any Linux, the exact version only
        (PROVIDER, "3.1.2", "", "", Status.ACTIVE, 4985),
        (PROVIDER, "3.1.2", "", "debian 12", Status.ACTIVE, 4985),
        (PROVIDER, "3.0.9", "", "debian 12", Status.HISTORICAL, 4282),
        (PROVIDER, "3.5.4", "", "alpine 3.23", Status.IN_PROCESS, None),
        (PROVIDER, "3.5.6", "openssl-fips 3.5.6-r0", "alpine 3.23", Status.NONE, None),
        (PROVIDER, "3.5.9", "openssl-provider-fips 3.5.9-1", "debian 13", Status.NONE, None),
        (PROVIDER, "3.1.3", "", "debian 12", Status.NONE, None),
        (PROVIDER, "", "", "debian 12", Status.UNKNOWN, 4985),
        # distributions: the exact build, in the distribution only
        (PROVIDER, "3.0.7-395c1a240fbfffd8", "", "rhel 9.6", Status.ACTIVE, 4857),
        (
            PROVIDER,
            "3.0.7-395c1a240fbfffd8",
            "",
            "debian 12",
            Status.ENVIRONMENT_MISMATCH,
            4857,
        ),
        (PROVIDER, "3.0.7-395c1a240fbfffd8", "", "rhel 10.0", Status.ENVIRONMENT_MISMATCH, 4857),
        (PROVIDER, "3.0.7-395c1a240fbfffd8", "", "", Status.ENVIRONMENT_MISMATCH, 4857),
        (PROVIDER, "3.0.7-cda111b5812c30d4", "", "rhel 9.8", Status.IN_PROCESS, None),
        (PROVIDER, "3.0.1-3f45e68ee408cd9c", "", "rhel 9.0", Status.INTERIM_EXPIRED, 4746),
        (PROVIDER, "3.0.5-0ubuntu0.1+Fips2.1", "", "ubuntu 22.04", Status.ACTIVE, 4794),
        (PROVIDER, "3.0.5-0ubuntu0.2+Fips1", "", "ubuntu 22.04", Status.UNKNOWN, 4794),
        (PROVIDER, "3.0.13-0ubuntu3+Fips1", "", "ubuntu 24.04", Status.ACTIVE, 5115),
        (PROVIDER, "3.0.13-0ubuntu3.15+Fips1", "", "ubuntu 24.04", Status.UNKNOWN, 5115),
        (PROVIDER, "3.0.8-d694bfa693b76001", "", "amzn 2023", Status.ACTIVE, 5021),
        (PROVIDER, "3.5.5-f06cf76f53649b34", "", "amzn 2023", Status.NONE, None),
        (PROVIDER, "3.4.0", "openssl-provider-fips-3.4.0 3.4.0-r5", "wolfi ", Status.ACTIVE, 5132),
        (PROVIDER, "3.4.0", "openssl-fips 3.4.0-r0", "alpine 3.21", Status.NONE, None),
        # OpenSSL itself is no module
        ("openssl", "3.0.20", "libssl3 3.0.20-1", "debian 12", Status.NONE, None),
        ("openssl", "1.1.1k", "openssl-libs 1.1.1k-12.el8_9", "rhel 8.10", Status.HISTORICAL, 4642),
        ("openssl", "1.1.1k", "", "debian 11", Status.NONE, None),
        # libraries that are told by package
        (
            "gnutls",
            "3.7.3",
            "libgnutls30 3.7.3-4ubuntu1.2+Fips1.1",
            "ubuntu 22.04",
            Status.ACTIVE,
            4855,
        ),
        ("gnutls", "3.7.3", "libgnutls30 3.7.3-4ubuntu1.5", "ubuntu 22.04", Status.NONE, None),
        ("gnutls", "3.7.9", "libgnutls30 3.7.9-2", "debian 12", Status.NONE, None),
        ("gnutls", "3.7.6", "gnutls 3.7.6-21.el9_2", "rhel 9.2", Status.UNKNOWN, 4846),
        ("libgcrypt", "1.10.1", "libgcrypt20 1.10.1-3", "debian 12", Status.NONE, None),
        # Go
        ("go-fips140", "v1.0.0-c2097c7c", "", "", Status.ACTIVE, 5247),
        ("go-fips140", "v1.0.0", "", "", Status.NONE, None),
        ("go-fips140", "v1.26.0", "", "", Status.IN_PROCESS, None),
        ("go-crypto", "1.27.3", "", "", Status.NONE, None),
        ("boringcrypto", "", "", "", Status.UNKNOWN, 5104),
        ("boringcrypto", "go1.27.3", "", "", Status.ACTIVE, 4735),
        ("boringcrypto", "go1.22.12", "", "", Status.HISTORICAL, 4407),
        # Java
        ("bc-fips", "2.0.0", "", "", Status.ACTIVE, 4743),
        ("bc-fips", "2.1.0", "", "", Status.ACTIVE, 4943),
        ("bc-fips", "2.1.1", "", "", Status.UNKNOWN, 4943),
        ("bc-fips", "2.1.3", "", "", Status.NONE, None),
        ("bc-fips", "1.0.2.5", "", "", Status.HISTORICAL, 4616),
        ("bouncy-castle", "1.78", "", "", Status.NONE, None),
        # others
        ("symcrypt", "103.8.0", "", "azurelinux 3.0", Status.UNKNOWN, 5313),
        ("symcrypt", "103.8.0", "", "debian 12", Status.NONE, None),
        ("aws-lc-fips", "3.1.0", "", "amzn 2023", Status.ACTIVE, 5314),
        ("aws-lc-fips", "2.0.17", "", "", Status.UNKNOWN, 4816),
        ("mbedtls", "3.6.0", "", "alpine 3.23", Status.NONE, None),
    ],
)
def test_known_modules(
    module: str, version: str, package: str, system: str, status: Status, number: int | None
) -> None:
    found, certificate_number, reason = ask(module, version, package, system)
    assert (found, certificate_number) == (status, number), reason


def test_the_sentence_says_why() -> None:
    assert ask(PROVIDER, "3.1.2")[2].startswith(
        "certificate #4985 covers OpenSSL FIPS Provider; sunset 2030-03-10"
    )
    assert "Historical list" in ask(PROVIDER, "3.0.9")[2]
    assert "2026-09-21" in ask(PROVIDER, "3.0.9")[2]
    assert (
        "only on rhel 9, not in debian 12"
        in ask(PROVIDER, "3.0.7-395c1a240fbfffd8", system="debian 12")[2]
    )
    assert "no CMVP certificate known to the scanner covers" in ask("gnutls", "3.7.9")[2]
    assert (
        "check the certificate's page"
        in ask(PROVIDER, "3.0.1-3f45e68ee408cd9c", system="rhel 9.0")[2]
    )
    assert "not validated before 2025-03-11" in ask(PROVIDER, "3.1.2", day=date(2025, 3, 10))[2]


def test_another_day() -> None:
    assert ask(PROVIDER, "3.1.2", day=date(2025, 3, 11))[0] is Status.ACTIVE
    assert ask(PROVIDER, "3.1.2", day=date(2030, 3, 11))[0] is Status.HISTORICAL
    assert ask(PROVIDER, "3.0.9", day=date(2026, 9, 21))[0] is Status.ACTIVE


def test_best_status_wins() -> None:
    module = Module("gnutls", "GnuTLS", "3.7.6")
    old, new = certificate(), certificate(id="x-2", certificate="2", sunset="2029-01-01")
    found = validate(module, "", "", (old, new, old), TODAY)
    assert (found.status, found.certificate, found.sunset) == (
        Status.ACTIVE,
        2,
        date(2029, 1, 1),
    )


def test_a_package_is_needed_where_one_is_named() -> None:
    covers = [
        {
            "module": "gnutls",
            "versions": ["3.7.6"],
            "packages": [{"name": "gnutls", "versions": [{"matches": "3.7.6-1"}]}],
            "environments": [{"id": "x"}],
        }
    ]
    one = certificate(sunset="2029-01-01", covers=covers)
    expected = {"gnutls 3.7.6-1.el9": Status.ACTIVE, "gnutls 3.7.6-2": Status.NONE}
    for package, status in {**expected, "": Status.UNKNOWN}.items():
        module = Module("gnutls", "GnuTLS", "3.7.6", package=package)
        assert validate(module, "x", "1", (one,), TODAY).status is status, package
    elsewhere = validate(
        Module("gnutls", "GnuTLS", "3.7.6", package="gnutls 3.7.6-1"), "y", "", (one,), TODAY
    )
    assert elsewhere.status is Status.ENVIRONMENT_MISMATCH


def test_a_release_number_alone_is_no_build_of_a_distribution() -> None:
    covers = [{"module": "gnutls", "versions": ["3.7.6"], "environments": [{"id": "x"}]}]
    module = Module("gnutls", "GnuTLS", "3.7.6")
    found = validate(module, "y", "1", (certificate(covers=covers),), TODAY)
    assert found.status is Status.NONE


@pytest.mark.parametrize(
    ("version", "package", "system", "said"),
    [
        ("3.1.1", "", "debian 12", "#4985 (active), is for 3.1.2, and 3.1.1 is not that"),
        ("3.0.15", "", "", "(historical), is for 3.0.9, and 3.0.15 is not that"),
        ("3.5.6", "openssl-fips 3.5.6-r0", "alpine 3.23", "(in process), is for 3.5.4"),
        ("3.5.6", "openssl-fips 3.5.6-r0", "alpine 3.23", "any package of Alpine Linux"),
        ("3.5.9", "openssl-provider-fips 3.5.9-1", "debian 13", "any package of Debian"),
        ("3.1.2", "openssl-fips 3.1.2-r0", "alpine 3.18", "which package openssl-fips 3.1.2-r0"),
        ("3.1.2", "openssl-fips 3.1.2-r0", "alpine 3.18", "built as its Security Policy says"),
    ],
)
def test_a_near_miss_names_what_differs(version: str, package: str, system: str, said: str) -> None:
    assert said in ask(PROVIDER, version, package, system)[2]


def test_a_package_of_somebody_else_may_hold_the_validated_build() -> None:
    found = ask(PROVIDER, "3.1.2", "acme-fips-provider 3.1.2-1", "debian 12")
    assert found[:2] == (Status.ACTIVE, 4985)


def test_a_file_of_no_package_is_not_judged_by_the_distribution() -> None:
    status, number, reason = ask(PROVIDER, "3.1.2", "", "alpine 3.18")
    assert (status, number) == (Status.ACTIVE, 4985)
    assert "Alpine" not in reason
    assert "Debian" not in ask(PROVIDER, "3.1.1", "", "debian 12")[2]


def test_no_nearest_certificate_of_another_major_version() -> None:
    status, _, reason = ask(PROVIDER, "4.0.0")
    assert status is Status.NONE
    assert "nearest" not in reason


@pytest.mark.parametrize("status", ["rhel 9.6", "debian 12"])
def test_the_caveat_is_quoted_with_the_certificate(status: str) -> None:
    os_id, _, version = status.partition(" ")
    module = Module(PROVIDER, "P", "3.0.7-395c1a240fbfffd8", "/lib/x", "")
    found = validate(module, os_id, version, RULES.certificates, TODAY)
    assert "When operated in approved mode" in found.caveat
    assert "\n" not in found.caveat


def test_a_certificate_without_known_systems_points_to_its_security_policy() -> None:
    found = validate(
        Module("gnutls", "GnuTLS", "3.7.6"),
        "debian",
        "12",
        (certificate(sunset="2030-01-09"),),
        TODAY,
    )
    assert found.status is Status.ACTIVE
    assert found.reason.endswith("its Security Policy decides in which operating environments")


def test_distributions_are_listed_once() -> None:
    systems = [each for known in RULES.distributions for each in known.systems]
    assert len(systems) == len(set(systems))
    for known in RULES.distributions:
        assert not known.sentence.rstrip().endswith(".")
