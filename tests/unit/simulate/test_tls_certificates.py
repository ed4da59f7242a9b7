"""Certificates that are made here, good and bad, and bytes that are none."""

from __future__ import annotations

import random
import subprocess
from datetime import datetime, timedelta
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import dsa, ec, ed25519, padding, rsa
from cryptography.hazmat.primitives.asymmetric.types import CertificateIssuerPrivateKeyTypes

from scanner.model import TlsCertificate
from scanner.rulebook import RuleBook
from scanner.simulate.tls_certificates import read_chain

BEGIN = datetime(2025, 1, 1)
RSA = rsa.generate_private_key(65537, 2048)
SHA256 = hashes.SHA256()
ALGORITHMS = RuleBook.load().algorithms
WEAK = rsa.generate_private_key(65537, 1024)


def made(
    key: CertificateIssuerPrivateKeyTypes,
    hash_algorithm: hashes.SHA256 | hashes.SHA384 | None = SHA256,
    *,
    pss: bool = False,
) -> bytes:
    def name(text: str) -> x509.Name:
        return x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, text)])

    chosen = padding.PSS(padding.MGF1(hashes.SHA256()), 32) if pss else None
    return (
        x509.CertificateBuilder()
        .subject_name(name("subject"))
        .issuer_name(name("issuer"))
        .public_key(key.public_key())
        .serial_number(7)
        .not_valid_before(BEGIN)
        .not_valid_after(BEGIN + timedelta(days=10))
        .sign(key, hash_algorithm, rsa_padding=chosen)
        .public_bytes(serialization.Encoding.DER)
    )


def read(der: bytes) -> TlsCertificate:
    (found,) = read_chain((der,), ALGORITHMS)
    return found


@pytest.mark.parametrize(
    ("der", "key", "signature", "unapproved"),
    [
        (made(RSA), "RSA 2048", "RSA with SHA-256", ()),
        (made(RSA, pss=True), "RSA 2048", "RSA-PSS with SHA-256", ()),
        (made(WEAK), "RSA 1024", "RSA with SHA-256", ("RSA key of 1024 bits",)),
        (
            made(ec.generate_private_key(ec.SECP384R1()), hashes.SHA384()),
            "ECDSA P-384",
            "ECDSA with SHA-384",
            (),
        ),
        (
            made(ec.generate_private_key(ec.SECP256K1())),
            "ECDSA secp256k1",
            "ECDSA with SHA-256",
            ("key on curve secp256k1",),
        ),
        (made(ed25519.Ed25519PrivateKey.generate(), None), "Ed25519", "Ed25519", ()),
        (
            made(dsa.generate_private_key(2048)),
            "DSA 2048",
            "DSA with SHA-256",
            ("DSA key", "DSA signature"),
        ),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_kinds(der: bytes, key: str, signature: str, unapproved: tuple[str, ...]) -> None:
    expected = TlsCertificate("CN=subject", key, signature, "2025-01-11", unapproved)
    assert read(der) == expected


def test_sha1_counts_but_in_the_signature_of_a_root(tmp_path: Path) -> None:
    # The library does not sign with SHA-1 any more.
    config = tmp_path / "conf"
    config.write_text("[req]\ndistinguished_name=dn\n[dn]\n")
    command = ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-sha1", "-subj"]
    command += ["/CN=a", "-config", str(config), "-keyout", str(tmp_path / "key")]
    done = subprocess.run([*command, "-outform", "DER"], check=True, capture_output=True)
    leaf, root = read_chain((done.stdout, done.stdout), ALGORITHMS)
    assert leaf.signature == root.signature == "RSA with SHA-1"
    assert leaf.unapproved == ("SHA-1 signature",)
    assert root.unapproved == ()


def test_bytes_that_are_no_certificate() -> None:
    good = made(RSA)
    chance = random.Random(1)
    for der in (b"", b"\x30", b"\x30\x84\xff\xff\xff\xff", bytes(100_000), good[:-1], good + b"x"):
        assert read(der) == TlsCertificate("", "unreadable", "unreadable")
    for _ in range(2000):
        bad = bytearray(good)
        for _ in range(chance.randint(1, 4)):
            bad[chance.randrange(len(bad))] = chance.randrange(256)
        read(bytes(bad))
