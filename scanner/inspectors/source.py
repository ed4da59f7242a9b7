"""States which algorithms source code of interpreted languages asks for, and in which line.

Reads with the language's grammar, so that texts and comments are no calls. Says nothing of
whether a line is ever run, or what it protects.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property

from scanner.facts import fact
from scanner.formats.syntax import Call, Source, SyntaxReadError, read_source
from scanner.image import ImageFile
from scanner.model import Fact, FactKind, FileEntry, Gap, GapKind
from scanner.rulebook import RuleBook
from scanner.rules_sources import ApiRule, ApiTable, SourceRule

MAX_SOURCE = 2 << 20
MAX_INSTALLED = 256 << 10
"""Of a dependency's files. Larger ones are bundles of what is there in small files as well."""
MAX_CALLS = 60
"""Different calls that are stated of one file."""
SCRIPT = "#!"


@dataclass(frozen=True, slots=True)
class Seen:
    """A way in which a file asks for crypto, and where it does so first."""

    api: str
    algorithm: str
    harmless: bool
    line: int


class LanguageReader:
    """A language's rule with what it takes to apply it."""

    def __init__(self, rule: SourceRule, rules: RuleBook) -> None:
        self.rule = rule
        self._rules = rules

    @cached_property
    def apis(self) -> ApiTable:
        """The names that ask for crypto."""
        return ApiTable.of(self.rule)

    @cached_property
    def modules(self) -> Mapping[str, str]:
        """What code imports → the package that computes in this language by itself."""
        return {
            name: package.name
            for package in self._rules.packages.of(self.rule.ecosystem)
            if package.code == "interpreted"
            for name in (package.imports or (package.name,))
        }

    @cached_property
    def known(self) -> frozenset[str]:
        """Packages that are cryptography themselves, and the names of their folders."""
        return frozenset(
            name
            for package in self._rules.packages.of(self.rule.ecosystem)
            if package.crypto == "own"
            for name in (package.name, *package.imports)
        )

    @cached_property
    def mark(self) -> re.Pattern[bytes]:
        """Is not in files that need no reading."""
        names = "|".join(re.escape(name) for name in sorted(self.modules)) or "(?!)"
        return re.compile(self.rule.mark.replace("{imports}", names).encode())

    @cached_property
    def ignored(self) -> re.Pattern[str]:
        """Beginnings of paths of what came with the runtime."""
        return _any(self.rule.ignored)

    @cached_property
    def installed(self) -> tuple[re.Pattern[str], ...]:
        """Whole paths of dependencies, of this language first: packages of npm bring Python."""
        others = (each for rule in self._rules.sources for each in rule.installed)
        return tuple(re.compile(each) for each in dict.fromkeys((*self.rule.installed, *others)))

    def package(self, path: str) -> str | None:
        """The dependency that a file is part of; `""` when its name is not known; None: own."""
        for pattern in self.installed:
            if found := pattern.fullmatch(path):
                return found.groupdict().get("package") or ""
        return None

    def calls(self, source: Source) -> Iterator[Seen]:
        """What `source` asks for, in order of its text."""
        matched = [
            (call, *found)
            for call in source.calls
            if (found := self.apis.find(call.name, reference=call.is_reference))
        ]
        called = {call.start for call, _, _ in matched if not call.is_reference}
        for call, api, word in sorted(matched, key=lambda each: each[0].start):
            if call.is_reference and call.start in called:
                continue
            algorithm = _algorithm(call, api, word)
            if algorithm is not None:
                harmless = any(
                    call.raw.get(each.keyword) == each.value for each in self.rule.harmless
                )
                yield Seen(call.name, algorithm, harmless, call.line)

    def imported(self, source: Source) -> Iterator[tuple[str, int]]:
        """The packages of `modules` that `source` imports, and in which line."""
        told: set[str] = set()
        for name, line in source.imports.items():
            parts = re.split(r"(?<=.)[./\\:]+", name)
            scoped = "/".join(parts[:2])
            for candidate in (name, scoped, parts[0]):
                package = self.modules.get(candidate)
                if package and package not in told:
                    told.add(package)
                    yield package, line


def _any(patterns: Iterable[str]) -> re.Pattern[str]:
    return re.compile("|".join(f"(?:{each})" for each in patterns) or "(?!)")


def _algorithm(call: Call, api: ApiRule, word: str) -> str | None:
    """What the call asks for: `""` where it is computed, None where it is no algorithm."""
    written: str | None = api.algorithm or word
    if not written:
        candidates = [call.keywords[key] for key in api.keywords if key in call.keywords]
        if api.argument is not None and api.argument < len(call.arguments):
            candidates.insert(0, call.arguments[api.argument])
        if api.only:
            candidates = [each for each in candidates if each and api.allows(each)]
        written = next((each for each in candidates if each), None)
        if written is None:
            return None if api.only else ""
    return api.values.get(written, written)


