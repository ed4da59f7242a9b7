"""Private keys by their outer structure: kind, size, encryption, and never the key."""

from __future__ import annotations

import random
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
)

from scanner.formats.pem import blocks
from scanner.formats.private_keys import KeyKind, of_block, of_der

FIXTURES = Path(__file__).parents[2] / "fixtures" / "keys"
RSA = rsa.generate_private_key(65537, 2048)
P384 = ec.generate_private_key(ec.SECP384R1())


def kind(name: str) -> KeyKind | None:
    found = [of_block(each) for each in blocks((FIXTURES / name).read_bytes(), "PRIVATE KEY")]
    assert len(found) == 1
    return found[0]


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("openssh-ed25519", KeyKind("Ed25519")),
        (
            "openssh-ecdsa-encrypted",
            KeyKind("EC", curve="P-256", encrypted=True, scheme=("bcrypt", "aes256-ctr")),
        ),
        (
            "des3.pem",
            KeyKind("RSA", encrypted=True, scheme=("EVP_BytesToKey", "MD5", "DES-EDE3-CBC")),
        ),
        ("pbes2.pem", KeyKind(encrypted=True, scheme=("PBES2", "PBKDF2", "AES-256-CBC"))),
        ("scrypt.pem", KeyKind(encrypted=True, scheme=("PBES2", "scrypt", "AES-256-CBC"))),
        ("md5des.pem", KeyKind(encrypted=True, scheme=("PBES1", "MD5", "DES"))),
        ("sec1-secp256k1.pem", KeyKind("EC", curve="secp256k1")),
        ("rsa-pss-1024.pem", KeyKind("RSA", 1024)),
        ("dsa.pem", KeyKind("DSA", 1024)),
        ("dsa-traditional.pem", KeyKind("DSA", 1024)),
    ],
)
def test_keys_that_tools_made(name: str, expected: KeyKind) -> None:
    assert kind(name) == expected


@pytest.mark.parametrize("form", [PrivateFormat.PKCS8, PrivateFormat.TraditionalOpenSSL])
def test_keys_in_der(form: PrivateFormat) -> None:
    assert of_der(RSA.private_bytes(Encoding.DER, form, NoEncryption())) == KeyKind("RSA", 2048)
    found = of_der(P384.private_bytes(Encoding.DER, form, NoEncryption()))
    assert found == KeyKind("EC", curve="secp384r1")


def test_what_is_no_key_is_none() -> None:
    public = RSA.public_key().public_bytes(Encoding.DER, PublicFormat.PKCS1)
    for content in (b"", b"\x30", b"\x30\x80\0\0", b"\x30\x84\xff\xff\xff\xff", bytes(100), public):
        assert of_der(content) is None


def test_damaged_keys_cost_no_exception() -> None:
    chance = random.Random(1)
    good = [each.read_bytes() for each in sorted(FIXTURES.iterdir()) if each.suffix != ".md"]
    for text in good:
        (block,) = blocks(text, "PRIVATE KEY")
        for _ in range(300):
            bad = bytearray(block.content)
            for _ in range(chance.randint(1, 4)):
                bad[chance.randrange(len(bad))] = chance.randrange(256)
            cut = bytes(bad[: chance.randrange(len(bad))])
            for content in (bytes(bad), cut):
                of_block(type(block)(block.label, content, block.headers))
                of_der(content)
