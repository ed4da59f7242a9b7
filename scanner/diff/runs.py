"""Compares simulated runs: how they went, and what TLS each port accepted in them."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator

from scanner.diff.model import RunChange, TlsChange
from scanner.diff.weak_spots import effect_of
from scanner.model import ConditionResult, Effect, Report, TlsEndpoint
from scanner.report.order import in_order, ordered_runs, ports_in_order


def compare_tls(old: Report, new: Report) -> tuple[TlsChange, ...]:
    """What ports accept otherwise, in the runs that both reports have."""
    return tuple(
        change
        for before, after in _both(old, new)
        for port in sorted({each.port for each in (*before.tls, *after.tls)})
        for change in _of_port(after.name, port, _at(before, port), _at(after, port))
    )


def _both(old: Report, new: Report) -> Iterator[tuple[ConditionResult, ConditionResult]]:
    before = {each.name: each for each in old.conditions if each.ran}
    for run in ordered_runs(each for each in new.conditions if each.ran):
        if run.name in before:
            yield before[run.name], run


def _at(run: ConditionResult, port: int) -> TlsEndpoint | None:
    return next((each for each in run.tls if each.port == port), None)


def _certificate(endpoint: TlsEndpoint) -> str:
    leaf = endpoint.certificates[0]
    return f"{leaf.subject}, {leaf.key}, signed by {leaf.signature}"


def _without_ems(endpoint: TlsEndpoint) -> list[str]:
    if endpoint.completes_without_ems is None:
        return []
    if not endpoint.completes_without_ems:
        return ["refused"]
    return ["completed and resumed" if endpoint.resumes_without_ems else "completed"]


_PARTS: dict[str, Callable[[TlsEndpoint], Iterable[str]]] = {
    "protocol": lambda each: each.protocols,
    "suite": lambda each: each.suites,
    "group": lambda each: each.groups,
    "signature": lambda each: each.signatures,
    "certificate": lambda each: [_certificate(each)] if each.certificates else [],
    "without-ems": _without_ems,
    "error": lambda each: [each.error] if each.error else [],
}


def _of_port(
    condition: str, port: int, old: TlsEndpoint | None, new: TlsEndpoint | None
) -> Iterator[TlsChange]:
    unapproved = {name for each in (old, new) if each for name in each.unapproved}
    if old is None or new is None:
        told = old or new
        names = in_order((*told.protocols, *told.suites, *told.groups)) if told else []
        bad = tuple(name for name in names if name in unapproved)
        yield TlsChange(
            port, condition, "port", ("TLS",) if new else (), () if new else ("TLS",), bad
        )
        return
    for part, names_of in _PARTS.items():
        before, after = set(names_of(old)), set(names_of(new))
        if part == "without-ems" and not (before and after):
            continue  # it was not found out in one of them
        if before != after:
            added, removed = tuple(in_order(after - before)), tuple(in_order(before - after))
            bad = tuple(each for each in (*added, *removed) if each in unapproved)
            yield TlsChange(port, condition, part, added, removed, bad)


def compare_runs(old: Report, new: Report) -> tuple[RunChange, ...]:
    """How the runs that both reports have went otherwise. Times and log lines are left out."""
    return tuple(change for before, after in _both(old, new) for change in _of_run(before, after))


def _of_run(old: ConditionResult, new: ConditionResult) -> Iterator[RunChange]:
    for what, tell in _TOLD.items():
        before, after = set(tell(old)), set(tell(new))
        if before != after:
            order = ports_in_order if what == "port" else in_order
            added, removed = order(after - before), order(before - after)
            yield RunChange(new.name, what, tuple(added), tuple(removed))


_TOLD: dict[str, Callable[[ConditionResult], Iterable[str]]] = {
    "end": lambda run: [
        "still running" if run.exit_code is None else f"exited with {run.exit_code}"
    ],
    "health": lambda run: [run.health] if run.health else [],
    "port": lambda run: run.ports,
    "breaks": lambda run: _effects(run, Effect.BREAKS),
    "leaks": lambda run: _effects(run, Effect.LEAKS),
    "restricts": lambda run: _effects(run, Effect.RESTRICTS),
    "log": lambda run: (each.meaning or each.rule for each in run.log_matches),
    "step": lambda run: (
        f"{each.name}: {'passed' if each.passed else 'failed'}" for each in run.steps
    ),
    "unapproved call": lambda run: (
        f"{each.program} asks for {each.algorithm}" for each in run.calls if each.approved is False
    ),
    "switch": lambda run: run.switches,
}
"""What is told of a run → what there is of it."""


def _effects(run: ConditionResult, effect: Effect) -> Iterator[str]:
    return (effect_of(each) for each in run.differences if each.effect is effect)
