"""The simulated run of an image: what it needs is found, and its conditions are gone through.

Whether an image is ready is judged elsewhere.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable
from pathlib import Path

from scanner.interruption import Interrupted, Interruption
from scanner.model import Fact, ImageConfig
from scanner.progress import NoProgress, Progress
from scanner.rulebook import RuleBook, Target
from scanner.simulate.closer import CloserLook
from scanner.simulate.conditions import Conditions
from scanner.simulate.engine import engine
from scanner.simulate.limits import RunLimits
from scanner.simulate.plan import Facts, image_libc
from scanner.simulate.probes import probe_files
from scanner.simulate.provider import find_provider
from scanner.simulate.results import CONDITIONS, Simulation
from scanner.simulate.runner import Runner
from scanner.simulate.scenario import Scenario
from scanner.simulate.session import Session, ensure_image
from scanner.simulate.tls_client_watch import ClientWatch


def simulate(
    image: str,
    config: ImageConfig,
    facts: Iterable[Fact],
    *,
    rules: RuleBook,
    limits: RunLimits | None = None,
    provider: Path | None = None,
    scenario: Scenario | None = None,
    conditions: Collection[str] = CONDITIONS,
    target: Target | None = None,
    progress: Progress | None = None,
    interruption: Interruption | None = None,
) -> Simulation:
    """Run containers of an image under each condition, one after the other.

    Args:
        image: its name or ID in the container engine; it must be there.
        facts: what static inspection and the linkers stated, uses included.
        provider: a FIPS provider for OpenSSL 3 to use where the image has none.
        scenario: how containers are started, and what they are asked to do.
        conditions: those to run; the baseline always is.
        target: whose nodes are simulated; None for nodes that only show the flag.
        interruption: may cut the run short; what was seen by then is told.

    Raises:
        EngineError: there is no engine, or it failed before anything was seen.
        UsageError: the image is not in the engine, or `provider` is no FIPS provider.
    """
    known = Facts(facts)
    scenario = scenario or Scenario()
    config = scenario.applied_to(config)
    architecture = config.platform.architecture
    found = find_provider(architecture, provider, image_libc(known))
    shown = progress or NoProgress()
    with engine() as client:
        image_id = ensure_image(client, image)
        with (
            Session(client, limits or RunLimits()) as session,
            ClientWatch(session.address) as watch,
        ):
            runner = Runner(
                session,
                image_id,
                config,
                rules,
                shown,
                scenario=scenario,
                files=probe_files(known, architecture),
                resolver=watch.resolver,
            )
            closer = CloserLook(runner, watch, known, config, rules, scenario)
            runs = Conditions(
                runner,
                closer,
                known,
                config,
                rules,
                shown,
                scenario,
                wanted=frozenset(conditions),
                mounts=target.mounts if target else (),
            )
            try:
                with (interruption or Interruption()).allowed():
                    return runs.all(found)
            except Interrupted:
                shown.phase("interrupted: removing its containers")
                return runs.so_far()
