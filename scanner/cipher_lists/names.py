"""Finds suites, groups and signature schemes by the names that TLS libraries give them.

Says what a name means, not whether that is approved.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from functools import lru_cache

from scanner.cipher_lists.openssl import catalog_of
from scanner.rules_algorithms import TlsTable

_GROUPS = {
    "p-192": "secp192r1",
    "p-224": "secp224r1",
    "p-256": "secp256r1",
    "p-384": "secp384r1",
    "p-521": "secp521r1",
    "p256": "secp256r1",
    "p384": "secp384r1",
    "p521": "secp521r1",
    "prime192v1": "secp192r1",
    "prime256v1": "secp256r1",
    "nistp256": "secp256r1",
    "nistp384": "secp384r1",
    "nistp521": "secp521r1",
    "curvep256": "secp256r1",
    "curvep384": "secp384r1",
    "curvep521": "secp521r1",
    "curve25519": "x25519",
    "x25519kyber768": "X25519Kyber768Draft00",
}
"""Names of OpenSSL, NIST, Go and GnuTLS; case does not count."""
_SIGNATURE = re.compile(
    r"(?P<key>rsa-?pss|rsa|ecdsa|dsa)[+_-](?P<hash>sha-?1|sha-?(?:2-?)?(?:224|256|384|512)|md5)",
    re.IGNORECASE,
)
_ECDSA = {
    "sha1": "ecdsa_sha1",
    "sha224": "ecdsa_sha224",
    "sha256": "ecdsa_secp256r1_sha256",
    "sha384": "ecdsa_secp384r1_sha384",
    "sha512": "ecdsa_secp521r1_sha512",
}
_LIST = re.compile(r"[\s,:;/|\[\]\"']+")


def split(text: str) -> list[str]:
    """The names in a list that is written in any of the usual ways."""
    return [each for each in _LIST.split(text) if each]


def suite(name: str, tls: TlsTable) -> str | None:
    """The suite that IANA, OpenSSL, Java, Go or GnuTLS call so, by IANA's name."""
    plain = name.strip().strip("\"'")
    if plain.startswith("SSL_"):
        plain = "TLS_" + plain[4:]
    if plain.startswith("TLS-"):  # as OpenVPN and mbedTLS write them
        plain = plain.replace("-", "_")
    found = tls.suite(plain) or tls.suite(f"{plain}_SHA256")
    if found is not None:
        return found.name
    by_openssl = catalog_of(tls.suites).by_name.get(plain)
    return by_openssl.suite.name if by_openssl is not None else None


def group(name: str, tls: TlsTable) -> str | None:
    """The group that OpenSSL, Go, Java or GnuTLS call so, by IANA's name."""
    plain = name.strip().strip("\"'?*-").lower()
    return _groups(tls).get(_GROUPS.get(plain, plain).lower())


@lru_cache(maxsize=8)
def _groups(tls: TlsTable) -> dict[str, str]:
    return {each.name.lower(): each.name for each in tls.groups}


@lru_cache(maxsize=8)
def _signatures(tls: TlsTable) -> dict[str, str]:
    return {each.name.lower(): each.name for each in tls.signatures}


def signature(name: str, tls: TlsTable) -> tuple[str, ...]:
    """The schemes that a word like `RSA+SHA256` or `ecdsa_secp256r1_sha256` means."""
    plain = name.strip().strip("\"'?").lower()
    known = _signatures(tls)
    if plain in known:
        return (known[plain],)
    found = _SIGNATURE.fullmatch(plain)
    if found is None:
        return ()
    digest = found["hash"].replace("-", "").replace("sha2256", "sha256")
    key = found["key"].replace("-", "")
    if key == "rsa":
        names: Iterable[str] = (f"rsa_pkcs1_{digest}",)
    elif key == "rsapss":
        names = (f"rsa_pss_rsae_{digest}", f"rsa_pss_pss_{digest}")
    else:
        names = (_ECDSA.get(digest, "") if key == "ecdsa" else f"dsa_{digest}",)
    return tuple(known[each] for each in names if each in known)
