"""Reads the certificates that a server sent, and names what of them is not approved.

Verifies no signature and no chain, and never fails: what cannot be read is called so.
"""

from __future__ import annotations

import warnings
from collections.abc import Sequence

from cryptography import x509
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric import dsa, ec, ed448, ed25519, rsa

from scanner.model import TlsCertificate

_MAX_CERTIFICATE = 2**16
_MAX_NAME = 200
_MIN_RSA = 2048
_CURVES = {
    "secp224r1": "P-224",
    "secp256r1": "P-256",
    "secp384r1": "P-384",
    "secp521r1": "P-521",
}
"""The curves of SP 800-186 that are approved for ECDSA and not deprecated."""
_WEAK_HASHES = frozenset({"MD2", "MD4", "MD5", "SHA-1"})
_UNREAD = "unreadable"
_SIGNED_BY = {
    "2.16.840.1.101.3.4.3.17": "ML-DSA-44",
    "2.16.840.1.101.3.4.3.18": "ML-DSA-65",
    "2.16.840.1.101.3.4.3.19": "ML-DSA-87",
    "1.2.156.10197.1.501": "SM2 with SM3",
}
_APPROVED_WITHOUT_HASH = frozenset({"Ed25519", "Ed448", "ML-DSA-44", "ML-DSA-65", "ML-DSA-87"})


def read_chain(chain: Sequence[bytes]) -> tuple[TlsCertificate, ...]:
    """The certificates of a chain, the leaf first, from their DER form."""
    with warnings.catch_warnings():
        # Of what the library will refuse some day: nobody here can mend the certificate.
        warnings.simplefilter("ignore")
        return tuple(_read(der, is_leaf=index == 0) for index, der in enumerate(chain))


def _read(der: bytes, *, is_leaf: bool) -> TlsCertificate:
    try:
        if len(der) > _MAX_CERTIFICATE:
            return TlsCertificate("", _UNREAD, _UNREAD)
        certificate = x509.load_der_x509_certificate(der)
        key, key_faults = _key(certificate)
        signature, signature_faults = _signature(certificate)
        subject = certificate.subject.rfc4514_string()
        # Nobody checks the signature that a root made on itself.
        if not is_leaf and certificate.subject == certificate.issuer:
            signature_faults = ()
        return TlsCertificate(
            subject[:_MAX_NAME],
            key,
            signature,
            certificate.not_valid_after_utc.date().isoformat(),
            (*key_faults, *signature_faults),
        )
    except BaseException as error:  # whatever hostile bytes make of the parser, the scan goes on
        # A panic of its Rust code is no Exception, and its class has no public name.
        if isinstance(error, Exception) or type(error).__name__ == "PanicException":
            return TlsCertificate("", _UNREAD, _UNREAD)
        raise


def _key(certificate: x509.Certificate) -> tuple[str, tuple[str, ...]]:
    oid = certificate.public_key_algorithm_oid
    try:
        key = certificate.public_key()
    except (UnsupportedAlgorithm, ValueError):
        name = _SIGNED_BY.get(oid.dotted_string, "")
        if name in _APPROVED_WITHOUT_HASH:
            return name, ()
        return f"unknown ({oid.dotted_string})", ("key of an unknown kind",)
    if isinstance(key, rsa.RSAPublicKey):
        faults = () if key.key_size >= _MIN_RSA else (f"RSA key of {key.key_size} bits",)
        return f"RSA {key.key_size}", faults
    if isinstance(key, ec.EllipticCurvePublicKey):
        curve = key.curve.name
        if curve in _CURVES:
            return f"ECDSA {_CURVES[curve]}", ()
        return f"ECDSA {curve}", (f"key on curve {curve}",)
    if isinstance(key, ed25519.Ed25519PublicKey):
        return "Ed25519", ()
    if isinstance(key, ed448.Ed448PublicKey):
        return "Ed448", ()
    if isinstance(key, dsa.DSAPublicKey):
        return f"DSA {key.key_size}", ("DSA key",)
    name = _SIGNED_BY.get(oid.dotted_string, f"unknown ({oid.dotted_string})")
    return name, () if name in _APPROVED_WITHOUT_HASH else (f"{name} key",)


def _signature(certificate: x509.Certificate) -> tuple[str, tuple[str, ...]]:
    oid = certificate.signature_algorithm_oid
    if oid in (x509.SignatureAlgorithmOID.ED25519, x509.SignatureAlgorithmOID.ED448):
        return ("Ed25519" if oid == x509.SignatureAlgorithmOID.ED25519 else "Ed448"), ()
    try:
        used = certificate.signature_hash_algorithm
    except UnsupportedAlgorithm:
        used = None
    if used is None:
        name = _SIGNED_BY.get(oid.dotted_string, f"unknown ({oid.dotted_string})")
        return name, () if name in _APPROVED_WITHOUT_HASH else (f"signature: {name}",)
    hash_name = _hash_name(used.name)
    kind = _kind(oid)
    faults: list[str] = []
    if hash_name in _WEAK_HASHES:
        faults.append(f"{hash_name} signature")
    if kind == "DSA":
        faults.append("DSA signature")
    return f"{kind} with {hash_name}", tuple(faults)


def _kind(oid: x509.ObjectIdentifier) -> str:
    if oid == x509.SignatureAlgorithmOID.RSASSA_PSS:
        return "RSA-PSS"
    if oid.dotted_string.startswith("1.2.840.10045."):
        return "ECDSA"
    if oid.dotted_string.startswith(("1.2.840.10040.", "2.16.840.1.101.3.4.3.")):
        ecdsa_or_rsa = {"9": "ECDSA", "10": "ECDSA", "11": "ECDSA", "12": "ECDSA"}
        ecdsa_or_rsa |= {"13": "RSA", "14": "RSA", "15": "RSA", "16": "RSA"}
        return ecdsa_or_rsa.get(oid.dotted_string.rpartition(".")[2], "DSA")
    return "RSA"


def _hash_name(name: str) -> str:
    upper = name.upper()
    is_sha2 = upper.startswith("SHA") and not upper.startswith("SHA3-")
    return f"SHA-{upper[3:]}" if is_sha2 else upper
