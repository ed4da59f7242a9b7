"""Evaluates priority strings as GnuTLS does (lib/priority.c), with the lists of 3.7.

Says which suites, protocols and groups a string allows, and not whether they are approved.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, replace

from scanner.cipher_lists.traits import Traits

MAX_WORDS = 500

_VERSIONS = {
    "TLS1.0": "TLS 1.0",
    "TLS1.1": "TLS 1.1",
    "TLS1.2": "TLS 1.2",
    "TLS1.3": "TLS 1.3",
    "SSL3.0": "SSL 3.0",
}
_TLS = frozenset(_VERSIONS.values()) - {"SSL 3.0"}
_GCM_AND_CCM = frozenset({"AES-256-GCM", "AES-256-CCM", "AES-128-GCM", "AES-128-CCM"})
_CIPHERS = _GCM_AND_CCM | {"CHACHA20-POLY1305", "AES-256-CBC", "AES-128-CBC"}
_CIPHERS_256 = frozenset({"AES-256-GCM", "CHACHA20-POLY1305", "AES-256-CBC", "AES-256-CCM"})
_CAMELLIA = frozenset(f"CAMELLIA-{bits}-{mode}" for bits in (128, 256) for mode in ("CBC", "GCM"))
_ALL_CIPHERS = (
    _CIPHERS | _CAMELLIA | {"AES-256-CCM-8", "AES-128-CCM-8", "3DES-CBC", "ARCFOUR-128", "NULL"}
)
_EXCHANGES = frozenset({"ECDHE-ECDSA", "ECDHE-RSA", "RSA", "DHE-RSA"})
_ALL_EXCHANGES = (
    _EXCHANGES
    | {"DHE-DSS", "ANON-DH", "ANON-ECDH", "SRP", "SRP-RSA", "SRP-DSS"}
    | {"PSK", "DHE-PSK", "ECDHE-PSK", "RSA-PSK"}
)
_ALL_MACS = frozenset({"SHA1", "SHA256", "SHA384", "MD5", "AEAD"})
_GROUPS = {
    "GROUP-SECP192R1": "secp192r1",
    "GROUP-SECP224R1": "secp224r1",
    "GROUP-SECP256R1": "secp256r1",
    "GROUP-SECP384R1": "secp384r1",
    "GROUP-SECP521R1": "secp521r1",
    "GROUP-X25519": "x25519",
    "GROUP-X448": "x448",
    "GROUP-FFDHE2048": "ffdhe2048",
    "GROUP-FFDHE3072": "ffdhe3072",
    "GROUP-FFDHE4096": "ffdhe4096",
    "GROUP-FFDHE6144": "ffdhe6144",
    "GROUP-FFDHE8192": "ffdhe8192",
}
_NORMAL_GROUPS = frozenset(_GROUPS.values()) - {"secp192r1", "secp224r1"}
_HIGH_GROUPS = frozenset({"secp384r1", "secp521r1", "ffdhe8192"})


@dataclass(frozen=True, slots=True)
class Priorities:
    """What a priority string holds, kind by kind."""

    versions: frozenset[str] = frozenset()
    ciphers: frozenset[str] = frozenset()
    macs: frozenset[str] = frozenset()
    exchanges: frozenset[str] = frozenset()
    groups: frozenset[str] = frozenset()
    unknown: tuple[str, ...] = ()
    system: bool = False
    """Whether the system's policy says the rest: `@SYSTEM`."""


_NORMAL = Priorities(_TLS, _CIPHERS, frozenset({"SHA1", "AEAD"}), _EXCHANGES, _NORMAL_GROUPS)
_SECURE_256 = replace(_NORMAL, ciphers=_CIPHERS_256, macs=frozenset({"AEAD"}), groups=_HIGH_GROUPS)
_SUITE_B = Priorities(
    frozenset({"TLS 1.2"}),
    frozenset({"AES-256-GCM", "AES-128-GCM"}),
    frozenset({"AEAD"}),
    frozenset({"ECDHE-ECDSA"}),
    frozenset({"secp256r1", "secp384r1"}),
)
_LEVELS: Mapping[str, Priorities] = {
    "NONE": Priorities(),
    "NORMAL": _NORMAL,
    "LEGACY": _NORMAL,
    "PERFORMANCE": _NORMAL,
    "SECURE": _NORMAL,
    "SECURE128": _NORMAL,
    "SECURE192": _SECURE_256,
    "SECURE256": _SECURE_256,
    "PFS": replace(_NORMAL, exchanges=_EXCHANGES - {"RSA"}),
    "SUITEB128": _SUITE_B,
    "SUITEB192": replace(
        _SUITE_B, ciphers=frozenset({"AES-256-GCM"}), groups=frozenset({"secp384r1"})
    ),
}
_SILENT = re.compile(r"(?:SIGN|CTYPE|COMP|VERS-DTLS|KX-TLS1-PRF)[\w.-]*|%.*", re.IGNORECASE)
"""Words about what is not looked at here."""


