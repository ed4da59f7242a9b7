"""Joins the prober with the rules: what to offer, and what of it is approved."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import replace

from scanner.facts import fact
from scanner.model import Fact, FactKind, TlsEndpoint
from scanner.rulebook import TlsTable
from scanner.simulate.tls import Named, Offers
from scanner.simulate.tls_messages import TLS13


class Approval:
    """Says of TLS names whether they are approved. A name that no rule knows is not."""

    def __init__(self, table: TlsTable) -> None:
        self._protocols = frozenset(each.name for each in table.protocols if each.approved)
        self._suites = frozenset(each.name for each in table.suites if each.approved)
        self._groups = frozenset(each.name for each in table.groups if each.approved)
        self._signatures = frozenset(each.name for each in table.signatures if each.approved)

    def protocol(self, name: str) -> bool:
        """Whether the protocol version `name` is approved."""
        return name in self._protocols

    def suite(self, name: str) -> bool:
        """Whether the cipher suite `name` is approved."""
        return name in self._suites

    def group(self, name: str) -> bool:
        """Whether the key-exchange group `name` is approved."""
        return name in self._groups

    def signature(self, name: str) -> bool:
        """Whether the signature scheme `name` is approved."""
        return name in self._signatures

    def marked(self, endpoint: TlsEndpoint) -> TlsEndpoint:
        """`endpoint` with those of its names that are not approved."""
        unapproved = (
            *(name for name in endpoint.protocols if not self.protocol(name)),
            *(name for name in endpoint.suites if not self.suite(name)),
            *(name for name in endpoint.groups if not self.group(name)),
            *(name for name in endpoint.signatures if not self.signature(name)),
        )
        return replace(endpoint, unapproved=unapproved)


def offers(table: TlsTable) -> Offers:
    """Everything that the rules know, to be offered one by one."""
    number = _number(table)
    suites, signatures = (
        [
            Named(each.number, each.name, tuple(filter(None, map(number, each.protocols))))
            for each in kind
        ]
        for kind in (table.suites, table.signatures)
    )
    return Offers(
        suites=tuple(each for each in suites if TLS13 not in each.versions),
        suites13=tuple(each for each in suites if TLS13 in each.versions),
        groups=tuple(Named(each.number, each.name) for each in table.groups),
        signatures=tuple(signatures),
    )


def _number(table: TlsTable) -> Callable[[str], int | None]:
    def number(name: str) -> int | None:
        protocol = table.protocol(name)
        return protocol.number if protocol else None

    return number


def endpoint_facts(
    endpoints: Iterable[TlsEndpoint], condition: str, approval: Approval
) -> list[Fact]:
    """What each port accepted, sorted into approved and not."""
    return [
        fact(
            FactKind.TLS_ENDPOINT,
            condition=condition,
            port=each.port,
            protocols=each.protocols,
            suites=each.suites,
            groups=each.groups,
            unapproved_protocols=tuple(p for p in each.protocols if not approval.protocol(p)),
            unapproved_suites=tuple(s for s in each.suites if not approval.suite(s)),
            unapproved_groups=tuple(g for g in each.groups if not approval.group(g)),
            approved_suites=tuple(s for s in each.suites if approval.suite(s)),
            approved_groups=tuple(g for g in each.groups if approval.group(g)),
            evidence=(f"port {each.port}: {', '.join(each.protocols)}",),
        )
        for each in endpoints
    ]
