"""Reads keystores as far as that needs no password: entries, protection, open certificates.

Pure and bounded: decrypts nothing, and what comes out holds no key.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator
from dataclasses import dataclass, field

from scanner.formats.der import (
    INTEGER,
    OCTET_STRING,
    OID,
    SEQUENCE,
    DerError,
    Element,
    elements,
    first,
    inside,
    oid,
)
from scanner.formats.private_keys import scheme_of

JKS, JCEKS = b"\xfe\xed\xfe\xed", b"\xce\xce\xce\xce"
MAX_ENTRIES = 5000
MAX_CERTIFICATE = 64 << 10

_KEY, _TRUSTED, _SECRET = 1, 2, 3
_DATA, _ENCRYPTED = "1.2.840.113549.1.7.1", "1.2.840.113549.1.7.6"
_BAG = "1.2.840.113549.1.12.10.1."
_PBMAC1 = "1.2.840.113549.1.5.14"
_PROTECTION = {
    "1.3.6.1.4.1.42.2.17.1.1": ("Sun's own, by SHA-1 and XOR",),
    "1.3.6.1.4.1.42.2.19.1": ("PBEWithMD5AndTripleDES",),
}
_DIGESTS = {
    "1.2.840.113549.2.5": "MD5",
    "1.3.14.3.2.26": "SHA-1",
    "2.16.840.1.101.3.4.2.1": "SHA-256",
    "2.16.840.1.101.3.4.2.2": "SHA-384",
    "2.16.840.1.101.3.4.2.3": "SHA-512",
}


class KeystoreError(ValueError):
    """The bytes are not the keystore that they seemed to be."""


@dataclass(slots=True)
class Keystore:
    """What can be seen of a keystore from outside."""

    form: str
    entries: int = 0
    secrets: int = 0
    """Entries that are private or secret keys; of PKCS #12, those that show."""
    schemes: list[tuple[str, ...]] = field(default_factory=list)
    """How its parts are encrypted, by the names of the algorithm tables."""
    mac: tuple[str, ...] = ()
    certificates: list[bytes] = field(default_factory=list)
    whole: bool = True
    """Whether everything was understood that is not encrypted."""

    def add_scheme(self, scheme: tuple[str, ...]) -> None:
        if scheme not in self.schemes and len(self.schemes) < 20:
            self.schemes.append(scheme)


# --- JKS and JCEKS -------------------------------------------------------------------------


class _Reader:
    def __init__(self, data: bytes) -> None:
        self._data, self._at = data, 0

    def take(self, size: int) -> bytes:
        part = self._data[self._at : self._at + size]
        if len(part) != size:
            raise KeystoreError("it ends early")
        self._at += size
        return part

    def number(self) -> int:
        return int(struct.unpack(">I", self.take(4))[0])

    def text(self) -> bytes:
        return self.take(int(struct.unpack(">H", self.take(2))[0]))


def read_jks(content: bytes) -> Keystore:
    """A Java keystore of Sun's own formats.

    Raises:
        KeystoreError: it is none, or damaged.
    """
    reader = _Reader(content)
    store = Keystore("jceks" if reader.take(4) == JCEKS else "jks")
    version = reader.number()
    store.entries = reader.number()
    if version not in (1, 2) or store.entries > MAX_ENTRIES:
        raise KeystoreError("a version or a number of entries that cannot be")
    for _ in range(store.entries):
        kind = reader.number()
        reader.text()
        reader.take(8)
        if kind == _TRUSTED:
            _jks_certificate(reader, version, store)
        elif kind == _KEY:
            store.secrets += 1
            _jks_key(reader, version, store)
        elif kind == _SECRET:
            # A Java object, whose end only Java finds.
            store.secrets += 1
            store.add_scheme(("PBEWithMD5AndTripleDES",))
            store.whole = False
            return store
        else:
            raise KeystoreError(f"an entry of the unknown kind {kind}")
    return store


