"""Recognizes crypto modules in the native libraries that Java archives carry, by their code.

A library for another operating system than Linux is left out: nothing in a container loads it.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping

from scanner.facts import fact
from scanner.fingerprint import CHUNK, Fingerprints, Hit
from scanner.formats.elf import MAGIC
from scanner.formats.jar import Jar
from scanner.model import Fact, FactKind, Value
from scanner.rulebook import RuleBook

_NATIVE = re.compile(r".*\.so(?:\.[0-9.]{1,20})?")
_ELSEWHERE = re.compile(
    r"(?i).*(?:ppc|s390|riscv|loong|sparc|mips|armv|arm32|i[3-6]86|linux-?32|x86_32|aix|freebsd"
    r"|openbsd|netbsd|sunos|solaris|darwin|macos|osx|windows|android|dragonfly)"
)
"""Archives carry the same library for a dozen systems: those on which no image runs cost time."""
_NETTY = re.compile(r"META-INF/native/lib(?:\w+_)?netty_tcnative\w*\.so")
"""Relocating build tools put their prefix into the name."""


class NativeCode:
    """The crypto modules in native libraries of archives. Compiles its fingerprints once."""

    def __init__(self, rules: RuleBook) -> None:
        self._prints = Fingerprints(rules.modules)

    def look_into(self, jar: Jar, found: dict[str, tuple[str, Hit]]) -> None:
        """Puts into `found`, by module: the first library with its code, and what was found.

        Raises:
            JarTooLargeError: after all others, where a library is too large, or they are too many.
        """
        for name, content in jar.contents(_is_native):
            if content.startswith(MAGIC):
                pieces = (content[at : at + CHUNK] for at in range(0, len(content), CHUNK))
                for hit in self._prints.scan(pieces).hits:
                    found.setdefault(hit.module, (name, hit))


def _is_native(name: str) -> bool:
    return _NATIVE.fullmatch(name) is not None and _ELSEWHERE.match(name) is None


def native_facts(
    path: str, jar: Jar, hits: Mapping[str, tuple[str, Hit]], *, explained: bool
) -> Iterator[Fact]:
    """MODULE_CODE facts of native libraries.

    Args:
        path: the outer archive's path in the image.
        jar: it, or an archive inside it.
        hits: what its native libraries hold.
        explained: another fact is about a Java library that brings them.
    """
    if explained:
        return
    for module, (name, hit) in sorted(hits.items()):
        yield _fact(path, jar, module, hit.versions[:1], hit.fips, (name, *hit.texts), hit.values)
    if "boringssl" not in hits and (named := _named_boringssl(jar)):
        # The fingerprint may be older than the library.
        yield _fact(path, jar, "boringssl", (), "", (named,), {})


def _named_boringssl(jar: Jar) -> str:
    native = next((name for name in jar.names if _NETTY.fullmatch(name)), "")
    told = (jar.name, *(each.artifact for each in jar.artifacts))
    return native if any("boringssl" in each for each in told) else ""


def _fact(
    path: str,
    jar: Jar,
    module: str,
    versions: tuple[str, ...],
    fips: str,
    evidence: tuple[str, ...],
    values: Mapping[str, str],
) -> Fact:
    attributes: dict[str, Value] = dict(values)
    return fact(
        FactKind.MODULE_CODE,
        f"{path}!/{jar.inside}" if jar.inside else path,
        module=module,
        version=versions[0] if versions else "",
        form="jar",
        fips=fips,
        container=path if jar.inside else "",
        signed=jar.signed,
        evidence=evidence,
        **attributes,
    )
