"""What a waiver is about: which places of a finding, which gaps, which images.

Marks nothing.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from scanner.judge import MAX_EVIDENCE
from scanner.model import Finding, Gap, Module, Report, Waiver
from scanner.policy.document import GAP
from scanner.policy.patterns import matches

CONFIGURATION = "configuration"
"""What a pattern calls the image's configuration, which has no path."""
_SCHEMES = ("docker", "registry", "oci", "docker-archive", "dir")


def place_of(location: str) -> str:
    """`location` without a line number, which changes from one build to the next."""
    path, colon, line = location.rpartition(":")
    return path if colon and line.isdigit() else location


def means_image(waiver: Waiver, reference: str) -> bool:
    """Whether `waiver` is meant for the image that was scanned as `reference`.

    A pattern is also compared with the reference without the source, the digest and the tag.
    """
    scheme, colon, rest = reference.partition(":")
    bare = rest if colon and scheme in _SCHEMES else reference
    undigested = bare.partition("@")[0]
    folder, slash, name = undigested.rpartition("/")
    untagged = f"{folder}{slash}{name.partition(':')[0]}"
    candidates = dict.fromkeys((reference, bare, undigested, untagged))
    return any(matches(waiver.image, each) for each in candidates)


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

    def waived_by(
        self, waivers: Iterable[Waiver], finding: Finding, location: str
    ) -> tuple[Waiver, ...]:
        """Those of `waivers` that together accept `finding` at `location`; none if they do not.

        A program may use several components. A waiver of one of them must not hide what is found
        of another.
        """
        about = [each for each in waivers if each.rule == finding.id]
        if not about:
            return ()
        paths = _paths(location)
        for waiver in about:
            if any(matches(waiver.pattern, each) for each in paths):
                return (waiver,)
        found: dict[Waiver, None] = {}
        for names in self.components(finding, location):
            waiver_of_it = next((each for each in about if _means(each, names)), None)
            if waiver_of_it is None:
                return ()
            found[waiver_of_it] = None
        return tuple(found)

    def concerns(self, waiver: Waiver, finding: Finding, location: str) -> bool:
        """Whether `waiver` is about `finding` at `location`, or a component of several there."""
        return waiver.rule == finding.id and (
            any(matches(waiver.pattern, each) for each in _paths(location))
            or any(_means(waiver, names) for names in self.components(finding, location))
        )

    def components(self, finding: Finding, location: str) -> list[tuple[str, ...]]:
        """Names of each component that `finding` may be about at `location`."""
        known = self._components.get(location) or self._components.get(place_of(location)) or {}
        told = self._told(finding.evidence)
        # Evidence holds a line for each component, unless there are too many of them.
        meant = [each for each in known if each.seen in told] if len(told) < MAX_EVIDENCE else []
        return [each.names for each in meant or known]

    def _told(self, evidence: tuple[str, ...]) -> frozenset[str]:
        if evidence not in self._cache:
            found = (each for each in self._titles if any(each in line for line in evidence))
            self._cache[evidence] = frozenset(found)
        return self._cache[evidence]


def waives_gap(waiver: Waiver, gap: Gap) -> bool:
    """Whether `waiver` is about `gap`."""
    return waiver.rule == f"{GAP}{gap.kind.value}" and matches(waiver.pattern, gap.subject)


def _paths(location: str) -> tuple[str, ...]:
    place = place_of(location)
    return (location or CONFIGURATION, place, place.partition("!/")[0])


def _means(waiver: Waiver, names: tuple[str, ...]) -> bool:
    return any(matches(waiver.pattern, each) for each in names)


def _names(module: Module) -> tuple[str, ...]:
    package = module.package.partition(" ")[0]
    return tuple(dict.fromkeys(each for each in (module.id, package, module.name) if each))
