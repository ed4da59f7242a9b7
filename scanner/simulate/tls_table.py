"""Joins the prober with the rules: what to offer, and what of it is approved."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import replace

from scanner.facts import fact
from scanner.model import Fact, FactKind, TlsEndpoint
from scanner.rules_algorithms import AlgorithmTable, TlsTable
from scanner.simulate.tls import Named, Offers
from scanner.simulate.tls_messages import TLS13


class Approval:
    """Says of TLS names whether they are approved. A name that no rule knows is not."""

    def __init__(self, table: TlsTable) -> None:
        self._protocols = frozenset(each.name for each in table.protocols if each.approved)
        self._suites = frozenset(each.name for each in table.suites if each.approved)
        self._groups = frozenset(each.name for each in table.groups if each.approved)
        self._signatures = frozenset(each.name for each in table.signatures if each.approved)
        self._post_quantum = frozenset(
            each.name
            for kind in (table.groups, table.signatures)
            for each in kind
            if each.post_quantum != "no"
        )

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
        """`endpoint` with those of its names that are not approved, and those that last."""
        unapproved = (
            *(name for name in endpoint.protocols if not self.protocol(name)),
            *(name for name in endpoint.suites if not self.suite(name)),
            *(name for name in endpoint.groups if not self.group(name)),
            *(name for name in endpoint.signatures if not self.signature(name)),
        )
        names = (*endpoint.groups, *endpoint.signatures)
        lasting = tuple(name for name in names if name in self._post_quantum)
        return replace(endpoint, unapproved=unapproved, post_quantum=lasting)


def offers(table: TlsTable, algorithms: AlgorithmTable | None = None) -> Offers:
    """Everything that the rules know, to be offered one by one.

    `algorithms` judges the certificates that a server sends.
    """
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
        algorithms=algorithms or AlgorithmTable(),
    )


def _number(table: TlsTable) -> Callable[[str], int | None]:
    def number(name: str) -> int | None:
        protocol = table.protocol(name)
        return protocol.number if protocol else None

    return number


def endpoint_facts(
    endpoints: Iterable[TlsEndpoint], condition: str, approval: Approval
) -> list[Fact]:
    """What each port accepted, sorted into approved and not, and the certificates it sent."""
    facts: list[Fact] = []
    for each in endpoints:
        facts.append(
            fact(
                FactKind.TLS_ENDPOINT,
                condition=condition,
                port=each.port,
                starttls=each.starttls,
                protocols=each.protocols,
                suites=each.suites,
                groups=each.groups,
                signatures=each.signatures,
                unapproved_protocols=_not(approval.protocol, each.protocols),
                unapproved_suites=_not(approval.suite, each.suites),
                unapproved_groups=_not(approval.group, each.groups),
                unapproved_signatures=_not(approval.signature, each.signatures),
                approved_suites=tuple(filter(approval.suite, each.suites)),
                approved_groups=tuple(filter(approval.group, each.groups)),
                completes_without_ems=_yes_no(each.completes_without_ems),
                resumes_without_ems=_yes_no(each.resumes_without_ems),
                evidence=(f"port {each.port}: {', '.join(each.protocols)}",),
            )
        )
        facts += [
            fact(
                FactKind.TLS_CERTIFICATE,
                condition=condition,
                port=each.port,
                subject=one.subject,
                key=one.key,
                signature=one.signature,
                unapproved=one.unapproved,
                evidence=(f"port {each.port}: {one.subject}, {one.key}, {one.signature}",),
            )
            for one in each.certificates
        ]
    return facts


def _not(approved: Callable[[str], bool], names: Iterable[str]) -> tuple[str, ...]:
    return tuple(name for name in names if not approved(name))


def _yes_no(value: bool | None) -> str:
    return "" if value is None else "yes" if value else "no"
