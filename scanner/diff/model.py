"""What one report tells otherwise than another: the values that `fips-scanner diff` shows.

Frozen and plain, like the reports themselves; nothing here is computed.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from typing import Literal

from scanner.model import (
    AssetKind,
    Failure,
    GapKind,
    Question,
    Severity,
    VerdictKind,
)


class Kind(StrEnum):
    """What became of something."""

    ADDED = "added"
    REMOVED = "removed"
    CHANGED = "changed"


class Cause(StrEnum):
    """What a change may come from."""

    IMAGE = "image"
    DAY = "day"
    """Certificates are judged for another day."""
    RULES = "rules"
    SCANNER = "scanner"
    RUN = "run"
    """Other conditions were run, or the same ones and chance made the difference."""


@dataclass(frozen=True, slots=True, order=True)
class Field:
    """A property that is another one than before."""

    name: str
    old: str
    new: str


@dataclass(frozen=True, slots=True)
class Moved:
    """A place whose path changed in a version."""

    old: str
    new: str


@dataclass(frozen=True, slots=True)
class Grown:
    """A place where more is wrong than was."""

    place: str
    what: tuple[str, ...]
    """What came, or got worse."""


@dataclass(frozen=True, slots=True)
class Side:
    """One of the two reports."""

    reference: str
    digest: str
    platform: str
    os: str
    date: date
    verdict: VerdictKind
    score: int
    gate: Literal["", "passed", "failed", "undetermined"] = ""
    """What the gate said of it; `""` where none was asked."""


@dataclass(frozen=True, slots=True)
class ScoreChange:
    """The score of one question; None where it was not looked at."""

    question: Question | None
    """None: the total."""
    old: int | None
    new: int | None


@dataclass(frozen=True, slots=True)
class PointsChange:
    """Points of the total that something takes."""

    question: Question | None
    cause: str
    """As in a report: a finding's id, `gap:…`, `uses:…`, `verdict:…`."""
    old: float
    new: float


@dataclass(frozen=True, slots=True)
class FindingChange:
    """What became of a finding, in all the places where it is."""

    kind: Kind
    id: str
    title: str
    question: Question
    old_severity: Severity | None
    """As the rule says, whatever a policy made of it."""
    new_severity: Severity | None
    """Likewise."""
    old_verdict: VerdictKind | None
    new_verdict: VerdictKind | None
    added: tuple[str, ...] = ()
    """Places where it was not."""
    removed: tuple[str, ...] = ()
    """Places where it is no more."""
    moved: tuple[Moved, ...] = ()
    grown: tuple[Grown, ...] = ()
    unchanged: int = 0
    """Places where it is as it was."""
    worse: bool = False
    """Whether there is more of it, or it weighs more."""
    ignored: bool = False
    """Whether a policy set it aside in the new report."""
    counted: Severity | None = None
    """As what the gate counted it in the new report; None where it did not."""
    causes: tuple[Cause, ...] = (Cause.IMAGE,)


@dataclass(frozen=True, slots=True)
class UseChange:
    """A program and a module that serves it."""

    kind: Kind
    consumer: str
    module: str
    """Its id in the rules."""
    name: str
    fields: tuple[Field, ...]
    """What changed; what there is of it, where it was added or removed."""
    role: str = "workload"
    causes: tuple[Cause, ...] = (Cause.IMAGE,)


@dataclass(frozen=True, slots=True)
class LibraryChange:
    """A file with a module, or one that leads to it."""

    kind: Kind
    path: str
    module: str
    name: str
    fields: tuple[Field, ...]
    users: int
    """Programs that reach it."""


@dataclass(frozen=True, slots=True)
class TlsChange:
    """What a port accepts or shows in one run."""

    port: int
    condition: str
    part: str
    """`port`, `protocol`, `suite`, `group`, `signature`, `certificate`, `without-ems`, `error`."""
    added: tuple[str, ...]
    removed: tuple[str, ...]
    unapproved: tuple[str, ...] = ()
    """Of both."""


@dataclass(frozen=True, slots=True)
class RunChange:
    """How a run went, and what it was seen to break or leak."""

    condition: str
    what: str
    added: tuple[str, ...]
    removed: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class AssetChange:
    """Cryptography in a file besides the modules."""

    kind: Kind
    asset: AssetKind
    path: str
    name: str
    fields: tuple[Field, ...]
    unapproved: tuple[str, ...] = ()
    """What of it is not approved, in the new image where it is in that."""
    own: bool = True


@dataclass(frozen=True, slots=True)
class GapChange:
    """Something that was, or is, not looked at."""

    kind: Kind
    gap: GapKind
    subject: str
    reason: str
    caps: bool


@dataclass(frozen=True, slots=True)
class LayerChange:
    """A layer that the other image has not."""

    kind: Kind
    diff_id: str
    created_by: str
    size: int


@dataclass(frozen=True, slots=True)
class Comparison:
    """Everything that a report tells otherwise than an earlier one."""

    old: Side
    new: Side
    besides: tuple[Field, ...] = ()
    """What differs besides the image: `day`, `rules`, `scanner`, `runs`, `platform`, `name`."""
    image: tuple[Field, ...] = ()
    layers_kept: int = 0
    layers: tuple[LayerChange, ...] = ()
    scores: tuple[ScoreChange, ...] = ()
    points: tuple[PointsChange, ...] = ()
    findings: tuple[FindingChange, ...] = ()
    """Worse ones first, then by severity."""
    uses: tuple[UseChange, ...] = ()
    libraries: tuple[LibraryChange, ...] = ()
    tls: tuple[TlsChange, ...] = ()
    runs: tuple[RunChange, ...] = ()
    assets: tuple[AssetChange, ...] = ()
    gaps: tuple[GapChange, ...] = ()

    @property
    def same_image(self) -> bool:
        """Whether both reports are known to be about the same image."""
        return bool(self.old.digest) and self.old.digest == self.new.digest


@dataclass(frozen=True, slots=True)
class Comparisons:
    """Several images, each compared with what it was."""

    images: tuple[Comparison, ...]
    added: tuple[Side, ...] = ()
    """Images that only the new file has."""
    removed: tuple[Side, ...] = ()
    failures: tuple[Failure, ...] = ()
    """Images that could not be scanned for the new file."""
