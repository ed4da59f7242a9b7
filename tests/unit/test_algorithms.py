"""One table says what is approved, by every name, for any day; and TLS agrees with it."""

from __future__ import annotations

from datetime import date
from typing import Any

import pytest

from scanner.lint_algorithms import lint_algorithms, suite_parts
from scanner.rulebook import RuleBook
from scanner.rules_algorithms import (
    AlgorithmRule,
    AlgorithmTable,
    TlsGroup,
    TlsSignature,
    TlsSuite,
    TlsTable,
)

RULES = RuleBook.load()
TABLE = RULES.algorithms
TODAY = date(2026, 11, 23)


@pytest.mark.parametrize(
    ("name", "called", "approved", "for_new"),
    [
        # ssh -Q, OpenSSH 9.2
        ("chacha20-poly1305@openssh.com", "ChaCha20-Poly1305", "no", False),
        ("aes256-gcm@openssh.com", "AES-256-GCM", "yes", True),
        ("hmac-sha2-256-etm@openssh.com", "HMAC", "yes", True),
        ("umac-64-etm@openssh.com", "UMAC", "no", False),
        ("curve25519-sha256@libssh.org", "X25519", "no", False),
        ("sntrup761x25519-sha512", "sntrup761 with X25519", "no", False),
        ("mlkem768x25519-sha256", "ML-KEM with X25519 of SSH", "limited", True),
        ("diffie-hellman-group14-sha1", "DH with SHA-1 of SSH", "limited", True),
        ("ssh-rsa", "RSA with SHA-1 of SSH", "no", False),
        ("rsa-sha2-512", "RSA with SHA2-512", "limited", True),
        ("3des-cbc", "Triple DES", "limited", False),
        # gnutls-cli -l, GnuTLS 3.7.9
        ("GROUP-X25519", "X25519", "no", False),
        ("GROUP-SECP256R1", "P-256", "yes", True),
        ("SIGN-RSA-SHA1", "RSA with SHA-1", "limited", False),
        ("AES-128-CCM-8", "AES-128-CCM", "yes", True),
        # providers of JDK 17 and 25
        ("SHA256withECDSAinP1363Format", "ECDSA", "yes", True),
        ("AES_256/GCM/NoPadding", "AES-256-GCM", "yes", True),
        ("OID.1.2.840.113549.1.1.4", "RSA with MD5", "no", False),
        ("PBEWithHmacSHA512/256AndAES_128", "PBES2", "yes", True),
        # libk5crypto of MIT krb5 1.20, policies of libnss3
        ("aes256-cts-hmac-sha1-96", "AES of Kerberos with SHA-1", "no", False),
        ("aes256-sha2", "AES of Kerberos with SHA-2", "yes", True),
        ("DES-EDE3-CBC", "Triple DES", "limited", False),
        ("CURVE25519", "X25519", "no", False),
        # Bouncy Castle 1.72, JOSE, proposals of strongSwan, Node's getCiphers()
        ("SHA256WITHRSAANDMGF1", "RSA-PSS", "limited", True),
        ("PBEWITHSHA256AND256BITAES-CBC-BC", "PBES1", "no", False),
        ("RS256", "RSA with SHA2-256", "limited", True),
        ("aes256gcm16", "AES-256-GCM", "yes", True),
        ("modp1024s160", "Groups of RFC 5114", "no", False),
        ("id-aes256-wrap-pad", "AES-256-WRAP", "yes", True),
        # TLS, Go
        ("rsa_pss_rsae_sha256", "RSA-PSS", "limited", True),
        ("golang.org/x/crypto/chacha20poly1305", "ChaCha20-Poly1305", "no", False),
    ],
)
def test_programs_names_lead_to_one_algorithm(
    name: str, called: str, approved: str, for_new: bool
) -> None:
    rule = TABLE.find(name)
    assert rule is not None
    assert (rule.name, rule.approved_on(TODAY), rule.for_new_on(TODAY)) == (
        called,
        approved,
        for_new,
    )


@pytest.mark.parametrize(
    ("name", "day", "approved", "for_new"),
    [
        ("3DES", "2023-12-31", "yes", True),
        ("3DES", "2024-01-01", "limited", False),
        ("SHA-1", "2030-12-31", "limited", True),
        ("SHA-1", "2031-01-01", "no", False),
        ("DSA", "2024-02-02", "yes", True),
        ("DSA", "2024-02-03", "limited", False),
        ("RSA PKCS #1 v1.5", "2023-12-31", "limited", True),
        ("RSA PKCS #1 v1.5", "2024-01-01", "no", False),
        ("Ed25519", "2023-02-02", "no", False),
        ("Ed25519", "2023-02-03", "limited", True),
        ("ML-KEM-768", "2024-08-12", "no", False),
        ("ML-KEM-768", "2024-08-13", "yes", True),
        ("P-224", "2031-01-01", "no", False),
        ("MD5", "1995-01-01", "no", False),
    ],
)
def test_what_is_approved_depends_on_the_day(
    name: str, day: str, approved: str, for_new: bool
) -> None:
    rule = TABLE.find(name)
    assert rule is not None
    when = date.fromisoformat(day)
    assert (rule.approved_on(when), rule.for_new_on(when)) == (approved, for_new)
    assert TABLE.approved_on(name, when) == approved


