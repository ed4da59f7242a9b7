"""Finds the code of crypto modules in a stream of bytes, by the texts that only it holds.

One pass over each file for all modules together; says what the bytes hold, never whether it is
good, and knows no module by name: `rules/modules/` does.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from scanner.formats.dotnet_bundle import SIGNATURE
from scanner.formats.go_buildinfo import MAGIC as BUILD_INFO_MARK

if TYPE_CHECKING:
    from scanner.rulebook import ConstantRule, ModuleRule


def _literally(content: bytes) -> bytes:
    return b"".join(b"\\x%02x" % byte for byte in content)


CHUNK = 1 << 20
MATCH_SIZE = 256
"""Bytes that a version or value may span; what a chunk keeps of its predecessor."""
MAX_VALUES = 8
"""Different versions, or values, kept of one module in one file."""
MAX_NAMES = 100_000
"""Names that `LibraryNames` remembers. An image may hold any number of them."""
MAX_LOOKS = 256
"""Occurrences of one pattern that are looked at. A file can repeat a text a million times."""
MARKS: Mapping[str, bytes] = {
    "go": _literally(BUILD_INFO_MARK),
    "dotnet-bundle": _literally(SIGNATURE),
    # What System.Security.Cryptography.Native prints where it finds no OpenSSL.
    "dotnet-openssl": b"No usable version of libssl",
    # Where the standard library was compiled, as upstream builds it and as Debian does, or the
    # crates of the registry.
    "rust": (
        rb"/rustc[-/][0-9a-f.]{4,40}/library/(?:core|alloc|std)/"
        rb"|/registry/src/[a-z.]{5,40}-[0-9a-f]{16}/"
    ),
    # What stands before the scripts in a program that `deno compile` or `bun build` makes.
    "deno": b"d3n0l4nd",
    "bun": b"---- Bun! ----",
    "electron": b"ELECTRON_RUN_AS_NODE",
}
"""Marks of a toolchain → a regular expression on bytes. What has one is worth a closer look."""


@dataclass(frozen=True, slots=True)
class Hit:
    """A module whose code is in the bytes."""

    module: str
    """Id in `rules/modules/`."""
    versions: tuple[str, ...]
    """In order of appearance; empty when the bytes do not tell."""
    fips: str
    """The text of a FIPS build that was found, or `""`."""
    kernel_flag: bool
    values: Mapping[str, str]
    texts: tuple[str, ...]
    """What was found, one text of each required group."""


@dataclass(frozen=True, slots=True)
class Scan:
    """What was found in one stream of bytes."""

    hits: tuple[Hit, ...] = ()
    """The modules whose code is in the bytes, in order of their ids."""
    constants: tuple[str, ...] = ()
    """Algorithms whose constants are in the bytes, in order of the rules."""
    marks: frozenset[str] = frozenset()
    """Which of `MARKS` were found."""


@dataclass(slots=True)
class _Seen:
    texts: set[int] = field(default_factory=set)
    constants: set[int] = field(default_factory=set)
    values: dict[int, dict[str, None]] = field(default_factory=dict)
    looks: dict[int, int] = field(default_factory=dict)


class Fingerprints:
    """All fingerprints of a rule book, compiled on first use: once per process."""

    def __init__(
        self, modules: Mapping[str, ModuleRule], constants: Sequence[ConstantRule] = ()
    ) -> None:
        self._rules = [
            (name, rule.fingerprint)
            for name, rule in sorted(modules.items())
            if rule.fingerprint is not None and rule.fingerprint.require
        ]
        self._texts: dict[str, int] = {}
        self._patterns: dict[str, int] = {}
        for _, print_ in self._rules:
            for group in (*print_.require, print_.forbid, print_.fips, print_.kernel_flag):
                for text in group:
                    self._texts.setdefault(text, len(self._texts))
            for pattern in (print_.version, *print_.values.values()):
                if pattern:
                    self._patterns.setdefault(pattern, len(self._patterns))
        self._regexes = [re.compile(pattern.encode()) for pattern in self._patterns]
        self._constants = [
            *((rule.name, _literally(each)) for rule in constants for each in rule.patterns),
            *((rule.name, each.encode()) for rule in constants for each in rule.instructions),
        ]
        self._of_algorithms = len(self._constants)
        self._constants += MARKS.items()
        self._database: Any = None

    # A compiled database belongs to its process.
    def __getstate__(self) -> dict[str, Any]:
        return {**self.__dict__, "_database": None}

    def scan(self, chunks: Iterable[bytes]) -> Scan:
        """Everything that the rules know and the bytes hold."""
        seen = _Seen()
        ends: list[tuple[int, int]] = []
        tail = b""
        position = 0
        with self._compiled().stream(match_event_handler=_collect, context=ends) as stream:
            for chunk in chunks:
                stream.scan(chunk)
                if ends:
                    self._look(tail + chunk, position - len(tail), ends, seen)
                    ends.clear()
                position += len(chunk)
                tail = (tail + chunk[-MATCH_SIZE:])[-MATCH_SIZE:]
        names = [
            self._constants[number][0]
            for number in sorted(seen.constants)
            if number < self._of_algorithms
        ]
        return Scan(
            hits=self._hits(seen) if seen.texts else (),
            constants=tuple(dict.fromkeys(names)),
            marks=frozenset(
                self._constants[number][0]
                for number in seen.constants
                if number >= self._of_algorithms
            ),
        )

    def _compiled(self) -> Any:  # noqa: ANN401 - hyperscan has no types
        if self._database is None:
            import hyperscan

            # Texts and patterns in one database: a second one would be a second pass.
            self._database = hyperscan.Database(mode=hyperscan.HS_MODE_STREAM)
            self._database.compile(
                expressions=[
                    *(_literally(text.encode()) for text in self._texts),
                    *(pattern.encode() for pattern in self._patterns),
                    *(expression for _, expression in self._constants),
                ],
                ids=list(range(len(self._texts) + len(self._patterns) + len(self._constants))),
                flags=[
                    *([hyperscan.HS_FLAG_SINGLEMATCH] * len(self._texts)),
                    *([0] * len(self._patterns)),
                    *([hyperscan.HS_FLAG_SINGLEMATCH] * len(self._constants)),
                ],
            )
        return self._database

    def _look(
        self, window: bytes, start: int, ends: Sequence[tuple[int, int]], seen: _Seen
    ) -> None:
        """Note the texts that were seen, and read the values around the ends of patterns."""
        for number, end in ends:
            if number < len(self._texts):
                seen.texts.add(number)
                continue
            pattern = number - len(self._texts)
            if pattern >= len(self._patterns):
                seen.constants.add(pattern - len(self._patterns))
                continue
            looks = seen.looks.get(pattern, 0)
            values = seen.values.setdefault(pattern, {})
            if looks >= MAX_LOOKS or len(values) >= MAX_VALUES:
                continue
            seen.looks[pattern] = looks + 1
            here = end - start
            for match in self._regexes[pattern].finditer(
                window, max(0, here - MATCH_SIZE), here + MATCH_SIZE
            ):
                value = next((group for group in match.groups() if group is not None), None)
                if value is not None and len(values) < MAX_VALUES:
                    values.setdefault(value.decode("utf-8", "replace"))

    def _hits(self, seen: _Seen) -> tuple[Hit, ...]:
        found: list[Hit] = []
        for name, print_ in self._rules:
            groups = [self._first(group, seen) for group in print_.require]
            if not all(groups) or self._first(print_.forbid, seen):
                continue
            found.append(
                Hit(
                    module=name,
                    versions=self._values(print_.version, seen),
                    fips=self._first(print_.fips, seen),
                    kernel_flag=bool(self._first(print_.kernel_flag, seen)),
                    values={
                        attribute: values[0]
                        for attribute, pattern in print_.values.items()
                        if (values := self._values(pattern, seen))
                    },
                    texts=tuple(groups),
                )
            )
        return tuple(found)

    def _first(self, texts: Sequence[str], seen: _Seen) -> str:
        return next((text for text in texts if self._texts[text] in seen.texts), "")

    def _values(self, pattern: str, seen: _Seen) -> tuple[str, ...]:
        if not pattern:
            return ()
        return tuple(seen.values.get(self._patterns[pattern], ()))


def _collect(number: int, _start: int, end: int, _flags: int, ends: list[tuple[int, int]]) -> None:
    ends.append((number, end))


class LibraryNames:
    """Which module a shared library is by its name, as `libraries` of the rules say."""

    def __init__(self, modules: Mapping[str, ModuleRule]) -> None:
        self._patterns = [
            (name, re.compile("|".join(f"(?:{pattern})" for pattern in rule.libraries)))
            for name, rule in sorted(modules.items())
            if rule.libraries
        ]
        self._known: dict[str, str] = {}

    def module(self, file_name: str) -> str:
        """The id of the module that a file of this name is, or `""`."""
        if file_name not in self._known:
            if len(self._known) > MAX_NAMES:
                self._known.clear()
            self._known[file_name] = next(
                (name for name, pattern in self._patterns if pattern.fullmatch(file_name)), ""
            )
        return self._known[file_name]
