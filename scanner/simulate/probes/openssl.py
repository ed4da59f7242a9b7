"""Asks each libcrypto of an image that its workload reaches.

.NET, and runtimes that link OpenSSL dynamically, reach theirs this way as well; what is linked
statically into a program cannot be asked.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence

from scanner.model import Fact, FactKind
from scanner.simulate.native import GLIBC_PROBE, MUSL_PROBE, helper
from scanner.simulate.plan import Facts
from scanner.simulate.probes.question import FOLDER, Question

_LIBRARY = re.compile(r"libcrypto[-.].*|libcrypto")
_MODULES = frozenset({"openssl", "openssl-fips-provider"})
_MOST = 4
_LOADERS = {
    "glibc": ("ld-linux", {"x86_64": "/lib64/ld-linux-x86-64.so.2"}, "/lib/ld-linux-{}.so.1"),
    "musl": ("ld-musl", {}, "/lib/ld-musl-{}.so.1"),
}
"""By C library: a mark of its loaders' paths, and where they usually are."""


def applies(facts: Facts) -> bool:
    """Whether there is a libcrypto to ask."""
    return bool(_libraries(facts))


def files(facts: Facts, architecture: str) -> Mapping[str, bytes]:
    """The probe for each C library that is needed."""
    programs = {"glibc": GLIBC_PROBE, "musl": MUSL_PROBE}
    needed = {_libc(facts, library) for library in _libraries(facts)}
    found = {libc: helper(architecture, programs[libc]) for libc in needed}
    return {_path(libc): content for libc, content in found.items() if content is not None}


def questions(facts: Facts) -> Sequence[Question]:
    """One for each library, started through a loader of the image: that needs no shell."""
    made = []
    for library in _libraries(facts):
        libc = _libc(facts, library)
        command = (_loader(facts, libc, _machine(facts, library)), _path(libc), library)
        made.append(Question(library, command))
    return made


def _path(libc: str) -> str:
    return f"{FOLDER}/openssl-{libc}"


def _libraries(facts: Facts) -> tuple[str, ...]:
    """Those that the workload uses first, then those without a known user; none that tools use."""
    held = {
        code.path
        for code in facts.of(FactKind.MODULE_CODE)
        if code.text("module") == "openssl"
        and code.text("form") == "library"
        and _LIBRARY.fullmatch(code.path.rpartition("/")[2])
    }
    roles: dict[str, set[str]] = {}
    for use in facts.uses:
        if use.text("module") in _MODULES:
            roles.setdefault(use.text("library"), set()).add(use.text("role"))
    for state in facts.of(FactKind.DOTNET_STATE):
        folder = state.text("libssl").rpartition("/")[0]
        for path in held:
            if folder and path.rpartition("/")[0] == folder:
                roles.setdefault(path, set()).add("workload")
    asked = [path for path in held if roles.get(path, {"unknown"}) != {"tool"}]
    return tuple(sorted(asked, key=lambda path: ("workload" not in roles.get(path, ()), path)))[
        :_MOST
    ]


def _elf(facts: Facts, path: str) -> Fact | None:
    return facts.one(FactKind.ELF, path)


def _libc(facts: Facts, library: str) -> str:
    elf = _elf(facts, library)
    needed = elf.texts("needed") if elf else ()
    if any("musl" in name or name == "libc.so" for name in needed):
        return "musl"
    return "glibc"


def _machine(facts: Facts, library: str) -> str:
    elf = _elf(facts, library)
    return (elf.text("machine") if elf else "") or "x86_64"


def _loader(facts: Facts, libc: str, machine: str) -> str:
    """The loader that most programs of the image name, or else the usual one."""
    mark, known, usual = _LOADERS[libc]
    named = [
        elf.text("interpreter")
        for elf in facts.of(FactKind.ELF)
        if elf.text("machine") == machine and f"/{mark}" in elf.text("interpreter")
    ]
    if named:
        return max(sorted(set(named)), key=named.count)
    return known.get(machine, usual.format(machine))
