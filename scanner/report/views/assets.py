"""The inventory: what its sorts are called, and in which order it is shown.

Lays nothing out.
"""

from __future__ import annotations

from scanner.model import Asset, AssetKind

WORDS: dict[AssetKind, tuple[str, str]] = {
    AssetKind.CODE: ("program", "programs"),
    AssetKind.SETTING: ("setting", "settings"),
    AssetKind.POLICY: ("policy", "policies"),
    AssetKind.PRIVATE_KEY: ("private key", "private keys"),
    AssetKind.CERTIFICATE: ("certificate", "certificates"),
    AssetKind.KEYSTORE: ("keystore", "keystores"),
    AssetKind.PACKAGE: ("package", "packages"),
    AssetKind.SOURCE: ("call", "calls"),
    AssetKind.INTEGRITY: ("module", "integrity"),
}


def order_of(asset: Asset) -> tuple[int, bool, bool, str, int, str]:
    """By sort; then what is the image's own, and what is not approved."""
    return (
        list(AssetKind).index(asset.kind),
        not asset.own,
        not asset.unapproved,
        asset.path,
        asset.line,
        asset.name,
    )
