"""Says whether signed archives of Java's FIPS providers hold what was signed.

Compares what the inspector computed; does not say who signed.
"""

from __future__ import annotations

from collections.abc import Iterator

from scanner.facts import fact
from scanner.link.world import World
from scanner.model import Fact, FactKind


def integrity_states(world: World) -> Iterator[Fact]:
    """INTEGRITY_STATE facts of archives."""
    for each in world.facts.of(FactKind.INTEGRITY):
        if each.text("form") != "jar":
            continue
        code = world.facts.one(FactKind.MODULE_CODE, each.path)
        computed, stored = each.text("computed"), each.text("stored")
        state = "altered" if stored else "missing"
        why = f"not as it was signed: {', '.join(each.evidence)}" if stored else "it is not signed"
        if stored and computed == stored:
            state, why = "intact", "each entry has the digest that was signed"
        yield fact(
            FactKind.INTEGRITY_STATE,
            each.path,
            module=code.text("module") if code else "",
            form="jar",
            state=state,
            stored_in=each.path if stored else "",
            evidence=(f"{each.path}: {why}",),
        )