def priorities(text: str) -> Priorities:
    """What the string `text` holds."""
    words = [each for each in re.split(r"[:\s,]+", text.strip().strip("\"'")) if each][:MAX_WORDS]
    held = Priorities()
    unknown: list[str] = []
    for number, word in enumerate(words):
        if word.startswith("@"):
            held = replace(held, system=True)
            continue
        sign, body = (word[0], word[1:]) if word[0] in "+-!" else ("", word)
        meant = _meant(body.upper(), add=sign in ("", "+"))
        if meant is None:
            if not _SILENT.fullmatch(body):
                unknown.append(word)
        elif not sign and number and body.upper() not in _LEVELS:
            unknown.append(word)
        else:
            if sign and body.upper() in _LEVELS:
                meant = replace(meant, versions=frozenset())  # only the first level brings those
            held = _changed(held, meant, add=sign in ("", "+"))
    return replace(held, versions=_usable(held), unknown=tuple(unknown))


def _usable(held: Priorities) -> frozenset[str]:
    """The versions without TLS 1.3 where GnuTLS gives it up: beside what it cannot do with it."""
    below = held.versions & {"TLS 1.0", "TLS 1.1"}
    has_hole = bool(below) and "TLS 1.2" not in held.versions
    is_old = any(each == "RSA-PSK" or each.startswith("SRP") for each in held.exchanges)
    if has_hole or is_old or "NULL" in held.ciphers or not held.groups:
        return held.versions - {"TLS 1.3"}
    return held.versions


def _meant(word: str, *, add: bool) -> Priorities | None:
    if word in _LEVELS:
        return _LEVELS[word]
    if word in ("VERS-ALL", "VERS-TLS-ALL"):
        return Priorities(versions=_TLS)
    if word.startswith("VERS-") and word[5:] in _VERSIONS:
        return Priorities(versions=frozenset({_VERSIONS[word[5:]]}))
    if word.replace("CURVE-", "GROUP-") in _GROUPS:
        return Priorities(groups=frozenset({_GROUPS[word.replace("CURVE-", "GROUP-")]}))
    for name, kind, everything in (
        ("CIPHER-ALL", "ciphers", _CIPHERS if add else _ALL_CIPHERS),
        ("MAC-ALL", "macs", frozenset({"SHA1", "AEAD"}) if add else _ALL_MACS),
        ("KX-ALL", "exchanges", _EXCHANGES if add else _ALL_EXCHANGES),
        ("GROUP-ALL", "groups", _NORMAL_GROUPS),
        ("CURVE-ALL", "groups", _NORMAL_GROUPS),
    ):
        if word == name:
            return _of(kind, everything)
    for kind, everything in (
        ("ciphers", _ALL_CIPHERS),
        ("macs", _ALL_MACS),
        ("exchanges", _ALL_EXCHANGES),
    ):
        if word in everything:
            return _of(kind, frozenset({word}))
    return None


def _of(kind: str, names: frozenset[str]) -> Priorities:
    none = frozenset[str]()
    return Priorities(
        ciphers=names if kind == "ciphers" else none,
        macs=names if kind == "macs" else none,
        exchanges=names if kind == "exchanges" else none,
        groups=names if kind == "groups" else none,
    )


def _changed(held: Priorities, meant: Priorities, *, add: bool) -> Priorities:
    def change(mine: frozenset[str], other: frozenset[str]) -> frozenset[str]:
        return mine | other if add else mine - other

    return replace(
        held,
        versions=change(held.versions, meant.versions),
        ciphers=change(held.ciphers, meant.ciphers),
        macs=change(held.macs, meant.macs),
        exchanges=change(held.exchanges, meant.exchanges),
        groups=change(held.groups, meant.groups),
    )


TLS_13 = {
    "AES-128-GCM": "TLS_AES_128_GCM_SHA256",
    "AES-256-GCM": "TLS_AES_256_GCM_SHA384",
    "CHACHA20-POLY1305": "TLS_CHACHA20_POLY1305_SHA256",
    "AES-128-CCM": "TLS_AES_128_CCM_SHA256",
    "AES-128-CCM-8": "TLS_AES_128_CCM_8_SHA256",
}
"""Suites of TLS 1.3, by their ciphers."""


def suites_of_13(held: Priorities) -> list[str]:
    """The suites of TLS 1.3 among what is held."""
    is_on = "TLS 1.3" in held.versions and "AEAD" in held.macs
    return [name for cipher, name in TLS_13.items() if is_on and cipher in held.ciphers]


def allows(held: Priorities, each: Traits) -> bool:
    """Whether a suite of TLS 1.2 or older is among what is held."""
    return (
        _exchange_of(each) in held.exchanges
        and _cipher_of(each) in held.ciphers
        and each.mac in held.macs
        and any(version in held.versions for version in each.suite.protocols if version in _TLS)
    )


def _exchange_of(each: Traits) -> str:
    if each.signer == "NULL":
        return "ANON-DH" if each.exchange == "DHE" else "ANON-ECDH"
    if each.exchange in ("DHE", "ECDHE"):
        return f"{each.exchange}-{each.signer}"
    if each.exchange == "SRP":
        return "SRP" if each.signer == "SRP" else f"SRP-{each.signer}"
    return re.sub(r"PSK$", "-PSK", each.exchange).lstrip("-")


def _cipher_of(each: Traits) -> str:
    if each.cipher == "CHACHA20":
        return "CHACHA20-POLY1305"
    if each.cipher in ("3DES", "RC4"):
        return {"3DES": "3DES-CBC", "RC4": "ARCFOUR-128"}[each.cipher]
    found = re.fullmatch(r"(AES|CAMELLIA)(128|256)(GCM|CCM8|CCM)?", each.cipher)
    if found is None:
        return each.cipher
    return f"{found[1]}-{found[2]}-{(found[3] or 'CBC').replace('CCM8', 'CCM-8')}"
