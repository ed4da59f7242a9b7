"""Makes a baseline of an earlier report: what of a new one was there already and is no worse.

Hides nothing that got worse; what a waiver accepted is accepted by that waiver alone.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from scanner.diff.causes import differ_besides
from scanner.diff.findings import trace
from scanner.diff.inventory import gaps_by_subject
from scanner.diff.places import paired
from scanner.diff.weak_spots import WeakSpots, grown
from scanner.model import Finding, Gap, Report
from scanner.policy.apply import Baseline

_KNOWN = "known from "
"""How `apply_policy` begins to say that a gap was in a baseline."""


def baseline_from(old: Report, new: Report, name: str) -> Baseline:
    """What of `new` was in `old`, which was read from the file `name`.

    A finding is known where `old` has it in the same place, in paths whose versions may differ,
    with the same severity and verdict or worse, and with everything that is wrong there now.
    """
    before, after = WeakSpots(old), WeakSpots(new)
    was, now = _by_rule(map(_counted, old.findings)), _by_rule(new.findings)
    known = {
        (rule, place)
        for rule in now
        if rule in was
        for place in trace(was[rule], now[rule], before, after).known
    }
    return Baseline(
        name=f"{name} ({old.date})",
        findings=frozenset(known),
        gaps=frozenset(_known_gaps(old, new)),
        programs=frozenset(
            program
            for other, program in paired(*(_programs(each) for each in (old, new))).pairs
            if not grown(before.at(other), after.at(program))
        ),
    )


def _programs(report: Report) -> Iterator[str]:
    return (each.consumer for each in report.uses)


def oddities(old: Report, new: Report, name: str) -> tuple[str, ...]:
    """What whoever goes by the baseline should know: why more may count as new, or less."""
    said = {
        "rules": "was judged by other rules: findings may be new because of these",
        "scanner": "is of another release of the scanner: findings may be new because of that",
        "target": "was judged for another target",
        "platform": "is of an image for another platform",
        "name": "is of another image",
    }
    found = [
        f"{name} {said[each.name]} ({each.old} -> {each.new})"
        for each in differ_besides(old, new)
        if each.name in said
    ]
    ran = {each.name for each in new.conditions if each.ran}
    if ran - {each.name for each in old.conditions if each.ran}:
        found.append(f"{name} is of a scan with fewer runs: what only a run shows counts as new")
    return tuple(found)


def _counted(finding: Finding) -> Finding | None:
    """`finding`, unless somebody accepted it: the waiver may have been withdrawn since."""
    return None if finding.ignored_by in ("waiver", "override") else finding


def _by_rule(findings: Iterable[Finding | None]) -> dict[str, list[Finding]]:
    groups: dict[str, list[Finding]] = {}
    for each in findings:
        if each is not None:
            groups.setdefault(each.id, []).append(each)
    return groups


def _known_gaps(old: Report, new: Report) -> Iterator[tuple[str, str]]:
    was = {
        key: gap
        for key, gap in gaps_by_subject(old).items()
        if not gap.ignored_because or gap.ignored_because.startswith(_KNOWN)
    }
    now = gaps_by_subject(new)
    for kind in sorted({kind for kind, _ in now}):
        before = {subject: gap for (each, subject), gap in was.items() if each == kind}
        after = {subject: gap for (each, subject), gap in now.items() if each == kind}
        for one, other in paired(before, after).pairs:
            if _no_worse(before[one], after[other]):
                yield kind, after[other].subject


def _no_worse(old: Gap, new: Gap) -> bool:
    """Whether `new` leaves no more open. What was asked for is no excuse for what failed."""
    return (old.caps or not new.caps) and (new.requested or not old.requested)
