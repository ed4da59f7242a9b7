"""The answer: verdict, score, and everything that led to it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date

from scanner.model.assets import Asset
from scanner.model.facts import Gap
from scanner.model.image import ImageInfo, LayerInfo
from scanner.model.policy import PolicyResult
from scanner.model.runs import ConditionResult
from scanner.model.uses import CryptoUse, Finding
from scanner.model.words import Question, VerdictKind


@dataclass(frozen=True, slots=True)
class PointsLost:
    """Points taken from the score, and by what."""

    question: Question | None
    """None: of the total, because of the verdict."""
    points: float
    cause: str
    """A finding's id; `gap:` and the kind of the gap; `uses:` and what programs lack; or
    `verdict:` and the verdict."""


@dataclass(frozen=True, slots=True)
class Verdict:
    """The answer, and the sentences that say why."""

    kind: VerdictKind
    reasons: tuple[str, ...]
    score: int
    scores: Mapping[Question, int | None]
    """Sub-scores 0 to 100; None where the question was not looked at."""
    points_lost: tuple[PointsLost, ...] = ()


@dataclass(frozen=True, slots=True)
class Report:
    """Everything a scan found out. Renderers turn it into text; nothing else does."""

    scanner_version: str
    rules_digest: str
    date: date
    image: ImageInfo
    verdict: Verdict
    uses: tuple[CryptoUse, ...] = ()
    findings: tuple[Finding, ...] = ()
    conditions: tuple[ConditionResult, ...] = ()
    gaps: tuple[Gap, ...] = ()
    assets: tuple[Asset, ...] = ()
    layers: tuple[LayerInfo, ...] = ()
    """Lowest first."""
    origins: Mapping[str, int] = field(default_factory=dict)
    """The layer, as an index of `layers`, of every file that the report names."""
    target: str = ""
    """Where the image is meant to run: the id of a file in `rules/targets/`."""
    policy: PolicyResult | None = None
    """How it fares by a policy; None where none was applied."""
    schema_version: str = "1"

    def layer_of(self, place: str) -> int | None:
        """The index of the layer that brought the file in which `place` lies.

        `place` is a path, a path with a line (`/etc/nginx/nginx.conf:12`), or a member of an
        archive (`/app.jar!/lib/x.jar`). None where that is not known.
        """
        path = place.partition("!/")[0]
        while path:
            if path in self.origins:
                return self.origins[path]
            path, colon, line = path.rpartition(":")
            if not colon or not line.isdigit():
                return None
        return None


@dataclass(frozen=True, slots=True)
class Failure:
    """An image that could not be scanned."""

    reference: str
    error: str
    """One line, for people."""
    exit_code: int
    platform: str = ""
    """The one that was asked for; `""` for any."""
    asked_by: tuple[str, ...] = ()
    """As `ImageInfo.asked_by`."""


@dataclass(frozen=True, slots=True)
class Batch:
    """Several images, scanned in one call, in the order in which they were named."""

    reports: tuple[Report, ...]
    failures: tuple[Failure, ...] = ()
