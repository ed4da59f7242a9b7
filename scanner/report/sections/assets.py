"""The inventory: where cryptography shows in files, besides the modules that programs use.

What is not approved is shown line by line; the rest is counted, and listed with `--verbose`.
Judges nothing: what matters of it is a finding.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import groupby

from rich.text import Text

from scanner.model import Asset, AssetKind
from scanner.report.escape import visible
from scanner.report.page import Page, counted, shared

_SHOWN = 5
"""Assets of one kind that are shown one by one."""
_NAMES = 4
"""Algorithms of one asset that are shown."""
_AT = 16
_VALUE = 100

_WORDS: dict[AssetKind, tuple[str, str]] = {
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


def assets(page: Page, found: Sequence[Asset]) -> None:
    """The section; nothing when there is nothing to list."""
    if not found:
        return
    page.heading("Inventory", "cryptography in files, besides the modules above")
    for kind, group in groupby(sorted(found, key=_order), lambda each: each.kind):
        _kind(page, kind, list(group))


def _order(asset: Asset) -> tuple[int, bool, bool, str, int, str]:
    return (
        list(AssetKind).index(asset.kind),
        not asset.own,
        not asset.unapproved,
        asset.path,
        asset.line,
        asset.name,
    )


def _kind(page: Page, kind: AssetKind, found: Sequence[Asset]) -> None:
    told = found if page.look.verbose else [each for each in found if _tells(each)]
    shown = told if page.look.verbose else told[: len(shared([""] * len(told), _SHOWN)[0])]
    lines = [_line(each) for each in shown]
    rest = sum(each.count for each in found) - sum(each.count for each in shown)
    if rest:
        lines.append(Text(_rest(kind, found, rest, bool(lines)), style="dim"))
    page.labeled(Text(_WORDS[kind][1], style="dim"), lines, indent=2, at=2 + _AT)


def _tells(asset: Asset) -> bool:
    """Whether it is worth a line of its own: of its own, and not quite as it should be."""
    if not asset.own:
        return False
    if asset.kind in (AssetKind.CODE, AssetKind.PRIVATE_KEY, AssetKind.PACKAGE):
        return True
    if asset.kind is AssetKind.INTEGRITY:
        return not asset.detail.startswith("intact")
    return bool(asset.unapproved)


def _rest(kind: AssetKind, found: Sequence[Asset], rest: int, more: bool) -> str:
    if kind is AssetKind.INTEGRITY:
        return f"{'and ' if more else ''}{counted(rest, 'module')} as its checksum says"
    text = counted(rest, *((f"more {word}" if more else word) for word in _WORDS[kind]))
    unapproved = sum(bool(each.unapproved) for each in found)
    hidden = f"{'and ' if more else ''}{text}"
    return hidden if unapproved else f"{hidden}, nothing unapproved seen in them"


def _line(asset: Asset) -> Text:
    place = visible(asset.path) + (f":{asset.line}" if asset.line else "")
    text = Text(f"{place}  ")
    text.append(visible(asset.name))
    if asset.count > 1:
        text.append(f" × {asset.count}", style="dim")
    names = asset.unapproved or asset.algorithms
    if names:
        first, more = shared(names, _NAMES)
        listed = ", ".join(visible(each) for each in first) + (f" and {more} more" if more else "")
        text.append(": ")
        text.append(listed, style="yellow" if asset.unapproved else "")
    if asset.detail:
        text.append(f" ({visible(asset.detail, _VALUE)})", style="dim")
    return text
