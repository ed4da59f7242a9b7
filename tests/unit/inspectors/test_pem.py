"""Certificates and private keys in files, and what must not be taken for an own one."""

from __future__ import annotations

from datetime import datetime, timedelta
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.asymmetric.types import CertificateIssuerPrivateKeyTypes
from cryptography.hazmat.primitives.serialization import Encoding, pkcs7

from scanner.inspectors.pem import make
from scanner.inspectors.samples import is_sample
from scanner.model import Fact, FactKind, Gap
from scanner.rulebook import RuleBook

from .files import seen, wants

INSPECTOR = make(RuleBook.load())
KEYS = Path(__file__).parents[2] / "fixtures" / "keys"
P256 = ec.generate_private_key(ec.SECP256R1())
WEAK = rsa.generate_private_key(65537, 1024)


def made(
    key: CertificateIssuerPrivateKeyTypes, name: str = "a", *, ca: bool = False
) -> x509.Certificate:
    subject = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, name)])
    builder = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(subject)
        .public_key(key.public_key())
        .serial_number(7)
        .not_valid_before(datetime(2025, 1, 1))
        .not_valid_after(datetime(2025, 1, 1) + timedelta(days=10))
    )
    if ca:
        builder = builder.add_extension(x509.BasicConstraints(ca=True, path_length=None), True)
    else:
        builder = builder.add_extension(x509.SubjectAlternativeName([x509.DNSName(name)]), False)
    return builder.sign(key, hashes.SHA256())


SERVER = made(P256).public_bytes(Encoding.PEM)
AUTHORITY = made(P256, "ca", ca=True).public_bytes(Encoding.PEM)
WEAK_SERVER = made(WEAK).public_bytes(Encoding.PEM)


def facts(path: str, content: bytes, kind: FactKind = FactKind.CERTIFICATE) -> list[Fact]:
    found = seen(INSPECTOR, path, content)
    return [each for each in found if isinstance(each, Fact) and each.kind is kind]


def test_a_servers_certificate() -> None:
    (fact,) = facts("/etc/nginx/tls/cert.pem", SERVER)
    assert dict(fact.attributes) == {
        "form": "pem",
        "purpose": "server",
        "subject": "CN=a",
        "key": "ECDSA P-256",
        "signature": "ECDSA with SHA-256",
        "expires": "2025-01-11",
        "count": 1,
        "unapproved": (),
        "sample": False,
    }


def test_a_short_key_is_not_approved() -> None:
    (fact,) = facts("/app/cert.pem", WEAK_SERVER)
    assert fact.texts("unapproved") == ("RSA key of 1024 bits",)


@pytest.mark.parametrize(
    ("path", "content", "purpose"),
    [
        ("/app/ca.pem", AUTHORITY, "ca"),
        ("/app/roots.pem", AUTHORITY * 8, "ca-bundle"),
        ("/usr/share/ca-certificates/mozilla/a.crt", AUTHORITY, "ca-bundle"),
        ("/usr/lib/python3/dist-packages/certifi/cacert.pem", AUTHORITY, "ca-bundle"),
        # One's own lies among the authorities.
        ("/etc/ssl/certs/server.pem", SERVER, "server"),
    ],
)
def test_bundles_are_told_from_own_ones(path: str, content: bytes, purpose: str) -> None:
    assert [each.text("purpose") for each in facts(path, content)] == [purpose]


def test_those_of_one_sort_are_one_fact() -> None:
    found = facts("/app/all.pem", SERVER * 3 + WEAK_SERVER)
    assert [each.text("count") for each in found] == ["3", "1"]


def test_certificates_in_der_and_in_pkcs7() -> None:
    one = made(P256)
    assert [each.text("form") for each in facts("/a.cer", one.public_bytes(Encoding.DER))] == [
        "der"
    ]
    bag = pkcs7.serialize_certificates([one, made(WEAK)], Encoding.DER)
    assert [each.text("form") for each in facts("/a.p7b", bag)] == ["pkcs7", "pkcs7"]
    bag = pkcs7.serialize_certificates([one], Encoding.PEM)
    assert [each.text("form") for each in facts("/a.p7b", bag)] == ["pem"]


