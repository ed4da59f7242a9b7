"""What CycloneDX wants to know of an algorithm, from its name and the algorithm tables.

What is not certain is left out: CycloneDX reads an absent field as not known.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache

from cyclonedx.model.crypto import (
    AlgorithmProperties,
    CryptoFunction,
    CryptoMode,
    CryptoPadding,
    CryptoPrimitive,
)

from scanner.rulebook import AlgorithmRule, AlgorithmTable, TlsTable, default_rules
from scanner.rulefile import read_rule_file
from scanner.rules_algorithms import AlgorithmFile


@dataclass(frozen=True)
class Tables:
    """The scanner's own algorithm tables. Rules that a user adds name no more than they approve."""

    algorithms: AlgorithmTable
    tls: TlsTable


@cache
def tables() -> Tables:
    """The tables in `rules/algorithms/`, read once."""
    root = default_rules()
    files = [
        AlgorithmFile.model_validate(read_rule_file(path, root)[0].data)
        for path in sorted((root / "algorithms").glob("*.yaml"))
    ]
    return Tables(
        AlgorithmTable(tuple(each for file in files for each in file.algorithms)),
        TlsTable(
            protocols=tuple(each for file in files for each in file.protocols),
            suites=tuple(each for file in files for each in file.suites),
            groups=tuple(each for file in files for each in file.groups),
            signatures=tuple(each for file in files for each in file.signatures),
        ),
    )


@dataclass(frozen=True, slots=True)
class Algorithm:
    """An algorithm by the name that the tables give it, or as the image does."""

    name: str
    rule: AlgorithmRule | None = None
    size: int | None = None
    """Of the key, in bits, where a name tells it: `RSA 2048`."""
    curve: str = ""


_KEY = re.compile(r"(RSA|DSA|DH) (\d{3,5})|(EC|ECDSA) ((?:P-|secp|sect|brainpool)[\w-]+)")
_SHA2 = re.compile(r"\bSHA-(?=224|256|384|512)")
"""As certificates and programs write it; the tables keep SHA-2 apart from SHA-3."""
_CURVES = {
    "P-192": "nist/P-192",
    "P-224": "nist/P-224",
    "P-256": "nist/P-256",
    "P-384": "nist/P-384",
    "P-521": "nist/P-521",
    "secp224k1": "secg/secp224k1",
    "secp256k1": "secg/secp256k1",
    "X25519": "other/Curve25519",
    "X448": "other/Curve448",
    "Ed25519": "other/Ed25519",
    "Ed448": "other/Ed448",
}
"""As https://neuromancer.sk/std/ calls them, with the standard that CycloneDX 1.7 lists them in."""


def named(name: str) -> Algorithm:
    """The algorithm that is called `name` anywhere: by a program, a setting, a certificate."""
    if key := _KEY.fullmatch(name):
        base, size, _, curve = key.groups()
        rule = tables().algorithms.find(base or "ECDSA")
        if base:
            return Algorithm(f"{base}-{size}", rule, size=int(size))
        return Algorithm(f"ECDSA-{curve}", rule, curve=_CURVES.get(curve, ""))
    find = tables().algorithms.find
    rule = find(name) or find(_SHA2.sub("SHA2-", name))
    if rule is None:
        return Algorithm(name)
    return Algorithm(rule.name, rule, curve=_CURVES.get(rule.name, ""))


_SUITE = re.compile(r"TLS_(?:(?P<way>\w+?)_WITH_)?(?P<cipher>\w+?)(?:_(?P<hash>SHA\d*|MD5))?")
_WAYS = {
    "ECDHE": "ECDH",
    "ECDH": "ECDH",
    "DHE": "DH",
    "DH": "DH",
    "ECDSA": "ECDSA",
    "DSS": "DSA",
    "PSK": "Pre-shared key",
}
_CIPHERS = {"3DES_EDE_CBC": "Triple DES", "DES_CBC": "DES", "RC4_128": "RC4", "IDEA_CBC": "IDEA"}


def of_suite(name: str) -> tuple[Algorithm, ...]:
    """What a TLS cipher suite is made of, as far as its name tells and the tables know."""
    found = _SUITE.fullmatch(name)
    if found is None:
        return ()
    return tuple(dict.fromkeys(each for each in _parts(found) if each.rule is not None))


def _parts(found: re.Match[str]) -> Iterator[Algorithm]:
    way = (found["way"] or "").split("_")
    for index, part in enumerate(way):
        if part == "RSA":
            # Alone it carries the key; behind another it signs.
            yield named("RSA" if index else "RSA PKCS #1 v1.5")
        elif part in _WAYS:
            yield named(_WAYS[part])
    cipher = found["cipher"]
    yield named(_CIPHERS.get(cipher, cipher.replace("_", "-")))
    if found["hash"]:
        yield named("SHA-1" if found["hash"] == "SHA" else found["hash"])
        if cipher.endswith("CBC"):
            yield named("HMAC")


# --- what CycloneDX calls it ---------------------------------------------------------------

_P, _F = CryptoPrimitive, CryptoFunction
_KINDS = {
    "digest": (_P.HASH, (_F.DIGEST,)),
    "mac": (_P.MAC, (_F.TAG,)),
    "kdf": (_P.KDF, (_F.KEYDERIVE,)),
    "signature": (_P.SIGNATURE, (_F.SIGN, _F.VERIFY)),
    "exchange": (_P.KEY_AGREE, (_F.KEYDERIVE,)),
    "group": (_P.KEY_AGREE, (_F.KEYDERIVE,)),
}
_AEAD = re.compile(r"GCM|CCM|OCB|SIV|Poly1305|Ascon|EAX")
_STREAM = re.compile(r"RC4|X?ChaCha20|Salsa20|Rabbit|HC-128|Grain|VMPC|ISAAC|ZUC")
_KEM = re.compile(r"ML-KEM|Kyber|sntrup761|DHKEM")
_MODE = re.compile(r"-(CBC|ECB|CCM|GCM|CFB|OFB|CTR)(?:\d+|-|$)")


