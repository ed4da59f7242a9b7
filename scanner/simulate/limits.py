"""How much a simulated run may use. Only numbers; nothing is enforced here."""

from __future__ import annotations

from dataclasses import dataclass, field

from scanner.simulate.tls import ProbeLimits


@dataclass(frozen=True, slots=True)
class RunLimits:
    """Limits of one simulated run. Times in seconds, sizes in bytes."""

    ready: float = 20.0
    """How long one container may take until it listens (and is healthy, if it can say so).
    One that listens, and whose own check has no verdict yet, gets as long again."""
    settle: float = 2.0
    """How long to go on looking once it is ready: for more ports, and for an early end."""
    total: float = 240.0
    """All containers of one scan together."""
    memory: int = 2**30
    pids: int = 256
    cpus: float = 2.0
    """Never more than the engine has."""
    disk: int = 2**30
    """What a container may write before it is stopped."""
    log: int = 2 * 2**20
    """How much of its output is read."""
    ports: int = 16
    """How many ports are asked for TLS."""
    tls: ProbeLimits = field(default_factory=ProbeLimits)
