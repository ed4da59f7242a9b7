"""Takes the names of cipher suites apart: key exchange, signature, cipher, MAC.

Says what a suite is made of, in OpenSSL's terms, and not whether that is approved.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cached_property

from scanner.rules_algorithms import TlsSuite


@dataclass(frozen=True)
class Traits:
    """What OpenSSL sorts a suite by."""

    suite: TlsSuite
    exchange: str
    """RSA, DHE, ECDHE, DH, ECDH, PSK, RSAPSK, DHEPSK, ECDHEPSK, SRP, GOST."""
    signer: str
    """RSA, ECDSA, DSS, NULL, PSK, SRP, GOST."""
    cipher: str
    """AES128, AES256GCM, CAMELLIA256, CHACHA20, 3DES, NULL …"""
    mac: str
    """SHA1, SHA256, SHA384, MD5, AEAD, GOST."""

    @cached_property
    def bits(self) -> int:
        """Strength, as security levels count it."""
        return next((bits for name, bits in _STRENGTH if self.cipher.startswith(name)), 256)

    @property
    def weak(self) -> bool:
        """Whether builds since 1.1.0 lack it, unless they were asked for weak ciphers."""
        return self.cipher in _WEAK or self.exchange in ("DH", "ECDH")

    @property
    def of_shared_secret(self) -> bool:
        """Whether a server offers it only to clients with a secret that it was given."""
        return "PSK" in self.exchange or self.exchange == "SRP"


_WEAK = frozenset({"3DES", "RC4", "RC2", "IDEA", "SEED", "DES"})
_STRENGTH = (
    ("NULL", 0),
    ("DES", 56),
    ("RC2", 40),
    ("RC4", 128),
    ("3DES", 112),
    ("IDEA", 128),
    ("SEED", 128),
    ("AES128", 128),
    ("CAMELLIA128", 128),
    ("ARIA128", 128),
)
_NAME = re.compile(r"TLS_(?P<way>\w+?)_WITH_(?P<rest>\w+)")
_CIPHERS = {
    "3DES_EDE_CBC": "3DES",
    "RC4_128": "RC4",
    "IDEA_CBC": "IDEA",
    "SEED_CBC": "SEED",
    "DES_CBC": "DES",
    "RC2_CBC_40": "RC2",
    "RC4_40": "RC4",
    "DES40_CBC": "DES",
    "CHACHA20_POLY1305": "CHACHA20",
    "NULL": "NULL",
}
_BLOCK = re.compile(r"(AES|CAMELLIA|ARIA|SM4)_(128|256)_(CBC|GCM|CCM_8|CCM)")


def traits_of(suite: TlsSuite) -> Traits | None:
    """The traits of a suite of TLS 1.2 or older that OpenSSL has a name for."""
    found = _NAME.fullmatch(suite.name)
    if found is None or not suite.openssl:
        return None
    exchange, signer = _way(found["way"].removesuffix("_EXPORT"))
    cipher, mac = _cipher_and_mac(found["rest"])
    return Traits(suite, exchange, signer, cipher, mac)


def _way(way: str) -> tuple[str, str]:
    if way.startswith("SRP_SHA"):
        return "SRP", way.removeprefix("SRP_SHA").lstrip("_") or "SRP"
    if way.startswith("GOST"):
        return "GOST", "GOST"
    if way == "PSK_DHE":  # IANA's name for what is DHE_PSK everywhere else
        return "DHEPSK", "PSK"
    if way.endswith("PSK"):
        return way.replace("_", ""), "RSA" if way == "RSA_PSK" else "PSK"
    exchange, _, signer = way.partition("_")
    if signer == "anon":
        return {"DH": "DHE", "ECDH": "ECDHE"}[exchange], "NULL"
    return exchange, signer or exchange


def _cipher_and_mac(rest: str) -> tuple[str, str]:
    block = _BLOCK.match(rest)
    if block is not None:
        mode = block[3].replace("_", "")
        cipher = block[1] + block[2] + ("" if mode == "CBC" else mode)
        return cipher, _mac(rest[block.end() :].lstrip("_")) if mode == "CBC" else "AEAD"
    for name, cipher in _CIPHERS.items():
        if rest.startswith(f"{name}_"):
            return cipher, "AEAD" if cipher == "CHACHA20" else _mac(rest[len(name) + 1 :])
    return "GOST", "GOST"


def _mac(name: str) -> str:
    return "SHA1" if name == "SHA" else name
