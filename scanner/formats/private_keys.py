"""Tells a private key's kind, size and encryption from its outer structure.

Keeps nothing of the key: what comes out is names and sizes. Decrypts nothing and loads no key.
"""

from __future__ import annotations

import struct
from collections.abc import Sequence
from dataclasses import dataclass

from scanner.formats.der import (
    INTEGER,
    OCTET_STRING,
    SEQUENCE,
    DerError,
    Element,
    elements,
    first,
    inside,
    oid,
)
from scanner.formats.pem import Block

_RSA, _RSA_PSS, _DSA, _EC = (
    "1.2.840.113549.1.1.1", "1.2.840.113549.1.1.10", "1.2.840.10040.4.1", "1.2.840.10045.2.1",
)  # fmt: skip
_KINDS = {
    "1.3.101.110": "X25519",
    "1.3.101.111": "X448",
    "1.3.101.112": "Ed25519",
    "1.3.101.113": "Ed448",
    "1.2.840.113549.1.3.1": "DH",
    "2.16.840.1.101.3.4.3.17": "ML-DSA-44",
    "2.16.840.1.101.3.4.3.18": "ML-DSA-65",
    "2.16.840.1.101.3.4.3.19": "ML-DSA-87",
}
CURVES = {
    "1.2.840.10045.3.1.1": "secp192r1",
    "1.3.132.0.33": "secp224r1",
    "1.2.840.10045.3.1.7": "secp256r1",
    "1.3.132.0.34": "secp384r1",
    "1.3.132.0.35": "secp521r1",
    "1.3.132.0.10": "secp256k1",
    "1.3.36.3.3.2.8.1.1.7": "brainpoolP256r1",
    "1.3.36.3.3.2.8.1.1.11": "brainpoolP384r1",
    "1.3.36.3.3.2.8.1.1.13": "brainpoolP512r1",
    "1.2.156.10197.1.301": "SM2",
}
SCHEMES = {
    "1.2.840.113549.1.5.3": ("PBES1", "MD5", "DES"),
    "1.2.840.113549.1.5.10": ("PBES1", "SHA-1", "DES"),
    "1.2.840.113549.1.12.1.1": ("PBES1", "SHA-1", "RC4"),
    "1.2.840.113549.1.12.1.2": ("PBES1", "SHA-1", "RC4-40"),
    "1.2.840.113549.1.12.1.3": ("PBES1", "SHA-1", "DES-EDE3-CBC"),
    "1.2.840.113549.1.12.1.4": ("PBES1", "SHA-1", "DES-EDE-CBC"),
    "1.2.840.113549.1.12.1.5": ("PBES1", "SHA-1", "RC2-128"),
    "1.2.840.113549.1.12.1.6": ("PBES1", "SHA-1", "RC2-40"),
}
"""Of PKCS #5 and PKCS #12: how a password becomes a key, with which hash, for which cipher."""
_PBES2 = "1.2.840.113549.1.5.13"
_KDFS = {"1.2.840.113549.1.5.12": "PBKDF2", "1.3.6.1.4.1.11591.4.11": "scrypt"}
_CIPHERS = {
    "2.16.840.1.101.3.4.1.2": "AES-128-CBC",
    "2.16.840.1.101.3.4.1.6": "AES-128-GCM",
    "2.16.840.1.101.3.4.1.22": "AES-192-CBC",
    "2.16.840.1.101.3.4.1.42": "AES-256-CBC",
    "2.16.840.1.101.3.4.1.46": "AES-256-GCM",
    "2.16.840.1.101.3.4.1.47": "AES-256-CCM",
    "1.2.840.113549.3.7": "DES-EDE3-CBC",
    "1.3.14.3.2.7": "DES-CBC",
    "1.2.840.113549.3.2": "RC2-CBC",
    "1.2.156.10197.1.104.2": "SM4-CBC",
}
_OPENSSH = b"openssh-key-v1\0"
_MAX_WORD = 64


@dataclass(frozen=True, slots=True)
class KeyKind:
    """What is known of a private key without its secret."""

    algorithm: str = ""
    """`RSA`, `DSA`, `EC`, `Ed25519`, …; `""` where it is encrypted or of an unknown kind."""
    bits: int = 0
    curve: str = ""
    """As OpenSSL calls it; its identifier where it has no name here."""
    encrypted: bool = False
    scheme: tuple[str, ...] = ()
    """How it is encrypted: key derivation, hash or cipher, by the names of the tables."""


def of_block(block: Block) -> KeyKind | None:
    """The key in a PEM block; None where it is none that is understood."""
    legacy = dict(block.headers).get("DEK-Info", "")
    if legacy:
        kind = block.label.removesuffix(" PRIVATE KEY")
        cipher = legacy.partition(",")[0][:_MAX_WORD]
        # OpenSSL makes the key of the password by one round of MD5 (EVP_BytesToKey).
        return KeyKind(kind, encrypted=True, scheme=("EVP_BytesToKey", "MD5", cipher))
    if block.label == "OPENSSH PRIVATE KEY":
        return of_openssh(block.content)
    try:
        if block.label == "RSA PRIVATE KEY":
            return _rsa(block.content)
        if block.label == "EC PRIVATE KEY":
            return _sec1(block.content)
        if block.label == "DSA PRIVATE KEY":
            return KeyKind("DSA", _number(inside(block.content), 1).bits)
        return of_der(block.content)
    except DerError:
        return None


