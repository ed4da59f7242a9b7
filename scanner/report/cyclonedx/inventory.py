"""The algorithms of an image, each once, with every place in which it was seen.

Collects names from settings, files and runs; what a name means is told by the tables.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

from cyclonedx.model.component import Component, ComponentType
from cyclonedx.model.component_evidence import Occurrence
from cyclonedx.model.crypto import CryptoAssetType, CryptoCertificationLevel, CryptoProperties

from scanner.model import (
    AlgorithmCall,
    Asset,
    AssetKind,
    ConditionResult,
    CryptoUse,
    Report,
    ValidationStatus,
)
from scanner.report.cyclonedx.algorithms import Algorithm, named, of_suite, properties_of
from scanner.report.cyclonedx.modules import Links, module_ref, program_ref, proven
from scanner.report.cyclonedx.values import occurrence, plain, properties, with_evidence
from scanner.report.identity import short_id
from scanner.report.order import ordered_runs


@dataclass
class _Seen:
    algorithm: Algorithm
    places: list[Occurrence] = field(default_factory=list)
    served_by: set[CryptoUse] = field(default_factory=set)
    """Uses whose module was seen to compute it."""
    elsewhere: bool = False
    """Whether it was also computed by what no use tells of."""


def algorithm_ref(algorithm: Algorithm) -> str:
    """The reference of an algorithm's component."""
    return f"algorithm:{short_id(algorithm.name)}"


class Inventory:
    """Algorithms as they are found. Fill it, then ask for `components` and `links`."""

    def __init__(self, report: Report) -> None:
        self._report = report
        self._seen: dict[str, _Seen] = {}
        self.links: Links = defaultdict(set)
        """What uses or is made of an algorithm → the algorithm."""

    def add(self, name: str, *places: Occurrence, of: str = "") -> str:
        """Note that `name` was seen in `places`, and by the component with the reference `of`."""
        return self._note(named(name), places, of)

    @staticmethod
    def knows(name: str) -> bool:
        """Whether the tables know an algorithm by `name`."""
        return named(name).rule is not None

    def add_suite(self, name: str, *places: Occurrence, of: str = "") -> list[str]:
        """Note what a TLS cipher suite is made of."""
        return [self._note(each, places, of) for each in of_suite(name)]

    def _note(self, algorithm: Algorithm, places: Iterable[Occurrence], of: str) -> str:
        ref = algorithm_ref(algorithm)
        self._seen.setdefault(ref, _Seen(algorithm)).places.extend(places)
        if of:
            self.links[of].add(ref)
        return ref

    def components(self) -> Iterator[Component]:
        """A component for each algorithm."""
        for ref, seen in sorted(self._seen.items()):
            made = properties_of(seen.algorithm)
            level = _certification(seen)
            made.certification_levels = [level] if level else []
            rule = seen.algorithm.rule
            oids = rule.names.oid if rule and not seen.algorithm.size else ()
            component = Component(
                type=ComponentType.CRYPTOGRAPHIC_ASSET,
                name=plain(seen.algorithm.name) or "unknown",
                bom_ref=ref,
                crypto_properties=CryptoProperties(
                    asset_type=CryptoAssetType.ALGORITHM,
                    algorithm_properties=made,
                    # Several stand for modes or sizes, of which the name tells none.
                    oid=oids[0] if len(oids) == 1 else None,
                ),
                properties=properties(
                    ("approved", rule.approved_on(self._report.date) if rule else None),
                    ("standard", rule.standard if rule else None),
                ),
            )
            yield with_evidence(component, seen.places)

    # --- where they come from --------------------------------------------------------------

    def of_assets(self, assets: Iterable[Asset]) -> None:
        """What files tell: settings, policies, calls in source code, compiled code."""
        programs = {use.consumer for use in self._report.uses}
        for asset in assets:
            if asset.kind not in _TELLING:
                continue
            unapproved = set(asset.unapproved)
            for name in dict.fromkeys((*asset.algorithms, *asset.unapproved)):
                if name.startswith(("TLS 1", "SSL ")):
                    continue  # a protocol
                of = program_ref(asset.path) if asset.path in programs else ""
                place = occurrence(asset.path, line=asset.line, context=asset.name)
                # What is wrong with a suite is wrong with one of its parts only.
                if name.startswith("TLS_") and self.add_suite(name, place, of=of):
                    continue
                if name in unapproved:
                    context = f"{asset.name}: not approved here"
                    place = occurrence(asset.path, line=asset.line, context=context)
                self.add(name, place, of=of)

    def of_runs(self) -> None:
        """What programs asked libraries for while they ran, and what libraries offered."""
        uses: dict[tuple[str, str], list[CryptoUse]] = defaultdict(list)
        libraries: dict[str, set[str]] = defaultdict(set)
        for use in self._report.uses:
            asked = use.library or use.module
            uses[use.consumer, asked.path].append(use)
            libraries[asked.path].add(module_ref(asked))
        for run in ordered_runs(self._report.conditions):
            for call in run.calls:
                if call.failed < call.count:
                    self._of_call(call, run, uses.get((call.program, call.library), []))
            # What a library would give with other settings is not what the image has.
            for offer in run.offers if run.name in OWN_RUNS else ():
                if offer.offered and offer.provider and offer.kind in _ALGORITHMS:
                    place = occurrence(offer.provider, context=f"{run.name}: gives it when asked")
                    refs = self._of_name(offer.algorithm, place)
                    for module in libraries.get(offer.provider, ()):
                        self.links[module].update(refs)

    def _of_name(self, name: str, place: Occurrence) -> list[str]:
        """Note what a run names: an algorithm, or a cipher suite; protocols are told elsewhere."""
        if name.startswith("TLS_"):
            return self.add_suite(name, place)
        return [] if _PROTOCOL.fullmatch(name) else [self.add(name, place)]

    def _of_call(self, call: AlgorithmCall, run: ConditionResult, uses: list[CryptoUse]) -> None:
        context = f"{run.name}: asked for by {call.api}"
        place = occurrence(call.program or call.library, context=context)
        own = run.name in OWN_RUNS or all(each.startswith(_OWN_SWITCH) for each in run.switches)
        for ref in self._of_name(call.algorithm, place):
            seen = self._seen[ref]
            if uses and own and call.approved is not False:
                seen.served_by.update(uses)
            else:
                seen.elsewhere = True
            for use in uses:
                self.links[program_ref(use.consumer)].add(ref)
                self.links[module_ref(use.module)].add(ref)


