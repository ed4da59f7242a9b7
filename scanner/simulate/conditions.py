"""The conditions of a simulated run, one after the other, and each held against the baseline.

Looks and compares; whether an image is ready is judged elsewhere.
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace

from scanner.errors import EngineError
from scanner.model import (
    AlgorithmOffer,
    ConditionResult,
    Difference,
    Fact,
    Gap,
    GapKind,
    ImageConfig,
    LogMatch,
    ProgramActivity,
)
from scanner.progress import Progress
from scanner.rulebook import RuleBook
from scanner.rules_targets import Mounted
from scanner.simulate.audit import call_facts
from scanner.simulate.box import Box
from scanner.simulate.closer import CloserLook
from scanner.simulate.compare import compare, doubtful, settled, unconfirmed
from scanner.simulate.logs import match_log, new_in
from scanner.simulate.native import FLAG
from scanner.simulate.node import NodeBox
from scanner.simulate.node_log import NodeLog
from scanner.simulate.node_mounts import CONFIG, POLICY, in_effect, mounted_files
from scanner.simulate.observed import (
    preloaded,
    run_settings,
    tls_servers,
    unexplained,
    unseen_servers,
)
from scanner.simulate.plan import Facts, Plan, make_plan
from scanner.simulate.probes import TOTAL_SECONDS as PROBING
from scanner.simulate.probes import alone, inside, probe_all
from scanner.simulate.provider import FipsProvider
from scanner.simulate.ran import Ran, own_provider
from scanner.simulate.results import (
    BASELINE,
    CONDITIONS,
    ENFORCED,
    NODE,
    Simulation,
    condition_facts,
    condition_gaps,
    condition_result,
    cut_short,
    left_out,
    never_opened,
    no_audit,
    no_health_verdict,
    no_node,
    node_gaps,
    not_confirmed,
    not_started,
    nothing_observed,
    unproven_gaps,
)
from scanner.simulate.runner import Runner
from scanner.simulate.scenario import Scenario, never_ready, step_gaps
from scanner.simulate.tls_client_hello import client_facts
from scanner.simulate.verify import Verification, in_box, in_own_box, is_of_fips, verify
from scanner.simulate.watch import Observation

_OUT_OF_TIME = "the time for all runs was nearly used up; --timeout gives more"
_LEAST = 3.0
"""Seconds that a run must have, beside twice what the baseline took."""
_NO_SWITCHES = Plan()


@dataclass
class Conditions:
    """All runs of one image, and what they have told so far."""

    runner: Runner
    closer: CloserLook
    facts: Facts
    config: ImageConfig
    rules: RuleBook
    progress: Progress
    scenario: Scenario
    wanted: frozenset[str] = frozenset(CONDITIONS)
    mounts: tuple[Mounted, ...] = ()
    """What the node's runtime puts into containers."""
    conditions: list[ConditionResult] = field(default_factory=list)
    made: list[Fact] = field(default_factory=list)
    gaps: list[Gap] = field(default_factory=list)
    own_provider: FipsProvider | None = None
    second_baseline: Observation | None = None
    verified: bool = False
    """Whether all switches of the enforced run are known to have taken effect."""

    def all(self, provider: FipsProvider | None) -> Simulation:
        """Every condition; one that fails is told as not run, and the others go on."""
        self.progress.phase("running it as it is")
        try:
            baseline = self._baseline()
        except EngineError as error:
            return not_started(error)
        for condition, run in ((NODE, self._node), (ENFORCED, self._all_enforced)):
            if condition in self.wanted:
                run(baseline, provider)
            else:
                self._leave_out(condition)
        return Simulation(tuple(self.conditions), tuple(self.made), tuple(self.gaps))

    def _leave_out(self, condition: str) -> None:
        result, gap = left_out(condition)
        self.conditions.append(result)
        self.gaps.append(gap)

    def _all_enforced(self, baseline: Ran, provider: FipsProvider | None) -> None:
        plan = make_plan(
            self.facts,
            self.config,
            self.rules,
            own_provider=self.own_provider,
            provider=provider,
        )
        self.gaps += plan.gaps
        self.progress.phase("running it with approved algorithms only")
        try:
            self._enforced_on_node(plan, baseline)
        except EngineError as error:
            self.conditions.append(
                ConditionResult(ENFORCED, False, str(error), switches=_texts(plan))
            )
            reason = f"{error}; what it does when enforced is unknown"
            self.gaps.append(Gap(GapKind.NOT_RUN, ENFORCED, reason))
        self._look_closer(plan, baseline)

    def _enforced_on_node(self, plan: Plan, baseline: Ran) -> None:
        """On a simulated node where one can be had, which nothing has told when it was left out."""
        untried = NODE not in self.wanted and self.runner.helper is not None
        if untried:
            self.runner.on_node = True
            try:
                self._enforced(plan, baseline)
            except EngineError:
                self.runner.on_node = False
            else:
                return
        self._enforced(plan, baseline)

    def so_far(self) -> Simulation:
        """What is known where the user does not want to wait for the rest."""
        done = {each.name for each in self.conditions}
        left = [each for each in CONDITIONS if each not in done]
        for each in left:
            if each not in (BASELINE, *self.wanted):
                self._leave_out(each)
        results, gaps = cut_short([each for each in left if each in (BASELINE, *self.wanted)])
        return Simulation((*self.conditions, *results), tuple(self.made), (*self.gaps, *gaps))

    # --- each condition ------------------------------------------------------------------------

    def _baseline(self) -> Ran:
        with self.runner.box(_NO_SWITCHES) as box:
            seen = self.runner.observe(box, BASELINE)
            self.own_provider = own_provider(box, self.facts)
            self.runner.node_files = mounted_files(box, self.mounts)
            seen = replace(seen, offers=self._offers(box, seen, _NO_SWITCHES, BASELINE))
        ran = Ran(BASELINE, seen, match_log(seen.output, self.rules.logs))
        self.gaps += [
            *nothing_observed(seen),
            *never_ready(seen),
            *never_opened(seen, self.runner.exposed),
            *unseen_servers(BASELINE, seen),
            *preloaded(BASELINE, seen.processes, self.facts),
            *unexplained(BASELINE, seen.processes, self.facts, self.rules),
        ]
        self._tell(condition_result(ran.condition, seen, ran.matches), ran, verified=True)
        self.made += tls_servers(BASELINE, seen, self.facts)
        self.made += run_settings(BASELINE, seen.processes, self.facts, self.config)
        return ran

    def _node(self, baseline: Ran, _: FipsProvider | None) -> None:
        """Run it where the kernel's flag reads 1 and nothing else differs."""
        self.progress.phase("running it on a simulated FIPS node")
        self.runner.on_node = True
        try:
            ran = self._on_node(baseline)
        except EngineError as error:
            # Switches can be enforced without a node all the same.
            self.runner.on_node = False
            result, gap = no_node(str(error))
            self.conditions.append(result)
            self.gaps.append(gap)
            return
        assert ran.inside is not None
        mounted = (f"{CONFIG} reads {POLICY}",) if self.runner.node_files else ()
        result = replace(
            condition_result(NODE, ran.seen, ran.matches),
            differences=self._compared(_NO_SWITCHES, baseline, ran, verified=True),
            switches=(*(() if ran.inside.is_host else (f"{FLAG} reads 1",)), *mounted),
            verified=("its first process read 1 from it",),
            programs=self._programs(ran.inside),
            simulated_by=ran.inside.simulated_by,
        )
        self._tell(result, ran, verified=True)
        self.gaps += [
            *no_health_verdict(NODE, baseline.seen, ran.seen),
            *node_gaps(ran.inside),
        ]

    def _on_node(self, baseline: Ran) -> Ran:
        if self.runner.helper is None:
            raise EngineError("this installation has no helper for the image's architecture")
        with self._started(_NO_SWITCHES, baseline) as box:
            ran = self._ran(box, NODE, baseline)
            assert isinstance(box, NodeBox)
            if failure := box.failure(box.state()):
                raise EngineError(failure)
            if not in_effect(box, self.runner.node_files):
                raise EngineError(f"{CONFIG} does not read {POLICY} as on such a node")
        if ran.inside is None or not ran.inside.works:
            raise EngineError("nothing shows that the first process read 1 from the flag")
        return ran

    def _enforced(self, plan: Plan, baseline: Ran) -> None:
        with self._started(plan, baseline) as box:
            ran = self._ran(box, ENFORCED, baseline)
            verification = self._verified(plan, baseline, ran, box)
            offers = self._offers(box, ran.seen, plan, ENFORCED)
            ran = replace(ran, seen=replace(ran.seen, offers=offers))
        self.verified = not verification.unproven
        result = replace(
            condition_result(ENFORCED, ran.seen, ran.matches),
            differences=self._compared(
                plan,
                baseline,
                ran,
                verified=is_of_fips(verification, plan),
                told=self.verified,
            ),
            switches=_texts(plan),
            verified=verification.evidence,
            programs=self._programs(ran.inside) if ran.inside else (),
            simulated_by=ran.inside.simulated_by if ran.inside else "",
        )
        self._tell(result, ran, verified=self.verified)
        self.gaps += [
            *no_health_verdict(ENFORCED, baseline.seen, ran.seen),
            *unproven_gaps(plan, verification),
        ]

    # --- closer ----------------------------------------------------------------------------------

    def _look_closer(self, plan: Plan, baseline: Ran) -> None:
        """See what is asked for under the switches, and as it is where that shows more.

        That is so where it does not work under them, as it did not come to ask for all that it
        asks for; and where it is a client, to see what it no longer offers.
        """
        self.gaps += self.closer.gaps
        enforced = self.conditions[-1]
        if not (self.closer.is_useful and enforced.ran):
            return
        self._closer(enforced.name, plan, baseline)
        ended_early = enforced.exit_code is not None and baseline.seen.running
        if ended_early or self.closer.finds_clients:
            self._closer(BASELINE, _NO_SWITCHES, baseline)

    def _closer(self, condition: str, plan: Plan, baseline: Ran) -> None:
        self.progress.phase("looking which algorithms it asks for")
        if not self.runner.seconds_left:
            self.gaps.append(no_audit(_OUT_OF_TIME))
            return
        at = [each.name for each in self.conditions].index(condition)
        told = self.conditions[at]
        with self._as_for(condition):
            seen = self.closer.at(told, plan, baseline.seen)
        self.gaps += seen.gaps
        self.conditions[at] = replace(told, calls=seen.calls, clients=seen.clients)
        if condition == BASELINE or self.verified:
            self.made += call_facts(seen.calls, condition, self.rules)
            self.made += client_facts(seen.clients, condition)

    # --- what they share -----------------------------------------------------------------------

    def _started(self, plan: Plan, baseline: Ran) -> Box:
        # A run that time cuts short would look as if something broke.
        if self.runner.seconds_left < _LEAST + 2 * baseline.seen.seconds:
            raise EngineError(_OUT_OF_TIME)
        return self.runner.box(plan)

    def _ran(self, box: Box, condition: str, baseline: Ran) -> Ran:
        seen = self.runner.observe(box, condition, baseline.seen)
        matches = match_log(seen.output, self.rules.logs)
        log = box.node_log() if isinstance(box, NodeBox) else None
        return Ran(condition, seen, matches, new_in(matches, baseline.matches), log)

    def _programs(self, log: NodeLog) -> tuple[ProgramActivity, ...]:
        """What was seen from inside. Arguments may hold what the user keeps to himself."""
        hidden = self.scenario.hidden
        return tuple(
            replace(each, started=tuple(map(hidden, each.started))) for each in log.programs()
        )

    def _tell(self, result: ConditionResult, ran: Ran, *, verified: bool) -> None:
        self.conditions.append(result)
        self.made += condition_facts(
            result, ran.seen, ran.new, self.rules, self.runner.approval, verified=verified
        )
        self.gaps += condition_gaps(ran.condition, ran.seen)
        self.gaps += step_gaps(self.scenario, ran.condition, ran.seen.steps)

    def _offers(
        self, box: Box, seen: Observation, plan: Plan, condition: str
    ) -> tuple[AlgorithmOffer, ...]:
        """What the image's libraries and runtimes give when they are asked."""
        self.progress.phase("asking its crypto libraries what they offer")
        alive = seen.running and not seen.died_while_asked and not seen.stopped
        ask = inside(box) if alive else alone(lambda entry: self.runner.box(plan, entry))
        seconds = min(PROBING, self.runner.seconds_left)
        offers, gaps = probe_all(self.facts, self.rules, ask, condition, seconds=seconds)
        self.gaps += gaps
        return offers

    def _verified(self, plan: Plan, baseline: Ran, ran: Ran, box: Box) -> Verification:
        alive = ran.seen.running and not ran.seen.died_while_asked
        return verify(
            plan,
            baseline.seen,
            ran.seen,
            self.facts,
            ran.of_fips(self.rules.logs),
            in_box(box) if alive else in_own_box(lambda entry: self.runner.box(plan, entry)),
        )

    # --- against the baseline ------------------------------------------------------------------

    def _compared(
        self, plan: Plan, baseline: Ran, ran: Ran, *, verified: bool, told: bool = False
    ) -> tuple[Difference, ...]:
        """The differences from the baseline; what chance may have made is looked at twice."""
        breaking = frozenset(rule.id for rule in self.rules.logs if rule.effect == "breaks")

        def between(
            before: Observation, after: Observation, new: Sequence[LogMatch] = ()
        ) -> tuple[Difference, ...]:
            return compare(
                before,
                after,
                new_matches=new,
                breaking_rules=breaking,
                approval=self.runner.approval,
                exposed=self.runner.exposed,
                verified=verified,
                told=told,
            )

        found = between(baseline.seen, ran.seen, ran.new)
        if not doubtful(found):
            return found
        self.progress.phase("running it once more, to be sure")
        try:
            again = self._again(plan, ran.condition, baseline)
            found = settled(found, between(baseline.seen, again))
            if doubtful(found) and self.second_baseline is None:
                self.second_baseline = self._again(_NO_SWITCHES, BASELINE, baseline)
            if doubtful(found) and self.second_baseline is not None:
                again_found = between(self.second_baseline, ran.seen)
                found = settled(found, again_found, baseline=True)
        except EngineError as error:
            self.gaps.append(not_confirmed(ran.condition, str(error)))
            found = unconfirmed(found)
        return found

    def _again(self, plan: Plan, condition: str, baseline: Ran) -> Observation:
        with self._as_for(condition), self._started(plan, baseline) as box:
            return self.runner.observe(box, condition, baseline.seen, ask_tls=False)

    @contextlib.contextmanager
    def _as_for(self, condition: str) -> Iterator[None]:
        """Containers are shown a node or not, as in the first run of `condition`."""
        on_node = self.runner.on_node
        self.runner.on_node = on_node and condition != BASELINE
        try:
            yield
        finally:
            self.runner.on_node = on_node


def _texts(plan: Plan) -> tuple[str, ...]:
    return tuple(switch.text for switch in plan.switches)
