"""The conditions of a simulated run, one after the other, and each held against the baseline.

Looks and compares; whether an image is ready is judged elsewhere.
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace

from scanner.errors import EngineError, UsageError
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
from scanner.simulate.audit import call_facts
from scanner.simulate.box import Box
from scanner.simulate.closer import CloserLook
from scanner.simulate.compare import compare, doubtful, settled, unconfirmed
from scanner.simulate.logs import match_log, new_in
from scanner.simulate.native import FLAG
from scanner.simulate.node import NodeBox
from scanner.simulate.node_log import NodeLog
from scanner.simulate.observed import (
    preloaded,
    run_settings,
    tls_servers,
    unexplained,
    unseen_servers,
)
from scanner.simulate.plan import Facts, Plan, image_provider, make_plan
from scanner.simulate.probes import TOTAL_SECONDS as PROBING
from scanner.simulate.probes import alone, inside, probe_all
from scanner.simulate.provider import MAX_PROVIDER, FipsProvider, read_provider
from scanner.simulate.results import (
    BASELINE,
    ENFORCED,
    NODE,
    Simulation,
    condition_facts,
    condition_gaps,
    condition_result,
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


@dataclass(frozen=True, slots=True)
class _Ran:
    """One run, and what its output says."""

    condition: str
    seen: Observation
    matches: tuple[LogMatch, ...]
    new: tuple[LogMatch, ...] = ()
    """Those that the baseline did not have."""
    inside: NodeLog | None = None
    """What its supervisor wrote down."""


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
        self._node(baseline)
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
            self._enforced(plan, baseline)
        except EngineError as error:
            self.conditions.append(
                ConditionResult(ENFORCED, False, str(error), switches=_texts(plan))
            )
            reason = f"{error}; what it does when enforced is unknown"
            self.gaps.append(Gap(GapKind.NOT_RUN, ENFORCED, reason))
        self._look_closer(plan, baseline)
        return Simulation(tuple(self.conditions), tuple(self.made), tuple(self.gaps))

    # --- each condition ------------------------------------------------------------------------

    def _baseline(self) -> _Ran:
        with self.runner.box(_NO_SWITCHES) as box:
            seen = self.runner.observe(box, BASELINE)
            self.own_provider = self._read_own_provider(box)
            seen = replace(seen, offers=self._offers(box, seen, _NO_SWITCHES, BASELINE))
        ran = _Ran(BASELINE, seen, match_log(seen.output, self.rules.logs))
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

    def _node(self, baseline: _Ran) -> None:
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
        result = replace(
            condition_result(NODE, ran.seen, ran.matches),
            differences=self._compared(_NO_SWITCHES, baseline, ran, verified=True),
            switches=() if ran.inside.is_host else (f"{FLAG} reads 1",),
            verified=("its first process read 1 from it",),
            programs=self._programs(ran.inside),
            simulated_by=ran.inside.simulated_by,
        )
        self._tell(result, ran, verified=True)
        self.gaps += [
            *no_health_verdict(NODE, baseline.seen, ran.seen),
            *node_gaps(ran.inside),
        ]

    def _on_node(self, baseline: _Ran) -> _Ran:
        if self.runner.helper is None:
            raise EngineError("this installation has no helper for the image's architecture")
        with self._started(_NO_SWITCHES, baseline) as box:
            ran = self._ran(box, NODE, baseline)
            assert isinstance(box, NodeBox)
            if failure := box.failure(box.state()):
                raise EngineError(failure)
        if ran.inside is None or not ran.inside.works:
            raise EngineError("nothing shows that the first process read 1 from the flag")
        return ran

    def _enforced(self, plan: Plan, baseline: _Ran) -> None:
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

    def _look_closer(self, plan: Plan, baseline: _Ran) -> None:
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

    def _closer(self, condition: str, plan: Plan, baseline: _Ran) -> None:
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

    def _started(self, plan: Plan, baseline: _Ran) -> Box:
        # A run that time cuts short would look as if something broke.
        if self.runner.seconds_left < _LEAST + 2 * baseline.seen.seconds:
            raise EngineError(_OUT_OF_TIME)
        return self.runner.box(plan)

    def _ran(self, box: Box, condition: str, baseline: _Ran) -> _Ran:
        seen = self.runner.observe(box, condition, baseline.seen)
        matches = match_log(seen.output, self.rules.logs)
        log = box.node_log() if isinstance(box, NodeBox) else None
        return _Ran(condition, seen, matches, new_in(matches, baseline.matches), log)

    def _programs(self, log: NodeLog) -> tuple[ProgramActivity, ...]:
        """What was seen from inside. Arguments may hold what the user keeps to himself."""
        hidden = self.scenario.hidden
        return tuple(
            replace(each, started=tuple(map(hidden, each.started))) for each in log.programs()
        )

    def _tell(self, result: ConditionResult, ran: _Ran, *, verified: bool) -> None:
        self.conditions.append(result)
        self.made += condition_facts(
            result, ran.seen, ran.new, self.rules, self.runner.approval, verified=verified
        )
        self.gaps += condition_gaps(ran.condition, ran.seen)
        self.gaps += step_gaps(self.scenario, ran.condition, ran.seen.steps)

    def _read_own_provider(self, box: Box) -> FipsProvider | None:
        path = image_provider(self.facts)
        content = box.read_file(path, MAX_PROVIDER) if path else None
        if content is None:
            return None
        try:
            return read_provider(content, f"the image ({path})")
        except UsageError:
            return None

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

    def _verified(self, plan: Plan, baseline: _Ran, ran: _Ran, box: Box) -> Verification:
        specific = {rule.id: rule.runtime for rule in self.rules.logs if rule.fips_specific}
        alive = ran.seen.running and not ran.seen.died_while_asked
        return verify(
            plan,
            baseline.seen,
            ran.seen,
            self.facts,
            [(specific[match.rule], match) for match in ran.new if match.rule in specific],
            in_box(box) if alive else in_own_box(lambda entry: self.runner.box(plan, entry)),
        )

    # --- against the baseline ------------------------------------------------------------------

    def _compared(
        self, plan: Plan, baseline: _Ran, ran: _Ran, *, verified: bool, told: bool = False
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

    def _again(self, plan: Plan, condition: str, baseline: _Ran) -> Observation:
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
