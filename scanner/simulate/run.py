"""The simulated run: starts an image as it is and under FIPS conditions, and compares.

Looks and compares; whether an image is ready is judged elsewhere.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from scanner.errors import EngineError, UsageError
from scanner.model import (
    ConditionResult,
    Difference,
    Effect,
    Fact,
    Gap,
    GapKind,
    ImageConfig,
    LogMatch,
)
from scanner.progress import NoProgress, Progress
from scanner.rulebook import RuleBook
from scanner.simulate.box import Box
from scanner.simulate.compare import compare
from scanner.simulate.engine import engine
from scanner.simulate.limits import RunLimits
from scanner.simulate.logs import match_log, new_in
from scanner.simulate.native import FLAG
from scanner.simulate.node import NodeBox
from scanner.simulate.observed import (
    preloaded,
    run_settings,
    tls_servers,
    unexplained,
    unseen_servers,
)
from scanner.simulate.plan import Facts, Plan, image_libc, image_provider, make_plan
from scanner.simulate.provider import MAX_PROVIDER, FipsProvider, find_provider, read_provider
from scanner.simulate.results import (
    BASELINE,
    ENFORCED,
    NODE,
    NodeRun,
    Simulation,
    condition_facts,
    condition_gaps,
    condition_result,
    never_opened,
    no_health_verdict,
    no_node,
    node_gaps,
    not_started,
    nothing_observed,
)
from scanner.simulate.runner import Runner
from scanner.simulate.session import Session, ensure_image
from scanner.simulate.verify import Verification, in_box, in_own_box, verify
from scanner.simulate.watch import Observation

_AFTERMATH = 0.3
_CONFIRMED = frozenset({"exit", "ready", "health", "port"})
"""Differences that chance can make: they are looked at a second time."""


def simulate(
    image: str,
    config: ImageConfig,
    facts: Iterable[Fact],
    *,
    rules: RuleBook,
    limits: RunLimits | None = None,
    provider: Path | None = None,
    progress: Progress | None = None,
) -> Simulation:
    """Run containers of an image under each condition, one after the other.

    Args:
        image: its name or ID in the container engine; it must be there.
        facts: what static inspection and the linkers stated, uses included.
        provider: a FIPS provider for OpenSSL 3 to use where the image has none.

    Raises:
        EngineError: there is no engine, or it failed before anything was seen.
        UsageError: the image is not in the engine, or `provider` is no FIPS provider.
    """
    limits = limits or RunLimits()
    known = Facts(facts)
    found = find_provider(config.platform.architecture, provider, image_libc(known))
    with engine() as client:
        image_id = ensure_image(client, image)
        with Session(client, limits) as session:
            shown = progress or NoProgress()
            runner = Runner(session, image_id, config, rules, shown)
            return _Run(runner, Facts(facts), config, rules, shown).all(found)


@dataclass(frozen=True, slots=True)
class _Enforced:
    """The enforced run and what it proves."""

    seen: Observation
    verification: Verification
    matches: tuple[LogMatch, ...]
    new: tuple[LogMatch, ...]


class _Run:
    def __init__(
        self, runner: Runner, facts: Facts, config: ImageConfig, rules: RuleBook, progress: Progress
    ) -> None:
        self._runner = runner
        self._facts = facts
        self._config = config
        self._rules = rules
        self._progress = progress
        self._exposed = runner.exposed
        self._approval = runner.approval

    def all(self, provider: FipsProvider | None) -> Simulation:
        self._progress.phase("running it as it is")
        try:
            with self._runner.box(Plan()) as box:
                baseline = self._runner.observe(box, frozenset(self._exposed))
                own_provider = self._read_own_provider(box)
        except EngineError as error:
            return not_started(error)
        matches = match_log(baseline.log, self._rules.logs)
        first = condition_result(BASELINE, baseline, matches)
        plan = make_plan(
            self._facts,
            self._config,
            self._rules,
            own_provider=own_provider,
            provider=provider,
        )
        gaps = [
            *nothing_observed(baseline),
            *never_opened(baseline, self._exposed),
            *condition_gaps(BASELINE, baseline),
            *unseen_servers(BASELINE, baseline),
            *preloaded(BASELINE, baseline.processes, self._facts),
            *unexplained(BASELINE, baseline.processes, self._facts, self._rules),
            *plan.gaps,
        ]
        made = condition_facts(first, baseline, (), self._rules, self._approval, verified=True)
        node = self._node(baseline, matches)
        self._runner.on_node = node.result.ran
        made += node.facts
        gaps += node.gaps
        made += tls_servers(BASELINE, baseline, self._facts)
        made += run_settings(BASELINE, baseline.processes, self._facts, self._config)
        self._progress.phase("running it with approved algorithms only")
        try:
            enforced = self._enforced(plan, baseline, matches)
        except EngineError as error:
            reason = f"{error}; what it does when enforced is unknown"
            second = ConditionResult(ENFORCED, False, str(error), switches=_texts(plan))
            gaps.append(Gap(GapKind.NOT_RUN, ENFORCED, reason))
            return Simulation((first, node.result, second), tuple(made), tuple(gaps))
        verified = not enforced.verification.unproven
        differences = self._compared(plan, baseline, enforced.seen, enforced.new, verified=verified)
        second = replace(
            condition_result(ENFORCED, enforced.seen, enforced.matches),
            differences=differences,
            switches=_texts(plan),
            verified=enforced.verification.evidence,
        )
        made += condition_facts(
            second,
            enforced.seen,
            enforced.new,
            self._rules,
            self._approval,
            verified=verified,
        )
        gaps += condition_gaps(ENFORCED, enforced.seen)
        gaps += no_health_verdict(ENFORCED, baseline, enforced.seen)
        gaps += [
            Gap(
                GapKind.NOT_VERIFIED,
                ENFORCED,
                f"nothing shows that it took effect: {switch.text}; differences are only changes",
            )
            for switch in enforced.verification.unproven
            if switch in plan.switches
        ]
        return Simulation((first, node.result, second), tuple(made), tuple(gaps))

    def _node(self, baseline: Observation, before: Sequence[LogMatch]) -> NodeRun:
        """Run it where the kernel's flag reads 1 and nothing else differs."""
        self._progress.phase("running it on a simulated FIPS node")
        if self._runner.helper is None:
            return no_node("this installation has no helper for the image's architecture")
        self._runner.on_node = True
        try:
            if self._runner.is_late:
                return no_node("the time for all runs was used up")
            with self._runner.box(Plan()) as box:
                seen = self._runner.observe(box, frozenset(baseline.ports))
                assert isinstance(box, NodeBox)
                if failure := box.failure(box.state()):
                    return no_node(failure)
                log = box.node_log()
        except EngineError as error:
            return no_node(str(error))
        if not log.works:
            return no_node("nothing shows that the first process read 1 from the flag")
        matches = match_log(seen.log, self._rules.logs)
        new = new_in(matches, before)
        result = replace(
            condition_result(NODE, seen, matches),
            differences=self._compared(Plan(), baseline, seen, new, verified=True, told=False),
            switches=(f"{FLAG} reads 1",),
            verified=("its first process read 1 from it",),
            programs=log.programs(),
        )
        facts = condition_facts(result, seen, new, self._rules, self._approval, verified=True)
        return NodeRun(result, tuple(facts), (*condition_gaps(NODE, seen), *node_gaps(log)))

    def _read_own_provider(self, box: Box) -> FipsProvider | None:
        path = image_provider(self._facts)
        content = box.read_file(path, MAX_PROVIDER) if path else None
        if content is None:
            return None
        try:
            return read_provider(content, f"the image ({path})")
        except UsageError:
            return None

    def _enforced(self, plan: Plan, baseline: Observation, before: Sequence[LogMatch]) -> _Enforced:
        if self._runner.is_late:
            raise EngineError("the time for all runs was used up")
        with self._runner.box(plan) as box:
            seen = self._runner.observe(box, frozenset(baseline.ports))
            matches = match_log(seen.log, self._rules.logs)
            new = new_in(matches, before)
            specific = {rule.id: rule.runtime for rule in self._rules.logs if rule.fips_specific}
            alive = seen.running and not seen.died_while_asked
            verification = verify(
                plan,
                baseline,
                seen,
                self._facts,
                [(specific[match.rule], match) for match in new if match.rule in specific],
                in_box(box) if alive else in_own_box(lambda entry: self._runner.box(plan, entry)),
            )
        return _Enforced(seen, verification, matches, new)

    def _compared(
        self,
        plan: Plan,
        baseline: Observation,
        seen: Observation,
        new: Sequence[LogMatch],
        *,
        verified: bool,
        told: bool = True,
    ) -> tuple[Difference, ...]:
        """The differences from the baseline; what chance may have made is looked at twice."""
        breaking = frozenset(rule.id for rule in self._rules.logs if rule.effect == "breaks")

        def against(other: Observation, new: Sequence[LogMatch]) -> tuple[Difference, ...]:
            return compare(
                baseline,
                other,
                new_matches=new,
                breaking_rules=breaking,
                approval=self._approval,
                exposed=self._exposed,
                verified=verified,
                told=told,
            )

        found = against(seen, new)
        doubtful = [
            each for each in found if each.what in _CONFIRMED and each.effect is Effect.BREAKS
        ]
        if not doubtful:
            return found
        self._progress.phase("running it once more, to be sure")
        try:
            with self._runner.box(plan) as box:
                again = self._runner.observe(box, frozenset(baseline.ports), ask_tls=False)
        except EngineError:
            return found
        confirmed = {(each.what, each.condition) for each in against(again, ())}
        return tuple(
            _once(each)
            if each in doubtful and (each.what, each.condition) not in confirmed
            else each
            for each in found
        )


def _once(difference: Difference) -> Difference:
    return replace(
        difference,
        effect=Effect.CHANGES,
        detail=f"{difference.detail} (in one of two runs)",
    )


def _texts(plan: Plan) -> tuple[str, ...]:
    return tuple(switch.text for switch in plan.switches)
