"""A closer look at one condition, in a run of its own that is compared with nothing.

A library stands before the container's crypto libraries, and names of servers lead to the scanner:
both may disturb a program, so the compared runs have neither. States what was seen.
"""

from __future__ import annotations

from dataclasses import dataclass

from scanner.errors import EngineError
from scanner.model import AlgorithmCall, ConditionResult, Gap, ImageConfig, TlsClient
from scanner.rulebook import RuleBook
from scanner.simulate.audit import audit_for, read_calls
from scanner.simulate.plan import Facts, Plan
from scanner.simulate.results import BASELINE, no_audit
from scanner.simulate.runner import Addition, Runner
from scanner.simulate.scenario import Scenario
from scanner.simulate.tls_client_watch import ClientWatch
from scanner.simulate.watch import Observation


@dataclass(frozen=True, slots=True)
class Seen:
    """What a closer look showed."""

    calls: tuple[AlgorithmCall, ...] = ()
    clients: tuple[TlsClient, ...] = ()
    gaps: tuple[Gap, ...] = ()


class CloserLook:
    """Looks at the conditions of one image."""

    def __init__(
        self,
        runner: Runner,
        watch: ClientWatch,
        facts: Facts,
        config: ImageConfig,
        rules: RuleBook,
        scenario: Scenario,
    ) -> None:
        self._runner = runner
        self._watch = watch
        self._facts = facts
        self._config = config
        self._rules = rules
        self._scenario = scenario
        self._audit = audit_for(facts, config)

    @property
    def gaps(self) -> tuple[Gap, ...]:
        """Whose algorithms cannot be seen in any run, and why no client can be."""
        blind = () if self._watch.resolver else self._watch.gaps(BASELINE)
        return (*self._audit.gaps, *blind)

    @property
    def is_useful(self) -> bool:
        """Whether there is anything to see: programs to audit, or a server that is looked for."""
        return self._audit.useful or self._watch.asked

    @property
    def finds_clients(self) -> bool:
        """Whether the container looked for a server by name."""
        return self._watch.asked

    def at(self, told: ConditionResult, plan: Plan, before: Observation) -> Seen:
        """Run it once more under the switches of `plan`.

        Args:
            told: how it went in the run that was compared.
            before: what the baseline showed.
        """
        audit = self._audit
        environment = audit.environment(
            {**self._scenario.environment, **plan.environment}, self._config
        )
        addition = Addition(environment, files=audit.files, shared=audit.shared)
        calls: tuple[AlgorithmCall, ...] = ()
        gaps: tuple[Gap, ...] = ()
        try:
            box = self._runner.box(plan, addition=addition)
            with self._watch.answering(), box:
                self._watch.follow(box.id, box.state().pid)
                seen = self._runner.observe(
                    box, told.name, before, ask_tls=False, await_health=False
                )
                if audit.useful:
                    calls, gaps = read_calls(box, self._facts, self._rules)
                clients = self._watch.clients(self._rules.tls, self._runner.approval)
        except EngineError as error:
            return Seen(gaps=(no_audit(str(error)),))
        if seen.exit_code != told.exit_code:
            gaps += (no_audit("the container ends in another way when it is audited"),)
        if self.finds_clients:
            gaps += self._watch.gaps(told.name)
        return Seen(calls, clients, gaps)
