"""What is shown of TLS, runs, the inventory and gaps: the same in several runs told once."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from scanner.diff.model import AssetChange, Field, GapChange, Kind, RunChange, TlsChange
from scanner.report.comparison.view_values import (
    MARKS,
    Item,
    Lists,
    Section,
    Tone,
    arrow,
    shortened,
    some,
)
from scanner.report.page import counted

_DETAIL = 100
_PARTS = {
    "port": "speaks TLS",
    "protocol": "protocols",
    "suite": "suites",
    "group": "groups",
    "signature": "signatures",
    "certificate": "certificate",
    "without-ems": "TLS 1.2 without extended master secret",
    "error": "incomplete picture",
}


def tls(changes: Sequence[TlsChange]) -> list[Section]:
    """A section for each port that changed."""
    found = []
    for port in sorted({each.port for each in changes}):
        together: dict[tuple[object, ...], list[TlsChange]] = {}
        for each in changes:
            if each.port == port:
                key = (each.part, each.added, each.removed)
                together.setdefault(key, []).append(each)
        items = [item for group in together.values() for item in _tls(group)]
        found.append(Section(f"TLS on port {port}", tuple(items)))
    return found


def _tls(group: Sequence[TlsChange]) -> Iterable[Item]:
    first = group[0]
    label = f"{_PARTS[first.part]} in {_and(each.condition for each in group)}"
    if first.part in ("certificate", "without-ems", "error"):
        text = _turn(first.removed, first.added)
        yield Item(MARKS[Kind.CHANGED], label, text)
        return
    bad = set(first.unapproved)
    for kind, names in ((Kind.ADDED, first.added), (Kind.REMOVED, first.removed)):
        if not names:
            continue
        wrong = tuple(each for each in names if each in bad)
        if first.part == "port":
            text = "new" if kind is Kind.ADDED else "no longer"
            lists = (("not approved", first.unapproved),)
            yield Item(MARKS[kind], label, text, lists=lists)
            continue
        yield Item(
            MARKS[kind],
            label,
            counted(len(names), first.part),
            tone="" if not wrong else "bad" if kind is Kind.ADDED else "good",
            lists=(
                ("not approved", wrong),
                ("approved", tuple(each for each in names if each not in bad)),
            ),
        )


def runs(changes: Sequence[RunChange]) -> Section | None:
    """The section; nothing when the runs went as before."""
    together: dict[tuple[object, ...], list[RunChange]] = {}
    for each in changes:
        together.setdefault((each.what, each.added, each.removed), []).append(each)
    items = [item for group in together.values() for item in _run(group)]
    return Section("Runs", tuple(items), "how the container did") if items else None


_TONES = {"breaks": 1, "leaks": 1, "log": 1, "unapproved call": 1, "restricts": -1}


def _run(group: Sequence[RunChange]) -> Iterable[Item]:
    first = group[0]
    label = f"{first.what} in {_and(each.condition for each in group)}"
    if first.what in ("end", "health"):
        text = _turn(first.removed, first.added)
        yield Item(MARKS[Kind.CHANGED], label, text)
        return
    weight = _TONES.get(first.what, 0)
    for kind, names in ((Kind.ADDED, first.added), (Kind.REMOVED, first.removed)):
        if names:
            sign = weight if kind is Kind.ADDED else -weight
            tone: Tone = "bad" if sign > 0 else "good" if sign < 0 else ""
            one = names[0] if len(names) == 1 else f"{len(names)}"
            lists: Lists = (("", names),) if len(names) > 1 else ()
            yield Item(MARKS[kind], label, one, tone=tone, lists=lists)


def assets(changes: Sequence[AssetChange]) -> Section | None:
    """The section: its own one by one, many of a file and those that came with others counted."""
    groups: dict[tuple[object, ...], list[AssetChange]] = {}
    for each in changes:
        key: tuple[object, ...] = (each.asset, each.kind, each.own)
        if each.own:
            key = (*key, each.path, each if each.kind is Kind.CHANGED else None)
        groups.setdefault(key, []).append(each)
    items = [_several(each) if len(each) > 1 else _one(each[0]) for each in groups.values()]
    return Section("Inventory", tuple(items)) if items else None


def _several(group: Sequence[AssetChange]) -> Item:
    first = group[0]
    wrong = tuple(dict.fromkeys(name for each in group for name in each.unapproved))
    places = tuple(dict.fromkeys(each.path for each in group))
    names = tuple(dict.fromkeys(each.name for each in group))
    where = f"in {first.path}" if len(places) == 1 else f"in {len(places)} files"
    text = f"{len(group)} {where}" + ("" if first.own else ", not the image's own")
    lists = (("not approved", wrong), ("", names if len(places) == 1 else places))
    return Item(MARKS[first.kind], first.asset.value, text, _asset_tone(first, wrong), lists=lists)


def _one(change: AssetChange) -> Item:
    fields = {each.name: each for each in change.fields}
    lists: Lists = (("not approved", change.unapproved),) if change.kind is Kind.ADDED else ()
    return Item(
        MARKS[change.kind],
        change.asset.value,
        f"{change.path}  {change.name}",
        _asset_tone(change, change.unapproved),
        tuple(_asset(change.kind, fields)),
        lists,
    )


def _asset_tone(change: AssetChange, wrong: Sequence[str]) -> Tone:
    return "bad" if wrong and change.own and change.kind is Kind.ADDED else ""


def _asset(kind: Kind, fields: dict[str, Field]) -> Iterable[str]:
    for name in ("detail", "count", "unapproved"):
        if name in fields and kind is Kind.CHANGED:
            field = fields[name]
            word = {"detail": "", "count": "times ", "unapproved": "not approved: "}[name]
            yield f"{word}{arrow(Field(name, _cut(field.old), _cut(field.new)))}"
        elif name == "detail" and name in fields:
            yield _cut(fields[name].new or fields[name].old)


def _cut(text: str) -> str:
    return shortened(text, _DETAIL)


def _turn(old: Sequence[str], new: Sequence[str]) -> str:
    was, now = (some(each, ", ", _DETAIL) or "none" for each in (old, new))
    return f"{was} -> {now}"


def gaps(changes: Sequence[GapChange]) -> Section | None:
    """The section; nothing when the same was looked at."""
    together: dict[tuple[object, ...], list[GapChange]] = {}
    for each in changes:
        together.setdefault((each.kind, each.reason, each.caps), []).append(each)
    items = []
    for group in together.values():
        first = group[0]
        word = {Kind.ADDED: "new", Kind.REMOVED: "looked at now"}.get(
            first.kind, "now keeps from ready" if first.caps else "keeps from nothing now"
        )
        items.append(
            Item(
                MARKS[first.kind],
                word,
                first.reason,
                tone="" if not first.caps else "bad" if first.kind is not Kind.REMOVED else "good",
                lists=(("", tuple(each.subject for each in group)),),
            )
        )
    return Section("Not looked at", tuple(items)) if items else None


def _and(names: Iterable[str]) -> str:
    *most, last = dict.fromkeys(names)
    return f"{', '.join(most)} and {last}" if most else last