OWN_RUNS = ("baseline", "node")
"""Runs in which the image is configured as it was built."""
_OWN_SWITCH = "the image's own "
_ALGORITHMS = frozenset(
    {
        "cipher",
        "digest",
        "exchange",
        "group",
        "kdf",
        "key-size",
        "mac",
        "random",
        "signature",
        "tls",
    }
)
"""What libraries are asked for that is an algorithm, and no version or setting of them."""
_PROTOCOL = re.compile(r"D?TLS|(?:TLS|SSL)[ v]*[\d.]+", re.IGNORECASE)
_TELLING = (AssetKind.CODE, AssetKind.SETTING, AssetKind.POLICY, AssetKind.SOURCE)


def _certification(seen: _Seen) -> CryptoCertificationLevel | None:
    """Of whatever was seen to compute it, if that is known of all of it; else None.

    A certificate is worth nothing for an algorithm that it does not approve, nor where the
    approved mode is off or follows the node.
    """
    rule = seen.algorithm.rule
    if not seen.served_by or seen.elsewhere or rule is None or rule.approved == "no":
        return None
    if all(use.validation.status is ValidationStatus.NONE for use in seen.served_by):
        return CryptoCertificationLevel.NONE
    if not all(proven(use) for use in seen.served_by):
        return None
    levels = {(use.validation.standard, use.validation.level) for use in seen.served_by}
    # Of several certificates the weakest holds.
    standard, level = min(levels, key=lambda each: (each[0], each[1] or 0))
    name = f"{standard.lower().replace('fips ', 'fips')}-l{level}"
    return next((each for each in CryptoCertificationLevel if each.value == name), None)
