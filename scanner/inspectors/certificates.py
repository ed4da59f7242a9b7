"""States which X.509 certificates lie in a file, those of one sort together.

Says nothing of who uses them; a bundle of authorities is told from a server's own certificate.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator

from cryptography.hazmat.primitives.serialization import Encoding, pkcs7

from scanner.facts import fact
from scanner.formats.pem import blocks
from scanner.inspectors.samples import is_sample
from scanner.model import Fact, FactKind, Gap, GapKind
from scanner.rules_algorithms import AlgorithmTable
from scanner.x509 import Certificate, read_certificate

MAX_CERTIFICATES = 2000
MAX_SORTS = 50
"""Kinds of key and signature stated of one file."""
BUNDLE = 8
"""Certificates of authorities from which on a file is a bundle of them."""

_STORES = re.compile(
    r"/(?:etc/ssl/certs|usr/share/ca-certificates|usr/local/share/ca-certificates|etc/ca-certificates"
    r"|etc/pki/(?:ca-trust|tls/certs)|usr/share/pki|var/lib/ca-certificates|etc/ssl/cert\.pem)"
    r"|/(?:certifi|cacert|ca-bundle|ca-certificates)[^/]*(?:/|$)"
)
_TEXT = b"CERTIFICATE"


def certificates_in(path: str, content: bytes, algorithms: AlgorithmTable) -> Iterator[Fact | Gap]:
    """What is stated of the certificates in a PEM or DER file."""
    form, ders = _certificates(content)
    if len(ders) > MAX_CERTIFICATES:
        reason = f"more than {MAX_CERTIFICATES:,} certificates; the others were not read"
        yield Gap(GapKind.TOO_MANY, path, reason, caps=False)
    found = [read_certificate(der, algorithms) for der in ders[:MAX_CERTIFICATES]]
    unread = sum(each is None for each in found)
    if unread and form == "pem" and not is_sample(path):
        reason = f"{unread} of its certificates cannot be read"
        yield Gap(GapKind.MALFORMED, path, reason, caps=False)
    yield from certificate_facts(path, form, [each for each in found if each is not None])


def certificate_facts(path: str, form: str, found: Iterable[Certificate]) -> Iterator[Fact]:
    """One fact for each sort of certificate in the file `path`."""
    certificates = list(found)
    authorities = sum(each.is_ca or each.is_root for each in certificates)
    is_bundle = authorities >= BUNDLE or _STORES.search(path) is not None
    sorts: dict[tuple[str, str, str, tuple[str, ...]], list[Certificate]] = {}
    for each in certificates:
        faults = each.key.faults + (() if each.is_root and each.is_ca else each.signature.faults)
        sort = (_purpose(each, is_bundle=is_bundle), each.key.name, each.signature.name, faults)
        sorts.setdefault(sort, []).append(each)
    for (purpose, key, signature, faults), same in list(sorts.items())[:MAX_SORTS]:
        more = f" and {len(same) - 1} more" if len(same) > 1 else ""
        yield fact(
            FactKind.CERTIFICATE,
            path,
            evidence=(f"{path}: {same[0].subject}{more}: {key}, signed by {signature}",),
            form=form,
            purpose=purpose,
            subject=same[0].subject,
            key=key,
            signature=signature,
            expires=min(each.not_after for each in same),
            count=len(same),
            unapproved=faults,
            sample=is_sample(path),
        )


def _purpose(certificate: Certificate, *, is_bundle: bool) -> str:
    if certificate.is_ca:
        return "ca-bundle" if is_bundle else "ca"
    if certificate.serves:
        return "server"
    # A root of version 1 does not say what it is.
    return "ca-bundle" if is_bundle and certificate.is_root else "unknown"


def _certificates(content: bytes) -> tuple[str, list[bytes]]:
    if content[:1] == b"\x30":
        signed = _of_pkcs7(content)
        return ("pkcs7", signed) if signed else ("der", [content])
    if _TEXT not in content and b"PKCS7" not in content:
        return "pem", []
    ders: list[bytes] = []
    for each in blocks(content):
        if each.label in ("CERTIFICATE", "X509 CERTIFICATE", "TRUSTED CERTIFICATE"):
            ders.append(_without_trust(each.content))
        elif each.label in ("PKCS7", "CMS"):
            ders.extend(_of_pkcs7(each.content))
        if len(ders) > MAX_CERTIFICATES:
            break
    return "pem", ders


def _without_trust(content: bytes) -> bytes:
    """The certificate alone: OpenSSL's form TRUSTED appends what it is trusted for."""
    if content[:2] != b"\x30\x82":
        return content
    return content[: 4 + int.from_bytes(content[2:4], "big")]


def _of_pkcs7(content: bytes) -> list[bytes]:
    if b"\x2a\x86\x48\x86\xf7\x0d\x01\x07\x02" not in content[:32]:  # signedData
        return []
    try:
        return [
            each.public_bytes(Encoding.DER) for each in pkcs7.load_der_pkcs7_certificates(content)
        ]
    except ValueError:
        return []
