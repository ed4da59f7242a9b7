"""What the page shows of simulated runs: how they went, what differs, what was asked for.

Orders and counts; concludes nothing.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from scanner.model import (
    AlgorithmCall,
    ConditionResult,
    Difference,
    Effect,
    Gap,
    GapKind,
    LogMatch,
    ProgramActivity,
    Report,
    TlsClient,
)
from scanner.report.html.limits import Limits, Shown, first
from scanner.report.html.words import EFFECTS, Badge, Tone
from scanner.report.order import NODE, ordered_runs, ports_in_order
from scanner.report.views.calls import SETTINGS, matters, rank_of
from scanner.report.views.runs import Switches, does_crypto, end_of, switches_of
from scanner.report.views.steps import Seen, answered, readable
from scanner.report.views.tls import unapproved_of

ABOUT = {
    "baseline": "as it is",
    NODE: "on a FIPS node",
    "enforced": "approved algorithms only",
}
_SHOWN_BY = {
    "supervisor inside": "The flag was shown by a supervisor inside the container, which its "
    "programs can see.",
    "preload": "The flag was shown by a library before all others: static programs did not see it.",
    "host": "The flag was shown by the engine's host itself, which is a FIPS node.",
}
_DETAIL = 600
_NAMED = frozenset({"tls-protocol", "tls-suite", "tls-group", "tls-signature"})
"""Differences that a name says all of."""
_LEFT_OUT = "OpenSSL 3 was not restricted, for want of a FIPS provider."


@dataclass(frozen=True, slots=True)
class DifferenceRow:
    """Something that is not as in the baseline."""

    effect: Badge
    what: str
    details: tuple[str, ...]
    """One sentence, or names of TLS."""
    log: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Run:
    """One run of the container."""

    result: ConditionResult
    about: str
    ready: str
    ports: str
    end: str
    outcome: Badge
    switches: Switches
    remarks: tuple[str, ...]
    differences: Shown[DifferenceRow]
    log: Shown[LogMatch]
    programs: Shown[ProgramActivity]


def runs_of(report: Report, limits: Limits) -> list[Run]:
    """The runs, mildest first."""
    return [_run(each, report.gaps, limits) for each in ordered_runs(report.conditions)]


def _run(result: ConditionResult, gaps: Sequence[Gap], limits: Limits) -> Run:
    seconds = result.ready_seconds
    remarks = [_SHOWN_BY[result.simulated_by]] if result.simulated_by in _SHOWN_BY else []
    if any(gap.kind is GapKind.NO_PROVIDER and gap.subject == result.name for gap in gaps):
        remarks.append(_LEFT_OUT)
    programs = [each for each in result.programs if does_crypto(each) or each.started]
    return Run(
        result=result,
        about=ABOUT.get(result.name, ""),
        ready="never" if seconds is None else "at once" if seconds < 0.05 else f"{seconds:.1f} s",
        ports=", ".join(ports_in_order(result.ports)) or "none",
        end=end_of(result),
        outcome=_outcome(result),
        switches=switches_of(result, gaps),
        remarks=tuple(remarks),
        differences=first(_differences(result.differences), limits.rows),
        log=first(
            sorted(result.log_matches, key=lambda each: (each.rule, each.line)), limits.lines
        ),
        programs=first(sorted(programs, key=lambda each: each.program), limits.lines),
    )


def _outcome(result: ConditionResult) -> Badge:
    if not result.ran:
        return Badge("not run", Tone.WARN)
    for effect in (Effect.BREAKS, Effect.LEAKS):
        number = sum(each.effect is effect for each in result.differences)
        if number:
            return Badge(
                f"{number} {'thing' if number == 1 else 'things'} {_verb(effect, number)}", Tone.BAD
            )
    if result.name == "baseline":
        return Badge("for comparison", Tone.MUTE)
    return Badge("nothing breaks", Tone.GOOD)


def _verb(effect: Effect, number: int) -> str:
    word = effect.value
    return word if number == 1 else word.removesuffix("s")


def _difference_order(each: Difference) -> tuple[int, str, str, str]:
    return (list(EFFECTS).index(each.effect), each.what, each.baseline, each.detail)


def _words(what: str) -> str:
    return "TLS without EMS" if what == "tls-ems" else what.replace("tls-", "TLS ")


def _differences(found: Sequence[Difference]) -> list[DifferenceRow]:
    """Worst first. Names of TLS with the same effect take one row: they say all there is."""
    together: dict[tuple[Effect, str, tuple[str, ...]], list[str]] = {}
    rows: list[DifferenceRow] = []
    for each in sorted(found, key=_difference_order):
        name = each.baseline or each.condition
        if each.what in _NAMED and name:
            together.setdefault((each.effect, each.what, each.log), []).append(name)
        else:
            detail = (readable(each.detail, _DETAIL),)
            words = _words(each.what)
            rows.append(DifferenceRow(EFFECTS[each.effect], words, detail, each.log))
    for (effect, what, log), names in together.items():
        rows.append(DifferenceRow(EFFECTS[effect], _words(what), tuple(names), log))
    order = list(EFFECTS.values())
    return sorted(rows, key=lambda row: order.index(row.effect))


@dataclass(frozen=True, slots=True)
class StepRow:
    """A step, and whether it passed, run by run."""

    name: str
    answers: tuple[Badge, ...]
    failures: tuple[tuple[str, str, tuple[str, ...]], ...]
    """Run, reason, and the end of the output, of each failure."""


@dataclass(frozen=True, slots=True)
class Steps:
    """What the container was asked to do."""

    runs: tuple[str, ...]
    rows: Shown[StepRow]


def steps_of(report: Report, limits: Limits) -> Steps:
    """The steps in their order, those that fail first where not all are shown."""
    runs = [each for each in ordered_runs(report.conditions) if each.ran]
    names = list(dict.fromkeys(step.name for run in runs for step in run.steps))
    seen: Seen = {run.name: {step.name: step for step in run.steps} for run in runs}
    rows = [_step(name, seen, limits) for name in names]
    if len(rows) > limits.rows:
        rows.sort(key=lambda row: not row.failures)
    return Steps(tuple(seen), first(rows, limits.rows))


def _step(name: str, seen: Seen, limits: Limits) -> StepRow:
    answers, failures = [], []
    for run, results in seen.items():
        step = results.get(name)
        if step is None:
            answers.append(Badge("not made", Tone.MUTE))
        elif status := answered(name, run, seen):
            answers.append(Badge(f"answered {status}", Tone.MUTE))
        elif step.passed:
            answers.append(Badge("passed", Tone.GOOD))
        else:
            answers.append(Badge("fails", Tone.BAD))
            lines = [line.rstrip() for line in step.log.splitlines() if line.strip()]
            failures.append((run, step.detail, tuple(lines[-limits.lines :])))
    return StepRow(readable(name), tuple(answers), tuple(failures))


@dataclass(frozen=True, slots=True)
class CallRow:
    """What a program asked for, and in which runs it was granted or refused alike."""

    call: AlgorithmCall
    runs: tuple[str, ...]
    answer: Badge
    approved: Badge


@dataclass(frozen=True, slots=True)
class Calls:
    """What programs asked for while they ran."""

    telling: Shown[CallRow]
    """Refused, or not approved: granted ones first."""
    quiet: Shown[CallRow]
    """The rest."""

    def __bool__(self) -> bool:
        return bool(self.telling.rows or self.quiet.rows)


def calls_of(report: Report, limits: Limits) -> Calls:
    """The calls of all runs, those alike together."""
    together: dict[AlgorithmCall, list[str]] = {}
    for run in ordered_runs(report.conditions):
        for call in run.calls:
            together.setdefault(call, []).append(run.name)
    rows = [
        CallRow(call, tuple(runs), _answer(call), _approved(call))
        for call, runs in sorted(together.items(), key=lambda each: rank_of(each[0]))
    ]
    return Calls(
        first([row for row in rows if matters(row.call)], limits.rows),
        first([row for row in rows if not matters(row.call)], limits.rows),
    )


def _answer(call: AlgorithmCall) -> Badge:
    if not call.failed:
        bad = call.approved is False and matters(call)
        return Badge("granted", Tone.BAD if bad else Tone.GOOD if call.approved else Tone.MUTE)
    if call.failed >= call.count:
        return Badge("refused", Tone.WARN)
    return Badge(f"refused {call.failed} of {call.count}", Tone.WARN)


def _approved(call: AlgorithmCall) -> Badge:
    if call.approved is None:
        known = call.api.startswith(SETTINGS)
        return Badge("a setting" if known else "unknown", Tone.MUTE)
    if call.approved:
        return Badge("yes", Tone.GOOD)
    return Badge("no", Tone.BAD if matters(call) else Tone.MUTE)


@dataclass(frozen=True, slots=True)
class ClientRow:
    """What a program offered to a server."""

    client: TlsClient
    unapproved: str
    runs: tuple[str, ...]


def clients_of(report: Report, limits: Limits) -> Shown[ClientRow]:
    """One row for each server, and for what differs between runs."""
    together: dict[tuple[str, str, int, str], tuple[TlsClient, list[str]]] = {}
    for run in ordered_runs(report.conditions):
        for each in run.clients:
            key = (each.program, each.server_name, each.port, unapproved_of(each))
            together.setdefault(key, (each, []))[1].append(run.name)
    rows = [ClientRow(client, key[3], tuple(runs)) for key, (client, runs) in together.items()]
    return first(rows, limits.rows)
