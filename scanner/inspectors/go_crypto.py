"""Says which cryptography the functions of a Go program are, and who calls what is not approved.

Knows packages and algorithms by `runtimes/go.yaml` alone, and which module serves them not at all.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import BinaryIO, TypeVar

from scanner.formats.elf import Elf
from scanner.formats.go_calls import CallsError, can_read_calls, read_calls
from scanner.formats.go_functions import read_functions
from scanner.formats.go_pclntab import FunctionNames, PclntabError, package_of
from scanner.rulebook import RuleBook

MAX_CALLERS = 60

_FROZEN = re.compile(r"crypto/internal/fips140/(v\d+\.\d+\.\d+(?:-[0-9a-f]+)?)(?:/|$)")
_BORING = "crypto/internal/boring._Cfunc__goboringcrypto_"
# Red Hat's toolchain until Go 1.21 kept the names of BoringCrypto's functions for its own, which
# call OpenSSL; openshift/check-payload looks for the same ones.
_DLOPEN = "_goboringcrypto_DLOPEN_OPENSSL"
_OPENSSL = (
    "vendor/github.com/golang-fips/openssl",
    "github.com/golang-fips/openssl",
    "vendor/github.com/microsoft/go-crypto-openssl",
    "github.com/microsoft/go-crypto-openssl",
)
# Seen in teradatasql 20.0.0.25, which Microsoft's Go 1.24 built.
_MICROSOFT = "crypto/internal/backend/internal/opensslsetup"
_TLS = "crypto/tls"
_IMPORT_PATH = re.compile(r"[\w./~+@-]+")
_Value = TypeVar("_Value")


@dataclass(frozen=True, slots=True)
class Code:
    """What the names of a program's functions tell."""

    packages: tuple[str, ...] = ()
    bypasses: tuple[str, ...] = ()
    frozen: str = ""
    boring: str = "unknown"
    openssl: bool = False
    microsoft: bool = False
    """Whether packages are there that Microsoft's toolchain alone has."""
    algorithms: tuple[str, ...] = ()
    unapproved: tuple[str, ...] = ()
    outside: tuple[str, ...] = ()
    """Of `algorithms`, those with functions that are not of the standard library."""
    protocols: tuple[str, ...] = ()
    modules: tuple[str, ...] = ()
    """Those of `packages/` with code in the program."""


@dataclass(frozen=True, slots=True)
class Calls:
    """Who calls what is not approved."""

    read: bool = False
    tls_only: tuple[str, ...] = ()
    called: tuple[str, ...] = ()
    """All but hash functions."""
    digests: tuple[str, ...] = ()
    callers: tuple[str, ...] = ()


class GoCrypto:
    """What `runtimes/go.yaml` knows of Go's packages."""

    def __init__(self, rules: RuleBook) -> None:
        rule = rules.runtimes.get("go")
        self.packages = rule.packages if rule else ()
        self._neutral = _any_of(rule.neutral if rule else ())
        self._bypasses = _any_of(rule.bypasses if rule else ())
        self._standard = frozenset(rule.standard if rule else ())
        self._algorithms = rule.algorithms if rule else {}
        self._protocols = rule.protocols if rule else {}
        self._modules = tuple(each.name for each in rules.packages.of("go"))
        known = (*self._algorithms, *self._protocols, *self._modules)
        self._beginnings = (*self.packages, *_OPENSSL, *known)
        named = {name for names in self._algorithms.values() for name in names}
        self._unapproved = {name for name in named if rules.algorithms.approved(name) is False}
        found = [each for each in map(rules.algorithms.find, named) if each is not None]
        self._digests = {each.name for each in found if each.kind == "digest"}
        self.risky = tuple(
            beginning
            for beginning, names in self._algorithms.items()
            if not self._unapproved.isdisjoint(names)
        )

    def code(self, names: FunctionNames) -> Code:
        """Which cryptography is linked in."""
        functions = list(names.beginning(*self._beginnings))
        packages = {package_of(each) for each in functions}
        frozen = {match[1] for each in packages if (match := _FROZEN.match(each))}
        dlopens = any(_DLOPEN in each for each in functions)
        boring = any(each.startswith(_BORING) for each in functions) and not dlopens
        crypto = sorted(
            each
            for each in packages
            if each.startswith(self.packages)
            and not self._neutral.fullmatch(each)
            and not each.startswith(_OPENSSL)
        )
        algorithms = sorted({name for each in functions for name in self._computed_by(each)})
        foreign = (each for each in functions if not self._is_standard(package_of(each)))
        return Code(
            packages=tuple(crypto),
            bypasses=tuple(each for each in crypto if self._bypasses.fullmatch(each)),
            frozen=min(frozen, default=""),
            boring="present" if boring else "absent",
            openssl=dlopens or any(each.startswith(_OPENSSL) for each in packages),
            microsoft=_MICROSOFT in packages or any("microsoft/go-crypto" in p for p in packages),
            algorithms=tuple(algorithms),
            unapproved=tuple(each for each in algorithms if each in self._unapproved),
            outside=tuple({name for each in foreign for name in self._computed_by(each)}),
            protocols=tuple(sorted(set(_known(functions, self._protocols)))),
            modules=tuple(
                name
                for name in self._modules
                if any(each == name or each.startswith(f"{name}/") for each in packages)
            ),
        )

    def calls(self, stream: BinaryIO, elf: Elf, names: FunctionNames, code: Code) -> Calls:
        """Who calls the algorithms of `code` that are not approved."""
        if not code.unapproved or not can_read_calls(elf):
            return Calls()
        try:
            functions = read_functions(stream, elf, names)
            wanted = functions.beginning(*self.risky)
            calls = read_calls(stream, elf, functions, wanted)
        except (PclntabError, CallsError):
            return Calls()  # what is linked is known all the same
        callers: defaultdict[str, set[str]] = defaultdict(set)
        for call in calls:
            package = package_of(call.caller)
            if self._is_standard(package) or self._computed_by(call.caller):
                continue
            for name in self._unapproved.intersection(self._computed_by(call.called)):
                callers[name].add(package)
        has_tls = _TLS in code.packages
        return Calls(
            read=True,
            tls_only=tuple(
                name
                for name in code.unapproved
                if has_tls and name not in callers and name not in code.outside
            ),
            called=tuple(sorted(callers.keys() - self._digests)),
            digests=tuple(sorted(callers.keys() & self._digests)),
            callers=tuple(
                f"{name} by {package}"
                for name, packages in sorted(callers.items())
                for package in sorted(packages)
            )[:MAX_CALLERS],
        )

    def _computed_by(self, function: str) -> tuple[str, ...]:
        return tuple(name for names in _known((function,), self._algorithms) for name in names)

    def _is_standard(self, package: str) -> bool:
        # Names without a package are the runtime's, the linker's and those of C.
        first = package.split("/", 1)[0]
        return not first or first in self._standard or not _IMPORT_PATH.fullmatch(package)


def _known(functions: Iterable[str], by_beginning: Mapping[str, _Value]) -> Iterator[_Value]:
    """What is said of the beginnings of `functions`."""
    beginnings = tuple(by_beginning)
    for each in functions:
        if each.startswith(beginnings):
            yield from (value for key, value in by_beginning.items() if each.startswith(key))


def _any_of(patterns: tuple[str, ...]) -> re.Pattern[str]:
    return re.compile("|".join(f"(?:{each})" for each in patterns) or r"(?!)")
