"""Looks into ELF and PE files and static libraries: how linked, and which modules' code inside.

States what is in one file; whether a program uses it, and if that is good, is found out
elsewhere.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from typing import BinaryIO

from scanner.facts import fact
from scanner.fingerprint import Fingerprints, Hit, LibraryNames
from scanner.formats.elf import MAGIC, DynamicSymbols, Elf, ElfError, read_dynamic_symbols, read_elf
from scanner.formats.elf_notes import ElfNotes, read_notes
from scanner.formats.pe import PeError, is_pe, read_pe
from scanner.image import ImageFile
from scanner.inspectors.archives import carried
from scanner.inspectors.dotnet_native import inspect_native
from scanner.inspectors.runtimes import runtimes_inside
from scanner.inspectors.rust import inspect_rust
from scanner.model import Fact, FactKind, FileEntry, Gap, GapKind, Value
from scanner.rulebook import RuleBook

MAX_SYMBOLS = 400
"""Crypto symbols stated of one file and module: enough to tell what it uses."""
MIN_SIZE = 52
"""Bytes of the smallest ELF header."""
MIN_INTERFACE = 20
"""Exported functions that make a library without known code the module it is named like."""
PROVIDER_ENTRY = "OSSL_provider_init"

_WASM = b"\0asm"
_STATIC_LIBRARY = b"!<arch>\n"

# auditwheel appends the first 8 digits of the content's SHA-256 to a library that it bundles.
_HASHED = re.compile(r".*-[0-9a-f]{8}\.so[0-9.a-z]*")
_NO_SYMBOLS = DynamicSymbols((), ())


class BinaryInspector:
    """Inspects ELF and PE files, and static libraries."""

    name = "binary"

    def __init__(self, rules: RuleBook) -> None:
        self._rules = rules
        self._prints = Fingerprints(rules.modules, rules.constants)
        self._names = LibraryNames(rules.modules)

    def wants(self, entry: FileEntry, head: bytes) -> bool:
        if head.startswith(_STATIC_LIBRARY):
            return entry.path.endswith(".a")
        is_program = head.startswith((MAGIC, _WASM)) or is_pe(head)
        return entry.size >= MIN_SIZE and is_program

    def inspect(self, file: ImageFile) -> Iterable[Fact | Gap]:
        if file.head.startswith(MAGIC):
            return self._elf(file)
        if file.head.startswith(_STATIC_LIBRARY):
            return self._static_library(file)
        if file.head.startswith(_WASM):
            return self._wasm(file)
        return self._pe(file)

    def _static_library(self, file: ImageFile) -> Iterator[Fact]:
        """Nothing runs it: it is there to be linked into what may be built from the image."""
        if hits := self._prints.scan(file.chunks()).hits:
            yield fact(
                FactKind.ARCHIVE,
                file.entry.path,
                evidence=tuple(text for hit in hits for text in hit.texts),
                form="static-library",
                members=tuple(f"{hit.module} {''.join(hit.versions[:1])}".strip() for hit in hits),
                count=len(hits),
            )

    def _pe(self, file: ImageFile) -> Iterator[Fact | Gap]:
        path = file.entry.path
        try:
            with file.open() as stream:
                pe = read_pe(stream)
        except PeError as error:
            yield Gap(GapKind.MALFORMED, path, f"its PE structure cannot be read: it {error}")
            return
        assembly = pe.assembly
        # Managed code is not what fingerprints know.
        hits = () if pe.managed else self._prints.scan(file.chunks()).hits
        yield fact(
            FactKind.PE,
            path,
            evidence=tuple(text for hit in hits for text in hit.texts),
            machine=pe.machine,
            managed=pe.managed,
            imports=pe.imports,
            assembly=assembly.name if assembly else "",
            assembly_version=assembly.version if assembly else "",
            references=assembly.references if assembly else (),
            natives=assembly.natives if assembly else (),
            modules=tuple(f"{hit.module} {''.join(hit.versions[:1])}".strip() for hit in hits),
        )

    def _wasm(self, file: ImageFile) -> Iterator[Gap]:
        """WebAssembly, of which no rule knows a library: its constants are all that tells."""
        found = self._prints.scan(file.chunks())
        names = (*(hit.module for hit in found.hits), *found.constants)
        if names:
            yield Gap(
                GapKind.NOT_SUPPORTED,
                file.entry.path,
                f"WebAssembly that holds the texts or constants of {', '.join(names)}: "
                "cryptography of its own, which nothing here judges",
            )

    def _elf(self, file: ImageFile) -> Iterator[Fact | Gap]:
        path = file.entry.path
        try:
            with file.open() as stream:
                elf = read_elf(stream)
                if elf.type not in ("exec", "dyn"):
                    return
                needed = {module for each in elf.needed if (module := self._names.module(each))}
                found = self._prints.scan(file.chunks())
                hits = found.hits
                named = self._named(path, elf)
                wanted = needed or hits or named
                symbols = read_dynamic_symbols(stream, elf) if wanted else _NO_SYMBOLS
                notes = _notes(stream) if hits else ElfNotes()
                dotnet = inspect_native(
                    file, stream, elf, found.marks, self._prints, self._rules.packages
                )
                crates = list(inspect_rust(file, stream, elf, found.marks, self._rules.packages))
                behind = [] if dotnet.is_bundle else list(carried(file.entry, stream, elf))
        except ElfError as error:
            yield Gap(GapKind.MALFORMED, path, f"its ELF structure cannot be read: it {error}")
            return
        yield _elf_fact(file.entry, elf)
        if elf.packed:
            yield Gap(
                GapKind.PACKED,
                path,
                f"compressed by {elf.packed}: what it links and which crypto it holds is hidden",
            )
        if found.constants or "go" in found.marks:
            yield fact(FactKind.TRACES, path, constants=found.constants, go="go" in found.marks)
        yield from (*dotnet.seen, *crates, *behind, *runtimes_inside(file, found.marks))
        for module in sorted(needed):
            yield from self._imports(path, module, symbols.imported)
        for hit in hits:
            yield self._code(path, elf, symbols, hit, notes)
        if named and not hits and named not in needed:
            yield from self._by_name(path, elf, symbols, named)

    def _named(self, path: str, elf: Elf) -> str:
        """The module whose library this file is called like, or `""`."""
        if elf.linkage != "shared-object":
            return ""
        return self._names.module(elf.soname) or self._names.module(path.rpartition("/")[2])

    def _by_name(self, path: str, elf: Elf, symbols: DynamicSymbols, module: str) -> Iterator[Fact]:
        """A library whose code no fingerprint knows, and which has the module's interface."""
        beginnings = self._rules.modules[module].symbols
        count = sum(name.startswith(beginnings) for name in symbols.exported) if beginnings else 0
        if count < MIN_INTERFACE:
            return
        yield fact(
            FactKind.MODULE_CODE,
            path,
            evidence=(f"named like it, and exports {count} of its functions",),
            module=module,
            form="library",
            soname=elf.soname,
            reads_kernel_flag=bool(self._rules.modules[module].reads_kernel_flag),
            hashed_name=_HASHED.fullmatch(path.rpartition("/")[2]) is not None,
        )

    def _imports(self, path: str, module: str, imported: tuple[str, ...]) -> Iterator[Fact]:
        beginnings = self._rules.modules[module].symbols
        found = sorted({name for name in imported if name.startswith(beginnings)})
        if not found:
            return
        # What tells a crypto user from one that only hashes must not be cut off.
        telling = self.telling(module, found)
        kept = tuple(sorted((*telling, *(n for n in found if n not in telling))[:MAX_SYMBOLS]))
        yield fact(FactKind.CRYPTO_SYMBOLS, path, module=module, direction="imports", symbols=kept)

    def telling(self, module: str, names: Iterable[str]) -> tuple[str, ...]:
        """Those of `names` that show more than hashing."""
        patterns = self._rules.modules[module].hash_symbols
        hashing = re.compile("|".join(f"(?:{each})" for each in patterns)) if patterns else None
        return tuple(n for n in names if hashing is None or not hashing.fullmatch(n))

    def _code(
        self, path: str, elf: Elf, symbols: DynamicSymbols, hit: Hit, notes: ElfNotes
    ) -> Fact:
        base = path.rsplit("/", 1)[-1]
        named = {self._names.module(base), self._names.module(elf.soname)}
        if PROVIDER_ENTRY in symbols.exported:
            form = "provider"
        elif hit.module in named:
            form = "library"
        else:
            form = "static"
        attributes: dict[str, Value] = dict(hit.values)
        built_as = (f"built as {notes.package}, by its ELF note",) if notes.package else ()
        return fact(
            FactKind.MODULE_CODE,
            path,
            evidence=(*built_as, *hit.texts),
            build_id=notes.build_id,
            built_as=notes.package,
            module=hit.module,
            version=hit.versions[0] if hit.versions else "",
            form=form,
            fips=hit.fips,
            soname=elf.soname,
            reads_kernel_flag=hit.kernel_flag
            or bool(self._rules.modules[hit.module].reads_kernel_flag),
            hashed_name=_HASHED.fullmatch(base) is not None,
            **attributes,
        )


def _notes(stream: BinaryIO) -> ElfNotes:
    """The file's notes; none where they are damaged, since nothing is judged by them."""
    try:
        return read_notes(stream)
    except ElfError:
        return ElfNotes()


def _elf_fact(entry: FileEntry, elf: Elf) -> Fact:
    return fact(
        FactKind.ELF,
        entry.path,
        machine=elf.machine,
        type=elf.type,
        linkage=elf.linkage,
        interpreter=elf.interpreter,
        soname=elf.soname,
        needed=elf.needed,
        rpath=elf.rpath,
        runpath=elf.runpath,
        stripped=elf.stripped,
        executable=entry.executable,
        packed=elf.packed,
    )


def make(rules: RuleBook) -> BinaryInspector:
    """The inspector for ELF and PE files, by the module rules of `rules`."""
    return BinaryInspector(rules)
