"""What is said of a machine: one check for each thing that a scan needs."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

IN_A_CONTAINER = (
    "docker run --rm -v /var/run/docker.sock:/var/run/docker.sock fips-scanner scan IMAGE"
)
"""How to scan where the scanner itself does not run, or does not reach containers."""


class State(StrEnum):
    """How a thing is, best first."""

    OK = "ok"
    LIMITED = "limited"
    """Scans run, and see or do less than they could."""
    MISSING = "missing"
    """No scan can be complete here."""


@dataclass(frozen=True, slots=True)
class Check:
    """One thing that was looked at."""

    id: str
    """For programs; never changes its meaning."""
    state: State
    found: str
    """What there is, in a few words."""
    means: str = ""
    """What that does to a scan: one sentence; `""` where nothing."""
    get: tuple[str, ...] = ()
    """Commands that get the rest, one a line."""


@dataclass(frozen=True, slots=True)
class Examination:
    """Everything that was looked at, in an order for people."""

    checks: tuple[Check, ...]

    @property
    def complete(self) -> bool:
        """Whether a scan can do all of its work here, be it with limits."""
        return all(each.state is not State.MISSING for each in self.checks)

    def count(self, state: State) -> int:
        """How many things are so."""
        return sum(each.state is state for each in self.checks)
