"""OpenSSL configuration and integrity files."""

from __future__ import annotations

import pytest

from scanner.image import FileTooLargeError
from scanner.inspectors.openssl import OpenSslInspector
from scanner.model import Fact, FactKind

from .files import seen, the_fact, wants

INSPECTOR = OpenSslInspector()


@pytest.mark.parametrize(
    "path",
    [
        "/etc/ssl/openssl.cnf",
        "/etc/pki/tls/fips_local.cnf",
        "/opt/fipsmodule.cnf",
        "/etc/pki/tls/symcrypt_prov.cnf",
        "/etc/pki/tls/openssl.d/pkcs11.cnf",
        "/usr/share/crypto-policies/DEFAULT/opensslcnf.txt",
    ],
)
def test_known_names_are_taken_whatever_they_hold(path: str) -> None:
    assert the_fact(INSPECTOR, path, "").kind is FactKind.OPENSSL_CONFIG_FILE


@pytest.mark.parametrize("path", ["/app/tls.cnf", "/app/crypto.conf", "/etc/x.config"])
def test_other_names_are_taken_for_what_they_hold(path: str) -> None:
    assert wants(INSPECTOR, path, b"# c\nopenssl_conf = init\n")
    assert not wants(INSPECTOR, path, b"listen = 80\n# openssl_conf = x\n")


def test_the_text_is_in_the_fact() -> None:
    fact = the_fact(INSPECTOR, "/etc/ssl/openssl.cnf", "a = 1\n\xff")
    assert fact.text("text") == "a = 1\n\xff"


def test_fipsmodule_is_a_configuration_and_an_integrity_file() -> None:
    found = seen(INSPECTOR, "/etc/ssl/fipsmodule.cnf", "[fips_sect]\nmodule-mac = 23:F5\n")
    assert [each.kind for each in found if isinstance(each, Fact)] == [
        FactKind.OPENSSL_CONFIG_FILE,
        FactKind.INTEGRITY_FILE,
    ]


def test_a_configuration_over_the_bound_is_not_read() -> None:
    with pytest.raises(FileTooLargeError):
        seen(INSPECTOR, "/etc/ssl/openssl.cnf", "x" * 65_537)


@pytest.mark.parametrize(
    ("path", "form", "covers"),
    [
        ("/usr/lib64/.libcrypto.so.1.1.1k.hmac", "hmac", "/usr/lib64/libcrypto.so.1.1.1k"),
        ("/usr/lib64/.libgcrypt.so.20.hmac", "hmac", "/usr/lib64/libgcrypt.so.20"),
        ("/usr/lib64/fipscheck/libcrypto.so.10.hmac", "hmac", "/usr/lib64/libcrypto.so.10"),
        ("/usr/lib64/libsoftokn3.chk", "chk", "/usr/lib64/libsoftokn3.so"),
    ],
)
def test_integrity_files_cover_a_library(path: str, form: str, covers: str) -> None:
    fact = the_fact(INSPECTOR, path, b"a1b2")
    assert fact.kind is FactKind.INTEGRITY_FILE
    assert (fact.text("form"), fact.text("covers")) == (form, covers)
