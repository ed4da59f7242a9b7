"""Starts containers of one image, watches each, and asks what it can be asked.

Looks only: what one condition showed is held against another in
`scanner.simulate.conditions`.
"""

from __future__ import annotations

import time
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace

from scanner.model import ImageConfig, StepResult, TlsEndpoint
from scanner.progress import Progress
from scanner.rulebook import RuleBook
from scanner.simulate.box import Box
from scanner.simulate.http import Request
from scanner.simulate.native import helper
from scanner.simulate.onlooker import Onlooker
from scanner.simulate.plan import Plan
from scanner.simulate.processes import VARIABLES, holding_ports, processes
from scanner.simulate.scenario import Scenario, awaited
from scanner.simulate.session import Session
from scanner.simulate.tls import probe
from scanner.simulate.tls_exchange import Silence
from scanner.simulate.tls_table import Approval, offers
from scanner.simulate.traffic import perform, speaks_ssh
from scanner.simulate.watch import Observation, watch

_AFTERMATH = 0.3
_PATIENCE = 3.0
"""Seconds, beside twice what the baseline took, for a container that is unhealthy to recover."""


@dataclass(frozen=True, slots=True)
class Addition:
    """What is put into a container beside what the image, the scenario and the switches say."""

    environment: Mapping[str, str] = field(default_factory=dict)
    """Complete values."""
    files: Mapping[str, bytes] = field(default_factory=dict)
    shared: Mapping[str, bytes] = field(default_factory=dict)
    """Files that every user of the container may write to."""


NOTHING = Addition()