def properties_of(algorithm: Algorithm) -> AlgorithmProperties:
    """The properties of `algorithm` that are certain."""
    primitive, functions = _primitive(algorithm)
    mode = _MODE.search(algorithm.name) if primitive in (_P.AE, _P.BLOCK_CIPHER) else None
    return AlgorithmProperties(
        primitive=primitive,
        parameter_set_identifier=_parameter_set(algorithm),
        curve=algorithm.curve or None,
        mode=CryptoMode(mode[1].lower()) if mode else None,
        padding=_padding(algorithm.name),
        crypto_functions=functions,
        classical_security_level=_classical(algorithm),
        nist_quantum_security_level=_quantum(algorithm),
    )


def _primitive(algorithm: Algorithm) -> tuple[CryptoPrimitive, tuple[CryptoFunction, ...]]:
    name, rule = algorithm.name, algorithm.rule
    if rule is None:
        return _P.UNKNOWN, ()
    if rule.kind == "cipher":
        return _cipher(name), (_F.ENCRYPT, _F.DECRYPT)
    if rule.kind == "random":
        return (_P.DRBG, (_F.GENERATE,)) if name.endswith("-DRBG") else (_P.OTHER, (_F.GENERATE,))
    if name.startswith("SHAKE"):
        return _P.XOF, (_F.DIGEST,)
    if rule.kind == "exchange" and name.startswith("RSA"):
        return _P.PKE, (_F.ENCRYPT, _F.DECRYPT)
    if rule.kind == "exchange" and rule.post_quantum == "hybrid":
        return _P.COMBINER, (_F.ENCAPSULATE, _F.DECAPSULATE)
    if rule.kind == "exchange" and _KEM.match(name):
        return _P.KEM, (_F.ENCAPSULATE, _F.DECAPSULATE)
    if name.endswith(", to verify"):
        return _P.SIGNATURE, (_F.VERIFY,)
    return _KINDS[rule.kind]


def _cipher(name: str) -> CryptoPrimitive:
    if "wrap" in name.lower():
        return _P.KEY_WRAP  # `other` in version 1.6, which the library sees to
    if _AEAD.search(name):
        return _P.AE
    return _P.STREAM_CIPHER if _STREAM.match(name) else _P.BLOCK_CIPHER


_PARAMETERS = re.compile(
    r"(?:AES|SHA2|SHA3|SHAKE|KMAC|KECCAK-KMAC|ML-KEM|ML-DSA|RIPEMD)-(\d+(?:/\d+)?)\b.*|ffdhe(\d+)"
    r"|modp_(\d+)"
)


def _parameter_set(algorithm: Algorithm) -> str | None:
    if algorithm.size:
        return str(algorithm.size)
    found = _PARAMETERS.fullmatch(algorithm.name)
    return next((group for group in found.groups() if group), None) if found else None


def _padding(name: str) -> CryptoPadding | None:
    if name == "RSA-OAEP":
        return CryptoPadding.OAEP
    if name.startswith("RSA-PSS"):
        return CryptoPadding.OTHER
    if name == "RSA PKCS #1 v1.5" or name.startswith("RSA with SHA"):
        return CryptoPadding.PKCS1V15
    return None


_AES = re.compile(r"AES-(128|192|256)\b")
_BITS_OF_SIZE = {1024: 80, 2048: 112, 3072: 128, 7680: 192, 15360: 256}
_BITS_OF_CURVE = {
    "nist/P-224": 112,
    "nist/P-256": 128,
    "nist/P-384": 192,
    "nist/P-521": 256,
}
"""SP 800-57 part 1, table 2. Sizes that it does not list are left out."""


def _classical(algorithm: Algorithm) -> int | None:
    if aes := _AES.match(algorithm.name):
        return int(aes[1])
    if algorithm.size and algorithm.name.startswith(("RSA-", "DSA-", "DH-")):
        return _BITS_OF_SIZE.get(algorithm.size)
    return _BITS_OF_CURVE.get(algorithm.curve)


_CATEGORIES = {
    "SHA2-256": 2,
    "SHA3-256": 2,
    "SHA2-384": 4,
    "SHA3-384": 4,
    "ML-KEM-512": 1,
    "ML-KEM-768": 3,
    "ML-KEM-1024": 5,
    "ML-DSA-44": 2,
    "ML-DSA-65": 3,
    "ML-DSA-87": 5,
}
_CATEGORY_OF_AES = {"128": 1, "192": 3, "256": 5}
"""NIST defines its categories by these, and FIPS 203 and 204 name those of their sets."""
_BROKEN = re.compile(r"RSA|DSA|ECDSA|ECDH|DH|EC|Ed(?:25519|448)|X(?:25519|448)|ElGamal|MQV|SM2")


def _quantum(algorithm: Algorithm) -> int | None:
    name, rule = algorithm.name, algorithm.rule
    if rule is None:
        return None
    if aes := _AES.match(name):
        return _CATEGORY_OF_AES[aes[1]]
    if name in _CATEGORIES:
        return _CATEGORIES[name]
    asymmetric = rule.kind in ("signature", "exchange", "group") and rule.post_quantum == "no"
    # Shor's algorithm breaks them, so that they reach no category.
    if asymmetric and (algorithm.curve or _BROKEN.match(name) or name.startswith("ffdhe")):
        return 0
    return None
