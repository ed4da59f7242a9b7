"""Starts containers of one image, watches each, and asks what it can be asked.

Looks only: what one condition showed is held against another in `scanner.simulate.run`.
"""

from __future__ import annotations

import time
from dataclasses import replace

from scanner.model import ImageConfig, TlsEndpoint
from scanner.progress import Progress
from scanner.rulebook import RuleBook
from scanner.simulate.box import Box
from scanner.simulate.native import helper
from scanner.simulate.plan import Plan
from scanner.simulate.processes import VARIABLES
from scanner.simulate.session import Session
from scanner.simulate.tls import probe
from scanner.simulate.tls_table import Approval, offers
from scanner.simulate.watch import Observation, watch

_AFTERMATH = 0.3


class Runner:
    """What all runs of one image have in common."""

    def __init__(
        self,
        session: Session,
        image: str,
        config: ImageConfig,
        rules: RuleBook,
        progress: Progress,
    ) -> None:
        self._session = session
        self._image = image
        self._config = config
        self._progress = progress
        self._offers = offers(rules.tls)
        self.approval = Approval(rules.tls)
        self.exposed = tuple(
            int(port)
            for port, _, protocol in (each.partition("/") for each in config.exposed_ports)
            if port.isdigit() and protocol in ("", "tcp")
        )
        self.helper = helper(config.platform.architecture)
        self.on_node = False
        """Whether containers are shown a node; first tried in the condition of that name."""
        enforcing = (
            *(each.enforce for each in rules.modules.values()),
            *(each.enforce for each in rules.runtimes.values()),
        )
        self._variables = VARIABLES.union(*(each.env for each in enforcing if each is not None))

    @property
    def is_late(self) -> bool:
        """Whether the time for all runs is used up."""
        return time.monotonic() >= self._session.deadline

    def box(self, plan: Plan, entrypoint: tuple[str, ...] = ()) -> Box:
        """A container of the image under the switches of `plan`, not yet started."""
        check = self._config.healthcheck
        interval = None
        if self._has_health_check and not entrypoint and check is not None:
            # The image's own test, only asked sooner: its default is 30 s.
            interval = min(check.interval or 30.0, 2.0)
        return self._session.box(
            self._image,
            environment=plan.environment,
            files=plan.files,
            entrypoint=entrypoint,
            health_interval=interval,
            node_helper=self.helper if self.on_node else None,
        )

    @property
    def _has_health_check(self) -> bool:
        check = self._config.healthcheck
        return check is not None and bool(check.test) and check.test[0] != "NONE"

    def observe(self, box: Box, expected: frozenset[int], *, ask_tls: bool = True) -> Observation:
        """Watch `box` until there is nothing more to see, and ask its ports for TLS.

        Args:
            expected: ports to wait for.

        Raises:
            EngineError: the engine failed.
        """
        session = self._session
        seen = watch(
            box,
            session.limits,
            exposed=self.exposed,
            expected=expected,
            checks_health=self._has_health_check,
            variables=self._variables,
            engine_root=session.info.root,
            deadline=session.deadline,
        )
        if not (ask_tls and seen.running and seen.ports and seen.reachable and not seen.stopped):
            return seen
        address = box.state().address
        endpoints: list[TlsEndpoint] = []
        for port in seen.ports[: session.limits.ports]:
            left = session.deadline - time.monotonic()
            if left > 0 and (endpoint := self._ask(address, port, left)) is not None:
                endpoints.append(self.approval.marked(endpoint))
        # One that cannot take our questions needs a moment to die of them.
        time.sleep(_AFTERMATH)
        log, cut = box.log()
        return replace(
            seen,
            tls=tuple(endpoints),
            died_while_asked=not box.state().running,
            log=log,
            log_cut=cut,
        )

    def _ask(self, address: str, port: int, left: float) -> TlsEndpoint | None:
        self._progress.phase(f"asking port {port} for TLS")
        limits = self._session.limits.tls
        return probe(address, port, self._offers, replace(limits, total=min(limits.total, left)))
