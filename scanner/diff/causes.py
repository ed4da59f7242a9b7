"""Tells whether a change comes from the image, or from rules, day or run that differ, too.

Names every possible cause where it cannot be told; never guesses one of them.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from scanner.diff.model import Cause, Field
from scanner.diff.places import repository_of
from scanner.diff.weak_spots import WeakSpots
from scanner.model import Finding, Question, Report
from scanner.report.order import ordered_runs

if TYPE_CHECKING:
    from scanner.diff.findings import Trace

_SHORT = 12
_OF_RUNS = (Question.USAGE, Question.COMPATIBILITY)
"""What runs show something of."""


class Causes:
    """What two reports differ in, and what that explains."""

    def __init__(self, old: Report, new: Report) -> None:
        self.before, self.after = WeakSpots(old), WeakSpots(new)
        self.besides = tuple(differ_besides(old, new))
        differ = {each.name for each in self.besides}
        self._same_image = bool(old.image.digest) and old.image.digest == new.image.digest
        self._same_system = old.image.os == new.image.os
        self._judged = tuple(each for each in (Cause.DAY, Cause.RULES) if each.value in differ)
        self._looked = tuple(each for each in (Cause.RULES, Cause.SCANNER) if each.value in differ)
        self._ran = "runs" in differ

    def of_what_is_seen(self) -> tuple[Cause, ...]:
        """Of a change in what was read from the image's files."""
        return self._or_image(self._looked) if self._same_image else (Cause.IMAGE,)

    def of_validation(self, *, same_module: bool) -> tuple[Cause, ...]:
        """Of another status of a module.

        Args:
            same_module: whether version, file and package are as they were.
        """
        if not same_module:
            return (Cause.IMAGE,)
        # What a certificate is worth depends on the operating system it is used on.
        image = () if self._same_system or self._same_image else (Cause.IMAGE,)
        return (*image, *self._judged) or self.of_what_is_seen()

    def of_finding(self, path: Trace, finding: Finding, *, same: bool) -> tuple[Cause, ...]:
        """Of a finding that came, went, or weighs otherwise."""
        places = (*path.added, *path.removed, *path.grown)
        if not places or not same:
            places = (*places, *(new for _, new in path.pairs))
        shown_by_run = any(self.before.ran(each) or self.after.ran(each) for each in places)
        if self._ran and shown_by_run and finding.question in _OF_RUNS:
            return (*(() if self._same_image else (Cause.IMAGE,)), Cause.RUN)
        others = tuple(dict.fromkeys((*self._judged, *self._looked)))
        if finding.question is not Question.VALIDATION:
            others = tuple(each for each in others if each is not Cause.DAY)
        if self._same_image:
            return others or (Cause.RUN,)
        seen = [self._seen(each) for each in places]
        if others and self._same_system and seen and all(each is True for each in seen):
            return others
        if any(each is False for each in seen):
            return (Cause.IMAGE,)
        return (Cause.IMAGE, *others)

    def _seen(self, place: str) -> bool | None:
        """Whether the file at `place` is as it was; None where nothing is known of it."""
        if not self.before.has(place) and not self.after.has(place):
            return None
        return self.before.seen_at(place) == self.after.seen_at(place)

    def _or_image(self, causes: tuple[Cause, ...]) -> tuple[Cause, ...]:
        if causes:
            return causes
        return (Cause.RUN,) if self._same_image else (Cause.IMAGE,)


def differ_besides(old: Report, new: Report) -> list[Field]:
    """In what two reports differ besides what the images hold."""
    pairs = [
        ("day", old.date.isoformat(), new.date.isoformat()),
        ("rules", _short(old.rules_digest), _short(new.rules_digest)),
        ("scanner", old.scanner_version, new.scanner_version),
        ("runs", _runs(old), _runs(new)),
        ("target", old.target or new.target, new.target or old.target),
        ("platform", old.image.platform, new.image.platform),
        ("name", repository_of(old.image.reference), repository_of(new.image.reference)),
    ]
    return [Field(*each) for each in pairs if each[1] != each[2]]


def _runs(report: Report) -> str:
    return ", ".join(each.name for each in ordered_runs(report.conditions) if each.ran) or "none"


def _short(digest: str) -> str:
    return digest.removeprefix("sha256:")[:_SHORT]
