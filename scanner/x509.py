"""Names the key and the signature of certificates and keys, and what of them is not approved.

Judges by the table of algorithms; verifies no signature and no chain.
"""

from __future__ import annotations

import warnings
from dataclasses import dataclass

from cryptography import x509
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric import dsa, ec, ed448, ed25519, rsa
from cryptography.hazmat.primitives.asymmetric.types import CertificatePublicKeyTypes
from cryptography.x509.oid import ExtendedKeyUsageOID

from scanner.rules_algorithms import AlgorithmRule, AlgorithmTable

MAX_CERTIFICATE = 2**16
MAX_NAME = 200
UNREAD = "unreadable"

_MIN_RSA = 2048
"""Where no rule says more."""
_SIGNED_BY = {
    "2.16.840.1.101.3.4.3.17": "ML-DSA-44",
    "2.16.840.1.101.3.4.3.18": "ML-DSA-65",
    "2.16.840.1.101.3.4.3.19": "ML-DSA-87",
    "1.2.156.10197.1.501": "SM2 with SM3",
}
_CURVES = {
    "secp224r1": "P-224",
    "secp256r1": "P-256",
    "secp384r1": "P-384",
    "secp521r1": "P-521",
}


@dataclass(frozen=True, slots=True)
class Named:
    """What something is called, and what of it is not approved."""

    name: str
    faults: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Certificate:
    """A certificate, as far as it is judged."""

    subject: str
    key: Named
    signature: Named
    not_after: str = ""
    is_root: bool = False
    """Signed by itself: nobody checks that signature."""
    is_ca: bool = False
    serves: bool = False
    """It names hosts, or is for TLS servers."""


def read_certificate(der: bytes, algorithms: AlgorithmTable) -> Certificate | None:
    """The certificate in its DER form; None where it cannot be read, whatever the bytes do."""
    if len(der) > MAX_CERTIFICATE:
        return None
    try:
        with warnings.catch_warnings():
            # Of what the library will refuse some day: nobody here can mend the certificate.
            warnings.simplefilter("ignore")
            return _read(x509.load_der_x509_certificate(der), algorithms)
    except BaseException as error:
        # A panic of its Rust code is no Exception, and its class has no public name.
        if isinstance(error, Exception) or type(error).__name__ == "PanicException":
            return None
        raise


def _read(certificate: x509.Certificate, algorithms: AlgorithmTable) -> Certificate:
    is_ca, serves = _purpose(certificate)
    return Certificate(
        subject=certificate.subject.rfc4514_string()[:MAX_NAME],
        key=_certified_key(certificate, algorithms),
        signature=_signature(certificate, algorithms),
        not_after=certificate.not_valid_after_utc.date().isoformat(),
        is_root=certificate.subject == certificate.issuer,
        is_ca=is_ca,
        serves=serves,
    )


def _purpose(certificate: x509.Certificate) -> tuple[bool, bool]:
    try:
        extensions = certificate.extensions
    except ValueError:
        return False, False
    is_ca = serves = False
    for each in extensions:
        if isinstance(each.value, x509.BasicConstraints):
            is_ca = each.value.ca
        elif isinstance(each.value, x509.SubjectAlternativeName):
            serves = True
        elif isinstance(each.value, x509.ExtendedKeyUsage):
            serves = serves or ExtendedKeyUsageOID.SERVER_AUTH in each.value
    return is_ca, serves and not is_ca


def named_key(algorithm: str, bits: int, curve: str, algorithms: AlgorithmTable) -> Named:
    """A key of this kind: `RSA` with `bits`, `EC` on `curve`, or another without size."""
    if algorithm == "RSA":
        rule = algorithms.find("RSA")
        is_short = bits < ((rule.min_bits if rule else None) or _MIN_RSA)
        return Named(f"RSA {bits}", (f"RSA key of {bits} bits",) if is_short else ())
    if algorithm == "EC":
        is_good = _signs_today(algorithms.find(curve))
        name = _CURVES.get(curve, curve)
        return Named(f"ECDSA {name}", () if is_good else (f"key on curve {name}",))
    if algorithm == "DSA":
        return Named(f"DSA {bits}", ("DSA key",))
    approved = algorithms.approved(algorithm)
    if approved is None:
        return Named(f"unknown ({algorithm})", ("key of an unknown kind",))
    return Named(algorithm, () if approved else (f"{algorithm} key",))


def _signs_today(curve: AlgorithmRule | None) -> bool:
    """Whether a curve is approved: as such, or for as long as its strength lasts.

    What is approved for one purpose (Brainpool, secp256k1) most modules do not serve.
    """
    return curve is not None and (
        curve.approved == "yes" or (curve.approved == "limited" and curve.until is not None)
    )


def _certified_key(certificate: x509.Certificate, algorithms: AlgorithmTable) -> Named:
    identifier = certificate.public_key_algorithm_oid.dotted_string
    try:
        key: CertificatePublicKeyTypes | None = certificate.public_key()
    except (UnsupportedAlgorithm, ValueError):
        key = None
    if isinstance(key, rsa.RSAPublicKey):
        return named_key("RSA", key.key_size, "", algorithms)
    if isinstance(key, ec.EllipticCurvePublicKey):
        return named_key("EC", 0, key.curve.name, algorithms)
    if isinstance(key, dsa.DSAPublicKey):
        return named_key("DSA", key.key_size, "", algorithms)
    if isinstance(key, ed25519.Ed25519PublicKey):
        return named_key("Ed25519", 0, "", algorithms)
    if isinstance(key, ed448.Ed448PublicKey):
        return named_key("Ed448", 0, "", algorithms)
    return named_key(_SIGNED_BY.get(identifier, identifier), 0, "", algorithms)


def _signature(certificate: x509.Certificate, algorithms: AlgorithmTable) -> Named:
    oid = certificate.signature_algorithm_oid
    if oid in (x509.SignatureAlgorithmOID.ED25519, x509.SignatureAlgorithmOID.ED448):
        return Named("Ed25519" if oid == x509.SignatureAlgorithmOID.ED25519 else "Ed448")
    try:
        used = certificate.signature_hash_algorithm
    except UnsupportedAlgorithm:
        used = None
    if used is None:
        name = _SIGNED_BY.get(oid.dotted_string, "")
        if name and algorithms.approved(name):
            return Named(name)
        name = name or f"unknown ({oid.dotted_string})"
        return Named(name, (f"signature: {name}",))
    hash_name, kind = _hash_name(used.name), _kind(oid)
    rule = algorithms.find(hash_name)
    faults = [f"{hash_name} signature"] if rule is not None and rule.approved != "yes" else []
    if kind == "DSA":
        faults.append("DSA signature")
    return Named(f"{kind} with {hash_name}", tuple(faults))


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
