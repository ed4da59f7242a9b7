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
from scanner.report.views.assets import WORDS, order_of

_SHOWN = 5
"""Assets of one kind that are shown one by one."""
_NAMES = 4
"""Algorithms of one asset that are shown."""
_AT = 16
_VALUE = 100


def assets(page: Page, found: Sequence[Asset]) -> None:
    """The section; nothing when there is nothing to list."""
    if not found:
        return
    page.heading("Inventory", "cryptography in files, besides the modules above")
    for kind, group in groupby(sorted(found, key=order_of), lambda each: each.kind):
        _kind(page, kind, list(group))


def _kind(page: Page, kind: AssetKind, found: Sequence[Asset]) -> None:
    told = found if page.look.verbose else [each for each in found if _tells(each)]
    shown = told if page.look.verbose else told[: len(shared([""] * len(told), _SHOWN)[0])]
    lines = [_line(each) for each in shown]
    rest = sum(each.count for each in found) - sum(each.count for each in shown)
    if rest:
        lines.append(Text(_rest(kind, found, rest, bool(lines)), style="dim"))
    page.labeled(Text(WORDS[kind][1], style="dim"), lines, indent=2, at=2 + _AT)


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
    text = counted(rest, *((f"more {word}" if more else word) for word in WORDS[kind]))
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
