"""What was switched on in a run and what shows that it works, and how a run ended.

Lays nothing out.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from scanner.model import ConditionResult, Gap, GapKind, ProgramActivity
from scanner.report.escape import visible


@dataclass(frozen=True, slots=True)
class Switch:
    """Something that was switched on."""

    name: str
    proof: str = ""
    """What showed that it took effect."""
    doubted: bool = False
    """Whether it was looked for, and nothing showed it."""


@dataclass(frozen=True, slots=True)
class Switches:
    """Everything that was switched on in a run."""

    used: tuple[Switch, ...]
    unused: tuple[str, ...]
    """Switches that no program that was seen uses."""
    proofs: tuple[str, ...]
    """What showed an effect of more than one switch."""


def switches_of(result: ConditionResult, gaps: Sequence[Gap]) -> Switches:
    """The switches of a run, each with its proof."""
    proofs = list(result.verified)
    unassigned = any(not each.startswith(result.switches) for each in proofs)
    unproven = [
        gap.reason
        for gap in gaps
        if gap.kind is GapKind.NOT_VERIFIED and gap.subject == result.name
    ]
    used: list[Switch] = []
    unused: list[str] = []
    for switch in result.switches:
        proof = next((each for each in proofs if each.startswith(f"{switch}: ")), "")
        if proof:
            proofs.remove(proof)
        doubted = any(switch in reason for reason in unproven)
        if result.ran and not (proof or doubted or unassigned):
            unused.append(switch)
        else:
            used.append(Switch(switch, proof.removeprefix(f"{switch}: "), doubted))
    return Switches(tuple(used), tuple(unused), tuple(proofs))


def end_of(result: ConditionResult) -> str:
    """How a run ended, in a few words."""
    if result.reason:
        return visible(result.reason)
    return "running" if result.exit_code is None else f"exited with {result.exit_code}"


def does_crypto(program: ProgramActivity) -> bool:
    """Whether it did more than to start others."""
    return bool(program.read_flag or program.opened or program.missing or program.kernel_crypto)
