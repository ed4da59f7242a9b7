"""Says where an image may hold cryptography that no fact names.

A `ready` or `no-crypto` may only be said of an image in which none of this is found.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator

from scanner.link.elf import PLAIN_FOLDER
from scanner.link.world import World
from scanner.model import CryptoUse, Fact, FactKind, Gap, GapKind

_BEHIND = {
    "self-extracting": "a script with a program or an archive behind it, which was not looked into",
    "packed-behind-program": (
        "a program with an archive or another program packed behind it, not looked into"
    ),
    "data-behind-program": "a program with data of an unknown form behind it, not looked into",
}


def gaps(world: World, uses: Iterable[CryptoUse]) -> Iterator[Gap]:
    """What may hold, load or unpack cryptography that none of `uses` is about."""
    known = tuple(uses)
    explained = {use.module.path for use in known} | {
        use.library.path for use in known if use.library is not None
    }
    yield from _loadable_by_hand(world, explained)
    yield from _unknown_code(world)
    yield from _unread_go(world)
    yield from _archives(world)


def _loadable_by_hand(world: World, explained: set[str]) -> Iterator[Gap]:
    """Crypto libraries that nothing names: a program may still load them with dlopen."""
    elves = world.facts.of(FactKind.ELF)
    named = {name.rpartition("/")[2] for each in elves for name in each.texts("needed")}
    paths = {each.path for each in elves}
    for each in world.facts.of(FactKind.MODULE_CODE):
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


def _unknown_code(world: World) -> Iterator[Gap]:
    """Programs that hold what only an algorithm's code needs, and no module that is known."""
    ciphers = {rule.name for rule in world.rules.constants if rule.cipher}
    in_extensions = {rule.name for rule in world.rules.constants if rule.extension}
    started = world.start.programs
    plugins = [each for rule in world.rules.modules.values() for each in rule.plugins]
    part_of_module = re.compile("|".join(f"(?:{each})" for each in plugins) or r"(?!)")
    for traces in world.facts.of(FactKind.TRACES):
        constants = traces.texts("constants")
        elf = world.facts.one(FactKind.ELF, traces.path)
        if not constants or elf is None or _is_explained(traces.path, world):
            continue
        has_cipher = not ciphers.isdisjoint(constants)
        if elf.text("linkage") == "shared-object":
            # Libraries of a distribution use ciphers for much else. What a package puts elsewhere
            # is an extension (Perl's Crypt::Rijndael), or a vendor's own.
            folder = traces.path.rpartition("/")[0]
            package = world.owners.package_name(traces.path)
            is_plain = PLAIN_FOLDER.fullmatch(folder) is not None
            is_extension = not package and not is_plain and not in_extensions.isdisjoint(constants)
            counts = (is_extension or (has_cipher and not (package and is_plain))) and (
                part_of_module.fullmatch(traces.path) is None
            )
        elif package := world.owners.package_name(traces.path):
            is_tool = package in world.rules.os_tools and traces.path not in started
            counts = has_cipher and not is_tool
        else:
            counts = True
        if counts:
            yield Gap(
                GapKind.NOT_VERIFIED,
                traces.path,
                f"it holds the constants of {', '.join(constants)} and no module that is known: "
                "cryptography of its own, which nothing here judges",
            )


def _is_explained(path: str, world: World) -> bool:
    """Whether another fact says which cryptography the file holds."""
    if world.facts.one(FactKind.MODULE_CODE, path) is not None:
        return True
    build = world.facts.one(FactKind.GO_BUILD, path)
    return build is not None and bool(build.texts("packages"))


def _unread_go(world: World) -> Iterator[Gap]:
    """Files with the mark of Go's build information of which no build could be read."""
    for traces in world.facts.of(FactKind.TRACES):
        if traces.flag("go") and world.facts.one(FactKind.GO_BUILD, traces.path) is None:
            yield Gap(
                GapKind.MALFORMED,
                traces.path,
                "it carries the mark of a Go program and cannot be read as one: which "
                "cryptography it holds is unknown",
            )


def _archives(world: World) -> Iterator[Gap]:
    for each in world.facts.of(FactKind.ARCHIVE):
        if world.owners.package_name(each.path) or each.text("form") == "static-library":
            continue
        # Of one that was merely not opened, nothing says that it holds programs.
        caps = each.text("form") != "tar"
        yield Gap(GapKind.NOT_SUPPORTED, each.path, _reason(each), caps=caps)


def _reason(archive: Fact) -> str:
    if reason := _BEHIND.get(archive.text("form")):
        return reason
    members, count = archive.texts("members"), archive.number("count")
    if archive.text("form") == "nested":
        return f"an archive with an archive inside ({members[0]}), not looked into"
    if members == ("",):
        return "a compressed program or library, not looked into"
    if members:
        more = f" and {count - 1} more" if count > 1 else ""
        return f"an archive with compiled code inside ({members[0]}{more}), not looked into"
    return "an archive that was not looked into, or not to its end"
