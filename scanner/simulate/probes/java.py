"""Asks Java runtimes: providers in order, and which algorithms they serve.

Starts the image's own java with the options of its command that choose providers, and never the
image's own classes.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence

from scanner.model import FactKind
from scanner.simulate.native import FOLDER as NATIVE
from scanner.simulate.plan import Facts
from scanner.simulate.probes.question import FOLDER, Question

_CLASS = "ProviderProbe"
_FOLDER = f"{FOLDER}/java"
_MOST = 2
_MOST_JARS = 12
_STARTS_FAST = ("-Xmx128m", "-XX:TieredStopAtLevel=1")
_CHOOSES = re.compile(r"-D(java\.security|org\.bouncycastle|com\.redhat\.fips|jdk\.|javax\.net)\S*")
_PROVIDERS = frozenset({"bc-fips", "bctls-fips", "bouncy-castle", "accp", "accp-fips", "conscrypt"})


def applies(facts: Facts) -> bool:
    """Whether there is a java to start."""
    return bool(_programs(facts))


def files(facts: Facts, architecture: str) -> Mapping[str, bytes]:  # noqa: ARG001
    """The class."""
    return {f"{_FOLDER}/{_CLASS}.class": (NATIVE / f"{_CLASS}.class").read_bytes()}


def questions(facts: Facts) -> Sequence[Question]:
    """One for each runtime."""
    path = ":".join((_FOLDER, *_jars(facts)))
    options = (*_STARTS_FAST, *_options(facts))
    return [
        Question(program, (program, *options, "-cp", path, _CLASS)) for program in _programs(facts)
    ]


def _programs(facts: Facts) -> tuple[str, ...]:
    homes = {each.text("home") for each in facts.of(FactKind.JAVA_RUNTIME)} - {""}
    started = {each.text("program") for each in facts.of(FactKind.COMMAND)}
    found = {
        elf.path
        for elf in facts.of(FactKind.ELF)
        for home in homes
        if elf.path in (f"{home}/bin/java", f"{home}/jre/bin/java")
    }
    return tuple(sorted(found, key=lambda path: (path not in started, path)))[:_MOST]


def _jars(facts: Facts) -> list[str]:
    """Providers that the image brings: the runtime loads them from the path of its classes."""
    found = {
        code.path
        for code in facts.of(FactKind.MODULE_CODE)
        if code.text("module") in _PROVIDERS
        and code.path.endswith(".jar")
        and not code.text("container")
    }
    return sorted(found)[:_MOST_JARS]


def _options(facts: Facts) -> Iterator[str]:
    for command in facts.of(FactKind.COMMAND):
        for part in command.texts("argv"):
            if _CHOOSES.fullmatch(part):
                yield part
