"""Puts facts together: who uses which module, in which state.

Linkers see all facts, the file tree and the configuration of an image, and nothing else: no
file is opened here and nothing is judged.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator

from scanner.image.view import ImageView
from scanner.link import dotnet, elf, go, java, openssl, start
from scanner.link.owners import fill_owners
from scanner.link.world import FactIndex, Linked, World
from scanner.model import CryptoUse, Fact, FactKind, Gap, GapKind, ImageConfig
from scanner.rulebook import RuleBook

LINKERS: tuple[Callable[[World], Linked], ...] = (
    start.link,
    openssl.link,
    elf.link,
    go.link,
    java.link,
    dotnet.link,
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
    index = FactIndex(facts)
    uses: list[CryptoUse] = []
    gaps: list[Gap] = []
    for run in LINKERS:
        linked = run(World(index, view, config, rules))
        index = index.plus(linked.facts) if linked.facts else index
        uses.extend(linked.uses)
        gaps.extend(linked.gaps)
    gaps.extend(_loadable_by_hand(index, uses))
    owned = fill_owners(dict.fromkeys(uses), World(index, view, config, rules))
    ordered = sorted(
        owned,
        key=lambda use: (use.consumer, use.module.id, use.module.path, use.kind),
    )
    return index, tuple(ordered), tuple(gaps)


def _loadable_by_hand(facts: FactIndex, uses: Iterable[CryptoUse]) -> Iterator[Gap]:
    """Crypto libraries that nothing names: a program may still load them with dlopen."""
    elves = facts.of(FactKind.ELF)
    named = {name.rpartition("/")[2] for each in elves for name in each.texts("needed")}
    explained = {use.module.path for use in uses} | {
        use.library.path for use in uses if use.library is not None
    }
    paths = {each.path for each in elves}
    for each in facts.of(FactKind.MODULE_CODE):
        if each.text("form") != "library" or each.path in explained or each.path not in paths:
            continue
        if not named.isdisjoint({each.path.rpartition("/")[2], each.text("soname")}):
            continue
        yield Gap(
            GapKind.NOT_VERIFIED,
            each.path,
            f"a {each.text('module')} library that no program names; one may load it by hand "
            "(dlopen), which the files do not show",
        )
