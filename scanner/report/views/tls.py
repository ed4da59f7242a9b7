"""The rows of the TLS tables: what a port accepted in which run, and what of it is approved.

Lays nothing out.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cached_property

from scanner.model import ConditionResult, Effect, TlsClient, TlsEndpoint
from scanner.report.escape import visible
from scanner.report.order import in_order, ordered_runs
from scanner.report.page import counted

PARTS = ("protocol", "suite", "group", "signature")
_SHORT_FIRST = ("protocol", "group", "signature", "suite")
"""Of the suites there may be dozens."""
_NAMES = 3


@dataclass(frozen=True)
class Row:
    """One protocol, suite or group of a port."""

    part: str
    name: str
    accepted: tuple[bool, ...]
    """In the runs in which the port was asked, in their order."""
    approved: bool
    leaks: bool

    @cached_property
    def changed(self) -> bool:
        return len(set(self.accepted)) > 1

    @property
    def rank(self) -> tuple[int, int, str]:
        lost = self.changed and self.approved
        order = 0 if self.leaks else 1 if lost else 2 if not self.changed else 3
        return (order, _SHORT_FIRST.index(self.part), self.name)

    @property
    def reading(self) -> tuple[str, str]:
        """Whether it is approved, and the style of that."""
        if self.leaks:
            return "no: leaks", "bold red"
        if self.approved:
            return ("yes: lost", "yellow") if self.accepted[0] else ("yes: new", "")
        return "no", "yellow"


def judged(conditions: Iterable[ConditionResult]) -> tuple[set[str], set[str]]:
    """Names that are not approved, and those of them that leak."""
    unapproved: set[str] = set()
    leaking: set[str] = set()
    for condition in conditions:
        for endpoint in condition.tls:
            unapproved.update(endpoint.unapproved)
        for each in condition.differences:
            if each.what.startswith("tls-") and each.effect in (Effect.LEAKS, Effect.RESTRICTS):
                unapproved.add(each.baseline)
                if each.effect is Effect.LEAKS:
                    leaking.add(each.baseline)
    return unapproved, leaking


def post_quantum(endpoints: Mapping[str, TlsEndpoint]) -> Iterable[str]:
    """What of it quantum computers do not break, and in which runs, where not in all."""
    offered = {name: in_order(each.post_quantum) for name, each in endpoints.items()}
    together: dict[tuple[str, ...], list[str]] = {}
    for name in in_order(each for names in offered.values() for each in names):
        runs = tuple(visible(run) for run, names in offered.items() if name in names)
        together.setdefault(runs, []).append(visible(name))
    for runs, names in together.items():
        where = "" if len(runs) == len(endpoints) else f" in {' and '.join(runs)}"
        yield f"Post-quantum: {', '.join(names)}{where}"


def ports_of(
    conditions: Iterable[ConditionResult],
) -> Iterable[tuple[int, dict[str, TlsEndpoint | None]]]:
    """Every port that spoke TLS, with what it accepted in which run.

    A run without this port, in which others spoke TLS, accepted nothing on it.
    """
    runs = [each for each in ordered_runs(conditions) if each.ran]
    for port in sorted({each.port for run in runs for each in run.tls}):
        yield (
            port,
            {run.name: next((e for e in run.tls if e.port == port), None) for run in runs},
        )


def rows_of(
    seen: dict[str, TlsEndpoint | None], unapproved: set[str], leaking: set[str]
) -> Iterable[Row]:
    """Everything that the port accepted in any run, part by part."""
    for part in PARTS:
        accepted = {name: _names(endpoint, part) for name, endpoint in seen.items()}
        for name in sorted(set().union(*accepted.values())):
            yield Row(
                part,
                name,
                tuple(name in each for each in accepted.values()),
                name not in unapproved,
                name in leaking,
            )


def _names(endpoint: TlsEndpoint | None, part: str) -> frozenset[str]:
    if endpoint is None:
        return frozenset()
    names = {
        "protocol": endpoint.protocols,
        "suite": endpoint.suites,
        "group": endpoint.groups,
        "signature": endpoint.signatures,
    }
    return frozenset(names[part])


def without_ems(endpoints: Mapping[str, TlsEndpoint]) -> Iterable[str]:
    """Whether handshakes complete without extended master secret.

    Nothing where every run refuses them, or where that is not known.
    """
    told = {
        name: "completed and resumed" if each.resumes_without_ems else "completed"
        for name, each in endpoints.items()
        if each.completes_without_ems
    }
    told |= {n: "refused" for n, each in endpoints.items() if each.completes_without_ems is False}
    if set(told.values()) - {"refused"}:
        by_run = ", ".join(f"{visible(name)} {told[name]}" for name in endpoints if name in told)
        alike = len(set(told.values())) == 1
        text = f"{next(iter(told.values()))} in every run" if alike and len(told) > 1 else by_run
        yield f"TLS 1.2 without extended master secret: {text}"


def unapproved_of(client: TlsClient) -> str:
    """What of an offer is not approved, in a few words."""
    bad = frozenset(client.unapproved)
    parts: list[str] = []
    for kind, names in (
        ("protocol", client.protocols),
        ("suite", client.suites),
        ("group", client.groups),
        ("signature", client.signatures),
    ):
        wrong = [visible(name) for name in names if name in bad]
        if not wrong:
            continue
        if kind == "suite" or len(wrong) > _NAMES:
            some = f"{len(wrong)} of {counted(len(names), kind)}"
            parts.append(f"every {kind}" if len(wrong) == len(names) else some)
        else:
            parts.append(", ".join(wrong))
    return "; ".join(parts) or "nothing"
