"""Says which Rust programs compute with crates of their own, and whether these only hash.

Works on what the programs themselves name; modules that crates link in have fingerprints, and
`scanner.link.elf` speaks of them. Judges nothing.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator

from scanner.link.elf import Purpose
from scanner.link.world import Linked, World
from scanner.model import Activation, CryptoUse, Fact, FactKind, Module, UseKind

RUSTCRYPTO = "rustcrypto"
_MAX_EVIDENCE = 12


def link(world: World) -> Linked:
    """A use for each program with such crates."""
    crates: defaultdict[str, list[Fact]] = defaultdict(list)
    for each in world.facts.of(FactKind.LANGUAGE_PACKAGE):
        if each.text("ecosystem") == "cargo" and each.text("module") == RUSTCRYPTO:
            crates[each.path].append(each)
    return Linked(uses=tuple(_uses(world, crates)))


def _uses(world: World, crates: dict[str, list[Fact]]) -> Iterator[CryptoUse]:
    rule = world.rules.modules.get(RUSTCRYPTO)
    for path, found in sorted(crates.items()):
        linked = [each for each in found if each.text("shown_by") == "code"]
        yield CryptoUse(
            consumer=path,
            kind=UseKind.STATIC,
            module=Module(RUSTCRYPTO, rule.name if rule else RUSTCRYPTO, path=path),
            activation=Activation.NONE,
            activation_reason="these crates have no approved mode",
            purpose=_purpose(world, linked),
            evidence=tuple(_named(linked or found)),
        )


def _purpose(world: World, linked: list[Fact]) -> Purpose:
    if not linked:
        return "unknown"
    names = {name for each in linked for name in each.texts("algorithms")}
    kinds = {rule.kind for name in names if (rule := world.rules.algorithms.find(name))}
    return "hash-only" if kinds == {"digest"} else "crypto"


def _named(crates: Iterable[Fact]) -> Iterator[str]:
    for number, each in enumerate(crates):
        if number == _MAX_EVIDENCE:
            yield "and more"
            return
        yield f"{each.text('name')} {each.text('version')}"