def of_der(content: bytes) -> KeyKind | None:
    """The key in a DER file: PKCS #8, encrypted or not, PKCS #1 or SEC 1; None for others."""
    try:
        parts = inside(content)
        tags = [each.tag for each in parts[:3]]
        if tags == [SEQUENCE, OCTET_STRING] and len(parts) == 2:
            return KeyKind(encrypted=True, scheme=scheme_of(parts[0]))
        if tags == [INTEGER, SEQUENCE, OCTET_STRING]:
            return _pkcs8(parts)
        if tags == [INTEGER, INTEGER, INTEGER] and len(parts) in (9, 10):
            return _rsa(content)
        if tags[:2] == [INTEGER, OCTET_STRING]:
            return _sec1(content)
    except DerError:
        return None
    return None


def scheme_of(algorithm: Element) -> tuple[str, ...]:
    """The parts of a password-based scheme; its identifier where it is unknown.

    Raises:
        DerError: it is no algorithm identifier.
    """
    identifier, parameters = _algorithm(algorithm)
    if identifier in SCHEMES:
        return SCHEMES[identifier]
    if identifier != _PBES2 or parameters is None:
        return (identifier,)
    derivation, cipher = _pair(parameters)
    kdf, cipher_id = _algorithm(derivation)[0], _algorithm(cipher)[0]
    return ("PBES2", _KDFS.get(kdf, kdf), _CIPHERS.get(cipher_id, cipher_id))


def of_openssh(content: bytes) -> KeyKind | None:
    """The key in OpenSSH's own format, which shows its kind even where it is encrypted."""
    if not content.startswith(_OPENSSH):
        return None
    try:
        cipher, at = _word(content, len(_OPENSSH))
        kdf, at = _word(content, at)
        _, at = _word(content, at)
        (count,) = struct.unpack_from(">I", content, at)
        public, _ = _word(content, at + 4)
        kind, inner = _word(public, 0)
        if count != 1:
            return None
        found = _ssh_kind(kind.decode("ascii", "replace"), public, inner)
    except (struct.error, IndexError):
        return None
    if cipher == b"none":
        return found
    scheme = tuple(each.decode("ascii", "replace")[:_MAX_WORD] for each in (kdf, cipher))
    return KeyKind(found.algorithm, found.bits, found.curve, encrypted=True, scheme=scheme)


def _ssh_kind(kind: str, public: bytes, at: int) -> KeyKind:
    if kind == "ssh-rsa":
        _, at = _word(public, at)
        modulus, _ = _word(public, at)
        return KeyKind("RSA", int.from_bytes(modulus, "big").bit_length())
    if kind == "ssh-dss":
        prime, _ = _word(public, at)
        return KeyKind("DSA", int.from_bytes(prime, "big").bit_length())
    if kind.startswith(("ecdsa-sha2-", "sk-ecdsa-sha2-")):
        return KeyKind(
            "EC", curve=kind.partition("nist")[2][:4].replace("p", "P-") or kind[:_MAX_WORD]
        )
    if "ed25519" in kind:
        return KeyKind("Ed25519")
    return KeyKind(kind[:_MAX_WORD])


def _word(data: bytes, at: int) -> tuple[bytes, int]:
    (size,) = struct.unpack_from(">I", data, at)
    word = data[at + 4 : at + 4 + size]
    if len(word) != size:
        raise IndexError
    return word, at + 4 + size


def _rsa(content: bytes) -> KeyKind:
    return KeyKind("RSA", _number(inside(content), 1).bits)


def _sec1(content: bytes) -> KeyKind:
    for part in inside(content):
        if part.tag == 0xA0:
            return KeyKind("EC", curve=_curve(first(part.content)))
    return KeyKind("EC")


def _pkcs8(parts: Sequence[Element]) -> KeyKind | None:
    identifier, parameters = _algorithm(parts[1])
    if identifier in (_RSA, _RSA_PSS):
        return _rsa(parts[2].content)
    if identifier == _EC and parameters is not None:
        return KeyKind("EC", curve=_curve(parameters))
    if identifier == _DSA and parameters is not None:
        return KeyKind("DSA", _number(_parts(parameters), 0).bits)
    return KeyKind(_KINDS.get(identifier, identifier))


def _curve(element: Element) -> str:
    if element.tag == SEQUENCE:
        return "explicit"
    identifier = oid(element)
    return CURVES.get(identifier, identifier)


def _algorithm(element: Element) -> tuple[str, Element | None]:
    parts = _parts(element)
    if not parts:
        raise DerError("no algorithm")
    return oid(parts[0]), parts[1] if len(parts) > 1 else None


def _pair(element: Element) -> tuple[Element, Element]:
    parts = _parts(element)
    if len(parts) < 2:
        raise DerError("no pair")
    return parts[0], parts[1]


def _parts(element: Element) -> tuple[Element, ...]:
    if element.tag != SEQUENCE:
        raise DerError("no structure")
    return tuple(elements(element.content))


def _number(parts: Sequence[Element], index: int) -> Element:
    if index >= len(parts) or parts[index].tag != INTEGER:
        raise DerError("no number")
    return parts[index]
