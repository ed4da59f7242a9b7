"""Certificates, private keys and keystores in files, and packages that bring cryptography.

Of keys there is a type and a size and never a byte, as the report has none either.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from datetime import UTC, datetime

from cyclonedx.model.bom_ref import BomRef
from cyclonedx.model.component import Component, ComponentType
from cyclonedx.model.crypto import (
    CertificateProperties,
    CryptoAssetType,
    CryptoProperties,
    RelatedCryptoMaterialProperties,
    RelatedCryptoMaterialType,
)

from scanner.model import Asset, AssetKind, Report
from scanner.report.cyclonedx.image import language_purl
from scanner.report.cyclonedx.inventory import Inventory
from scanner.report.cyclonedx.values import occurrence, plain, properties, with_evidence
from scanner.report.identity import short_id

_DAY = re.compile(r"(?:^|until )(\d{4}-\d{2}-\d{2})\Z")
_SIZE = re.compile(r"(?:RSA|DSA|DH) (\d{3,5})")


def materials(report: Report, inventory: Inventory) -> Iterator[Component]:
    """A component for each asset of a kind that CycloneDX knows, in the report's order."""
    made: dict[str, Component] = {}
    for asset in report.assets:
        make = _MAKERS.get(asset.kind)
        if make is not None:
            component = make(asset, inventory)
            # Two that do not differ in anything told are one.
            made.setdefault(str(component.bom_ref), component)
    yield from made.values()


def _ref(kind: str, asset: Asset) -> str:
    parts = (asset.path, asset.name, asset.detail, str(asset.line), *asset.algorithms)
    return f"{kind}:{short_id(*parts)}"


def _common(asset: Asset) -> Iterator[tuple[str, object]]:
    yield "own", "yes" if asset.own else "no"
    yield "count", asset.count if asset.count > 1 else None
    for each in asset.unapproved:
        yield "unapproved", each


def _certificate(asset: Asset, inventory: Inventory) -> Component:
    ref = _ref("certificate", asset)
    # Of several the report names one subject and the first end.
    one = asset.count == 1
    signed = [each for each in asset.algorithms if " with " in each]
    keys = [each for each in asset.algorithms if " with " not in each]
    component = Component(
        type=ComponentType.CRYPTOGRAPHIC_ASSET,
        name=plain(asset.name) or "certificate",
        bom_ref=ref,
        crypto_properties=CryptoProperties(
            asset_type=CryptoAssetType.CERTIFICATE,
            certificate_properties=CertificateProperties(
                subject_name=plain(asset.name) if one and asset.name else None,
                not_valid_after=day_of(asset.detail) if one else None,
                signature_algorithm_ref=_added(inventory, signed, ref),
                certificate_format="X.509",
            ),
        ),
        properties=properties(("detail", asset.detail), *_common(asset)),
    )
    _added(inventory, keys, ref)
    return with_evidence(component, [occurrence(asset.path, line=asset.line)])


def _added(inventory: Inventory, names: Iterable[str], of: str) -> BomRef | None:
    """The reference of the first of `names`, all noted as what `of` is made with."""
    refs = [inventory.add(name, of=of) for name in names]
    return BomRef(refs[0]) if refs else None


def day_of(detail: str) -> datetime | None:
    """The day in `server, until 2030-12-31`, or in the date alone."""
    found = _DAY.search(detail)
    if found is None:
        return None
    try:
        return datetime.fromisoformat(found[1]).replace(tzinfo=UTC)
    except ValueError:  # a certificate may say what it likes
        return None


def _private_key(asset: Asset, inventory: Inventory) -> Component:
    ref = _ref("key", asset)
    form, _, encrypted = asset.detail.partition(", encrypted: ")
    size = _SIZE.fullmatch(asset.name)
    known = inventory.knows(asset.name)
    algorithm = inventory.add(asset.name, of=ref) if known else ""
    component = Component(
        type=ComponentType.CRYPTOGRAPHIC_ASSET,
        name=plain(asset.path),
        bom_ref=ref,
        crypto_properties=CryptoProperties(
            asset_type=CryptoAssetType.RELATED_CRYPTO_MATERIAL,
            related_crypto_material_properties=RelatedCryptoMaterialProperties(
                type=RelatedCryptoMaterialType.PRIVATE_KEY,
                algorithm_ref=BomRef(algorithm) if algorithm else None,
                size=int(size[1]) if size else None,
                format=plain(form) or None,
            ),
        ),
        properties=properties(
            ("key", asset.name), ("encrypted", encrypted or "no"), *_common(asset)
        ),
    )
    return with_evidence(component, [occurrence(asset.path, line=asset.line)])


def _keystore(asset: Asset, inventory: Inventory) -> Component:
    del inventory
    component = Component(
        type=ComponentType.CRYPTOGRAPHIC_ASSET,
        name=plain(asset.path),
        bom_ref=_ref("keystore", asset),
        crypto_properties=CryptoProperties(
            asset_type=CryptoAssetType.RELATED_CRYPTO_MATERIAL,
            # Whether it holds keys or certificates alone is not told.
            related_crypto_material_properties=RelatedCryptoMaterialProperties(
                type=RelatedCryptoMaterialType.OTHER, format=plain(asset.name) or None
            ),
        ),
        properties=properties(("keystore", asset.detail), *_common(asset)),
    )
    return with_evidence(component, [occurrence(asset.path)])


def _package(asset: Asset, inventory: Inventory) -> Component:
    del inventory
    name, _, version = asset.name.rpartition(" ")
    if not name:
        name, version = asset.name, ""
    ecosystem, _, what = asset.detail.partition(", ")
    component = Component(
        type=ComponentType.LIBRARY,
        name=plain(name) or "unknown",
        version=plain(version) or None,
        bom_ref=_ref("package", asset),
        purl=language_purl(ecosystem, name, version),
        properties=properties(("package:cryptography", what), *_common(asset)),
    )
    return with_evidence(component, [occurrence(asset.path)])


_MAKERS: Mapping[AssetKind, Callable[[Asset, Inventory], Component]] = {
    AssetKind.CERTIFICATE: _certificate,
    AssetKind.PRIVATE_KEY: _private_key,
    AssetKind.KEYSTORE: _keystore,
    AssetKind.PACKAGE: _package,
}
