"""What a team decided about its images, and how a report fares by that.

A policy never changes what was seen: verdict and score of a report are those of the scanner. What
the team accepts shows beside them, as `PolicyResult.accepted`, and the gate goes by that.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from enum import StrEnum

from scanner.model.words import Question, Severity, VerdictKind

GENERIC = "generic"
"""The target that is meant where none is named: any FIPS node, of which nothing else is known."""


@dataclass(frozen=True, slots=True)
class Waiver:
    """Findings of one rule that a team accepts, in some places and for a while."""

    rule: str
    """A check's id; `gap:` and the kind of a gap for what could not be looked at."""
    pattern: str
    """Where: a path or the name of a component, with `*`, `?` and `**` as in `.gitignore`."""
    reason: str
    owner: str
    expires: date
    """The last day on which it holds."""
    image: str = "*"
    """Which images: a pattern for their references as given to the scan."""
    line: int = 0
    """Where it stands in the policy file; 0 where there is none."""


@dataclass(frozen=True, slots=True)
class Override:
    """What a team made of a rule: another severity, or nothing at all."""

    rule: str
    reason: str
    severity: Severity | None = None
    """None: as the rule says, or switched off."""
    off: bool = False
    line: int = 0


@dataclass(frozen=True, slots=True)
class GateRules:
    """What an image must be to pass."""

    fail_on: Severity | None = Severity.HIGH
    """The mildest severity that fails; None lets every finding pass."""
    min_score: int | None = None
    """The lowest score that passes, 0 to 100."""
    verdict: VerdictKind | None = None
    """The worst verdict that passes; None leaves that to the findings."""
    questions: tuple[Question, ...] = tuple(Question)
    """Findings on other questions do not fail."""


@dataclass(frozen=True, slots=True)
class Policy:
    """What a team asks of its images. The default is what the command does without a file."""

    gate: GateRules = GateRules()
    target: str = GENERIC
    """The id of a file in `rules/targets/`."""
    conditions: tuple[str, ...] = ("baseline", "node", "enforced")
    overrides: tuple[Override, ...] = ()
    waivers: tuple[Waiver, ...] = ()
    source: str = ""
    """The file it was read from, `""` for the default."""
    origins: Mapping[str, str] = field(default_factory=dict)
    """Where a setting comes from: `gate.fail_on` → `.fips-scanner.yaml:3` or `--fail-on`.
    What is not listed is the default."""


class WaiverState(StrEnum):
    """What became of a waiver in a scan."""

    HOLDS = "holds"
    EXPIRED = "expired"
    UNMATCHED = "unmatched"


@dataclass(frozen=True, slots=True)
class WaiverResult:
    """A waiver that is meant for this image, and what became of it."""

    waiver: Waiver
    state: WaiverState
    matches: int = 0
    """Places that it is about, also where it has expired."""


@dataclass(frozen=True, slots=True)
class GateResult:
    """Whether a report passes, the exit code, and one sentence for each reason not to."""

    passed: bool
    exit_code: int
    reasons: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class PolicyResult:
    """A report as a policy sees it."""

    source: str
    """The policy file, `""` for the default."""
    accepted: VerdictKind
    """The verdict without what is waived, switched off, or known from a baseline."""
    accepted_score: int
    gate: GateResult
    gate_rules: GateRules = GateRules()
    """What was asked."""
    waivers: tuple[WaiverResult, ...] = ()
    baseline: str = ""
    """The report that was compared with, `""` where there was none."""
