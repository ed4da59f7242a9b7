"""The answer: verdict, score, and everything that led to it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date

from scanner.model.assets import Asset
from scanner.model.facts import Gap
from scanner.model.image import ImageInfo
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
    schema_version: str = "1"
