"""Makes the inventory of a report from facts: settings, keys, packages, calls, algorithms.

Judges nothing and opens no file.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping

from scanner.model import Asset, AssetKind, Fact, FactKind, Gap, GapKind

MAX_ASSETS = 5_000
"""Of one kind in a report; the rest is counted."""

_CRYPTO = {"own": "computes by itself", "binding": "calls a module", "protocol": "a protocol"}


def inventory(facts: Iterable[Fact]) -> tuple[tuple[Asset, ...], tuple[Gap, ...]]:
    """The assets that `facts` tell of, in order, and gaps for those that are too many."""
    made: dict[AssetKind, dict[Asset, None]] = {kind: {} for kind in AssetKind}
    left_out: dict[AssetKind, int] = {}
    told = [each for each in facts if each.kind in _MAKERS]
    settings = {_place(each) for each in told if each.kind is FactKind.SETTING_IN_EFFECT}
    for each in told:
        if each.kind is FactKind.SYSTEM_POLICY and _place(each) in settings:
            continue
        for asset in _MAKERS[each.kind](each):
            same = made[asset.kind]
            if len(same) < MAX_ASSETS or asset in same:
                same[asset] = None
            else:
                left_out[asset.kind] = left_out.get(asset.kind, 0) + 1
    gaps = tuple(
        Gap(
            GapKind.TOO_MANY,
            "",
            f"the inventory leaves out {count:,} more of the kind {kind}",
            caps=False,
        )
        for kind, count in left_out.items()
    )
    assets = tuple(
        each for kind in AssetKind for each in sorted(made[kind], key=lambda a: (a.path, a.line))
    )
    return assets, gaps


def _place(fact: Fact) -> tuple[str, int]:
    return fact.path, fact.number("line")


def _setting(fact: Fact) -> Iterator[Asset]:
    block = fact.text("block")
    yield Asset(
        AssetKind.SETTING,
        fact.path,
        fact.text("directive"),
        detail=f"{fact.text('value')}{f', in {block}' if block else ''}",
        line=fact.number("line"),
        algorithms=fact.texts("algorithms") + fact.texts("unknown"),
        unapproved=fact.texts("unapproved"),
        own=fact.text("reached") != "no",
    )


def _policy(fact: Fact) -> Iterator[Asset]:
    yield Asset(
        AssetKind.POLICY,
        fact.path,
        f"{fact.text('component')} {fact.text('name')}".strip(),
        detail="" if fact.texts("unapproved") == (fact.text("value"),) else fact.text("value"),
        line=fact.number("line"),
        unapproved=fact.texts("unapproved"),
    )


def _private_key(fact: Fact) -> Iterator[Asset]:
    encrypted = fact.text("encrypted")
    yield Asset(
        AssetKind.PRIVATE_KEY,
        fact.path,
        fact.text("key") or "encrypted key",
        detail=f"{fact.text('form')}{f', encrypted: {encrypted}' if encrypted else ''}",
        unapproved=fact.texts("unapproved"),
        own=not fact.flag("sample"),
    )


def _certificate(fact: Fact) -> Iterator[Asset]:
    parts = [fact.text("purpose"), f"until {fact.text('expires')}" if fact.text("expires") else ""]
    yield Asset(
        AssetKind.CERTIFICATE,
        fact.path,
        fact.text("subject"),
        detail=", ".join(part for part in parts if part),
        count=max(1, fact.number("count")),
        algorithms=_named(fact.text("key"), fact.text("signature")),
        unapproved=fact.texts("unapproved"),
        own=fact.text("purpose") != "ca-bundle" and not fact.flag("sample"),
    )


def _keystore(fact: Fact) -> Iterator[Asset]:
    entries = fact.number("entries")
    counted = "1 entry" if entries == 1 else f"{entries} entries"
    unapproved = fact.texts("unapproved")
    yield Asset(
        AssetKind.KEYSTORE,
        fact.path,
        fact.text("form"),
        detail=", ".join(_named(counted, "" if unapproved else fact.text("protection"))),
        unapproved=unapproved,
        own=not fact.flag("sample"),
    )


def _package(fact: Fact) -> Iterator[Asset]:
    parts = [fact.text("ecosystem"), _CRYPTO.get(fact.text("crypto"), ""), *fact.texts("features")]
    yield Asset(
        AssetKind.PACKAGE,
        fact.path,
        f"{fact.text('name')} {fact.text('version')}".strip(),
        detail=", ".join(part for part in parts if part),
        own=not fact.flag("tool"),
    )


def _source(fact: Fact) -> Iterator[Asset]:
    algorithm = fact.text("algorithm")
    yield Asset(
        AssetKind.SOURCE,
        fact.path,
        fact.text("api"),
        detail=fact.text("package"),
        line=fact.number("line"),
        count=max(1, fact.number("count")),
        algorithms=_named(algorithm),
        unapproved=_named(algorithm) if fact.text("approved") == "no" else (),
        own=fact.flag("own"),
    )


def _integrity(fact: Fact) -> Iterator[Asset]:
    stored_in = fact.text("stored_in")
    yield Asset(
        AssetKind.INTEGRITY,
        fact.path,
        fact.text("module"),
        detail=fact.text("state") + (f", by {stored_in}" if stored_in else ""),
    )


def _go(fact: Fact) -> Iterator[Asset]:
    algorithms = fact.texts("algorithms")
    if algorithms:
        yield Asset(
            AssetKind.CODE,
            fact.path,
            f"Go {fact.text('go_version')}".strip(),
            detail="; ".join(_named(_only_for_tls(fact), ", ".join(fact.texts("callers")))),
            algorithms=algorithms,
            unapproved=fact.texts("unapproved"),
        )


def _static_library(fact: Fact) -> Iterator[Asset]:
    if fact.text("form") == "static-library":
        detail = "static library, for programs that are linked with it"
        for module in fact.texts("members"):
            yield Asset(AssetKind.CODE, fact.path, module, detail=detail)


def _only_for_tls(fact: Fact) -> str:
    only = [name for name in fact.texts("unapproved") if name in fact.texts("tls_only")]
    if not only:
        return ""
    named = "" if len(only) == len(fact.texts("unapproved")) else f": {', '.join(only)}"
    return f"for TLS only{named}"


def _named(*names: str) -> tuple[str, ...]:
    return tuple(name for name in names if name)


_MAKERS: Mapping[FactKind, Callable[[Fact], Iterator[Asset]]] = {
    FactKind.SETTING_IN_EFFECT: _setting,
    FactKind.SYSTEM_POLICY: _policy,
    FactKind.PRIVATE_KEY: _private_key,
    FactKind.CERTIFICATE: _certificate,
    FactKind.KEYSTORE: _keystore,
    FactKind.LANGUAGE_PACKAGE: _package,
    FactKind.SOURCE_CALL: _source,
    FactKind.INTEGRITY_STATE: _integrity,
    FactKind.GO_BUILD: _go,
    FactKind.ARCHIVE: _static_library,
}
