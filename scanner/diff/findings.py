"""Compares findings: which are new, which are gone, and which got worse where they were.

A finding in a path whose version changed is the same; one that says more than before is not.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from scanner.diff.causes import Causes
from scanner.diff.model import FindingChange, Grown, Kind, Moved
from scanner.diff.places import paired, without_versions
from scanner.diff.weak_spots import WeakSpots, grown
from scanner.judge import MAX_EVIDENCE
from scanner.model import Finding, Report, Severity, VerdictKind
from scanner.policy.apply import place_of

_VERDICTS = (
    None,
    VerdictKind.NO_CRYPTO,
    VerdictKind.READY,
    VerdictKind.CONDITIONAL,
    VerdictKind.UNDETERMINED,
    VerdictKind.NOT_READY,
)
"""What a finding lets an image be, the best first."""


@dataclass(frozen=True, slots=True)
class Trace:
    """The places of one rule's findings in two reports, without line numbers."""

    pairs: tuple[tuple[str, str], ...]
    added: tuple[str, ...]
    removed: tuple[str, ...]
    grown: dict[str, tuple[str, ...]]
    """Of the new places in `pairs`, those where more is wrong, with what."""
    heavier: bool
    """Whether it weighs more than it did."""

    @property
    def known(self) -> tuple[str, ...]:
        """New places in which it is no worse than it was."""
        if self.heavier:
            return ()
        return tuple(new for _, new in self.pairs if new not in self.grown)


def trace(
    old: Sequence[Finding], new: Sequence[Finding], before: WeakSpots, after: WeakSpots
) -> Trace:
    """Follow the findings of one rule, which a policy may have split into several."""
    was, now = _places(old), _places(new)
    pairing = paired(was, now)
    more: dict[str, tuple[str, ...]] = {}
    # Of a run, or the image's configuration, the evidence tells which part is meant.
    all_paths = all(each.startswith("/") for each in now)
    told = [] if all_paths else _told_now(old, new)
    lines_before, lines_after = _evidence(old), _evidence(new)
    for old_place, new_place in pairing.pairs:
        found = list(grown(before.at(old_place), after.at(new_place)))
        if now[new_place] > was[old_place]:
            found.append(f"{now[new_place]} lines instead of {was[old_place]}")
        if not new_place.startswith("/"):
            if not told and not _is_cut(new):
                found = []
            found = found or ([] if after.at(new_place) else told)
        elif not found:
            lines = _lines_now(lines_before.get(old_place), lines_after.get(new_place), old)
            found += [line for line in lines if not after.tells(new_place, line)]
        if found:
            more[new_place] = tuple(found)
    heavier = bool(old) and (
        _severity(new).rank < _severity(old).rank
        or _VERDICTS.index(_verdict(new)) > _VERDICTS.index(_verdict(old))
    )
    return Trace(pairing.pairs, pairing.added, pairing.removed, more, heavier)


_MOMENT = re.compile(r"\d{2,4}([-/:.]\d{2})+(\.\d+)?Z?|\b\d+#\d+\b|\[\d+\]")


def _told_now(old: Sequence[Finding], new: Sequence[Finding]) -> list[str]:
    """Evidence that was not there, but for times and process numbers.

    A line that counts what it leaves out ("and 3 more") tells nothing of that.
    """
    told = {_MOMENT.sub("#", line) for each in old for line in each.evidence}
    return [
        line
        for each in new
        for line in each.evidence
        if _MOMENT.sub("#", line) not in told or _MORE.search(line)
    ]


def _is_cut(findings: Iterable[Finding]) -> bool:
    """Whether there may have been more evidence than what was kept."""
    return any(len(each.evidence) >= MAX_EVIDENCE for each in findings)


_Told = dict[str, dict[str, str]]


