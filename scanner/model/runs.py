"""What was seen of a container that ran."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from scanner.model.inside import AlgorithmCall, AlgorithmOffer, ProgramActivity, StepResult
from scanner.model.tls import TlsClient, TlsEndpoint


@dataclass(frozen=True, slots=True)
class LogMatch:
    """A line of a container's output that a rule in `rules/logs/` knows."""

    rule: str
    meaning: str
    line: str
    count: int = 1


class Effect(StrEnum):
    """How a difference between baseline and a FIPS condition is read."""

    BREAKS = "breaks"
    LEAKS = "leaks"
    RESTRICTS = "restricts"
    """Non-approved and gone when enforced: the switch works."""
    CHANGES = "changes"
    FLAKY = "flaky"
    """Seen in one of two runs: chance may have made it."""
    NEVER_WORKED = "never-worked"
    """It did not work in the baseline either, so that nothing can be concluded."""


@dataclass(frozen=True, slots=True)
class Difference:
    """One thing that is not as in the baseline."""

    what: str
    """`exit`, `ready`, `health`, `port`, `log`, `tls-protocol`, `tls-suite`, `tls-group`."""
    effect: Effect
    detail: str
    baseline: str = ""
    condition: str = ""
    log: tuple[str, ...] = ()
    """The last lines of its output that the baseline did not print, where they may say why."""


@dataclass(frozen=True, slots=True)
class ConditionResult:
    """One run of the container under one condition. Times in seconds."""

    name: str
    ran: bool
    reason: str = ""
    """Why it did not run, or how it ended."""
    exit_code: int | None = None
    """None while the container was still running when observation ended."""
    ready_seconds: float | None = None
    health: str = ""
    ports: tuple[str, ...] = ()
    """Listening: `8443/tcp`."""
    tls: tuple[TlsEndpoint, ...] = ()
    log_matches: tuple[LogMatch, ...] = ()
    differences: tuple[Difference, ...] = ()
    switches: tuple[str, ...] = ()
    """What was switched on for this condition: `GODEBUG=fips140=only`."""
    verified: tuple[str, ...] = ()
    """What showed that a switch took effect."""
    programs: tuple[ProgramActivity, ...] = ()
    """What was seen from inside, where that was possible."""
    calls: tuple[AlgorithmCall, ...] = ()
    """What programs asked crypto libraries for, where that was audited."""
    offers: tuple[AlgorithmOffer, ...] = ()
    """What the crypto libraries and runtimes give when asked, where they were probed."""
    clients: tuple[TlsClient, ...] = ()
    """What the container offered where it connected to something in TLS."""
    steps: tuple[StepResult, ...] = ()
    """The smoke test, in order."""
    simulated_by: str = ""
    """How the FIPS flag was shown to it: `supervisor`, `supervisor inside`, `preload`, `host`;
    `""` where it was not shown."""
