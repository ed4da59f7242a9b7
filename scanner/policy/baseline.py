"""Makes a baseline of an earlier report: what of a new one was there already and is no worse.

Hides nothing that got worse; what a waiver accepted is accepted by that waiver alone.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import replace

from scanner.diff.causes import differ_besides
from scanner.diff.findings import trace
from scanner.diff.places import paired, without_versions
from scanner.diff.weak_spots import WeakSpots, grown
from scanner.model import Finding, Gap, GapKind, Report
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


def _known_gaps(old: Report, new: Report) -> Iterator[Gap]:
    left = tuple(each for each in old.gaps if not _is_accepted(each))
    was, now = _by_subject(replace(old, gaps=left)), _by_subject(new)
    for kind, after in now.items():
        before = was.get(kind, {})
        for one, other in paired(before, after).pairs:
            for gap in after[other]:
                if any(_no_worse(each, gap) for each in before[one]):
                    yield gap


def _is_accepted(gap: Gap) -> bool:
    return bool(gap.ignored_because) and not gap.ignored_because.startswith(_KNOWN)


def _by_subject(report: Report) -> dict[GapKind, dict[str, list[Gap]]]:
    """Kind → subject → the gaps. The image itself is called `""`, whatever its tag."""
    found: dict[GapKind, dict[str, list[Gap]]] = {}
    for each in report.gaps:
        subject = "" if each.subject == report.image.reference else each.subject
        found.setdefault(each.kind, {}).setdefault(subject, []).append(each)
    return found


_PORTS = re.compile(r"\bport (\d+(?:, \d+)*)")
_MORE = re.compile(r"^and ([\d,]+) more")


def _no_worse(old: Gap, new: Gap) -> bool:
    """Whether `new` leaves no more open. What was asked for is no excuse for what failed."""
    if not new.caps:
        return True
    same = without_versions(old.reason) == without_versions(new.reason)
    asked = new.requested or not old.requested
    return old.caps and same and asked and _ports(new) <= _ports(old) and _more(new) <= _more(old)


def _ports(gap: Gap) -> set[str]:
    return {port for each in _PORTS.findall(gap.reason) for port in each.split(", ")}


def _more(gap: Gap) -> int:
    """How many gaps this one stands for besides."""
    found = _MORE.match(gap.reason)
    return int(found[1].replace(",", "") or 0) if found else 0
