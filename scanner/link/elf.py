"""Says which programs use which crypto library, and what lies compiled into them.

A module in the image is a use only where a program reaches it; what nothing reaches is left
out. Judges nothing.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Literal

from scanner.facts import fact
from scanner.fingerprint import LibraryNames
from scanner.link.loader import Closure, Loader
from scanner.link.module_state import serve
from scanner.link.world import FactIndex, Linked, World
from scanner.model import CryptoUse, Fact, FactKind, UseKind

Purpose = Literal["crypto", "hash-only", "unknown"]

_PROGRAM = frozenset({"dynamic", "static", "static-pie"})
_LOADED_BY_THEIR_LIBRARY = ("/krb5/plugins/", "/pkcs11/", "/gconv/")
"""Plug-ins of system libraries; those of crypto libraries are `plugins` in their rules."""
_PRIVATE_FOLDERS = ("/site-packages/", "/dist-packages/", "/node_modules/", "/vendor/")
PLAIN_FOLDER = re.compile(r"(?:/usr)?(?:/local)?/lib(?:32|64)?(?:/[a-z0-9_]+-linux-[a-z]+)?")
_OWN_LINKERS = frozenset({"go-crypto", "go-fips140", "rustcrypto"})
_IN_GO = frozenset({"boringcrypto", "boringssl"})
"""Modules whose code in a Go program `scanner.link.go` speaks of."""
_MAX_MISSING = 200


def link(world: World) -> Linked:
    """Uses of crypto libraries by ELF files, and the crypto libraries that are missing."""
    users = _Users(world)
    uses = [*users.linked(), *users.embedded()] if users.code else []
    return Linked(facts=tuple(users.missing()), uses=tuple(uses))


def _code_by_path(facts: FactIndex) -> dict[str, tuple[Fact, ...]]:
    elves = {each.path for each in facts.of(FactKind.ELF)}
    in_go = {
        each.path for each in facts.of(FactKind.GO_BUILD) if each.text("boring_code") == "present"
    }
    grouped: defaultdict[str, list[Fact]] = defaultdict(list)
    for each in facts.of(FactKind.MODULE_CODE):
        module = each.text("module")
        told_elsewhere = module in _OWN_LINKERS or (module in _IN_GO and each.path in in_go)
        if each.path in elves and not told_elsewhere:
            grouped[each.path].append(each)
    return {path: tuple(each) for path, each in grouped.items()}


@dataclass(frozen=True, slots=True)
class _Part:
    """What of a module lies in a closure: its libraries, and who else asks for them."""

    library: Fact
    """The file that best tells which module it is."""
    askers: tuple[str, ...]


class _Users:
    """Which object reaches which crypto library."""

    def __init__(self, world: World) -> None:
        self.code = _code_by_path(world.facts)
        self._world = world
        self._libraries = {
            path: library
            for path, facts in self.code.items()
            if (library := next((f for f in facts if f.text("form") == "library"), None))
        }
        self._names = LibraryNames(world.rules.modules)
        plugins = [each for rule in world.rules.modules.values() for each in rule.plugins]
        self._plugin = re.compile("|".join(f"(?:{each})" for each in plugins) or r"(?!)")
        self._elves = {each.path: each for each in world.facts.of(FactKind.ELF)}
        self._owned = _owned_files(world)
        self._loader = Loader(world)
        self._closures = self._all_closures()
        self._reached = {path for each in self._closures.values() for path in each.loaded}

    def _all_closures(self) -> dict[str, Closure]:
        programs = [path for path, each in self._elves.items() if each.text("linkage") in _PROGRAM]
        closures = {path: self._loader.closure(path) for path in sorted(programs)}
        reached = {path for closure in closures.values() for path in closure.loaded}
        # What no program loads by name is loaded by hand: extension modules and plug-ins, and
        # through them the libraries that only they need.
        loose = {
            path: self._loader.closure(path)
            for path in sorted(self._elves)
            if path not in closures and path not in reached and not self._is_part(path)
        }
        inner = {path for closure in loose.values() for path in closure.loaded}
        return closures | {path: each for path, each in loose.items() if path not in inner}

    def _is_part(self, path: str) -> bool:
        """Whether a file belongs to a crypto library and so is none of its users."""
        return (
            bool(self._module_of(path))
            or self._plugin.fullmatch(path) is not None
            or any(part in path for part in _LOADED_BY_THEIR_LIBRARY)
        )

    def _module_of(self, path: str) -> str:
        """The module that the library at `path` is, or a part of; by its code, else its name."""
        library = self._libraries.get(path)
        if library is not None:
            return library.text("module")
        if self._elves[path].text("linkage") in _PROGRAM:
            return ""
        return self._names.module(path.rpartition("/")[2])

    def _has_known_user(self, path: str) -> bool:
        """Whether a program loads the file, or only a program's own loading explains it.

        A plain library in a library folder proves nothing as long as nobody loads it.
        """
        each = self._elves[path]
        folder = path.rpartition("/")[0]
        return (
            each.text("linkage") in _PROGRAM
            or path in self._reached
            or not (each.text("soname") and PLAIN_FOLDER.fullmatch(folder))
        )

    def linked(self) -> Iterator[CryptoUse]:
        """Uses of libraries in files of their own: one for each user and module."""
        for root, closure in self._closures.items():
            for part in self._parts(closure).values():
                yield self._use(root, closure, part)

    def _parts(self, closure: Closure) -> dict[str, _Part]:
        """The modules that the objects of a closure ask for, each once."""
        members: defaultdict[str, list[str]] = defaultdict(list)
        for path in sorted(closure.loaded):
            if module := self._module_of(path):
                members[module].append(path)
        parts: dict[str, _Part] = {}
        for module, paths in sorted(members.items()):
            files = [self._libraries[path] for path in paths if path in self._libraries]
            rule = self._world.rules.modules.get(module)
            if not files or (rule and not members.keys().isdisjoint(rule.backends)):
                continue
            askers = self._askers(closure, module, paths)
            if askers:
                # libmbedtls names no version, libmbedcrypto beside it does.
                best = max(files, key=lambda each: (bool(each.text("version")), -len(each.path)))
                parts[module] = _Part(best, askers)
        return parts

    def _askers(self, closure: Closure, module: str, paths: Iterable[str]) -> tuple[str, ...]:
        """The objects that need the module and are neither it nor built on it.

        GnuTLS computes with Nettle, libssl with libcrypto: the program uses the first, and the
        second is how that one is made.
        """
        names = {
            name
            for path in paths
            for name in (path.rpartition("/")[2], self._elves[path].text("soname"))
            if name
        }
        found = []
        for path in (closure.root, *closure.loaded):
            own = self._module_of(path)
            rule = self._world.rules.modules.get(own)
            built_on = rule is not None and module in rule.implemented_by
            if own == module or built_on:
                continue
            if not names.isdisjoint(self._elves[path].texts("needed")):
                found.append(path)
        return tuple(found)

    def _use(self, root: str, closure: Closure, part: _Part) -> CryptoUse:
        library = part.library
        chain = " → ".join(step.rpartition("/")[2] for step in closure.chain(library.path))
        served = serve(library, self._world)
        bundled = self._is_bundled(library, configured=served.library is not None)
        return CryptoUse(
            consumer=root,
            kind=UseKind.BUNDLED if bundled else UseKind.LINKED,
            module=served.module,
            library=served.library,
            activation=served.activation,
            activation_reason=served.reason,
            purpose=self._purpose(root, part),
            evidence=(chain, *library.evidence[:3]),
        )

    def _purpose(self, root: str, part: _Part) -> Purpose:
        if not self._has_known_user(root):
            return "unknown"
        module = part.library.text("module")
        rule = self._world.rules.modules.get(module)
        if rule is None or not rule.hash_symbols:
            return "crypto"
        hashing = re.compile("|".join(f"(?:{each})" for each in rule.hash_symbols))
        for path in part.askers:
            names = [
                name
                for each in self._world.facts.at(path)
                if each.kind is FactKind.CRYPTO_SYMBOLS and each.text("module") == module
                for name in each.texts("symbols")
            ]
            if not names or not all(hashing.fullmatch(name) for name in names):
                return "crypto"
        return "hash-only"

    def _is_bundled(self, library: Fact, *, configured: bool) -> bool:
        """Whether an application brought the library, not the operating system or its owner.

        `configured`: it has a FIPS provider that it finds by itself.
        """
        path = library.path
        if library.flag("hashed_name"):
            return True
        if path in self._owned:
            return False
        if any(part in path for part in _PRIVATE_FOLDERS):
            return True
        # Built from source into the usual place, or elsewhere with a setup of its own.
        return not (PLAIN_FOLDER.fullmatch(path.rpartition("/")[0]) or configured)

    def embedded(self) -> Iterator[CryptoUse]:
        """Uses of code that is compiled into a file which is not itself the library."""
        for path in sorted(self.code):
            static = {f.text("module"): f for f in self.code[path] if f.text("form") == "static"}
            closure = self._closures.get(path)
            around = {self._module_of(each) for each in closure.loaded} if closure else set()
            rules = self._world.rules.modules
            inner = {m for each in static if each in rules for m in rules[each].implemented_by}
            for module, each in static.items():
                rule = rules.get(module)
                behind = set(rule.backends) if rule else set()
                if module in inner or behind & (static.keys() | around):
                    continue
                served = serve(each, self._world)
                yield CryptoUse(
                    consumer=path,
                    kind=UseKind.STATIC,
                    module=served.module,
                    library=served.library,
                    activation=served.activation,
                    activation_reason=served.reason,
                    purpose="crypto" if self._has_known_user(path) else "unknown",
                    evidence=each.evidence[:4],
                )

    def missing(self) -> Iterator[Fact]:
        """The crypto libraries that objects need and the loader would not find."""
        count = 0
        for root, closure in self._closures.items():
            for needer, name in closure.missing:
                if self._names.module(name) and count < _MAX_MISSING:
                    count += 1
                    yield fact(
                        FactKind.LIBRARY_MISSING,
                        root,
                        needed=name,
                        evidence=(f"{needer} needs {name}",),
                    )


def _owned_files(world: World) -> Mapping[str, bool]:
    """The files that packages of the operating system list, links resolved."""
    owned: dict[str, bool] = {}
    for listing in world.facts.of(FactKind.PACKAGE_FILES):
        for path in listing.texts("files"):
            owned[path] = True
            # A package lists /lib/x where a merged-/usr image has /usr/lib/x.
            if ".so" in path and (resolved := world.view.resolve(path)) is not None:
                owned[resolved] = True
    return owned