class SourceInspector:
    """SOURCE_CALL facts of files in interpreted languages."""

    name = "source"

    def __init__(self, rules: RuleBook) -> None:
        self._rules = rules
        self._readers = [LanguageReader(rule, rules) for rule in rules.sources]
        self._by_suffix = {
            suffix: (reader, grammar)
            for reader in self._readers
            for suffix, grammar in reader.rule.grammars.items()
            if suffix != SCRIPT
        }

    def wants(self, entry: FileEntry, head: bytes) -> bool:
        found = self._language(entry.path, head)
        return found is not None and not found[0].ignored.match(entry.path)

    def inspect(self, file: ImageFile) -> Iterable[Fact | Gap]:
        path = file.entry.path
        found = self._language(path, file.head)
        if found is None:
            return
        reader, grammar = found
        package = reader.package(path)
        if package is not None and (file.entry.size > MAX_INSTALLED or package in reader.known):
            return
        try:
            source = _read(file, reader, grammar)
        except SyntaxReadError as error:
            # A bundle or a data file of a dependency is no news.
            if package is None:
                reason = f"which algorithms this source code asks for stays unknown: {error}"
                yield Gap(GapKind.TOO_LARGE, path, reason, caps=False)
            return
        if source is not None:
            yield from self._facts(path, reader, source, package)

    def _language(self, path: str, head: bytes) -> tuple[LanguageReader, str] | None:
        name = path.rpartition("/")[2]
        dot = name.rfind(".")
        if dot > 0:
            return self._by_suffix.get(name[dot:])
        if head.startswith(b"#!"):
            program = _program(head)
            for reader in self._readers:
                if SCRIPT in reader.rule.grammars and program.startswith(reader.rule.interpreters):
                    return reader, reader.rule.grammars[SCRIPT]
        return None

    def _facts(
        self, path: str, reader: LanguageReader, source: Source, package: str | None
    ) -> Iterator[Fact]:
        counted: dict[tuple[str, str, bool], list[int]] = {}
        for seen in reader.calls(source):
            counted.setdefault((seen.api, seen.algorithm, seen.harmless), []).append(seen.line)
        stated = 0
        for (api, algorithm, harmless), lines in counted.items():
            approved = self._approved(algorithm)
            if package is not None and (approved != "no" or harmless):
                continue
            if (stated := stated + 1) > MAX_CALLS:
                return
            yield fact(
                FactKind.SOURCE_CALL,
                path,
                language=reader.rule.language,
                api=api,
                algorithm=algorithm,
                approved=approved,
                line=lines[0],
                count=len(lines),
                own=package is None,
                package=package or "",
                security="no" if harmless else "",
                evidence=(_evidence(path, lines, api, algorithm),),
            )
        if package is None:
            yield from self._imports(path, reader, source)

    def _imports(self, path: str, reader: LanguageReader, source: Source) -> Iterator[Fact]:
        for name, line in reader.imported(source):
            yield fact(
                FactKind.SOURCE_CALL,
                path,
                language=reader.rule.language,
                api=f"import {name}",
                algorithm="",
                approved="",
                line=line,
                count=1,
                own=True,
                package="",
                security="",
                evidence=(f"{path}:{line}: imports {name}",),
            )

    def _approved(self, algorithm: str) -> str:
        if known := self._rules.algorithms.find(algorithm):
            return known.approved
        protocol = self._rules.tls.protocol(algorithm)
        return "" if protocol is None else "yes" if protocol.approved else "no"


def _read(file: ImageFile, reader: LanguageReader, grammar: str) -> Source | None:
    """What the file holds, or None where nothing in it has to do with crypto."""
    if file.entry.size > MAX_SOURCE:
        if any(reader.mark.search(chunk) for chunk in file.chunks()):
            raise SyntaxReadError(f"{file.entry.size:,} bytes are too many for source code")
        return None
    content = file.read(MAX_SOURCE)
    return read_source(content, reader.rule, grammar) if reader.mark.search(content) else None


def _program(head: bytes) -> str:
    """The name of the interpreter in a first line; of `env` its argument."""
    words = head[2:200].split(b"\n", 1)[0].decode("utf-8", "replace").split()
    names = [word.rpartition("/")[2] for word in words]
    if names[:1] == ["env"]:
        names = [name for name in names[1:] if not name.startswith("-") and "=" not in name]
    return names[0] if names else ""


def _evidence(path: str, lines: list[int], api: str, algorithm: str) -> str:
    more = f" and {len(lines) - 1} more" if len(lines) > 1 else ""
    asked = f" {algorithm}" if algorithm and algorithm.casefold() not in api.casefold() else ""
    return f"{path}:{lines[0]}: {api}{asked}{more}"


def make(rules: RuleBook) -> SourceInspector:
    """The inspector with the languages of `rules`."""
    return SourceInspector(rules)
