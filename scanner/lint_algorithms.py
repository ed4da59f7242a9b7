"""Checks that the tables of algorithms agree: names stand once, and TLS is as good as its parts.

Reads rules only; a problem is a value, never an exception.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from scanner.rulefile import Problem
from scanner.rules_algorithms import AlgorithmRule, AlgorithmTable, OfTls, TlsTable, spelled

_PLACE = "rules/algorithms"
_EXCHANGES = {
    "RSA": ("RSA PKCS #1 v1.5",),
    "RSA_PSK": ("RSA with a pre-shared key",),
    "PSK": ("Pre-shared key",),
    "DHE_PSK": ("DH", "Pre-shared key"),
    "PSK_DHE": ("DH", "Pre-shared key"),
    "ECDHE_PSK": ("ECDH", "Pre-shared key"),
    "GOSTR341112_256": ("GOST key agreement",),
    "GOSTR341001": ("GOST key agreement",),
}
_AUTHENTICATION = {"RSA": "RSA", "ECDSA": "ECDSA", "DSS": "DSA"}
_HASHES = {
    "SHA": "HMAC-SHA1",
    "SHA256": "SHA2-256",
    "SHA384": "SHA2-384",
    "MD5": "HMAC-MD5",
    "SM3": "SM3",
    "IMIT": "GOST MAC",
    "OMAC": "GOST MAC",
    "GOSTR3411": "GOST R 34.11",
}
_CIPHERS = {
    "3DES_EDE_CBC": "Triple DES",
    "RC4_128": "RC4",
    "RC2_CBC_40": "RC2",
    "DES40_CBC": "DES",
    "DES_CBC_40": "DES",
    "28147_CNT": "GOST 28147",
    "KUZNYECHIK_CTR": "GOST 28147",
    "MAGMA_CTR": "GOST 28147",
}


def suite_parts(name: str) -> tuple[str, ...]:
    """The algorithms that an IANA cipher suite is made of, under names of the algorithm table."""
    exchange, with_, rest = name.removeprefix("TLS_").partition("_WITH_")
    return (*(_exchange(exchange) if with_ else ()), *_protection(rest if with_ else exchange))


def _exchange(text: str) -> Iterator[str]:
    if text.endswith("_EXPORT"):
        yield "Key exchange of export strength"
        text = text.removesuffix("_EXPORT")
    if text.endswith("_anon"):
        yield "Anonymous key exchange"
    elif text.startswith("SRP_"):
        yield "Secure Remote Password"
    elif text in _EXCHANGES:
        yield from _EXCHANGES[text]
    else:
        exchange, _, authentication = text.partition("_")
        yield exchange
        yield _AUTHENTICATION.get(authentication, authentication)


def _protection(text: str) -> Iterator[str]:
    cipher, _, digest = text.rpartition("_")
    if digest not in _HASHES:
        cipher, digest = text, ""
    else:
        yield _HASHES[digest]
    cipher = re.sub(r"(_CCM)_8$", r"\1", cipher)
    yield _CIPHERS.get(cipher, cipher)


# --- problems --------------------------------------------------------------------------------


def lint_algorithms(algorithms: AlgorithmTable, tls: TlsTable) -> Iterator[Problem]:
    """Everything in which the tables contradict themselves or each other."""
    yield from _names_are_unique(algorithms)
    for suite in tls.suites:
        yield from _agrees(suite, suite_parts(suite.name), algorithms)
    for group in tls.groups:
        yield from _agrees(group, (group.name,), algorithms)
        yield from _post_quantum(group.name, group.post_quantum, algorithms)
    for signature in tls.signatures:
        yield from _agrees(signature, (signature.name,), algorithms)
        yield from _post_quantum(signature.name, signature.post_quantum, algorithms)


def _names_are_unique(algorithms: AlgorithmTable) -> Iterator[Problem]:
    owners: dict[str, str] = {}
    for rule in algorithms.algorithms:
        for name in rule.all_names():
            owner = owners.setdefault(spelled(name), rule.name)
            if owner != rule.name:
                yield _problem(f"`{name}` names both {owner} and {rule.name}")


def _agrees(entry: OfTls, parts: tuple[str, ...], algorithms: AlgorithmTable) -> Iterator[Problem]:
    found = {part: algorithms.find(part) for part in parts}
    rules = [rule for rule in found.values() if rule is not None]
    if len(rules) < len(found):
        unknown = ", ".join(part for part, rule in found.items() if rule is None)
        yield _problem(f"`{entry.name}`: no algorithm is called {unknown}")
        return
    bad = [rule.name for rule in rules if not rule.for_new]
    if entry.approved and bad:
        yield _problem(f"`{entry.name}` is approved, and its part {bad[0]} is not")
    if not entry.approved and not bad and not any(map(_is_narrow, rules)):
        yield _problem(f"`{entry.name}` is not approved, and all of its parts are")


def _is_narrow(rule: AlgorithmRule) -> bool:
    """Whether it is approved for a purpose that a handshake need not be."""
    return rule.approved == "limited" and rule.min_bits is None


def _post_quantum(name: str, said: str, algorithms: AlgorithmTable) -> Iterator[Problem]:
    rule = algorithms.find(name)
    if rule is not None and rule.post_quantum != said:
        yield _problem(f"`{name}`: post_quantum is {said}, and of {rule.name} {rule.post_quantum}")


def _problem(message: str) -> Problem:
    return Problem(_PLACE, 1, message)