def test_the_dots_of_an_object_identifier_count() -> None:
    sha384 = TABLE.find("2.16.840.1.101.3.4.2.2")
    assert sha384 is not None
    assert sha384.name == "SHA2-384"
    assert TABLE.find("2.16.840.1.101.3.42.2") is None
    assert TABLE.approved_on("rot13", TODAY) is None


def test_post_quantum_groups_are_told() -> None:
    told = {each.name: each.post_quantum for each in RULES.tls.groups if each.post_quantum != "no"}
    assert told["X25519MLKEM768"] == "hybrid"
    assert told["MLKEM768"] == "yes"
    assert "x25519" not in told


@pytest.mark.parametrize(
    ("suite", "parts"),
    [
        (
            "TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256",
            {"ECDH", "RSA", "SHA2-256", "AES_128_GCM"},
        ),
        ("TLS_RSA_WITH_3DES_EDE_CBC_SHA", {"RSA PKCS #1 v1.5", "HMAC-SHA1", "Triple DES"}),
        ("TLS_CHACHA20_POLY1305_SHA256", {"SHA2-256", "CHACHA20_POLY1305"}),
        ("TLS_DHE_RSA_WITH_AES_128_CCM_8", {"DHE", "RSA", "AES_128_CCM"}),
    ],
)
def test_a_suite_is_taken_apart(suite: str, parts: set[str]) -> None:
    assert {each.replace("ECDHE", "ECDH") for each in suite_parts(suite)} == parts


def rule(name: str, **keys: Any) -> AlgorithmRule:
    return AlgorithmRule.model_validate({"name": name, "kind": "cipher", "approved": "yes", **keys})


PARTS = (
    rule("ECDHE"),
    rule("RSA"),
    rule("SHA2-256"),
    rule("AES-128-GCM"),
    rule("X", approved="no", why="w"),
)
SUITE = "TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256"


def suite(name: str, approved: str) -> TlsTable:
    raw = {"name": name, "code": "0x01", "approved": approved, "why": "w", "protocols": ["TLS 1.2"]}
    return TlsTable(suites=(TlsSuite.model_validate(raw),))


@pytest.mark.parametrize(
    ("tls", "complaint"),
    [
        (suite(SUITE, "yes"), ""),
        (suite(SUITE, "no"), "is not approved, and all of its parts are"),
        (suite("TLS_ECDHE_RSA_WITH_X_SHA256", "no"), ""),
        (suite("TLS_ECDHE_RSA_WITH_X_SHA256", "yes"), "its part X is not"),
        (suite("TLS_ECDHE_RSA_WITH_ROT_13_SHA256", "no"), "no algorithm is called ROT_13"),
    ],
)
def test_a_suite_must_be_as_good_as_its_parts(tls: TlsTable, complaint: str) -> None:
    found = [each.message for each in lint_algorithms(AlgorithmTable(PARTS), tls)]
    assert len(found) == bool(complaint)
    assert all(complaint in each for each in found)


def test_what_only_verifies_signs_no_handshake() -> None:
    old = rule("dsa_sha256", approved="limited", why="w", legacy="yes")
    raw = {"name": "dsa_sha256", "code": "0x1", "approved": "yes", "protocols": ["TLS 1.2"]}
    tls = TlsTable(signatures=(TlsSignature.model_validate(raw),))
    (problem,) = lint_algorithms(AlgorithmTable((old,)), tls)
    assert "its part dsa_sha256 is not" in problem.message


def test_the_tables_agree_on_what_is_post_quantum() -> None:
    raw = {"name": "ML-KEM-768", "code": "0x1", "approved": "yes"}
    tls = TlsTable(groups=(TlsGroup.model_validate(raw),))
    (problem,) = lint_algorithms(AlgorithmTable((rule("ML-KEM-768", post_quantum="yes"),)), tls)
    assert "post_quantum is no" in problem.message


def test_a_name_belongs_to_one_algorithm() -> None:
    twice = AlgorithmTable((rule("A", names={"ssh": ["a-1"]}), rule("B", also=["A1"])))
    (problem,) = lint_algorithms(twice, TlsTable())
    assert problem.message == "`A1` names both A and B"


@pytest.mark.parametrize(
    ("keys", "complaint"),
    [
        ({"approved": "limited"}, "`why` must say"),
        ({"legacy": "yes"}, "`legacy` is for"),
        ({"from": "2030-01-01", "until": "2029-01-01"}, "`until` lies before"),
        ({"names": {"perl": ["x"]}}, "Extra inputs"),
    ],
)
def test_mistakes_in_a_rule(keys: dict[str, Any], complaint: str) -> None:
    with pytest.raises(ValueError, match=complaint):
        rule("A", **keys)
