"""What was accepted and given, run by run: TLS ports, crypto libraries and runtimes.

The runs side by side; what is not approved is marked, and nothing is left out but by number.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from scanner.model import AlgorithmOffer, Report, TlsCertificate, TlsEndpoint
from scanner.report.html.limits import Limits, Shown, first
from scanner.report.html.words import Badge, Tone
from scanner.report.order import ordered_runs
from scanner.report.views import offers, tls

_PARTS = {
    "protocol": "Protocols",
    "suite": "Cipher suites",
    "group": "Key exchange groups",
    "signature": "Signatures",
}


@dataclass(frozen=True, slots=True)
class MatrixRow:
    """A name, whether each run had it, and what that means."""

    name: str
    answers: tuple[bool | None, ...]
    reading: Badge


@dataclass(frozen=True, slots=True)
class MatrixPart:
    """Rows of one sort."""

    title: str
    rows: Shown[MatrixRow]


@dataclass(frozen=True, slots=True)
class Port:
    """What one port accepted."""

    number: int
    starttls: str
    runs: tuple[str, ...]
    parts: tuple[MatrixPart, ...]
    """What is not approved or not the same in every run, and all protocols."""
    quiet: tuple[MatrixPart, ...]
    """The rest."""
    certificates: Shown[tuple[TlsCertificate, str]]
    """Each with the runs that showed it, `""` for all."""
    remarks: tuple[str, ...]
    unapproved: int

    @property
    def quiet_number(self) -> int:
        """How many names are in `quiet`."""
        return sum(each.rows.total for each in self.quiet)


def ports_of(report: Report, limits: Limits) -> list[Port]:
    """Every port that spoke TLS."""
    unapproved, leaking = tls.judged(report.conditions)
    return [
        _port(number, seen, unapproved, leaking, limits)
        for number, seen in tls.ports_of(report.conditions)
    ]


def _port(
    number: int,
    seen: dict[str, TlsEndpoint | None],
    unapproved: set[str],
    leaking: set[str],
    limits: Limits,
) -> Port:
    rows = sorted(tls.rows_of(seen, unapproved, leaking), key=lambda row: row.rank)
    parts, quiet = [], []
    for part, title in _PARTS.items():
        its = [row for row in rows if row.part == part]
        telling = [row for row in its if part == "protocol" or row.changed or not row.approved]
        alike = [row for row in its if row not in telling]
        if telling:
            parts.append(_part(title, telling, limits))
        if alike:
            quiet.append(_part(title, alike, limits))
    endpoints = {name: each for name, each in seen.items() if each is not None}
    remarks = [*tls.without_ems(endpoints), *tls.post_quantum(endpoints)]
    remarks += [
        f"{name}: incomplete, {each.error}" for name, each in endpoints.items() if each.error
    ]
    return Port(
        number=number,
        starttls=next((each.starttls for each in endpoints.values() if each.starttls), ""),
        runs=tuple(seen),
        parts=tuple(parts),
        quiet=tuple(quiet),
        certificates=first(_certificates(endpoints), limits.lines),
        remarks=tuple(remarks),
        unapproved=len({row.name for row in rows if not row.approved}),
    )


def _part(title: str, rows: Sequence[tls.Row], limits: Limits) -> MatrixPart:
    made = [MatrixRow(row.name, row.accepted, _tls_reading(row)) for row in rows]
    return MatrixPart(title, first(made, limits.rows))


def _tls_reading(row: tls.Row) -> Badge:
    if row.leaks:
        return Badge("no: leaks", Tone.BAD)
    if not row.approved:
        gone = row.changed and not row.accepted[-1]
        return Badge("no: gone when enforced" if gone else "no", Tone.WARN)
    if not row.changed:
        return Badge("yes", Tone.GOOD)
    return Badge("yes: lost" if row.accepted[0] else "yes: new", Tone.WARN)


def _certificates(endpoints: Mapping[str, TlsEndpoint]) -> list[tuple[TlsCertificate, str]]:
    together: dict[TlsCertificate, list[str]] = {}
    for name, endpoint in endpoints.items():
        for each in endpoint.certificates:
            together.setdefault(each, []).append(name)
    return [
        (each, "" if len(runs) == len(endpoints) else ", ".join(dict.fromkeys(runs)))
        for each, runs in together.items()
    ]


@dataclass(frozen=True, slots=True)
class Library:
    """What a crypto library or runtime gave when asked. Several may have given the same."""

    paths: tuple[str, ...]
    about: str
    runs: tuple[str, ...]
    rows: Shown[tuple[MatrixRow, str]]
    """Each with what sort of algorithm it is."""
    total: int
    served: int
    """Not approved, and still given when enforced."""


_READINGS = {
    "served": Badge("no: still served", Tone.BAD),
    "restricted": Badge("no: gone when enforced", Tone.GOOD),
    "refused": Badge("no", Tone.MUTE),
    "lost": Badge("yes: lost", Tone.WARN),
}


def libraries_of(report: Report, limits: Limits) -> list[Library]:
    """Every library and runtime that was asked, those that gave the same put together."""
    runs = [run for run in ordered_runs(report.conditions) if run.offers]
    providers = sorted({each.provider for run in runs for each in run.offers})
    alike: dict[object, list[str]] = {}
    pictures: dict[object, dict[str, list[AlgorithmOffer]]] = {}
    for provider in providers:
        seen = {run.name: [e for e in run.offers if e.provider == provider] for run in runs}
        key = tuple(
            (name, tuple(sorted((e.kind, e.algorithm, e.offered) for e in found)))
            for name, found in seen.items()
        )
        alike.setdefault(key, []).append(provider)
        pictures.setdefault(key, seen)
    return [_library(paths, pictures[key], limits) for key, paths in alike.items()]


def _library(
    paths: Sequence[str], seen: Mapping[str, Sequence[AlgorithmOffer]], limits: Limits
) -> Library:
    rows = sorted(offers.rows_of(seen), key=lambda row: row.rank)
    shown = [
        (
            MatrixRow(
                row.name,
                tuple(row.given[run] for run in seen),
                _offer_reading(row),
            ),
            row.kind,
        )
        for row in rows
    ]
    return Library(
        paths=tuple(paths),
        about=offers.asked_of(seen),
        runs=tuple(seen),
        rows=first(shown, limits.rows),
        total=len(rows),
        served=sum(row.reading == "served" for row in rows),
    )


def _offer_reading(row: offers.Row) -> Badge:
    if row.reading in _READINGS:
        return _READINGS[row.reading]
    if row.approved is None:
        return Badge("unknown", Tone.MUTE)
    return Badge("yes", Tone.GOOD) if row.approved else Badge("no", Tone.WARN)