def _jks_key(reader: _Reader, version: int, store: Keystore) -> None:
    protected = reader.take(reader.number())
    try:
        identifier = oid(first(inside(protected)[0].content))
    except (DerError, IndexError):
        identifier = ""
    store.add_scheme(_PROTECTION.get(identifier, (identifier or "unknown",)))
    count = reader.number()
    if count > MAX_ENTRIES:
        raise KeystoreError("a chain that cannot be so long")
    for _ in range(count):
        _jks_certificate(reader, version, store)


def _jks_certificate(reader: _Reader, version: int, store: Keystore) -> None:
    if version == 2:
        reader.text()
    certificate = reader.take(reader.number())
    if len(certificate) <= MAX_CERTIFICATE and len(store.certificates) < MAX_ENTRIES:
        store.certificates.append(certificate)


# --- PKCS #12 and BCFKS --------------------------------------------------------------------


def read_der(content: bytes) -> Keystore | None:
    """A PKCS #12 file or a BCFKS keystore; None where the structure is another.

    Raises:
        KeystoreError: it begins like one and is damaged, or in a form that is not understood.
    """
    try:
        parts = inside(content)
        if parts and parts[0].tag == INTEGER and parts[0].content == b"\3" and len(parts) in (2, 3):
            return _pkcs12(parts)
        if [each.tag for each in parts] == [SEQUENCE, SEQUENCE]:
            return _bcfks(parts[0])
    except DerError as error:
        raise KeystoreError(str(error)) from error
    return None


def _bcfks(data: Element) -> Keystore | None:
    parts = tuple(elements(data.content))
    if [each.tag for each in parts] != [SEQUENCE, OCTET_STRING]:
        return None
    scheme = scheme_of(parts[0])
    if scheme[0] != "PBES2":
        return None
    return Keystore("bcfks", schemes=[scheme], whole=False)


def _pkcs12(parts: tuple[Element, ...]) -> Keystore | None:
    kind, safe = _content_info(parts[1])
    if kind != _DATA or safe is None:
        return None
    store = Keystore("pkcs12")
    for each in inside(first(safe.content, OCTET_STRING).content):
        inner, body = _content_info(each)
        if body is None:
            continue
        if inner == _DATA:
            for bag in inside(first(body.content, OCTET_STRING).content):
                _bag(bag, store)
        elif inner == _ENCRYPTED:
            encrypted = inside(body.content)
            if len(encrypted) > 1:
                store.add_scheme(scheme_of(tuple(elements(encrypted[1].content))[1]))
            store.whole = False
    if len(parts) == 3:
        store.mac = _mac(parts[2])
    return store


def _content_info(element: Element) -> tuple[str, Element | None]:
    parts = tuple(elements(element.content)) if element.tag == SEQUENCE else ()
    if not parts or parts[0].tag != OID:
        return "", None
    return oid(parts[0]), parts[1] if len(parts) > 1 and parts[1].tag == 0xA0 else None


def _bag(bag: Element, store: Keystore) -> None:
    kind, value = _content_info(bag)
    if value is None or not kind.startswith(_BAG) or store.entries >= MAX_ENTRIES:
        return
    store.entries += 1
    which = kind.removeprefix(_BAG)
    if which == "1":
        store.secrets += 1
    elif which == "2":
        store.secrets += 1
        store.add_scheme(scheme_of(inside(value.content)[0]))
    elif which == "3":
        store.certificates.extend(_certificate_bag(value))


def _certificate_bag(value: Element) -> Iterator[bytes]:
    parts = inside(value.content)
    if len(parts) == 2 and parts[1].tag == 0xA0:
        certificate = first(parts[1].content, OCTET_STRING).content
        if len(certificate) <= MAX_CERTIFICATE:
            yield certificate


def _mac(data: Element) -> tuple[str, ...]:
    digest = first(data.content, SEQUENCE)
    algorithm = oid(first(first(digest.content, SEQUENCE).content))
    if algorithm == _PBMAC1:
        return ("PBMAC1",)
    return ("PKCS12KDF", _DIGESTS.get(algorithm, algorithm))
