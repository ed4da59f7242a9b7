"""Reads values that say which algorithms are allowed: cipher strings, protocols, groups, names.

One entry for each way of writing such a value. What is approved is looked up by the caller.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from scanner.cipher_lists import gnutls, ike, names, protocols
from scanner.cipher_lists.openssl import catalog_of
from scanner.rules_algorithms import AlgorithmTable, TlsTable

_LEFT_OPEN = frozenset({"auto", "default", "none"})
"""Words that leave the choice to the library."""
MAX_NAMES = 500
"""Of one value."""


@dataclass(frozen=True, slots=True)
class Allowed:
    """What a value allows, by the names of the tables, and its words that no table knows."""

    names: tuple[str, ...] = ()
    unknown: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Tables:
    """Where names are looked up."""

    tls: TlsTable
    algorithms: AlgorithmTable

    @property
    def protocols(self) -> tuple[str, ...]:
        """All protocols, oldest first."""
        return tuple(each.name for each in self.tls.protocols)


Grammar = Callable[[Sequence[str], Tables], Allowed]


def _openssl_ciphers(values: Sequence[str], tables: Tables) -> Allowed:
    found = catalog_of(tables.tls.suites).negotiable(":".join(values))
    if found.profile:
        return Allowed()  # the system's policy decides, which is looked at elsewhere
    unknown = tuple(each for each in found.unknown if not tables.tls.suite(each))
    return Allowed(tuple(each.suite.name for each in found.suites), unknown)


def _gnutls(values: Sequence[str], tables: Tables) -> Allowed:
    held = gnutls.priorities(":".join(values))
    if held.system:
        return Allowed()  # the system's policy decides, which is looked at elsewhere
    suites = [
        each.suite.name for each in catalog_of(tables.tls.suites).all if gnutls.allows(held, each)
    ]
    protocols = [each for each in tables.protocols if each in held.versions]
    found = (*gnutls.suites_of_13(held), *suites, *protocols, *sorted(held.groups))
    return Allowed(found, held.unknown)


def _suites(values: Sequence[str], tables: Tables) -> Allowed:
    return _by_name(values, lambda word: _one(names.suite(word, tables.tls)))


def _groups(values: Sequence[str], tables: Tables) -> Allowed:
    words = [each for each in _words(values) if each.lower() not in _LEFT_OPEN and each[0] != "-"]
    return _by_name(words, lambda word: _one(names.group(word, tables.tls)))


def _signatures(values: Sequence[str], tables: Tables) -> Allowed:
    return _by_name(values, lambda word: names.signature(word, tables.tls))


def _names(values: Sequence[str], tables: Tables) -> Allowed:
    def find(word: str) -> tuple[str, ...]:
        rule = tables.algorithms.find(word)
        return (rule.name,) if rule is not None else ()

    return _by_name(values, find)


def _proposals(values: Sequence[str], tables: Tables) -> Allowed:
    found, unknown = ike.proposals(values, tables.algorithms)
    return Allowed(tuple(found), tuple(unknown))


def _by_name(values: Sequence[str], find: Callable[[str], tuple[str, ...]]) -> Allowed:
    found: dict[str, None] = {}
    unknown: dict[str, None] = {}
    for word in _words(values):
        meant = find(word)
        found.update(dict.fromkeys(meant))
        if not meant:
            unknown[word] = None
    return Allowed(tuple(found), tuple(unknown))


def _words(values: Sequence[str]) -> list[str]:
    return [word for value in values for word in names.split(value)][:MAX_NAMES]


def _one(name: str | None) -> tuple[str, ...]:
    return (name,) if name is not None else ()


def _of_protocols(
    read: Callable[[Sequence[str], Sequence[str]], tuple[list[str], list[str]]],
) -> Grammar:
    def grammar(values: Sequence[str], tables: Tables) -> Allowed:
        found, unknown = read(values, tables.protocols)
        return Allowed(tuple(found), tuple(unknown))

    return grammar


GRAMMARS: Mapping[str, Grammar] = {
    "openssl-ciphers": _openssl_ciphers,
    "gnutls-priority": _gnutls,
    "suite-names": _suites,
    "groups": _groups,
    "openssl-groups": _groups,
    "signatures": _signatures,
    "names": _names,
    "ike-proposals": _proposals,
    "protocols": _of_protocols(protocols.listed),
    "protocols-on-off": _of_protocols(protocols.on_and_off),
    "protocols-off": _of_protocols(protocols.without),
    "protocols-adding": _of_protocols(protocols.adding),
    "protocols-excluding": _of_protocols(protocols.excluding),
    "protocol-range": _of_protocols(protocols.in_range),
    "protocol-minimum": _of_protocols(
        lambda values, known: protocols.between(values, known, is_minimum=True)
    ),
    "protocol-maximum": _of_protocols(
        lambda values, known: protocols.between(values, known, is_minimum=False)
    ),
}


def allowed(grammar: str, values: Sequence[str], tables: Tables) -> Allowed:
    """What `values` allow, written as `grammar` says."""
    return GRAMMARS[grammar](values, tables)
