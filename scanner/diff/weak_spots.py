"""What is wrong in a place, finely enough to see that it got worse though its finding stayed.

A finding says of a whole file or run that something in it is wrong. Compares; judges nothing.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from scanner.diff.places import without_versions
from scanner.model import (
    Activation,
    Asset,
    ConditionResult,
    CryptoUse,
    Difference,
    Effect,
    Report,
    TlsEndpoint,
    ValidationStatus,
)
from scanner.report.order import RUNS

_VALIDATIONS = {
    ValidationStatus.ACTIVE: 0,
    ValidationStatus.INTERIM_EXPIRED: 1,
    ValidationStatus.IN_PROCESS: 2,
    ValidationStatus.ENVIRONMENT_MISMATCH: 3,
    ValidationStatus.HISTORICAL: 4,
    ValidationStatus.UNKNOWN: 5,
    ValidationStatus.NONE: 5,
}
_MODES = {
    Activation.ON: 0,
    Activation.HOST: 1,
    Activation.UNKNOWN: 2,
    Activation.OFF: 3,
    Activation.NONE: 3,
}


@dataclass(frozen=True, slots=True)
class Spot:
    """One thing that is wrong."""

    text: str
    """For people."""
    ranks: tuple[int, ...] = (1,)
    """How bad it is in each respect; the more the worse."""

    def worse_than(self, other: Spot) -> bool:
        """Whether it is, in any respect."""
        return any(mine > its for mine, its in zip(self.ranks, other.ranks, strict=True))


Spots = Mapping[str, Spot]
"""What tells it from others, with versions and line numbers left out → what is wrong."""


class WeakSpots:
    """What is wrong in the places of one report."""

    def __init__(self, report: Report) -> None:
        self._runs = {each.name: each for each in report.conditions}
        self._assets: dict[str, list[Asset]] = {}
        for asset in report.assets:
            self._assets.setdefault(asset.path, []).append(asset)
        self._seen: dict[str, dict[str, Spot]] = {}
        for run in report.conditions:
            for path, key, spot in _of_programs(run):
                self._seen.setdefault(path, {})[key] = spot
        self._uses: dict[str, list[CryptoUse]] = {}
        for use in report.uses:
            self._uses.setdefault(use.consumer, []).append(use)

    def at(self, place: str) -> Spots:
        """What is wrong at `place`: a path, or the name of a condition."""
        if place in self._runs:
            return dict(_of_run(self._runs[place]))
        found: dict[str, Spot] = {}
        for asset in self._assets_at(place):
            for name in asset.unapproved:
                what = without_versions(asset.name)
                found[f"asset {asset.kind} {what} {name}"] = Spot(f"{asset.name}: {name}")
        found |= self._seen.get(place, {})
        for use in self._uses.get(place, ()):
            for key, spot in _of_use(use):
                if key not in found or spot.worse_than(found[key]):
                    found[key] = spot
        return found

    def tells(self, place: str, line: str) -> bool:
        """Whether `at` has what a line of evidence is about, so that it can be compared there."""
        weak = [each.name for each in self._assets_at(place) if each.unapproved]
        used = [f"{each.module.name} {each.module.version}" for each in self._uses.get(place, ())]
        return place in self._seen or any(each.strip() in line for each in (*weak, *used))

    def _assets_at(self, place: str) -> tuple[Asset, ...]:
        return (*self._assets.get(place, ()), *self._assets.get(_file(place), ()))

    def has(self, place: str) -> bool:
        """Whether something is known of the file at `place`, good or bad."""
        return place in self._assets or _file(place) in self._assets or place in self._uses

    def ran(self, place: str) -> bool:
        """Whether a run shows something wrong of `place`, or `place` is a run."""
        return place in self._seen or place in self._runs or place in RUNS

    def seen_at(self, place: str) -> object:
        """What was read from the image at `place`: equal where that is equal.

        Leaves out what rules or the day make of it.
        """
        return (
            sorted(map(_identity, self._uses.get(place, ())), key=repr),
            sorted(
                ((a.kind, a.name, a.detail, a.line, a.count) for a in self._assets.get(place, ())),
            ),
        )


def grown(old: Spots, new: Spots) -> tuple[str, ...]:
    """What of `new` is not in `old`, or is worse than there."""
    return tuple(
        spot.text
        for key, spot in sorted(new.items())
        if key not in old or spot.worse_than(old[key])
    )


def _file(place: str) -> str:
    return place.partition("!/")[0]


def _identity(use: CryptoUse) -> tuple[object, ...]:
    return (use.kind, use.module, use.library, use.purpose, use.role, use.started)


def _of_use(use: CryptoUse) -> Iterator[tuple[str, Spot]]:
    status, mode = use.validation.status, use.activation
    ranks = (_VALIDATIONS[status], _MODES[mode])
    if any(ranks):
        name = f"{use.module.name} {use.module.version}".strip()
        validation = "not validated" if status is ValidationStatus.NONE else status.value
        text = f"{name}, {validation}, approved mode {mode}"
        # Whether OpenSSL serves by a provider or by itself, it is the same library.
        yield f"use {(use.library or use.module).id}", Spot(text, ranks)


def _of_run(run: ConditionResult) -> Iterator[tuple[str, Spot]]:
    for endpoint in run.tls:
        yield from _of_port(endpoint)
    for each in run.differences:
        if each.effect in (Effect.BREAKS, Effect.LEAKS):
            named = effect_of(each)
            yield f"{each.effect} {named}", Spot(f"{each.effect}: {named}")
    for match in run.log_matches:
        yield f"log {match.rule}", Spot(f"the log says: {match.meaning}")
    for step in run.steps:
        if not step.passed:
            yield f"step {step.name}", Spot(f"fails: {step.name}")
    for path, key, spot in _of_programs(run):
        text = f"{path or 'a program'} {spot.text}"
        yield f"{without_versions(path)} {key}", Spot(text, spot.ranks)


def _of_programs(run: ConditionResult) -> Iterator[tuple[str, str, Spot]]:
    """What a program or library is seen to do wrong: its path, and what tells it from others."""
    for call in run.calls:
        if call.approved is False:
            text = f"asks for {call.algorithm}"
            yield call.program, f"call {call.algorithm}", Spot(text)
        if call.failed:
            text = f"is refused {call.algorithm}"
            yield call.program, f"refused {call.algorithm}", Spot(text)
    for offer in run.offers:
        if offer.offered and offer.approved is False:
            text = f"gives {offer.algorithm}"
            yield offer.provider, f"offer {offer.kind} {offer.algorithm}", Spot(text)
    for client in run.clients:
        for name in client.unapproved:
            key = f"client {client.server_name} {name}"
            yield client.program, key, Spot(f"offers {name} to servers")
    for program in run.programs:
        for name in program.kernel_crypto:
            yield program.program, f"kernel {name}", Spot(f"asks the kernel for {name}")


def effect_of(difference: Difference) -> str:
    """What a difference is about, in words that do not vary between runs as times do."""
    if difference.what.startswith("tls-"):
        return difference.detail
    named = {"port": difference.baseline, "log": difference.condition}.get(difference.what, "")
    return f"{difference.what} {named}".strip()


def _of_port(endpoint: TlsEndpoint) -> Iterator[tuple[str, Spot]]:
    port = f"port {endpoint.port}"
    for name in endpoint.unapproved:
        yield f"tls {endpoint.port} {name}", Spot(f"{port} accepts {name}")
    for certificate in endpoint.certificates:
        for what in certificate.unapproved:
            yield f"certificate {endpoint.port} {what}", Spot(f"{port} shows a certificate: {what}")
    if endpoint.completes_without_ems:
        text = f"{port} does without extended master secret"
        yield f"ems {endpoint.port}", Spot(text, (2 if endpoint.resumes_without_ems else 1,))
