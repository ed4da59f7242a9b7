"""Checks that the examples of a rule prove it: they hold, and weakened rules do not pass them.

Reads the bytes of modules' examples, and nothing else; a problem is a value, never an exception.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path

from scanner.fingerprint import Fingerprints
from scanner.mutate import survivors
from scanner.mutate_modules import as_expected, module_survivors
from scanner.mutate_settings import server_mutants
from scanner.mutate_sources import source_mutants
from scanner.rulefile import Location
from scanner.rules_model import CheckRule, LogRule, ModuleExample, ModuleRule
from scanner.rules_servers import ServerRule
from scanner.rules_sources import SourceRule

Found = Iterator[tuple[Location, str]]
Files = Callable[[str], bytes]
"""What gives the bytes of an example's file; raises OSError."""


def fixtures_of(folder: Path) -> Path | None:
    """Where the bytes lie that the modules' examples in the rules of `folder` name.

    Beside a user's rules, in `fixtures`; of the scanner's own, among its tests, which an installed
    scanner does not have.
    """
    own = folder.parent / "tests" / "fixtures" / "modules"
    return next((each for each in (folder / "fixtures", own) if each.is_dir()), None)


def weakened_rules_fail(rule: CheckRule | LogRule) -> Found:
    """Each weakened form of the rule must fail one of its examples, or be said to be no weaker."""
    yield from _judged(survivors(rule), rule.examples.equivalent)


def servers_need_each_directive(rule: ServerRule, holds: Callable[[ServerRule], bool]) -> Found:
    """Without any directive, an example must not hold any more."""
    alive = tuple(each.name for each in server_mutants(rule) if holds(each.rule))
    yield from _judged(alive, rule.examples.equivalent)


def sources_need_each_api(rule: SourceRule, holds: Callable[[SourceRule], bool]) -> Found:
    """Without any way in which code asks for crypto, an example must not hold any more."""
    yield from _judged(tuple(each.name for each in source_mutants(rule) if holds(each.rule)), {})


def modules_have_true_bytes(rule: ModuleRule, fixtures: Path | None) -> Found:
    """A fingerprint is shown by bytes of a real file, and by those of one that only looks so."""
    if rule.fingerprint is None:
        return
    for name in ("match", "no_match"):
        needed = name == "no_match" or not rule.recalled
        if needed and not any(each.file for each in getattr(rule.examples, name)):
            yield ("examples", name), "has no example with the bytes of a real file"
    if rule.recalled and any(each.file for each in rule.examples.match):
        yield ("recalled",), "is said to be recalled, and a file confirms it"
    if fixtures is None:
        return
    prints = Fingerprints({rule.id: rule})
    content: dict[ModuleExample, bytes] = {}
    for name in ("match", "no_match"):
        for index, example in enumerate(getattr(rule.examples, name)):
            try:
                content[example] = _bytes(rule.id, example, fixtures)
            except OSError as error:
                yield ("examples", name, index), f"{example.file}: {error.strerror}"
                return
            if not as_expected(prints, example, content[example], name == "match"):
                yield ("examples", name, index), "the fingerprint does not see it so"
                return
    yield from _judged(module_survivors(rule, content.__getitem__), rule.examples.equivalent)


def _bytes(module: str, example: ModuleExample, fixtures: Path) -> bytes:
    if example.file:
        # `../other/file`, also where the module has no folder of its own.
        return Path(os.path.normpath(fixtures / module / example.file)).read_bytes()
    return b"\0" + b"\0".join(text.encode() for text in example.texts) + b"\0"


def _judged(alive: tuple[str, ...], equivalent: Mapping[str, str]) -> Found:
    for name in alive:
        if name not in equivalent:
            yield ("examples",), f"no example would notice the rule with this change: {name}"
    for name in equivalent:
        if name not in alive:
            yield (
                ("examples", "equivalent", name),
                f"an example notices `{name}`, or there is no such change",
            )
