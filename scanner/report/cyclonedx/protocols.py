"""TLS as it was seen in the runs, and as configuration allows it: protocols and certificates.

What was accepted only when algorithms were enforced is told apart: that is no state in which
the image runs by itself.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field

from cyclonedx.model.bom_ref import BomRef
from cyclonedx.model.component import Component, ComponentType
from cyclonedx.model.component_evidence import Occurrence
from cyclonedx.model.crypto import (
    CertificateProperties,
    CryptoAssetType,
    CryptoProperties,
    ProtocolProperties,
    ProtocolPropertiesCipherSuite,
    ProtocolPropertiesType,
)

from scanner.model import AssetKind, Report, TlsCertificate
from scanner.report.cyclonedx.algorithms import tables
from scanner.report.cyclonedx.inventory import OWN_RUNS, Inventory
from scanner.report.cyclonedx.materials import day_of
from scanner.report.cyclonedx.values import occurrence, plain, properties, with_evidence
from scanner.report.identity import short_id
from scanner.report.order import in_order, ordered_runs


@dataclass
class _Protocol:
    """One version of TLS in one place."""

    version: str
    where: str
    """`port 8443`, `client`, `configuration`."""
    suites: dict[str, set[str]] = field(default_factory=lambda: defaultdict(set))
    """Cipher suite → the runs in which it was accepted."""
    others: dict[str, set[str]] = field(default_factory=lambda: defaultdict(set))
    """Groups and signature schemes, likewise."""
    runs: dict[str, None] = field(default_factory=dict)
    unapproved: set[str] = field(default_factory=set)
    places: list[Occurrence] = field(default_factory=list)

    @property
    def ref(self) -> str:
        return f"protocol:{short_id(self.version, self.where)}"

    def own(self, seen: Mapping[str, set[str]]) -> list[str]:
        """Those of `seen` that the image accepts by itself, or all if it did not run so."""
        own = set(self.runs) & set(OWN_RUNS)
        return in_order(name for name, runs in seen.items() if not own or runs & own)


def protocols(report: Report, inventory: Inventory) -> Iterator[Component]:
    """A component for each version of TLS on each port, in each client, and in configuration."""
    found: dict[tuple[str, str], _Protocol] = {}

    def at(version: str, where: str) -> _Protocol:
        return found.setdefault((version, where), _Protocol(version, where))

    for run in ordered_runs(report.conditions):
        for endpoint in run.tls:
            for version in endpoint.protocols:
                protocol = at(version, f"port {endpoint.port}")
                context = f"accepted in: {run.name}"
                protocol.places.append(occurrence(f"port {endpoint.port}/tcp", context=context))
                _fill(protocol, run.name, endpoint.suites, endpoint.groups, endpoint.signatures)
                protocol.unapproved.update(endpoint.unapproved)
        for client in run.clients:
            for version in client.protocols:
                protocol = at(version, "client")
                context = f"offered in: {run.name}"
                protocol.places.append(occurrence(client.program or "a program", context=context))
                _fill(protocol, run.name, client.suites, client.groups, client.signatures)
                protocol.unapproved.update(client.unapproved)
    for asset in report.assets:
        if asset.kind in (AssetKind.SETTING, AssetKind.SOURCE):
            for name in asset.algorithms:
                if name.startswith(("TLS 1", "SSL ")):
                    place = occurrence(asset.path, line=asset.line, context=asset.name)
                    protocol = at(name, "configuration")
                    protocol.places.append(place)
                    protocol.unapproved.update(set(asset.unapproved) & {name})
    for _, protocol in sorted(found.items()):
        yield _component(protocol, inventory)


def _fill(protocol: _Protocol, run: str, suites: Iterable[str], *others: Iterable[str]) -> None:
    protocol.runs[run] = None
    for name in suites:
        suite = tables().tls.suite(name)
        # A server accepts each in some version: those that cannot be in this one are not its own.
        if suite is None or protocol.version in suite.protocols:
            protocol.suites[name].add(run)
    for names in others:
        for name in names:
            protocol.others[name].add(run)


def _component(protocol: _Protocol, inventory: Inventory) -> Component:
    ref = protocol.ref
    others = [inventory.add(name, of=ref) for name in protocol.own(protocol.others)]
    unapproved = protocol.unapproved & {protocol.version, *protocol.suites, *protocol.others}
    component = Component(
        type=ComponentType.CRYPTOGRAPHIC_ASSET,
        name=f"{plain(protocol.version)} ({protocol.where})",
        bom_ref=ref,
        crypto_properties=CryptoProperties(
            asset_type=CryptoAssetType.PROTOCOL,
            protocol_properties=ProtocolProperties(
                type=ProtocolPropertiesType.TLS,
                version=plain(protocol.version.removeprefix("TLS ")),
                cipher_suites=[
                    _suite(name, ref, inventory) for name in protocol.own(protocol.suites)
                ],
                crypto_refs=[BomRef(each) for each in dict.fromkeys(others)],
            ),
        ),
        properties=properties(
            *(("run", run) for run in protocol.runs),
            *(("unapproved", name) for name in in_order(unapproved)),
            *(
                ("accepted-when-enforced", name)
                for name, runs in sorted((*protocol.suites.items(), *protocol.others.items()))
                if "enforced" in runs
            ),
        ),
    )
    return with_evidence(component, protocol.places)


def _suite(name: str, of: str, inventory: Inventory) -> ProtocolPropertiesCipherSuite:
    return ProtocolPropertiesCipherSuite(
        name=plain(name),
        algorithms=[BomRef(each) for each in dict.fromkeys(inventory.add_suite(name, of=of))],
        identifiers=code_of(name),
    )


def code_of(name: str) -> list[str]:
    """The two bytes that stand for a cipher suite on the wire; nothing where it is unknown."""
    suite = tables().tls.suite(name)
    return [f"0x{suite.number >> 8:02X}", f"0x{suite.number & 255:02X}"] if suite else []


def served_certificates(report: Report, inventory: Inventory) -> Iterator[Component]:
    """A component for each certificate that a server sent."""
    places: dict[TlsCertificate, dict[int, dict[str, None]]] = {}
    for run in ordered_runs(report.conditions):
        for endpoint in run.tls:
            for each in endpoint.certificates:
                ports = places.setdefault(each, {})
                ports.setdefault(endpoint.port, {})[run.name] = None
    for certificate, seen in places.items():
        ref = f"certificate:{short_id(*map(str, _told(certificate)))}"
        signature = inventory.add(certificate.signature, of=ref) if certificate.signature else ""
        if certificate.key:
            inventory.add(certificate.key, of=ref)
        component = Component(
            type=ComponentType.CRYPTOGRAPHIC_ASSET,
            name=plain(certificate.subject) or "certificate",
            bom_ref=ref,
            crypto_properties=CryptoProperties(
                asset_type=CryptoAssetType.CERTIFICATE,
                certificate_properties=CertificateProperties(
                    subject_name=plain(certificate.subject) or None,
                    not_valid_after=day_of(certificate.not_after),
                    signature_algorithm_ref=BomRef(signature) if signature else None,
                    certificate_format="X.509",
                ),
            ),
            properties=properties(
                ("key", certificate.key),
                *(("unapproved", each) for each in certificate.unapproved),
            ),
        )
        yield with_evidence(
            component,
            (
                occurrence(f"port {port}/tcp", context=f"sent in: {', '.join(runs)}")
                for port, runs in sorted(seen.items())
            ),
        )


def _told(certificate: TlsCertificate) -> tuple[str, ...]:
    return (
        *("sent", certificate.subject, certificate.key, certificate.signature),
        *(certificate.not_after, *certificate.unapproved),
    )
