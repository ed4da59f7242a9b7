"""Says which packages that compute in interpreted code the image's own code imports.

No file of machine code shows such a package, so without this an image could seem to use none.
Opens no file and judges nothing.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping

from scanner.link.world import Linked, World
from scanner.model import Activation, CryptoUse, Fact, FactKind, Module, UseKind

MODULE = "interpreted-code"
IMPORT = "import "
MAX_EVIDENCE = 4


def link(world: World) -> Linked:
    """A use for each installed package that own code imports, by the first file that does."""
    importers = _importers(world)
    if not importers:
        return Linked()
    uses = []
    for package in world.facts.of(FactKind.LANGUAGE_PACKAGE):
        key = (package.text("ecosystem"), package.text("name"))
        if package.text("code") == "interpreted" and not package.flag("tool") and key in importers:
            uses.append(_use(package, importers.pop(key)))
    return Linked(uses=tuple(uses))


def _importers(world: World) -> dict[tuple[str, str], tuple[Fact, ...]]:
    ecosystems: Mapping[str, str] = {
        rule.language: rule.ecosystem for rule in world.rules.sources if rule.ecosystem
    }
    found: defaultdict[tuple[str, str], list[Fact]] = defaultdict(list)
    for call in world.facts.of(FactKind.SOURCE_CALL):
        api = call.text("api")
        if call.flag("own") and api.startswith(IMPORT) and call.text("language") in ecosystems:
            ecosystem = ecosystems[call.text("language")]
            found[ecosystem, api.removeprefix(IMPORT)].append(call)
    return {key: tuple(sorted(calls, key=lambda each: each.path)) for key, calls in found.items()}


def _use(package: Fact, calls: tuple[Fact, ...]) -> CryptoUse:
    name = package.text("name")
    return CryptoUse(
        consumer=calls[0].path,
        kind=UseKind.BUNDLED,
        module=Module(MODULE, name, package.text("version"), package.path),
        activation=Activation.NONE,
        activation_reason=f"{name} computes in interpreted code and has no approved mode",
        evidence=tuple(line for call in calls for line in call.evidence)[:MAX_EVIDENCE],
    )
