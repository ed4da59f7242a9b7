"""Says which packages that compute in interpreted code the image's own code imports.

No file of machine code shows such a package, so without this an image could seem to use none;
nor does one of a package whose module was not recognized. Opens no file and judges nothing.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping

from scanner.link.world import Linked, World
from scanner.model import Activation, CryptoUse, Fact, FactKind, Gap, GapKind, Module, UseKind

MODULE = "interpreted-code"
IMPORT = "import "
MAX_EVIDENCE = 4
_JUDGED_BY_FILES = frozenset({"pypi", "npm", "gem", "cpan"})
"""Ecosystems whose packages no check speaks of where the list names their module."""


def link(world: World) -> Linked:
    """A use for each installed package that own code imports, by the first file that does."""
    gaps = tuple(_unrecognized(world))
    importers = _importers(world)
    if not importers:
        return Linked(gaps=gaps)
    uses = []
    for package in world.facts.of(FactKind.LANGUAGE_PACKAGE):
        key = (package.text("ecosystem"), package.text("name"))
        if package.text("code") == "interpreted" and not package.flag("tool") and key in importers:
            uses.append(_use(package, importers.pop(key)))
    return Linked(uses=tuple(uses), gaps=gaps)


def _unrecognized(world: World) -> Iterator[Gap]:
    """Packages with machine code of a module that no file of the image was recognized as."""
    known = {each.text("module") for each in world.facts.of(FactKind.MODULE_CODE)}
    for package in world.facts.of(FactKind.LANGUAGE_PACKAGE):
        module = package.text("module")
        is_compiled = package.text("code") == "compiled" and not package.flag("tool")
        if not module or not is_compiled or package.text("ecosystem") not in _JUDGED_BY_FILES:
            continue
        if module not in known:
            yield Gap(
                GapKind.NOT_VERIFIED,
                package.path,
                f"a package that brings {module}, and no file was recognized as that: it was "
                "built in another way, or not at all",
            )


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
