"""Turns what was seen of a container into facts, and what was not seen into gaps."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from scanner.errors import EngineError
from scanner.facts import fact
from scanner.model import (
    ConditionResult,
    Fact,
    FactKind,
    Gap,
    GapKind,
    LogMatch,
    ProgramActivity,
    Value,
)
from scanner.rulebook import RuleBook
from scanner.simulate.compare import how_it_ended, why_not_held
from scanner.simulate.go_switches import GO_ONLY
from scanner.simulate.http import Request
from scanner.simulate.node_log import NodeLog
from scanner.simulate.plan import Plan
from scanner.simulate.probes import offer_facts
from scanner.simulate.tls_table import Approval, endpoint_facts
from scanner.simulate.traffic import step_facts
from scanner.simulate.verify import Verification, is_of_fips
from scanner.simulate.watch import Observation

CONDITIONS = BASELINE, NODE, ENFORCED = "baseline", "node", "enforced"
"""In the order in which they are run."""
_WITHOUT = {
    NODE: "what it does where the kernel's FIPS flag reads 1 is unknown",
    ENFORCED: "what it does with approved algorithms only is unknown",
}
INTERRUPTED = "the scan was interrupted"


@dataclass(frozen=True, slots=True)
class Simulation:
    """What the simulated run of an image showed."""

    conditions: tuple[ConditionResult, ...] = ()
    facts: tuple[Fact, ...] = ()
    gaps: tuple[Gap, ...] = ()


def not_started(error: EngineError) -> Simulation:
    """What is known of an image whose container could not be started."""
    reason = f"the container could not be started: {error}"
    gap = Gap(GapKind.NOT_RUN, BASELINE, f"{reason}; what it does at run time is unknown")
    skipped = "not started, as the baseline could not be"
    conditions = (
        ConditionResult(BASELINE, False, reason),
        ConditionResult(NODE, False, skipped),
        ConditionResult(ENFORCED, False, skipped),
    )
    return Simulation(conditions, (), (gap,))


def cut_short(
    missing: Sequence[str],
) -> tuple[tuple[ConditionResult, ...], tuple[Gap, ...]]:
    """What an interrupted scan did not come to: conditions, or the closer look at them."""
    results = tuple(ConditionResult(name, False, INTERRUPTED) for name in missing)
    gaps = tuple(
        Gap(
            GapKind.INTERRUPTED,
            name,
            f"not run: {INTERRUPTED}; what it does under this condition is unknown",
        )
        for name in missing
    )
    reason = f"{INTERRUPTED}: which algorithms its programs ask for is not all known"
    return results, gaps or (Gap(GapKind.INTERRUPTED, "audit", reason),)


def node_gaps(log: NodeLog) -> list[Gap]:
    """What the supervisor of a simulated node could not do."""
    return log.gaps()


def no_node(reason: str) -> tuple[ConditionResult, Gap]:
    """A node that could not be simulated, and what that leaves open."""
    gap = Gap(GapKind.NOT_RUN, NODE, f"{reason}: {_WITHOUT[NODE]}")
    return ConditionResult(NODE, False, reason), gap


def left_out(condition: str) -> tuple[ConditionResult, Gap]:
    """A condition that the user does not want, and what that leaves open."""
    reason = "left out, as asked for"
    gap = Gap(GapKind.NOT_RUN, condition, f"{reason}: {_WITHOUT[condition]}", requested=True)
    return ConditionResult(condition, False, reason), gap


def not_confirmed(name: str, reason: str) -> Gap:
    """The gap of a break in run `name` that could not be looked at a second time."""
    return Gap(
        GapKind.NOT_VERIFIED,
        name,
        f"something broke, and could not be looked at once more ({reason}): whether it was chance "
        "is unknown",
    )


def no_audit(reason: str) -> Gap:
    """The gap of a run that was to show which algorithms are asked for, and does not."""
    return Gap(
        GapKind.NOT_RUN,
        "audit",
        f"{reason}: which algorithms its programs ask for is not all known",
        caps=False,
    )


def unproven_gaps(plan: Plan, verification: Verification) -> list[Gap]:
    """The gaps of switches of which nothing shows that they took effect."""
    therefore = (
        "what it should stop was perhaps not stopped"
        if is_of_fips(verification, plan)
        else "differences are only changes"
    )
    unproven = [
        Gap(
            GapKind.NOT_VERIFIED,
            ENFORCED,
            f"nothing shows that it took effect: {switch.text}; {therefore}",
        )
        for switch in verification.unproven
        if switch in plan.switches
    ]
    # A program may have a library in its memory that it never asks.
    idle = (Gap(GapKind.NOT_VERIFIED, ENFORCED, each, caps=False) for each in verification.doubts)
    return [*unproven, *idle]


def condition_result(
    name: str, seen: Observation, matches: tuple[LogMatch, ...]
) -> ConditionResult:
    """The run as the report tells it; what was compared and verified is added later."""
    return ConditionResult(
        name=name,
        ran=True,
        reason=how_it_ended(seen),
        exit_code=seen.exit_code,
        ready_seconds=seen.ready_seconds,
        health=seen.health,
        ports=tuple(f"{port}/tcp" for port in sorted({*seen.ports, *seen.loopback_ports})),
        tls=seen.tls,
        log_matches=matches,
        offers=seen.offers,
        clients=seen.clients,
        steps=seen.steps,
    )


def condition_facts(
    result: ConditionResult,
    seen: Observation,
    new_matches: Sequence[LogMatch],
    rules: RuleBook,
    approval: Approval,
    *,
    verified: bool,
) -> list[Fact]:
    """All facts of one condition.

    Args:
        new_matches: those of its log matches that the baseline did not have.
        verified: whether the switches of the condition are known to have taken effect.
    """
    run: dict[str, Value] = {
        "condition": result.name,
        "ran": result.ran,
        "running": seen.running,
        "ready": seen.ready_seconds is not None,
        "health": seen.health,
        "listening": seen.listening,
        "verified": verified,
    }
    if seen.exit_code is not None:
        run["exit_code"] = seen.exit_code
    facts = [fact(FactKind.RUN, evidence=(result.reason,), **run)]
    known = {rule.id: rule for rule in rules.logs}
    for match in result.log_matches:
        rule = known[match.rule]
        # A message that other causes have as well, in a run whose switches are not known to
        # work, may be of our own making.
        doubtful = not verified and not rule.fips_specific
        facts.append(
            fact(
                FactKind.LOG_MATCH,
                condition=result.name,
                rule=match.rule,
                effect="informs" if doubtful else str(rule.effect),
                new=match in new_matches,
                line=match.line,
                meaning=match.meaning,
                evidence=(match.line,),
            )
        )
    facts += endpoint_facts(result.tls, result.name, approval)
    facts += step_facts(result.steps, result.name)
    if verified:
        # Of what is given without a switch that works, nothing follows.
        facts += offer_facts(result.offers, result.name, rules)
    facts += activity_facts(result)
    # Go itself says that this setting is for tests: production has `on`, which refuses nothing.
    only_go = all(each.startswith(f"GODEBUG={GO_ONLY}") for each in result.verified)
    facts += [
        fact(
            FactKind.DIFFERENCE,
            condition=result.name,
            test_mode=bool(result.verified) and only_go,
            what=each.what,
            effect=each.effect.value,
            detail=each.detail,
            evidence=(each.detail, *each.log),
        )
        for each in result.differences
    ]
    return facts


def activity_facts(result: ConditionResult) -> list[Fact]:
    """What each program did with cryptography, where that was seen from inside."""
    return [
        fact(
            FactKind.PROGRAM_ACTIVITY,
            each.program,
            condition=result.name,
            read_flag=each.read_flag,
            opened=each.opened,
            missing=each.missing,
            kernel_crypto=each.kernel_crypto,
            evidence=(f"{each.program}: {_activity(each)}",),
        )
        for each in result.programs
    ]


def _activity(program: ProgramActivity) -> str:
    read = "read the FIPS flag" if program.read_flag else "never read the FIPS flag"
    missing = f", did not find {', '.join(program.missing[:4])}" if program.missing else ""
    return read + missing


def nothing_observed(baseline: Observation) -> list[Gap]:
    """The gap of an image of which a run shows too little to call it a pass."""
    if baseline.listening or baseline.health == "healthy" or baseline.stopped:
        return []
    if baseline.exit_code is None:
        what = f"ran for {baseline.seconds:.0f} s and listened on no port"
    elif baseline.out_of_memory:
        what = f"used up its memory after {baseline.seconds:.1f} s"
    elif baseline.exit_code == 0:
        what = f"ended after {baseline.seconds:.1f} s with exit code 0 and listened on no port"
    else:
        what = (
            f"ended after {baseline.seconds:.1f} s with exit code {baseline.exit_code}, as images "
            "do that need arguments, files or another service"
        )
    reason = f"it {what}: ran, nothing observed that shows its cryptography at work"
    return [Gap(GapKind.NOTHING_OBSERVED, "baseline", reason)]


def never_opened(baseline: Observation, exposed: Sequence[int]) -> list[Gap]:
    """The gap of declared ports on which nothing listened while others did."""
    if not (baseline.running and baseline.listening):
        return []
    late = sorted(set(exposed) - {*baseline.ports, *baseline.loopback_ports})
    if not late:
        return []
    # Images often declare more ports than their default configuration opens; when none of
    # them opens, the program was hardly at work yet.
    ports = ", ".join(map(str, late))
    reason = (
        f"declared port {ports} was not open after {baseline.seconds:.0f} s, so what serves it was "
        "not looked at; --ready-timeout waits longer"
    )
    caps = set(late) == set(exposed)
    return [Gap(GapKind.NOTHING_OBSERVED, "baseline", reason, caps=caps)]


def no_health_verdict(name: str, baseline: Observation, seen: Observation) -> list[Gap]:
    """The gap of a health check that passed in the baseline and was not done in run `name`."""
    if baseline.health != "healthy" or seen.health != "starting" or not seen.running:
        return []
    reason = (
        f"the image's own health check had no verdict after {seen.seconds:.0f} s, and passed in "
        "the baseline; whether it passes here is unknown; --ready-timeout waits longer"
    )
    return [Gap(GapKind.TIMED_OUT, name, reason)]


def _unchecked(baseline: Observation) -> Iterator[Gap]:
    """The gap of a health check that said nothing in the baseline, so that nothing can break it."""
    if baseline.health != "starting" or not baseline.running or baseline.stopped:
        return
    if baseline.checked:
        said = "had no verdict"
        advice = "--ready-timeout waits longer"
    else:
        said = "was not run by the engine"
        advice = "Podman runs none without systemd; --exec with its command does the same"
    reason = (
        f"the image's own health check {said} in {baseline.seconds:.0f} s; whether it passes, here "
        f"and in the other runs, is unknown; {advice}"
    )
    yield Gap(GapKind.TIMED_OUT, BASELINE, reason)


def condition_gaps(name: str, seen: Observation) -> list[Gap]:
    """What could not be seen in the run of condition `name`."""
    gaps: list[Gap] = []
    if seen.stopped:
        reason = f"it was stopped, because {seen.stopped}; what it would have done is unknown"
        gaps.append(Gap(GapKind.TOO_LARGE, name, reason))
    if not seen.reachable:
        ports = ", ".join(map(str, seen.ports))
        reason = f"port {ports} cannot be reached from here, so TLS was not looked at"
        gaps.append(Gap(GapKind.NOT_SUPPORTED, name, reason))
    if seen.loopback_ports:
        ports = ", ".join(map(str, seen.loopback_ports))
        reason = f"port {ports} listens inside the container only, so TLS was not looked at"
        gaps.append(Gap(GapKind.NOT_SUPPORTED, name, reason, caps=False))
    if seen.died_while_asked:
        reason = "it ended while it was asked for TLS, so what it accepts is not all known"
        gaps.append(Gap(GapKind.UNREADABLE, name, reason))
    if name == BASELINE:
        gaps += _unchecked(seen)
    if name == BASELINE and seen.running and not seen.stopped and seen.reachable:
        gaps += _unknown_ports(seen)
    elif name != BASELINE and seen.unanswered and not seen.died_while_asked:
        ports = ", ".join(map(str, seen.unanswered))
        reason = (
            f"port {ports} spoke TLS in the baseline, and here gave no answer to it in time; what "
            "it accepts here is unknown"
        )
        gaps.append(Gap(GapKind.TIMED_OUT, name, reason))
    for endpoint in seen.tls if name == ENFORCED else ():
        holders = [each for each in seen.processes if endpoint.port in each.ports]
        found = {(each.program, why) for each in holders if (why := why_not_held(each))}
        for program, why in sorted(found):
            reason = (
                f"port {endpoint.port}: {program} {why}, so what it does with approved algorithms "
                "only is unknown"
            )
            gaps.append(Gap(GapKind.NOT_VERIFIED, name, reason))
    for endpoint in seen.tls:
        if endpoint.error:
            reason = f"port {endpoint.port}: {endpoint.error}"
            gaps.append(Gap(GapKind.TIMED_OUT, name, reason, caps=not endpoint.suites))
    if seen.log_cut:
        reason = f"it printed more than {len(seen.log) // 2**20} MiB; the rest was not read"
        gaps.append(Gap(GapKind.TOO_LARGE, name, reason, caps=False))
    return gaps


def _unknown_ports(seen: Observation) -> Iterator[Gap]:
    """Ports of which it is not known what they speak."""
    done = {each.name for each in seen.steps}
    unknown = [
        port
        for port in sorted({*seen.ports} - {each.port for each in seen.tls})
        if str(Request(port)) not in done and port not in seen.ssh
    ]
    if seen.ssh:
        ports = ", ".join(map(str, seen.ssh))
        reason = (
            f"port {ports} speaks SSH: which ciphers, MACs and key exchanges it takes was not "
            "looked at; OpenSSH computes ChaCha20-Poly1305 and some others by itself"
        )
        yield Gap(GapKind.NOT_SUPPORTED, BASELINE, reason)
    if silent := [port for port in unknown if port in seen.unanswered]:
        ports = ", ".join(map(str, silent))
        reason = (
            f"port {ports} takes connections and gave no answer in time, neither in TLS nor in "
            "HTTP: whether it speaks TLS is unknown"
        )
        yield Gap(GapKind.TIMED_OUT, BASELINE, reason, caps=False)
    if others := [port for port in unknown if port not in seen.unanswered]:
        ports = ", ".join(map(str, others))
        reason = (
            f"port {ports} spoke neither TLS, nor HTTP, nor a protocol of which STARTTLS is known: "
            "what it encrypts by other means was not looked at"
        )
        yield Gap(GapKind.NOT_SUPPORTED, BASELINE, reason, caps=False)