class Runner:
    """What all runs of one image have in common."""

    def __init__(
        self,
        session: Session,
        image: str,
        config: ImageConfig,
        rules: RuleBook,
        progress: Progress,
        *,
        scenario: Scenario,
        files: Mapping[str, bytes],
        resolver: str,
    ) -> None:
        """Prepare.

        Args:
            config: of the image, with what the scenario changes in it.
            files: put into every container.
            resolver: address of the name server that all of them ask, or `""`.
        """
        self._session = session
        self._image = image
        self._config = config
        self._progress = progress
        self._scenario = scenario
        self._files = files
        self._resolver = resolver
        self._offers = offers(rules.tls, rules.algorithms)
        self.approval = Approval(rules.tls)
        self.exposed = tuple(
            int(port)
            for port, _, protocol in (each.partition("/") for each in config.exposed_ports)
            if port.isdigit() and protocol in ("", "tcp")
        )
        self.helper = helper(config.platform.architecture)
        self.on_node = False
        """Whether containers are shown a node; first tried in the condition of that name."""
        self.node_files: Mapping[str, bytes] = {}
        """What the runtime of such a node puts into them."""
        enforcing = (
            *(each.enforce for each in rules.modules.values()),
            *(each.enforce for each in rules.runtimes.values()),
        )
        self._variables = VARIABLES.union(*(each.env for each in enforcing if each is not None))

    @property
    def seconds_left(self) -> float:
        """Of the time for all runs; 0 when it is used up."""
        return max(0.0, self._session.deadline - time.monotonic())

    def box(
        self, plan: Plan, entrypoint: tuple[str, ...] = (), addition: Addition = NOTHING
    ) -> Box:
        """A container of the image under the switches of `plan`, not yet started.

        Args:
            entrypoint: what runs in it instead of the workload, when not empty.
        """
        check = self._config.healthcheck
        interval = None
        if self._has_health_check and not entrypoint and check is not None:
            # The image's own test, only asked sooner: its default is 30 s.
            interval = min(check.interval or 30.0, 2.0)
        scenario = self._scenario
        node_files = self.node_files if self.on_node else {}
        return self._session.box(
            self._image,
            environment={**scenario.environment, **plan.environment, **addition.environment},
            files={**self._files, **node_files, **scenario.files, **plan.files, **addition.files},
            programs=scenario.programs,
            shared=addition.shared,
            entrypoint=entrypoint or scenario.start(self._config),
            health_interval=interval,
            node_helper=self.helper if self.on_node else None,
            resolver=self._resolver,
        )

    @property
    def _has_health_check(self) -> bool:
        check = self._config.healthcheck
        return check is not None and bool(check.test) and check.test[0] != "NONE"

    def observe(
        self,
        box: Box,
        condition: str,
        before: Observation | None = None,
        *,
        ask_tls: bool = True,
        await_health: bool = True,
    ) -> Observation:
        """Watch `box` until it is ready, ask its ports for TLS, and let it work.

        Args:
            before: what the baseline showed; None where this is it.
            ask_tls: whether its ports are asked what they accept.
            await_health: whether the verdict of the image's own health check is waited for.

        Raises:
            EngineError: the engine failed.
        """
        session = self._session
        wait_for = self._scenario.wait_for
        # What the user waits for decides alone, unless the baseline showed more.
        declared = () if wait_for else self.exposed
        seen = watch(
            box,
            session.limits,
            exposed=self.exposed,
            expected=frozenset(before.ports if before else declared),
            checks_health=await_health and self._has_health_check,
            variables=self._variables,
            engine_root=session.info.root,
            awaited=awaited(wait_for) if wait_for else None,
            patience=_PATIENCE + 2 * before.seconds if before else float("inf"),
            deadline=session.deadline,
        )
        if seen.running and not seen.stopped:
            seen = self._asked(box, seen, condition, before, ask_tls=ask_tls)
        hide = self._scenario.hidden_bytes
        return replace(seen, log=hide(seen.log), complaint=hide(seen.complaint))

    def _asked(
        self,
        box: Box,
        seen: Observation,
        condition: str,
        before: Observation | None,
        *,
        ask_tls: bool,
    ) -> Observation:
        state = box.state()
        reached = frozenset(seen.ports if seen.reachable else ())
        known = None if before is None else {each.port: each for each in before.tls}
        endpoints: tuple[TlsEndpoint, ...] = ()
        unanswered: tuple[int, ...] = ()
        onlooker = Onlooker(lambda: holding_ports(box, state.pid, self._variables))
        if ask_tls:
            # Those that spoke no TLS in the baseline would be asked in vain, and for long.
            asked = reached if known is None else reached & set(known)
            with onlooker:
                endpoints, unanswered = self._endpoints(state.address, asked)
            # One that cannot take our questions needs a moment to die of them.
            time.sleep(_AFTERMATH if endpoints else 0)
        died = not box.state().running
        steps: tuple[StepResult, ...] = ()
        ssh: tuple[int, ...] = ()
        if not died:
            self._progress.phase("letting it work")
            spoke = endpoints if known is None else known.values()
            steps = perform(
                box,
                self._scenario,
                condition,
                state.address,
                sorted(reached),
                [each.port for each in spoke if not each.starttls],
                known=before.steps if before else None,
                deadline=self._session.deadline,
            )
            if before is None:
                ssh = self._ssh_ports(
                    state.address, reached - {each.port for each in endpoints}, steps
                )
            # One that dies of a request answers it before, or closes it.
            time.sleep(0 if all(each.passed for each in steps) else _AFTERMATH)
        now = box.state()
        if not now.running:
            box.finish_log()
        log, cut = box.log()
        return replace(
            seen,
            # One that ends at work has failed at it; one that ends of our questions has not.
            exit_code=now.exit_code if not (now.running or died) else seen.exit_code,
            tls=endpoints,
            unanswered=unanswered,
            ssh=ssh,
            died_while_asked=died,
            steps=steps,
            # Some libraries are loaded by the first request.
            processes=onlooker.with_those_gone(
                processes(box, state.pid, self._variables) or seen.processes
            ),
            log=log,
            log_cut=cut,
        )

    def _ssh_ports(
        self, address: str, ports: Iterable[int], steps: Iterable[StepResult]
    ) -> tuple[int, ...]:
        """Those of `ports` that speak SSH, which is not looked into."""
        in_http = {each.name for each in steps}
        asked = [port for port in sorted(ports) if str(Request(port)) not in in_http]
        limit = self._session.limits.ports
        return tuple(port for port in asked[:limit] if speaks_ssh(address, port))

    def _endpoints(
        self, address: str, ports: Iterable[int]
    ) -> tuple[tuple[TlsEndpoint, ...], tuple[int, ...]]:
        """What the ports accept that speak TLS, and those that did not answer in time."""
        session = self._session
        found: list[TlsEndpoint] = []
        unanswered: list[int] = []
        for port in sorted(ports)[: session.limits.ports]:
            left = session.deadline - time.monotonic()
            answer = self._ask(address, port, left) if left > 0 else Silence(port)
            if isinstance(answer, Silence):
                unanswered.append(port)
            elif answer is not None:
                found.append(self.approval.marked(answer))
        return tuple(found), tuple(unanswered)

    def _ask(self, address: str, port: int, left: float) -> TlsEndpoint | Silence | None:
        self._progress.phase(f"asking port {port} for TLS")
        limits = self._session.limits.tls
        return probe(address, port, self._offers, replace(limits, total=min(limits.total, left)))
