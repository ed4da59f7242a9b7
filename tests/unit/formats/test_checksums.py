"""Checksums as the libraries' own tools make them."""

from __future__ import annotations

from pathlib import Path

import pytest

from scanner.formats.checksums import (
    KEYS,
    mac_of_library,
    mac_of_provider,
    read_chk,
    read_hmac,
    signed,
)

FIXTURES = Path(__file__).parents[2] / "fixtures" / "integrity"
PROVIDER = (FIXTURES / "redhat-style-fips.so").read_bytes()
GCRYPT = (FIXTURES / "libgcrypt-with-note.so.20").read_bytes()
SOFTOKEN = "5f3707ba2c0ee6c0cbc1863b25181511ead7d6b142549b4b3295b658943eb0b0"
"""SHA-256 of the libsoftokn3.so that debian12-libsoftokn3.chk lies beside."""
MAC = "ab" * 32


def test_a_checksum_inside_the_provider_is_what_openssl_computed() -> None:
    mac = mac_of_provider(PROVIDER)
    assert mac.key == "openssl"
    assert mac.computed == mac.stored != ""


def test_a_changed_byte_of_the_provider_shows() -> None:
    mac = mac_of_provider(PROVIDER[:-1] + b"!")
    assert mac.stored
    assert mac.computed != mac.stored


def test_a_provider_with_another_key_has_no_checksum_that_we_know() -> None:
    mac = mac_of_provider(PROVIDER.replace(KEYS["openssl"], bytes(32)))
    assert (mac.key, mac.computed) == ("", "")


def test_the_note_of_libgcrypt_is_what_its_script_computed() -> None:
    mac = mac_of_library(GCRYPT)
    assert mac.key == "libgcrypt"
    assert mac.computed == mac.stored != ""
    assert mac_of_library(GCRYPT.replace(b"gcry_check", b"gcry_chock")).computed != mac.stored


def test_what_strip_takes_away_does_not_touch_the_checksum_in_the_note() -> None:
    # Section headers are not part of it: objcopy moves them when it puts the note in.
    whole = mac_of_library(GCRYPT)
    assert mac_of_library(GCRYPT + b"more behind the sections").computed == whole.computed


@pytest.mark.parametrize("cut", [0, 3, 52, 64, 300, 4500])
def test_a_library_that_ends_early_costs_no_exception(cut: int) -> None:
    mac_of_library(GCRYPT[:cut] + KEYS["libgcrypt"] + b"libgcrypt")
    mac_of_provider(PROVIDER[:cut] + KEYS["openssl"])


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (f"{MAC}\n", (MAC,)),
        (MAC.upper(), (MAC,)),
        (
            "[global]\nformat-version = 1\n[libgnutls.so.30]\n"
            f"path = /usr/lib64/libgnutls.so.30.37.1\nhmac = {MAC}\n"
            f"[libnettle.so.8]\npath = /usr/lib64/libnettle.so.8.8\nhmac = {MAC[::-1]}\n",
            (
                f"/usr/lib64/libgnutls.so.30.37.1={MAC}",
                f"/usr/lib64/libnettle.so.8.8={MAC[::-1]}",
            ),
        ),
        ("", ()),
        ("abc\n", ()),
        ("hmac = " + MAC, ()),
    ],
)
def test_what_hmac_files_say(text: str, said: tuple[str, ...]) -> None:
    assert read_hmac(text) == said


def test_debians_signature_is_one_of_its_library() -> None:
    said = read_chk((FIXTURES / "debian12-libsoftokn3.chk").read_bytes())
    assert said[0] == "dsa"
    assert signed(said, SOFTOKEN) is True
    assert signed(said, SOFTOKEN[:-1] + "1") is False


def test_newer_files_bring_a_key_and_no_signature() -> None:
    said = read_chk((FIXTURES / "debian13-libsoftokn3.chk").read_bytes())
    assert (said[0], len(said[1]), len(said[2])) == ("hmac", 64, 64)
    assert signed(said, SOFTOKEN) is None


@pytest.mark.parametrize("cut", [0, 2, 11, 12, 15, 16, 200, 898])
def test_a_chk_file_that_ends_early_says_nothing(cut: int) -> None:
    assert read_chk((FIXTURES / "debian12-libsoftokn3.chk").read_bytes()[:cut]) == ()


def test_a_hostile_offset_says_nothing() -> None:
    assert read_chk(b"\xf1\xc5\x01\x02\xff\xff\xff\xff\x00\x00\x00\x01" + bytes(900)) == ()


def test_a_signature_with_numbers_that_cannot_be_is_none() -> None:
    assert signed(("dsa", "0f", "80" + "00" * 31, "02", "03", "0102"), SOFTOKEN) is None
