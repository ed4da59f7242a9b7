from __future__ import annotations

import json
from pathlib import Path

import pytest

from scanner.cipher_lists import Tables, allowed, ike
from scanner.cipher_lists.openssl import Catalog
from scanner.cipher_lists.protocols import protocol
from tests.unit.link.worlds import rules

TRUTH = json.loads(
    (Path(__file__).parent.parent / "fixtures/cipher_lists/openssl-3.0.json").read_text()
)
TABLES = Tables(rules().tls, rules().algorithms)
KNOWN = Catalog(rules().tls.suites)


def test_cipher_strings_come_to_what_openssl_says() -> None:
    names = TRUTH["suites"]
    wrong = []
    for string, bits in TRUTH["strings"]:
        expected = {name for number, name in enumerate(names) if int(bits, 16) >> number & 1}
        found = {each.suite.openssl for each in KNOWN.expand(string).suites if not each.weak}
        if found != expected:
            wrong.append((string, found ^ expected))
    assert len(TRUTH["strings"]) > 300
    assert wrong == []


def says(grammar: str, *values: str) -> tuple[str, ...]:
    return allowed(grammar, values, TABLES).names


def test_weak_suites_are_meant_only_by_their_own_words() -> None:
    assert "TLS_RSA_WITH_3DES_EDE_CBC_SHA" not in says("openssl-ciphers", "ALL")
    assert "TLS_RSA_WITH_3DES_EDE_CBC_SHA" in says("openssl-ciphers", "HIGH:3DES")
    assert says("openssl-ciphers", "DES-CBC3-SHA") == ("TLS_RSA_WITH_3DES_EDE_CBC_SHA",)


def test_anonymous_suites_need_level_zero() -> None:
    assert says("openssl-ciphers", "ADH-AES256-GCM-SHA384") == ()
    assert says("openssl-ciphers", "ADH-AES256-GCM-SHA384:@SECLEVEL=0") == (
        "TLS_DH_anon_WITH_AES_256_GCM_SHA384",
    )


def test_shared_secrets_are_meant_only_by_their_own_words() -> None:
    assert not [each for each in says("openssl-ciphers", "AESGCM") if "PSK" in each]
    assert says("openssl-ciphers", "PSK+AESGCM")


def test_levels_above_two_want_forward_secrecy() -> None:
    found = says("openssl-ciphers", "AESGCM:@SECLEVEL=3")
    assert found
    assert not [each for each in found if each.startswith("TLS_RSA_WITH")]


def test_the_systems_profile_says_nothing() -> None:
    assert says("openssl-ciphers", "PROFILE=SYSTEM") == ()


def test_what_nobody_knows_is_told() -> None:
    found = allowed("openssl-ciphers", ["ECDHE+AESGCM:NONSENSE"], TABLES)
    assert found.unknown == ("NONSENSE",)
    assert found.names


@pytest.mark.parametrize(
    ("word", "name"),
    [
        ("TLSv1.2", "TLS 1.2"),
        ("TLSv1_2", "TLS 1.2"),
        ("tls1.3", "TLS 1.3"),
        ("VersionTLS12", "TLS 1.2"),
        ("TLS12", "TLS 1.2"),
        ("TLS1_1", "TLS 1.1"),
        ("TLSv1", "TLS 1.0"),
        ("1.3", "TLS 1.3"),
        ("SSLv3", "SSL 3.0"),
        ("tlsv1.2", "TLS 1.2"),
        ("no-tlsv10", "TLS 1.0"),
        ("HTTP", None),
    ],
)
def test_protocol_words(word: str, name: str | None) -> None:
    assert protocol(word) == name


