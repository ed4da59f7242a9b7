"""What a waiver is about: which places of a finding, which gaps, which images.

Marks nothing.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache

from scanner.judge import MAX_EVIDENCE
from scanner.model import Finding, Gap, Module, Report, Waiver
from scanner.model.image import split_source
from scanner.policy.document import GAP
from scanner.policy.patterns import matches

CONFIGURATION = "configuration"
"""What a pattern calls the image's configuration, which has no path."""


def place_of(location: str) -> str:
    """`location` without a line number, which changes from one build to the next."""
    path, colon, line = location.rpartition(":")
    return path if colon and line.isdigit() else location


def means_image(waiver: Waiver, reference: str) -> bool:
    """Whether `waiver` is meant for the image that was scanned as `reference`.

    A pattern is also compared with the reference without the source, the digest and the tag.
    """
    _, bare = split_source(reference)
    undigested = bare.partition("@")[0]
    folder, slash, name = undigested.rpartition("/")
    untagged = f"{folder}{slash}{name.partition(':')[0]}"
    candidates = dict.fromkeys((reference, bare, undigested, untagged))
    return any(matches(waiver.image, each) for each in candidates)


@dataclass(frozen=True, slots=True)
class Place:
    """One place of a finding, as patterns may mean it."""

    paths: tuple[str, ...]
    components: tuple[tuple[str, ...], ...]
    """Names of each component that the finding may be about there."""

    def meant_by(self, waiver: Waiver) -> bool:
        """Whether `waiver` is about this place, or about a component of several there."""
        return self._by_path(waiver) or any(
            _means(waiver.pattern, names) for names in self.components
        )

    def waived_by(self, waivers: Sequence[Waiver]) -> tuple[Waiver, ...]:
        """Those of `waivers` that together accept what is found here; none if they do not.

        A program may use several components. A waiver of one of them must not hide what is found
        of another.
        """
        for waiver in waivers:
            if self._by_path(waiver):
                return (waiver,)
        found: dict[Waiver, None] = {}
        for names in self.components:
            one = next((each for each in waivers if _means(each.pattern, names)), None)
            if one is None:
                return ()
            found[one] = None
        return tuple(found)

    def _by_path(self, waiver: Waiver) -> bool:
        return any(matches(waiver.pattern, each) for each in self.paths)


@dataclass(frozen=True, slots=True)
class _Component:
    names: tuple[str, ...]
    """Any of them means it."""
    seen: str
    """How evidence tells of it, after the place."""


class Places:
    """The places of one report, and the components that are there or are used from there."""

    def __init__(self, report: Report) -> None:
        self._components: dict[str, dict[_Component, None]] = {}
        self._cache: dict[tuple[str, ...], frozenset[str]] = {}
        for use in report.uses:
            names = _names(use.module) + (_names(use.library) if use.library else ())
            self._add(use.consumer, names, use.module)
            for module in (use.module, use.library):
                if module is not None and module.path not in ("", use.consumer):
                    self._add(module.path, _names(module), module)
        self._titles = {each.seen for known in self._components.values() for each in known}

    def _add(self, path: str, names: tuple[str, ...], module: Module) -> None:
        title = f"{module.name} {module.version}".rstrip()
        component = _Component(names, f": {title} (")
        self._components.setdefault(path, {})[component] = None

    def at(self, finding: Finding, location: str) -> Place:
        """The place of `finding` that it calls `location`."""
        place = place_of(location)
        paths = (location or CONFIGURATION, place, place.partition("!/")[0])
        known = self._components.get(location) or self._components.get(place) or {}
        told = self._told(finding.evidence)
        # Evidence holds a line for each component, unless there are too many of them.
        meant = [each for each in known if each.seen in told] if len(told) < MAX_EVIDENCE else []
        return Place(tuple(dict.fromkeys(paths)), tuple(each.names for each in meant or known))

    def _told(self, evidence: tuple[str, ...]) -> frozenset[str]:
        if evidence not in self._cache:
            found = (each for each in self._titles if any(each in line for line in evidence))
            self._cache[evidence] = frozenset(found)
        return self._cache[evidence]


def waives_gap(waiver: Waiver, gap: Gap) -> bool:
    """Whether `waiver` is about `gap`."""
    return waiver.rule == f"{GAP}{gap.kind.value}" and matches(waiver.pattern, gap.subject)


@lru_cache(maxsize=4096)
def _means(pattern: str, names: tuple[str, ...]) -> bool:
    return any(matches(pattern, each) for each in names)


def _names(module: Module) -> tuple[str, ...]:
    package = module.package.partition(" ")[0]
    return tuple(dict.fromkeys(each for each in (module.id, package, module.name) if each))
