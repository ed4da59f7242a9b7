"""Compares two reports, or two files of several: what an update changed.

Reads no file and no clock, and judges nothing: what is worse is what the reports say is.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

from scanner.diff.causes import Causes
from scanner.diff.findings import compare_findings
from scanner.diff.inventory import compare_assets, compare_gaps, compare_image, compare_layers
from scanner.diff.model import Comparison, Comparisons, PointsChange, ScoreChange, Side
from scanner.diff.places import repository_of
from scanner.diff.runs import compare_runs, compare_tls
from scanner.diff.uses import compare_libraries, compare_uses
from scanner.gate import UNDETERMINED
from scanner.model import Batch, Question, Report


def compare(old: Report, new: Report) -> Comparison:
    """Everything that `new` tells otherwise than `old`."""
    causes = Causes(old, new)
    kept, layers = compare_layers(old.layers, new.layers)
    return Comparison(
        old=side_of(old),
        new=side_of(new),
        besides=causes.besides,
        image=compare_image(old.image, new.image),
        layers_kept=kept,
        layers=layers,
        scores=_scores(old, new),
        points=_points(old, new),
        findings=compare_findings(old, new, causes),
        uses=compare_uses(old, new, causes),
        libraries=compare_libraries(old, new),
        tls=compare_tls(old, new),
        runs=compare_runs(old, new),
        assets=compare_assets(old, new),
        gaps=compare_gaps(old, new),
    )


def compare_batches(old: Batch, new: Batch) -> Comparisons:
    """Each image of `new` with what it was in `old`, by name.

    One image on either side is compared whatever it is called: whoever names two reports wants
    to see these.
    """
    if len(old.reports) == 1 and len(new.reports) == 1:
        return Comparisons((compare(old.reports[0], new.reports[0]),), failures=new.failures)
    left = list(old.reports)
    images: list[Comparison] = []
    added: list[Side] = []
    for report in new.reports:
        before = counterpart(report, left)
        if before is None:
            added.append(side_of(report))
        else:
            left.remove(before)
            images.append(compare(before, report))
    removed = tuple(side_of(each) for each in left)
    return Comparisons(tuple(images), tuple(added), removed, new.failures)


def counterpart(report: Report, among: Sequence[Report]) -> Report | None:
    """The report of `among` on what this image was: of the same name, whatever the tag.

    Of several the one of the same platform, and of the same tag, if there is one.
    """
    name = repository_of(report.image.reference)
    found = [each for each in among if repository_of(each.image.reference) == name]
    found.sort(
        key=lambda each: (
            each.image.platform != report.image.platform,
            each.image.reference != report.image.reference,
        )
    )
    return found[0] if found else None


def side_of(report: Report) -> Side:
    """What is told of a report by itself."""
    image, verdict = report.image, report.verdict
    return Side(
        image.reference,
        image.digest,
        image.platform,
        image.os,
        report.date,
        verdict.kind,
        verdict.score,
        _gate(report),
    )


def _gate(report: Report) -> Literal["", "passed", "failed", "undetermined"]:
    if report.policy is None:
        return ""
    answer = report.policy.gate
    if answer.passed:
        return "passed"
    return "undetermined" if answer.exit_code == UNDETERMINED else "failed"


def _scores(old: Report, new: Report) -> tuple[ScoreChange, ...]:
    total = ScoreChange(None, old.verdict.score, new.verdict.score)
    each = (
        ScoreChange(question, old.verdict.scores.get(question), new.verdict.scores.get(question))
        for question in Question
    )
    return tuple(change for change in (total, *each) if change.old != change.new)


def _points(old: Report, new: Report) -> tuple[PointsChange, ...]:
    was, now = _lost(old), _lost(new)
    found = [
        PointsChange(question, cause, was.get((question, cause), 0), now.get((question, cause), 0))
        for question, cause in {**was, **now}
    ]
    found = [each for each in found if each.old != each.new]
    questions = [*Question, None]
    found.sort(key=lambda each: (questions.index(each.question), each.old - each.new, each.cause))
    return tuple(found)


def _lost(report: Report) -> dict[tuple[Question | None, str], float]:
    found: dict[tuple[Question | None, str], float] = {}
    for each in report.verdict.points_lost:
        key = (each.question, each.cause)
        found[key] = round(found.get(key, 0) + each.points, 2)
    return found
