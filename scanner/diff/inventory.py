"""Compares the rest: assets, gaps, layers, and what is known of the images as a whole."""

from __future__ import annotations

from collections.abc import Iterable
from itertools import zip_longest

from scanner.diff.model import AssetChange, Field, GapChange, Kind, LayerChange
from scanner.diff.places import paired
from scanner.model import Asset, AssetKind, Gap, ImageInfo, LayerInfo, Report


def compare_image(old: ImageInfo, new: ImageInfo) -> tuple[Field, ...]:
    """Operating system, platform, and how many files and layers there are."""
    names = ("digest", "os", "platform", "layers", "files")
    pairs = ((name, str(getattr(old, name)), str(getattr(new, name))) for name in names)
    return tuple(Field(*each) for each in pairs if each[1] != each[2])


def compare_layers(
    old: tuple[LayerInfo, ...], new: tuple[LayerInfo, ...]
) -> tuple[int, tuple[LayerChange, ...]]:
    """How many layers both images have, and those that only one has, lowest first.

    Nothing where a source knows no layers, as a directory.
    """
    before, after = ([each.diff_id for each in side] for side in (old, new))
    if not all(before) or not all(after) or not before or not after:
        return 0, ()
    was, now = set(before), set(after)
    found = [
        *(_layer(Kind.REMOVED, each) for each in old if each.diff_id not in now),
        *(_layer(Kind.ADDED, each) for each in new if each.diff_id not in was),
    ]
    return sum(each in was for each in after), tuple(found)


def _layer(kind: Kind, layer: LayerInfo) -> LayerChange:
    return LayerChange(kind, layer.diff_id, layer.created_by, layer.size)


def compare_assets(old: Report, new: Report) -> tuple[AssetChange, ...]:
    """Certificates, keys, settings, calls … that came, went, or are otherwise than they were.

    Line numbers do not count: they change with every build.
    """
    was, now = _by_path(old.assets), _by_path(new.assets)
    pairing = paired(was, now)
    found = [
        *(change for one, other in pairing.pairs for change in _of_file(was[one], now[other])),
        *(_one(Kind.REMOVED, each) for path in pairing.removed for each in was[path]),
        *(_one(Kind.ADDED, each) for path in pairing.added for each in now[path]),
    ]
    kinds = list(AssetKind)
    found.sort(key=lambda e: (kinds.index(e.asset), not e.own, e.path, e.name, e.kind, e.fields))
    return tuple(found)


def _by_path(assets: Iterable[Asset]) -> dict[str, list[Asset]]:
    groups: dict[str, list[Asset]] = {}
    for each in assets:
        groups.setdefault(each.path, []).append(each)
    return groups


def _of_file(old: Iterable[Asset], new: Iterable[Asset]) -> Iterable[AssetChange]:
    was, now = _by_name(old), _by_name(new)
    for key in {**was, **now}:
        before, after = was.get(key, []), now.get(key, [])
        # Equal ones first: else each would be compared with the next when one was inserted.
        for one, other in zip_longest(*_unequal(before, after)):
            if one is None:
                yield _one(Kind.ADDED, other)
            elif other is None:
                yield _one(Kind.REMOVED, one)
            else:
                fields = tuple(
                    Field(name, then, value)
                    for name, value in _told(other).items()
                    if (then := _told(one)[name]) != value
                )
                yield _asset(Kind.CHANGED, other, fields)


def _unequal(old: Iterable[Asset], new: Iterable[Asset]) -> tuple[list[Asset], list[Asset]]:
    """What is left of both when those that are alike are taken out in pairs."""
    left: dict[tuple[str, ...], list[Asset]] = {}
    for each in old:
        left.setdefault(tuple(_told(each).values()), []).append(each)
    rest = []
    for each in new:
        alike = left.get(tuple(_told(each).values()))
        if alike:
            alike.pop()
        else:
            rest.append(each)
    return [each for group in left.values() for each in group], rest


def _by_name(assets: Iterable[Asset]) -> dict[tuple[str, str], list[Asset]]:
    groups: dict[tuple[str, str], list[Asset]] = {}
    for each in sorted(assets, key=lambda each: (each.line, each.detail)):
        groups.setdefault((each.kind.value, each.name), []).append(each)
    return groups


def _told(asset: Asset) -> dict[str, str]:
    return {
        "detail": asset.detail,
        "count": str(asset.count),
        "algorithms": ", ".join(asset.algorithms),
        "unapproved": ", ".join(asset.unapproved),
    }


def _one(kind: Kind, asset: Asset) -> AssetChange:
    fields = tuple(
        Field(name, *((value, "") if kind is Kind.REMOVED else ("", value)))
        for name, value in _told(asset).items()
        if value and (name, value) != ("count", "1")
    )
    return _asset(kind, asset, fields)


def _asset(kind: Kind, asset: Asset, fields: tuple[Field, ...]) -> AssetChange:
    return AssetChange(
        kind, asset.kind, asset.path, asset.name, fields, asset.unapproved, asset.own
    )


def compare_gaps(old: Report, new: Report) -> tuple[GapChange, ...]:
    """Gaps that opened, closed, or count otherwise."""
    found: list[GapChange] = []
    was, now = gaps_by_subject(old), gaps_by_subject(new)
    for kind in sorted({each for each, _ in (*was, *now)}):
        before = {subject: gap for (each, subject), gap in was.items() if each == kind}
        after = {subject: gap for (each, subject), gap in now.items() if each == kind}
        pairing = paired(before, after)
        found += (_gap(Kind.REMOVED, before[each]) for each in pairing.removed)
        found += (_gap(Kind.ADDED, after[each]) for each in pairing.added)
        for one, other in pairing.pairs:
            if before[one].caps != after[other].caps:
                found.append(_gap(Kind.CHANGED, after[other]))
    found.sort(key=lambda each: (not each.caps, each.kind, each.gap, each.subject))
    return tuple(found)


def gaps_by_subject(report: Report) -> dict[tuple[str, str], Gap]:
    """Kind and subject → the gap. The image itself is called `""`, whatever its tag."""
    found: dict[tuple[str, str], Gap] = {}
    for each in report.gaps:
        subject = "" if each.subject == report.image.reference else each.subject
        key = (each.kind.value, subject)
        # Of two on the same subject, the one that counts.
        if key not in found or each.caps:
            found[key] = each
    return found


def _gap(kind: Kind, gap: Gap) -> GapChange:
    return GapChange(kind, gap.kind, gap.subject, gap.reason, gap.caps)