def test_protocols_in_all_ways() -> None:
    assert says("protocols", "TLSv1.2", "TLSv1.3") == ("TLS 1.2", "TLS 1.3")
    assert says("protocols-on-off", "all", "-SSLv3", "-TLSv1", "-TLSv1.1") == ("TLS 1.2", "TLS 1.3")
    assert says("protocols-on-off", "TLSv1.1 TLSv1.2") == ("TLS 1.2",)
    assert says("protocols-excluding", "!SSLv3") == ("TLS 1.0", "TLS 1.1", "TLS 1.2", "TLS 1.3")
    assert says("protocols-excluding", ">=TLSv1.2") == ("TLS 1.2", "TLS 1.3")
    assert says("protocols-excluding", "TLSv1.2, !TLSv1.3") == ("TLS 1.2",)
    assert says("protocol-range", "tls1.1", "tls1.2") == ("TLS 1.1", "TLS 1.2")
    assert says("protocol-range", "tls1.2") == ("TLS 1.2", "TLS 1.3")
    assert says("protocols-off", "TLS1_0,TLS1_1") == ("TLS 1.2", "TLS 1.3")
    assert says("protocol-minimum", "TLSv1.1") == ("TLS 1.1", "TLS 1.2", "TLS 1.3")
    assert says("protocol-maximum", "1.1") == ("TLS 1.0", "TLS 1.1")


@pytest.mark.parametrize(
    ("word", "name"),
    [
        ("ECDHE-RSA-AES128-GCM-SHA256", "TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256"),
        ("TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256", "TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256"),
        ("SSL_RSA_WITH_3DES_EDE_CBC_SHA", "TLS_RSA_WITH_3DES_EDE_CBC_SHA"),
        (
            "TLS_ECDHE_RSA_WITH_CHACHA20_POLY1305",
            "TLS_ECDHE_RSA_WITH_CHACHA20_POLY1305_SHA256",
        ),
        ("TLS_CHACHA20_POLY1305_SHA256", "TLS_CHACHA20_POLY1305_SHA256"),
    ],
)
def test_suites_by_all_names(word: str, name: str) -> None:
    assert says("suite-names", word) == (name,)


def test_groups_by_all_names() -> None:
    assert says("groups", "X25519:prime256v1:P-384") == ("x25519", "secp256r1", "secp384r1")
    assert says("groups", "CurveP256,X25519MLKEM768") == ("secp256r1", "X25519MLKEM768")
    assert allowed("groups", ["auto"], TABLES).unknown == ()


def test_signatures_by_all_names() -> None:
    assert says("signatures", "ECDSA+SHA256:RSA+SHA1:RSA-PSS+SHA512") == (
        "ecdsa_secp256r1_sha256",
        "rsa_pkcs1_sha1",
        "rsa_pss_rsae_sha512",
        "rsa_pss_pss_sha512",
    )


@pytest.mark.parametrize(
    ("value", "found", "unknown"),
    [
        (
            "aes256gcm16-prfsha384-ecp384,3des-md5-modp1024!",
            ["AES-256-GCM", "HMAC", "P-384", "Triple DES", "HMAC-MD5", "modp_1024"],
            [],
        ),
        ("chacha20poly1305-x25519-ke1_mlkem768", ["ChaCha20-Poly1305", "X25519", "ML-KEM-768"], []),
        ("aes128-sha1-modp2048s256,default", ["AES-128-CBC", "HMAC", "modp_2048"], []),
        ("aes256-ntru256", ["AES-256-CBC"], ["ntru256"]),
    ],
)
def test_proposals_of_ike_are_read_word_by_word(
    value: str, found: list[str], unknown: list[str]
) -> None:
    assert ike.proposals([value], TABLES.algorithms) == (found, unknown)


def test_priority_strings_come_to_what_gnutls_says() -> None:
    path = Path(__file__).parent.parent / "fixtures/cipher_lists/gnutls-3.7.json"
    truth = json.loads(path.read_text())
    wrong = []
    for string, bits, versions in truth["strings"]:
        codes = [code for number, code in enumerate(truth["codes"]) if int(bits, 16) >> number & 1]
        found = allowed("gnutls-priority", [string], TABLES).names
        suites = {suite.number for each in found if (suite := TABLES.tls.suite(each))}
        on = {f"VERS-{each.replace(' ', '')}" for each in found if TABLES.tls.protocol(each)}
        if suites != {int(each, 16) for each in codes} or on != set(versions):
            wrong.append(string)
    assert len(truth["strings"]) >= 60
    assert wrong == []


def test_gnutls_leaves_the_rest_to_the_system_where_it_is_told_to() -> None:
    assert allowed("gnutls-priority", ["@SYSTEM"], TABLES).names == ()
    assert allowed("gnutls-priority", ["NORMAL:+NONSENSE"], TABLES).unknown == ("+NONSENSE",)