def test_a_damaged_certificate_is_a_gap_that_caps_nothing() -> None:
    bad = b"-----BEGIN CERTIFICATE-----\nMIIB\n-----END CERTIFICATE-----\n"
    (gap,) = seen(INSPECTOR, "/app/cert.pem", bad)
    assert isinstance(gap, Gap)
    assert not gap.caps
    assert seen(INSPECTOR, "/app/README.md", bad) == []


def test_a_block_behind_the_first_bytes_of_a_configuration_is_found() -> None:
    text = b"# much text\n" * 1000 + SERVER
    assert facts("/etc/app/values.yaml", text)
    assert not wants(INSPECTOR, "/app/main.py", text)


def test_a_private_key_says_its_kind_and_nothing_of_itself() -> None:
    content = (KEYS / "sec1-secp256k1.pem").read_bytes()
    (fact,) = facts("/app/key.pem", content, FactKind.PRIVATE_KEY)
    assert (fact.text("form"), fact.text("key")) == ("pem", "ECDSA secp256k1")
    assert fact.texts("unapproved") == ("key on curve secp256k1",)
    told = f"{dict(fact.attributes)} {fact.evidence}"
    secret = content.decode().splitlines()
    assert not any(line in told for line in secret[1:-1])


@pytest.mark.parametrize(
    ("name", "key", "encrypted", "unapproved"),
    [
        ("openssh-ed25519", "Ed25519", "", ()),
        (
            "openssh-ecdsa-encrypted",
            "ECDSA P-256",
            "bcrypt with aes256-ctr",
            ("encrypted by bcrypt",),
        ),
        (
            "des3.pem",
            "",
            "EVP_BytesToKey with MD5 and DES-EDE3-CBC",
            ("encrypted by EVP_BytesToKey", "encrypted by MD5"),
        ),
        ("pbes2.pem", "", "PBES2 with PBKDF2 and AES-256-CBC", ()),
        ("scrypt.pem", "", "PBES2 with scrypt and AES-256-CBC", ("encrypted by scrypt",)),
        (
            "md5des.pem",
            "",
            "PBES1 with MD5 and DES",
            ("encrypted by PBES1", "encrypted by MD5", "encrypted by DES"),
        ),
        ("rsa-pss-1024.pem", "RSA 1024", "", ("RSA key of 1024 bits",)),
        ("dsa.pem", "DSA 1024", "", ("DSA key",)),
    ],
)
def test_what_of_a_key_is_not_approved(
    name: str, key: str, encrypted: str, unapproved: tuple[str, ...]
) -> None:
    (fact,) = facts("/etc/app/key", (KEYS / name).read_bytes(), FactKind.PRIVATE_KEY)
    assert (fact.text("key"), fact.text("encrypted")) == (key, encrypted)
    assert fact.texts("unapproved") == unapproved


@pytest.mark.parametrize(
    "path",
    [
        "/usr/lib/python3.11/test/ssl_key.pem",
        "/app/node_modules/x/key.pem",
        "/usr/lib/python3/dist-packages/moto/moto_proxy/ca.key",
        "/usr/share/doc/x/server.key",
        "/usr/lib/x86_64-linux-gnu/perl5/5.36/Crypt/PK/DSA.pm",
        "/usr/local/share/perl/5.36.0/Crypt/PK/DSA.pm",
        "/etc/ssl/private/ssl-cert-snakeoil.key",
        "/app/spec/fixtures/key.pem",
        "/app/README.md",
        "/app/test_key.pem",
    ],
)
def test_samples(path: str) -> None:
    assert is_sample(path)


@pytest.mark.parametrize(
    "path",
    [
        "/etc/ssh/ssh_host_rsa_key",
        "/app/tls/latest.key",
        "/etc/nginx/tls/key.pem",
        "/root/.ssh/id_rsa",
        "/srv/contest/key.pem",
        "/srv/perl/key.pem",
    ],
)
def test_own_ones(path: str) -> None:
    assert not is_sample(path)


@pytest.mark.parametrize("path", ["/usr/bin/ls", "/app/x.key", "/app/x.der"])
def test_programs_and_empty_files_are_not_looked_at(path: str) -> None:
    assert not wants(INSPECTOR, path, b"\x7fELF" + bytes(5000))
    assert not wants(INSPECTOR, path, b"")
