"""Decides where a check fires, from facts alone.

Pure: no file, no clock, and no opinion on what a match means.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache

from scanner.conditions import AtLeast, Below, Condition, IsSet, Matches, NoneOf, OneOf, Test
from scanner.facts import FACT_ATTRIBUTES
from scanner.model import Fact, FactKind, Value
from scanner.rules_model import CheckRule

CONDITION_KINDS = frozenset(
    kind for kind, attributes in FACT_ATTRIBUTES.items() if "condition" in attributes
)
"""Facts of a simulated run: their attribute `condition` names it."""

MAX_TEXT = 10_000
"""Characters of a value that a regular expression is shown: facts hold hostile text."""


@dataclass(frozen=True, slots=True)
class Match:
    """One place where a check fires, and the facts that made it."""

    location: str
    facts: tuple[Fact, ...]


class FactBase:
    """Facts by kind, by path and by simulated run. Build once, ask every check."""

    def __init__(self, facts: Iterable[Fact]) -> None:
        self.all = tuple(facts)
        self.by_kind: defaultdict[FactKind, list[Fact]] = defaultdict(list)
        self._by_place: defaultdict[tuple[FactKind, str], list[Fact]] = defaultdict(list)
        self._by_run: defaultdict[tuple[FactKind, str], list[Fact]] = defaultdict(list)
        for each in self.all:
            self.by_kind[each.kind].append(each)
            self._by_place[each.kind, each.path].append(each)
            if each.kind in CONDITION_KINDS:
                self._by_run[each.kind, each.text("condition")].append(each)

    def at(self, kind: FactKind, paths: Iterable[str]) -> Iterator[Fact]:
        """Facts of `kind` at any of `paths`."""
        for path in paths:
            yield from self._by_place.get((kind, path), ())

    def in_run(self, kind: FactKind, run: str) -> Sequence[Fact]:
        """Facts of `kind` of the simulated run `run`; facts of other kinds belong to every run."""
        if kind in CONDITION_KINDS:
            return self._by_run.get((kind, run), ())
        return self.by_kind.get(kind, ())


@dataclass(frozen=True, slots=True)
class _View:
    """The facts that are looked at together, as a scope puts them together."""

    base: FactBase
    location: str = ""
    paths: tuple[str, ...] | None = None
    run: str | None = None
    use: Fact | None = None

    def facts(self, kind: FactKind) -> Iterable[Fact]:
        if self.use is not None and kind is FactKind.USE:
            return (self.use,)
        if self.paths is not None:
            return self.base.at(kind, self.paths)
        if self.run is not None:
            return self.base.in_run(kind, self.run)
        return self.base.by_kind.get(kind, ())


def evaluate(check: CheckRule, facts: FactBase | Sequence[Fact]) -> tuple[Match, ...]:
    """Every place where `check` fires, in order of location.

    Pass a `FactBase` when several checks are asked about the same facts.
    """
    base = facts if isinstance(facts, FactBase) else FactBase(facts)
    matches: list[Match] = []
    for view in _views(check, base):
        made = _made_by(check, view)
        if made is None:
            continue
        if check.scope == "image":
            places = sorted({each.path for each in made}) or [""]
            matches.extend(
                Match(place, tuple(each for each in made if each.path == place)) for place in places
            )
        else:
            matches.append(Match(view.location, made))
    return tuple(sorted(matches, key=lambda match: match.location))


def _views(check: CheckRule, base: FactBase) -> Iterator[_View]:
    """The groups of facts to ask about; only those in which the first condition can hold."""
    if check.scope == "image":
        yield _View(base)
        return
    if not check.when.all:
        return
    first = check.when.all[0]
    anchors = [each for each in base.by_kind.get(first.kind, ()) if holds(first, each)]
    if check.scope == "use":
        for use in anchors:
            # The facts of the image as a whole have no path.
            places = dict.fromkeys((use.path, use.text("library"), ""))
            yield _View(base, use.path, paths=tuple(places), use=use)
    elif check.scope == "file":
        for path in dict.fromkeys(each.path for each in anchors):
            yield _View(base, path, paths=tuple(dict.fromkeys((path, ""))))
    else:
        for run in dict.fromkeys(each.text("condition") for each in anchors):
            yield _View(base, run, run=run)


def _made_by(check: CheckRule, view: _View) -> tuple[Fact, ...] | None:
    """The facts that make the check fire, or None when it does not."""
    if any(_first(condition, view) for condition in check.when.none):
        return None
    made: dict[int, Fact] = {}
    for condition in check.when.all:
        found = _all(condition, view)
        if not found:
            return None
        made.update((id(each), each) for each in found)
    either = [each for condition in check.when.any for each in _all(condition, view)]
    if check.when.any and not either:
        return None
    made.update((id(each), each) for each in either)
    return tuple(made.values())


def _first(condition: Condition, view: _View) -> bool:
    return any(holds(condition, each) for each in view.facts(condition.kind))


def _all(condition: Condition, view: _View) -> list[Fact]:
    return [each for each in view.facts(condition.kind) if holds(condition, each)]


def holds(condition: Condition, each: Fact) -> bool:
    """Whether the fact `each` is what `condition` asks for."""
    if each.kind is not condition.kind:
        return False
    for name, test in condition.tests:
        value = each.path if name == "path" else each.attributes.get(name)
        if not _passes(test, _texts(value)):
            return False
    return True


def _texts(value: Value | None) -> tuple[str, ...]:
    if isinstance(value, str):
        return (value,)
    if value is None:
        return ()
    if isinstance(value, tuple):
        return value
    if isinstance(value, bool):
        return ("yes" if value else "no",)
    return (str(value),)


def _passes(test: Test, texts: tuple[str, ...]) -> bool:
    match test:
        case OneOf(values):
            return any(text in values for text in texts)
        case NoneOf(values):
            return not any(text in values for text in texts)
        case Matches(pattern):
            compiled = _compiled(pattern)
            return any(compiled.match(text[:MAX_TEXT]) is not None for text in texts)
        case Below(version):
            return any(text and version_key(text) < version_key(version) for text in texts)
        case AtLeast(version):
            return any(text and version_key(text) >= version_key(version) for text in texts)
        case IsSet(expected):
            return any(texts) is expected


@lru_cache(maxsize=1024)
def _compiled(pattern: str) -> re.Pattern[str]:
    return re.compile(pattern)


_VERSION_PART = re.compile(r"\d+|[a-z]+|~")
_BEFORE_RELEASE = frozenset({"alpha", "beta", "dev", "pre", "preview", "rc", "snapshot", "m"})


@lru_cache(maxsize=4096)
def version_key(text: str) -> tuple[tuple[int, int, str], ...]:
    """A key by which versions sort: numbers as numbers, `3.0.2` < `3.0.2a` < `3.0.10`.

    Tolerant: a leading `v` or `go`, and any separators, do not matter; `rc`, `beta`, `~` and the
    like come before the release itself. Ends of zero are equal: `3` is `3.0`.
    """
    parts: list[tuple[int, int, str]] = []
    body = re.sub(r"^(go|v)(?=\d)", "", text.strip().lower())[:200]
    for part in _VERSION_PART.findall(body):
        if part.isdigit():
            parts.append((2, int(part), ""))
        elif part == "~" or part in _BEFORE_RELEASE:
            _drop_zeros(parts)
            parts.append((0, 0, part))
        else:
            parts.append((3, 0, part))
    _drop_zeros(parts)
    # What ends here is a release: after its candidates, before its patches.
    return (*parts, (1, 0, ""))


def _drop_zeros(parts: list[tuple[int, int, str]]) -> None:
    while parts and parts[-1] == (2, 0, ""):
        parts.pop()
