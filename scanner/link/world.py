"""What linkers look at: all facts of an image, its squashed file tree and its configuration.

Opens no file and judges nothing.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from functools import cached_property

from scanner.image.view import ImageView
from scanner.link.owners import Owners
from scanner.link.started import Start
from scanner.link.startup import follow
from scanner.model import CryptoUse, Fact, FactKind, Gap, ImageConfig
from scanner.rulebook import RuleBook


class FactIndex:
    """Facts by kind and by path. Immutable; `plus` makes a larger one."""

    def __init__(self, facts: Iterable[Fact]) -> None:
        self._all = tuple(facts)
        by_kind: defaultdict[FactKind, list[Fact]] = defaultdict(list)
        by_path: defaultdict[str, list[Fact]] = defaultdict(list)
        for each in self._all:
            by_kind[each.kind].append(each)
            by_path[each.path].append(each)
        self._by_kind = {kind: tuple(group) for kind, group in by_kind.items()}
        self._by_path = {path: tuple(group) for path, group in by_path.items()}

    def of(self, kind: FactKind) -> tuple[Fact, ...]:
        """All facts of `kind`, in the order they were stated."""
        return self._by_kind.get(kind, ())

    def at(self, path: str) -> tuple[Fact, ...]:
        """All facts seen in the file `path`; with `""` those of the image as a whole."""
        return self._by_path.get(path, ())

    def one(self, kind: FactKind, path: str) -> Fact | None:
        """The first fact of `kind` at `path`, or None."""
        return next((each for each in self.at(path) if each.kind is kind), None)

    def plus(self, facts: Iterable[Fact]) -> FactIndex:
        """A new index that holds `facts` as well."""
        return FactIndex((*self._all, *facts))

    def __iter__(self) -> Iterator[Fact]:
        return iter(self._all)

    def __len__(self) -> int:
        return len(self._all)


@dataclass(frozen=True)
class World:
    """Everything a linker may look at."""

    facts: FactIndex
    view: ImageView
    config: ImageConfig
    rules: RuleBook

    @cached_property
    def start(self) -> Start:
        """How a container of the image starts."""
        return follow(self.facts, self.view, self.config)

    @cached_property
    def owners(self) -> Owners:
        """Which package brought which file."""
        return Owners(self.facts, self.view)

    def plus(self, facts: Iterable[Fact]) -> World:
        """The same image with what linkers derived from its facts."""
        grown = replace(self, facts=self.facts.plus(facts))
        # Both come from what inspectors state, and no linker derives that.
        grown.__dict__.update(start=self.start, owners=self.owners)
        return grown


@dataclass(frozen=True, slots=True)
class Linked:
    """What a linker found out by putting facts together."""

    facts: tuple[Fact, ...] = ()
    uses: tuple[CryptoUse, ...] = ()
    gaps: tuple[Gap, ...] = ()
