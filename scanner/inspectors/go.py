"""Looks into Go programs: how they were built, and which cryptography is really linked in.

States what is in one file. Which module serves the program, and whether its mode is on, is
found out in `scanner.link.go`.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from scanner.facts import fact
from scanner.formats.elf import MAGIC, Elf, ElfError, read_elf
from scanner.formats.go_buildinfo import SECTION, BuildInfoError, GoBuildInfo, read_build_info
from scanner.formats.go_pclntab import (
    SECTIONS,
    FunctionNames,
    PclntabError,
    package_of,
    read_function_names,
)
from scanner.image import ImageFile
from scanner.model import Fact, FactKind, FileEntry, Gap, GapKind
from scanner.rulebook import RuleBook

MAX_PACKAGES = 500
MAX_DEPENDENCIES = 100

_GO_SECTIONS = frozenset({SECTION, *SECTIONS, ".note.go.buildid", ".go.fipsinfo"})
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
_SYSTEMCRYPTO = frozenset({"systemcrypto", "opensslcrypto"})


@dataclass(frozen=True, slots=True)
class _Code:
    """What the names of a program's functions tell."""

    packages: tuple[str, ...] = ()
    bypasses: tuple[str, ...] = ()
    frozen: str = ""
    boring: str = "unknown"
    openssl: bool = False


class GoInspector:
    """Inspects Go programs and libraries."""

    name = "go"

    def __init__(self, rules: RuleBook) -> None:
        rule = rules.runtimes.get("go")
        self._packages = rule.packages if rule else ()
        self._neutral = _any_of(rule.neutral if rule else ())
        self._bypasses = _any_of(rule.bypasses if rule else ())

    def wants(self, entry: FileEntry, head: bytes) -> bool:
        return entry.size > 0 and head.startswith(MAGIC)

    def inspect(self, file: ImageFile) -> Iterator[Fact | Gap]:
        path = file.entry.path
        with file.open() as stream:
            try:
                elf = read_elf(stream)
            except ElfError:
                return  # the binary inspector says so
            if not _may_be_go(elf):
                return
            info, names = None, None
            gaps: list[Gap] = []
            try:
                info = read_build_info(stream, elf)
            except BuildInfoError as error:
                gaps.append(_gap(path, f"how this Go program was built cannot be read: {error}"))
            if info is None and elf.section(SECTION) is None and not _has_table(elf):
                return
            try:
                names = read_function_names(stream, elf)
            except PclntabError as error:
                gaps.append(
                    _gap(path, f"which crypto this Go program links cannot be read: {error}")
                )
        if names is None and not gaps:
            gaps.append(
                _gap(path, "this Go program has no function table: which crypto it links is hidden")
            )
        if names is not None and not self._code(names).packages and names.obfuscated():
            names = None
            gaps.append(
                _gap(
                    path, "this Go program's names are obfuscated: which crypto it links is hidden"
                )
            )
        yield from gaps
        if info is not None or names is not None:
            yield self._build(path, elf, info or GoBuildInfo(""), names)

    def _build(self, path: str, elf: Elf, info: GoBuildInfo, names: FunctionNames | None) -> Fact:
        code = self._code(names) if names is not None else _Code()
        setting = info.settings.get
        systemcrypto = setting("microsoft_systemcrypto") == "1" or bool(
            _SYSTEMCRYPTO.intersection(info.experiments)
        )
        return fact(
            FactKind.GO_BUILD,
            path,
            evidence=_evidence(info, code),
            go_version=info.number,
            toolchain=_toolchain(info, code, systemcrypto),
            main=info.main,
            module=info.module,
            experiments=info.experiments,
            gofips140=setting("GOFIPS140", ""),
            cgo=setting("CGO_ENABLED", ""),
            tags=tuple(tag for tag in re.split(r"[ ,]+", setting("-tags", "")) if tag),
            default_fips140=info.default_godebug("fips140"),
            boring_code=code.boring,
            frozen_code=code.frozen,
            openssl_backend=code.openssl or (names is None and systemcrypto),
            systemcrypto=systemcrypto,
            packages=code.packages[:MAX_PACKAGES],
            bypasses=code.bypasses[:MAX_PACKAGES],
            stripped=elf.stripped,
            dependencies=self._dependencies(info),
        )

    def _code(self, names: FunctionNames) -> _Code:
        functions = list(names.beginning(*self._packages, *_OPENSSL))
        packages = {package_of(each) for each in functions}
        frozen = {match[1] for each in packages if (match := _FROZEN.match(each))}
        dlopens = any(_DLOPEN in each for each in functions)
        boring = any(each.startswith(_BORING) for each in functions) and not dlopens
        crypto = sorted(
            each
            for each in packages
            if each.startswith(self._packages)
            and not self._neutral.fullmatch(each)
            and not each.startswith(_OPENSSL)
        )
        return _Code(
            packages=tuple(crypto),
            bypasses=tuple(each for each in crypto if self._bypasses.fullmatch(each)),
            frozen=min(frozen, default=""),
            boring="present" if boring else "absent",
            openssl=dlopens or any(each.startswith(_OPENSSL) for each in packages),
        )

    def _dependencies(self, info: GoBuildInfo) -> tuple[str, ...]:
        roots = tuple(each.rstrip("/.") for each in self._packages if "." in each.rstrip("."))
        found = (each for each in info.dependencies if _is_below(each.split("@")[0], roots))
        return tuple(found)[:MAX_DEPENDENCIES]


def _is_below(module: str, roots: Iterable[str]) -> bool:
    return any(module == root or module.startswith(f"{root}/") for root in roots)


def _may_be_go(elf: Elf) -> bool:
    if elf.type not in ("exec", "dyn") or elf.packed:
        return False
    # Without section headers only a search tells; few files have none.
    return not elf.sections or any(each.name in _GO_SECTIONS for each in elf.sections)


def _has_table(elf: Elf) -> bool:
    return any(elf.section(name) is not None for name in SECTIONS)


def _toolchain(info: GoBuildInfo, code: _Code, systemcrypto: bool) -> str:
    suffix = info.suffix.lower()
    if systemcrypto or "microsoft" in suffix or "microsoft_systemcrypto" in info.settings:
        return "microsoft"
    if "red hat" in suffix or "strictfipsruntime" in info.experiments or code.openssl:
        return "redhat"
    return "upstream"


def _evidence(info: GoBuildInfo, code: _Code) -> tuple[str, ...]:
    told = [info.version] if info.version else []
    shown = ("GOEXPERIMENT", "GOFIPS140", "CGO_ENABLED", "-tags", "microsoft_systemcrypto")
    told.extend(f"{name}={info.settings[name]}" for name in shown if name in info.settings)
    if value := info.default_godebug("fips140"):
        told.append(f"DefaultGODEBUG fips140={value}")
    if code.frozen:
        told.append(f"functions of crypto/internal/fips140/{code.frozen}")
    if code.boring == "present":
        told.append("functions _goboringcrypto_*")
    return tuple(told)


def _any_of(patterns: tuple[str, ...]) -> re.Pattern[str]:
    return re.compile("|".join(f"(?:{each})" for each in patterns) or r"(?!)")


def _gap(path: str, reason: str) -> Gap:
    return Gap(GapKind.MALFORMED, path, reason)


def make(rules: RuleBook) -> GoInspector:
    """The inspector for Go programs, by `runtimes/go.yaml` of `rules`."""
    return GoInspector(rules)
