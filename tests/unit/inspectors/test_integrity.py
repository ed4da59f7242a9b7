"""Which files are hashed, and what is stated of them."""

from __future__ import annotations

from pathlib import Path

import pytest

from scanner.inspectors.integrity import IntegrityInspector
from scanner.model import FactKind

from .files import seen, the_fact, wants

INSPECTOR = IntegrityInspector()
FIXTURES = Path(__file__).parents[2] / "fixtures" / "integrity"
PROVIDER = (FIXTURES / "redhat-style-fips.so").read_bytes()
GCRYPT = (FIXTURES / "libgcrypt-with-note.so.20").read_bytes()


def test_a_provider_is_hashed() -> None:
    fact = the_fact(INSPECTOR, "/usr/lib64/ossl-modules/fips.so", PROVIDER)
    assert fact.kind is FactKind.INTEGRITY
    assert (fact.text("form"), fact.text("key")) == ("openssl-provider", "openssl")
    assert fact.text("computed") == fact.text("stored")


def test_a_library_that_checks_itself_is_hashed() -> None:
    fact = the_fact(INSPECTOR, "/usr/lib64/libgcrypt.so.20.4.1", GCRYPT)
    assert (fact.text("form"), fact.text("key")) == ("hmac", "libgcrypt")


def test_nothing_is_said_of_a_build_that_does_not_check_itself() -> None:
    assert seen(INSPECTOR, "/usr/lib/libgcrypt.so.20", b"\x7fELF" + bytes(100)) == []


def test_libraries_that_others_vouch_for_are_hashed_with_the_usual_key() -> None:
    fact = the_fact(INSPECTOR, "/usr/lib64/libnettle.so.8.8", b"\x7fELF" + bytes(100))
    assert (fact.text("form"), fact.text("key")) == ("hmac", "")


def test_softoken_is_hashed_for_its_signature() -> None:
    fact = the_fact(INSPECTOR, "/usr/lib64/libsoftokn3.so", b"\x7fELF" + bytes(100))
    assert (fact.text("form"), len(fact.text("computed"))) == ("chk", 64)


@pytest.mark.parametrize(
    "path",
    [
        "/usr/lib/x86_64-linux-gnu/libcrypto.so.3",
        "/usr/lib/x86_64-linux-gnu/libssl.so.3",
        "/usr/bin/fips",
        "/usr/lib/libz.so.1",
    ],
)
def test_other_files_are_not_looked_at(path: str) -> None:
    assert not wants(INSPECTOR, path, b"\x7fELF" + bytes(100))


def test_a_linker_script_is_no_library() -> None:
    assert not wants(INSPECTOR, "/usr/lib64/libgcrypt.so", b"INPUT(libgcrypt.so.20)")
