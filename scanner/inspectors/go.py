"""Looks into Go programs: how they were built, and which cryptography is really linked in.

States what is in one file. Which module serves the program, and whether its mode is on, is
found out in `scanner.link.go`.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from typing import BinaryIO

from scanner.facts import fact
from scanner.formats.elf import MAGIC, Elf, ElfError, read_elf
from scanner.formats.go_buildinfo import SECTION, BuildInfoError, GoBuildInfo, read_build_info
from scanner.formats.go_fipsinfo import FipsInfoError, read_fips_sum
from scanner.formats.go_pclntab import SECTIONS, PclntabError, read_function_names
from scanner.image import ImageFile
from scanner.inspectors.go_crypto import Calls, Code, GoCrypto
from scanner.inspectors.package_facts import package_fact
from scanner.model import Fact, FactKind, FileEntry, Gap, GapKind
from scanner.rulebook import RuleBook

MAX_PACKAGES = 500
MAX_DEPENDENCIES = 100
MAX_SETTINGS = 50
MAX_SHOWN = 8
"""Algorithms whose callers are told as evidence; `callers` has them all."""

_GO_SECTIONS = frozenset({SECTION, *SECTIONS, ".note.go.buildid", ".go.fipsinfo"})
# Source: https://go.dev/doc/godebug.
_CRYPTO_SETTING = re.compile(r"(fips140|rsa|tls|x509|crypto|openssl|boring|randseed|urandom)[^=]*=")
# By version: opensslcrypto from 1.19 to 1.26, systemcrypto since 1.21, the third in 1.26 alone.
_SYSTEMCRYPTO = frozenset({"systemcrypto", "opensslcrypto", "ms_nocgo_opensslcrypto"})
_NOSYSTEMCRYPTO = "nosystemcrypto"


class GoInspector:
    """Inspects Go programs and libraries."""

    name = "go"

    def __init__(self, rules: RuleBook) -> None:
        self._crypto = GoCrypto(rules)
        self._packages = rules.packages

    def wants(self, entry: FileEntry, head: bytes) -> bool:
        return entry.size > 0 and head.startswith(MAGIC)

    def inspect(self, file: ImageFile) -> Iterator[Fact | Gap]:
        with file.open() as stream:
            try:
                elf = read_elf(stream)
            except ElfError:
                return  # the binary inspector says so
            if _may_be_go(elf):
                yield from self._program(file.entry.path, stream, elf)

    def _program(self, path: str, stream: BinaryIO, elf: Elf) -> Iterator[Fact | Gap]:
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
            gaps.append(_gap(path, f"which crypto this Go program links cannot be read: {error}"))
        if names is None and not gaps:
            gaps.append(
                _gap(path, "this Go program has no function table: which crypto it links is hidden")
            )
        code = self._crypto.code(names) if names is not None else Code()
        if names is not None and not code.packages and names.obfuscated():
            names, code = None, Code()
            gaps.append(
                _gap(
                    path, "this Go program's names are obfuscated: which crypto it links is hidden"
                )
            )
        yield from gaps
        if info is None and names is None:
            return
        calls = self._crypto.calls(stream, elf, names, code) if names is not None else Calls()
        yield self._build(path, elf, info or GoBuildInfo(""), code, calls)
        if code.frozen:
            yield from _integrity(path, stream, elf)
        versions: dict[str, str] = {}
        for each in info.dependencies if info else ():
            name, _, versions[name] = each.partition("@")
        for name in code.modules:
            if (rule := self._packages.find("go", name)) is not None:
                yield package_fact(path, "go", rule, versions.get(name, ""), shown_by="code")

    def _build(self, path: str, elf: Elf, info: GoBuildInfo, code: Code, calls: Calls) -> Fact:
        setting = info.settings.get
        tags = tuple(tag for tag in re.split(r"[ ,]+", setting("-tags", "")) if tag)
        # An experiment may be asked for by a tag as well.
        asked = {*info.experiments, *(tag.removeprefix("goexperiment.") for tag in tags)}
        systemcrypto = setting("microsoft_systemcrypto") == "1" or bool(
            _SYSTEMCRYPTO.intersection(asked)
        )
        return fact(
            FactKind.GO_BUILD,
            path,
            evidence=_evidence(info, code, calls),
            go_version=info.number,
            toolchain=_toolchain(info, code, systemcrypto),
            main=info.main,
            module=info.module,
            experiments=info.experiments,
            gofips140=setting("GOFIPS140", ""),
            cgo=setting("CGO_ENABLED", ""),
            tags=tags,
            default_fips140=info.default_godebug("fips140"),
            boring_code=code.boring,
            frozen_code=code.frozen,
            openssl_backend=code.openssl or (code.boring == "unknown" and systemcrypto),
            systemcrypto=systemcrypto,
            packages=code.packages[:MAX_PACKAGES],
            bypasses=code.bypasses[:MAX_PACKAGES],
            algorithms=code.algorithms,
            unapproved=code.unapproved,
            tls_only=calls.tls_only,
            called=calls.called,
            called_digests=calls.digests,
            callers=calls.callers,
            calls_read=calls.read,
            protocols=code.protocols,
            godebug=_crypto_settings(info),
            stripped=elf.stripped,
            dependencies=self._dependencies(info),
        )

    def _dependencies(self, info: GoBuildInfo) -> tuple[str, ...]:
        roots = tuple(
            each.rstrip("/.") for each in self._crypto.packages if "." in each.rstrip(".")
        )
        found = (each for each in info.dependencies if _is_below(each.split("@")[0], roots))
        return tuple(found)[:MAX_DEPENDENCIES]


def _integrity(path: str, stream: BinaryIO, elf: Elf) -> Iterator[Fact | Gap]:
    try:
        found = read_fips_sum(stream, elf)
    except FipsInfoError as error:
        yield _gap(path, f"whether its FIPS module was altered cannot be told: {error}")
        return
    if found is not None:
        yield fact(
            FactKind.INTEGRITY,
            path,
            evidence=(
                f"the linker wrote {found.stored or 'no sum'}, its bytes give {found.computed}",
            ),
            form="go",
            computed=found.computed,
            stored=found.stored,
        )


def _crypto_settings(info: GoBuildInfo) -> tuple[str, ...]:
    """The built-in GODEBUG settings that change what crypto is used, as `name=value`."""
    built_in = info.settings.get("DefaultGODEBUG", "").split(",")
    return tuple(each for each in built_in if _CRYPTO_SETTING.match(each))[:MAX_SETTINGS]


def _is_below(module: str, roots: Iterable[str]) -> bool:
    return any(module == root or module.startswith(f"{root}/") for root in roots)


def _may_be_go(elf: Elf) -> bool:
    if elf.type not in ("exec", "dyn") or elf.packed:
        return False
    # Without section headers only a search tells; few files have none.
    return not elf.sections or any(each.name in _GO_SECTIONS for each in elf.sections)


def _has_table(elf: Elf) -> bool:
    return any(elf.section(name) is not None for name in SECTIONS)


def _toolchain(info: GoBuildInfo, code: Code, systemcrypto: bool) -> str:
    suffix = info.suffix.lower()
    settings = ("microsoft_systemcrypto" in info.settings, _NOSYSTEMCRYPTO in info.experiments)
    if systemcrypto or code.microsoft or "microsoft" in suffix or any(settings):
        return "microsoft"
    if "red hat" in suffix or "strictfipsruntime" in info.experiments or code.openssl:
        return "redhat"
    return "upstream"


def _evidence(info: GoBuildInfo, code: Code, calls: Calls) -> tuple[str, ...]:
    told = [info.version] if info.version else []
    shown = ("GOEXPERIMENT", "GOFIPS140", "CGO_ENABLED", "-tags", "microsoft_systemcrypto")
    told.extend(f"{name}={info.settings[name]}" for name in shown if name in info.settings)
    if value := info.default_godebug("fips140"):
        told.append(f"DefaultGODEBUG fips140={value}")
    if code.frozen:
        told.append(f"functions of crypto/internal/fips140/{code.frozen}")
    if code.boring == "present":
        told.append("functions _goboringcrypto_*")
    for name in (*calls.called, *calls.digests)[:MAX_SHOWN]:
        by = [each.split(" by ", 1)[1] for each in calls.callers if each.startswith(f"{name} by ")]
        more = f" and {len(by) - 3} more" if len(by) > 3 else ""
        told.append(f"{name} is called by {', '.join(by[:3])}{more}")
    return tuple(told)


def _gap(path: str, reason: str) -> Gap:
    return Gap(GapKind.MALFORMED, path, reason)


def make(rules: RuleBook) -> GoInspector:
    """The inspector for Go programs, by `runtimes/go.yaml` of `rules`."""
    return GoInspector(rules)
