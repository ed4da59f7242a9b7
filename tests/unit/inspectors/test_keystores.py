"""Keystores, looked at without their passwords."""

from __future__ import annotations

import random
from pathlib import Path

import pytest

from scanner.formats.keystore import KeystoreError, read_der, read_jks
from scanner.inspectors.keystores import make
from scanner.model import Fact, FactKind, Gap
from scanner.rulebook import RuleBook

from .files import seen, wants

INSPECTOR = make(RuleBook.load())
FIXTURES = Path(__file__).parents[2] / "fixtures" / "keystores"
MODERN = "PBES2 with PBKDF2 and AES-256-CBC; MAC by PKCS12KDF with SHA-256"
LEGACY = (
    "PBES1 with SHA-1 and RC2-40; PBES1 with SHA-1 and DES-EDE3-CBC; MAC by PKCS12KDF with SHA-1"
)
SUN = "Sun's own, by SHA-1 and XOR"


def facts(name: str, kind: FactKind, path: str = "") -> list[Fact]:
    content = (FIXTURES / name).read_bytes()
    found = seen(INSPECTOR, path or f"/app/{name}", content)
    return [each for each in found if isinstance(each, Fact) and each.kind is kind]


@pytest.mark.parametrize(
    ("name", "form", "entries", "secrets", "protection", "unapproved"),
    [
        ("key.jks", "jks", 1, True, SUN, (SUN, "JKS integrity check")),
        ("trust.jks", "jks", 1, False, "", ("JKS integrity check",)),
        (
            "secret.jceks",
            "jceks",
            1,
            True,
            "PBEWithMD5AndTripleDES",
            ("PBEWithMD5AndTripleDES", "JCEKS integrity check"),
        ),
        ("java17.p12", "pkcs12", 1, True, MODERN, ("PKCS12KDF",)),
        ("openssl3.p12", "pkcs12", 1, True, MODERN, ("PKCS12KDF",)),
        ("legacy.p12", "pkcs12", 1, True, LEGACY, ("PBES1", "RC2-40", "PKCS12KDF")),
        ("open-trust.p12", "pkcs12", 1, False, "", ()),
        ("key.bcfks", "bcfks", 0, True, "PBES2 with PBKDF2 and AES-256-CCM", ()),
        ("key.bks", "bks", 0, True, "", ("PKCS12KDF",)),
    ],
)
def test_forms(
    name: str,
    form: str,
    entries: int,
    secrets: bool,
    protection: str,
    unapproved: tuple[str, ...],
) -> None:
    (fact,) = facts(name, FactKind.KEYSTORE)
    assert dict(fact.attributes) == {
        "form": form,
        "protection": protection,
        "entries": entries,
        "unapproved": unapproved,
        "secrets": secrets,
        "sample": False,
    }


@pytest.mark.parametrize(
    ("name", "subjects"),
    [("trust.jks", ["CN=a"]), ("open-trust.p12", ["CN=b"]), ("openssl3.p12", [])],
)
def test_certificates_that_need_no_password(name: str, subjects: list[str]) -> None:
    found = facts(name, FactKind.CERTIFICATE)
    assert [each.text("subject") for each in found] == subjects


def test_a_jks_is_known_by_its_bytes_under_any_name() -> None:
    assert facts("key.jks", FactKind.KEYSTORE, "/app/store")


def test_another_file_of_der_is_left_alone() -> None:
    assert not wants(INSPECTOR, "/app/x.bin", (FIXTURES / "java17.p12").read_bytes())
    assert seen(INSPECTOR, "/app/x.keystore", b"\x30\x03\x02\x01\x05") == []


@pytest.mark.parametrize(
    ("name", "magic", "form", "secrets"),
    [
        ("key4.db", b"SQLite format 3\0", "nss-sql", True),
        ("cert9.db", b"SQLite format 3\0", "nss-sql", False),
        ("key3.db", b"\x00\x06\x15\x61", "nss-dbm", True),
    ],
)
def test_databases_of_nss(name: str, magic: bytes, form: str, secrets: bool) -> None:
    (fact,) = seen(INSPECTOR, f"/etc/pki/nssdb/{name}", magic + bytes(100))
    assert isinstance(fact, Fact)
    assert (fact.text("form"), fact.flag("secrets")) == (form, secrets)
    assert not wants(INSPECTOR, f"/app/{name}", b"something else")


def test_a_damaged_store_is_a_gap_that_caps_nothing() -> None:
    content = (FIXTURES / "key.jks").read_bytes()[:100]
    (gap,) = seen(INSPECTOR, "/app/key.jks", content)
    assert isinstance(gap, Gap)
    assert not gap.caps


def test_damaged_bytes_cost_nothing_but_an_error() -> None:
    chance = random.Random(1)
    for name in ("key.jks", "secret.jceks", "legacy.p12", "open-trust.p12", "key.bcfks"):
        good = (FIXTURES / name).read_bytes()
        for _ in range(400):
            bad = bytearray(good)
            for _ in range(chance.randint(1, 4)):
                bad[chance.randrange(len(bad))] = chance.randrange(256)
            for read in (read_jks, read_der):
                try:
                    read(bytes(bad))
                except KeystoreError:
                    continue