def _evidence(findings: Iterable[Finding]) -> dict[str, _Told]:
    """Place → what is told of it, without versions and line numbers → with versions → the line."""
    found: dict[str, _Told] = {}
    for finding in findings:
        for line in finding.evidence:
            begin, _, rest = line.partition(" ")
            place = place_of(begin.removesuffix(":"))
            found.setdefault(place, {}).setdefault(without_versions(rest), {})[rest] = line
    return found


def _lines_now(old: _Told | None, new: _Told | None, findings: Sequence[Finding]) -> list[str]:
    """Evidence of a file that was not there: of some files nothing else is known.

    Where there are more lines that differ in numbers alone, those that were not there are new.
    """
    if new is None or (old is None and _is_cut(findings)):
        return []
    found: list[str] = []
    for told, lines in new.items():
        before = (old or {}).get(told, {})
        if len(lines) > len(before):
            found += [line for rest, line in lines.items() if rest not in before]
    return found


_MORE = re.compile(r"\band \d+ more\b")


def compare_findings(old: Report, new: Report, causes: Causes) -> tuple[FindingChange, ...]:
    """What became of each finding, worse ones first. Those that stayed as they were are left out.

    A severity that a policy gave is not compared: it is no property of the image.
    """
    was, now = _by_rule(old.findings), _by_rule(new.findings)
    found = []
    for rule in sorted({*was, *now}):
        change = _change(was.get(rule, []), now.get(rule, []), causes)
        if change is not None:
            found.append(change)
    found.sort(key=_order)
    return tuple(found)


def _order(change: FindingChange) -> tuple[bool, bool, int, str]:
    severity = change.new_severity or change.old_severity or Severity.INFO
    return (not change.worse, change.kind is Kind.REMOVED, severity.rank, change.id)


def _change(old: Sequence[Finding], new: Sequence[Finding], causes: Causes) -> FindingChange | None:
    path = trace(old, new, causes.before, causes.after)
    finding = (*new, *old)[0]
    kind = Kind.CHANGED if old and new else Kind.ADDED if new else Kind.REMOVED
    severities = (_severity(old) if old else None, _severity(new) if new else None)
    verdicts = (_verdict(old), _verdict(new))
    moved = tuple(Moved(before, after) for before, after in path.pairs if before != after)
    same = (severities[0], verdicts[0]) == (severities[1], verdicts[1])
    if kind is Kind.CHANGED and same and not (path.added or path.removed or path.grown):
        return None
    return FindingChange(
        kind=kind,
        id=finding.id,
        title=finding.title,
        question=finding.question,
        old_severity=severities[0],
        new_severity=severities[1],
        old_verdict=verdicts[0],
        new_verdict=verdicts[1],
        added=path.added,
        removed=path.removed,
        moved=moved,
        grown=tuple(Grown(place, each) for place, each in path.grown.items()),
        unchanged=len(path.pairs) - len(path.grown),
        worse=path.heavier or bool(path.added or path.grown),
        ignored=bool(new) and all(each.ignored_by for each in new),
        counted=min(
            (each.severity for each in new if not each.ignored_by),
            key=lambda each: each.rank,
            default=None,
        ),
        causes=causes.of_finding(path, finding, same=same),
    )


def _by_rule(findings: Iterable[Finding]) -> dict[str, list[Finding]]:
    groups: dict[str, list[Finding]] = {}
    for each in findings:
        groups.setdefault(each.id, []).append(each)
    return groups


def _places(findings: Iterable[Finding]) -> Counter[str]:
    return Counter(place_of(place) for each in findings for place in each.locations or ("",))


def _severity(findings: Iterable[Finding]) -> Severity:
    """The worst that the rules give, whatever a policy made of it."""
    return min(
        (each.rule_severity or each.severity for each in findings),
        key=lambda each: each.rank,
        default=Severity.INFO,
    )


def _verdict(findings: Iterable[Finding]) -> VerdictKind | None:
    return max((each.verdict for each in findings), key=_VERDICTS.index, default=None)
