"""What was seen of a container that ran."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


@dataclass(frozen=True, slots=True)
class TlsEndpoint:
    """What a TLS server on one port of a container accepted, one offer at a time."""

    port: int
    protocols: tuple[str, ...] = ()
    """`TLS 1.0` … `TLS 1.3`, ascending."""
    suites: tuple[str, ...] = ()
    """IANA names of accepted cipher suites."""
    groups: tuple[str, ...] = ()
    """IANA names of accepted key-exchange groups."""
    unapproved: tuple[str, ...] = ()
    """Those of the names above that no rule approves."""
    error: str = ""
    """Why the picture is incomplete, or `""`."""


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


@dataclass(frozen=True, slots=True)
class Difference:
    """One thing that is not as in the baseline."""

    what: str
    """`exit`, `ready`, `health`, `port`, `log`, `tls-protocol`, `tls-suite`, `tls-group`."""
    effect: Effect
    detail: str
    baseline: str = ""
    condition: str = ""


@dataclass(frozen=True, slots=True)
class ProgramActivity:
    """What one program was seen to do with cryptography while it ran."""

    program: str
    """Its path in the container."""
    read_flag: bool = False
    """Whether it read the kernel's FIPS flag."""
    opened: tuple[str, ...] = ()
    """Crypto libraries, modules and configuration files that it opened, in order of path."""
    missing: tuple[str, ...] = ()
    """Those that it looked for and that are not there."""
    kernel_crypto: tuple[str, ...] = ()
    """Algorithms that it asked the kernel for."""


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
