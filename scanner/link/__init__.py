"""Puts facts together: who uses which module, in which state.

Linkers see all facts, the file tree and the configuration of an image, and nothing else: no
file is opened here and nothing is judged.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable

from scanner.image.view import ImageView
from scanner.link import (
    dotnet,
    elf,
    go,
    hidden,
    integrity,
    java,
    openssl,
    packages,
    policy,
    rust,
    settings,
    start,
    windows,
)
from scanner.link.dependencies import settled
from scanner.link.owners import fill_owners
from scanner.link.world import FactIndex, Linked, World
from scanner.model import CryptoUse, Fact, Gap, ImageConfig
from scanner.rulebook import RuleBook

LINKERS: tuple[Callable[[World], Linked], ...] = (
    start.link,
    openssl.link,
    integrity.link,
    elf.link,
    go.link,
    java.link,
    dotnet.link,
    packages.link,
    rust.link,
    windows.link,
    settings.link,
    policy.link,
)
"""In order: a later linker sees the facts that earlier ones derived."""


def link(
    facts: Iterable[Fact], view: ImageView, config: ImageConfig, rules: RuleBook
) -> tuple[FactIndex, tuple[CryptoUse, ...], tuple[Gap, ...]]:
    """Run all linkers.

    Returns:
        All facts, the given and the derived; the uses of crypto, each once, in order of
        consumer and module; and the gaps.
    """
    world = World(FactIndex(settled(facts, rules)), view, config, rules)
    uses: list[CryptoUse] = []
    gaps: list[Gap] = []
    for run in LINKERS:
        linked = run(world)
        world = world.plus(linked.facts) if linked.facts else world
        uses.extend(linked.uses)
        gaps.extend(linked.gaps)
    gaps.extend(hidden.gaps(world, uses))
    owned = fill_owners(dict.fromkeys(uses), world)
    ordered = sorted(
        owned,
        key=lambda use: (use.consumer, use.module.id, use.module.path, use.kind),
    )
    return world.facts, tuple(ordered), tuple(gaps)
