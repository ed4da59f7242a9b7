"""Writes a policy for a start: a gate, and what of an image would have to be accepted to pass it.

Invents no reason, owner or day: the entries are comments that somebody has to complete.
"""

from __future__ import annotations

import json
import re
import textwrap
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import date

from scanner.gate import UNDETERMINED, counts
from scanner.model import (
    Finding,
    Gap,
    GateRules,
    Policy,
    PolicyResult,
    Report,
    Severity,
    VerdictKind,
    Waiver,
)
from scanner.policy.apply import apply_policy, without_policy
from scanner.policy.document import GAP
from scanner.policy.patterns import RELATIVE, never_matches
from scanner.policy.places import CONFIGURATION, Places, place_of
from scanner.report.escape import visible
from scanner.rulebook import Scoring

_FEW = 3
"""Places that are named one by one."""
_MANY = 8
"""Patterns for one rule; more are no help to whoever has to decide."""
_LONGEST = 400
_TITLE = 200
_COMMENT = 2000
_PLAIN = re.compile(r"[A-Za-z0-9/_.][A-Za-z0-9/_.:+@~-]*")


@dataclass(frozen=True, slots=True)
class Proposal:
    """A waiver that lacks a reason, an owner and an end."""

    rule: str
    pattern: str
    about: str
    """How bad it is, in how many places, and what it says."""


def proposals(report: Report, *, today: date, scoring: Scoring) -> tuple[Proposal, ...]:
    """What would have to be accepted for `report` to pass the default gate."""
    report = without_policy(report)
    gate = GateRules()
    places = Places(report)
    failing = [each for each in report.findings if counts(each, gate)]
    found = [each for finding in failing for each in _for_finding(finding, places)]
    if _passes_with(found, report, today, scoring).gate.exit_code == UNDETERMINED:
        opened = [
            each
            for each in report.findings
            if each.verdict is VerdictKind.UNDETERMINED and each not in failing
        ]
        found += [each for finding in opened for each in _for_finding(finding, places)]
        found += _for_gaps(report)
    return tuple(dict.fromkeys(found))


def draft(report: Report | None, *, today: date, scoring: Scoring, schema: str) -> str:
    """The text of a policy.

    Args:
        report: the first scan; None where nothing was scanned yet.
        schema: where editors find the JSON Schema, as seen from the policy.
    """
    lines = [f"# yaml-language-server: $schema={schema}", *_HEAD]
    if report is None:
        return "\n".join((*lines, *_gate(None, ""), *_REST, *_EXAMPLE)) + "\n"
    found = proposals(report, today=today, scoring=scoring)
    then = _passes_with(found, report, today, scoring)
    lines += _gate(then.accepted_score, _stricter(report, today, scoring))
    lines += _REST
    lines += _state(report, found, _passes_with((), report, today, scoring), then)
    if not found:
        return "\n".join((*lines, *_EXAMPLE)) + "\n"
    lines.append("waivers:")
    told = ""
    for each in found:
        lines += _entry(each, told)
        told = each.about
    return "\n".join(lines) + "\n"


# --- what to accept ------------------------------------------------------------------------


def _for_finding(finding: Finding, places: Places) -> Iterator[Proposal]:
    locations = finding.locations or ("",)
    number = f"{len(locations)} places" if len(locations) > 1 else "1 place"
    about = f"{finding.severity}, {number}: {_short(finding.title)}"
    for pattern in _patterns(finding, locations, places):
        yield Proposal(finding.id, pattern, about)


def _patterns(finding: Finding, locations: Sequence[str], places: Places) -> tuple[str, ...]:
    """As few patterns as mean all the places, and as little else as can be."""
    if len(locations) <= _FEW:
        return _literals(locations)
    names = dict.fromkeys(
        names[0] for each in locations for names in places.at(finding, each).components
    )
    left = list(locations)
    found: list[str] = []
    while left and names:
        covered = {name: _covered(name, finding, left, places) for name in names}
        best = max(names, key=lambda name: len(covered[name]))
        if len(covered[best]) < 2:
            break
        found.append(best)
        left = [each for each in left if each not in covered[best]]
        del names[best]
    if len(found) + len(left) > _MANY:
        found += _folders(left)
        left = []
    patterns = tuple(dict.fromkeys((*found, *_literals(left))))
    return patterns if len(patterns) <= _MANY and _all(patterns, finding, places) else ("*",)


def _covered(pattern: str, finding: Finding, left: Iterable[str], places: Places) -> set[str]:
    waiver = Waiver(finding.id, pattern, "", "", date.max)
    return {each for each in left if places.at(finding, each).waived_by((waiver,))}


def _all(patterns: Iterable[str], finding: Finding, places: Places) -> bool:
    locations = finding.locations or ("",)
    covered = (_covered(each, finding, locations, places) for each in patterns)
    return set(locations) <= set().union(*covered)


def _literals(locations: Iterable[str]) -> tuple[str, ...]:
    found = tuple(dict.fromkeys(_literal(each) for each in locations))
    return ("*",) if "*" in found else found


def _folders(locations: Iterable[str]) -> list[str]:
    return list(dict.fromkeys(f"{_literal(each).rpartition('/')[0]}/*" for each in locations))


def _literal(location: str) -> str:
    """A pattern for one place. What cannot be written in a file, or means more, is a `?` in it.

    So are brackets, which people take for a set.
    """
    place = place_of(location) or CONFIGURATION
    pattern = "".join(each if each.isprintable() and each not in "*[]" else "?" for each in place)
    unfit = len(pattern) > _LONGEST or never_matches(pattern) or RELATIVE.search(pattern)
    return "*" if unfit or pattern != pattern.strip() else pattern


def _for_gaps(report: Report) -> list[Proposal]:
    by_rule: dict[str, list[Gap]] = {}
    for gap in report.gaps:
        if gap.caps and not gap.requested:
            by_rule.setdefault(f"{GAP}{gap.kind.value}", []).append(gap)
    found = []
    for rule, gaps in by_rule.items():
        # The reference changes with every build.
        subjects = ["" if each.subject == report.image.reference else each.subject for each in gaps]
        patterns = list(_literals(subjects)) if all(subjects) else ["*"]
        if len(patterns) > _FEW and all(each.startswith("/") for each in patterns):
            patterns = _folders(subjects)
        if len(patterns) > _MANY:
            patterns = ["*"]
        about = f"not looked at: {_short(gaps[0].reason)}"
        found += [Proposal(rule, each, about) for each in patterns]
    return found


def _passes_with(
    found: Iterable[Proposal], report: Report, today: date, scoring: Scoring
) -> PolicyResult:
    waivers = tuple(Waiver(each.rule, each.pattern, "", "", today) for each in found)
    policy = Policy(waivers=waivers)
    result = apply_policy(without_policy(report), policy, today=today, scoring=scoring).policy
    assert result is not None
    return result


# --- the text ------------------------------------------------------------------------------

_HEAD = (
    "#",
    "# What we ask of our images. `fips-scanner config show` explains what holds and why,",
    "# `fips-scanner config check` tells every mistake in this file.",
    "version: 1",
    "",
)
_REST = (
    "",
    "# Where the images are meant to run: aks-azurelinux3, aks-ubuntu2204, openshift, or generic",
    "# for any FIPS node. Decides which certificates count there, and how a node is simulated.",
    "# target: generic",
    "",
    "# How containers are run: as they are, on a FIPS node, with approved algorithms only.",
    "# conditions: [baseline, node, enforced]",
    "",
    "# What a rule is to us: another severity, or `off`. It stays in reports, marked.",
    "# rules:",
    "#   tool-uses-unvalidated-crypto:",
    "#     severity: info",
    "#     reason:  # why",
    "",
)
_EXAMPLE = (
    "# What we accept for a while, and where. It stays in reports, marked, and the gate fails",
    "# again after the last day.",
    "waivers:",
    "  # - rule:     # the id of a finding; gap: and its kind for what could not be looked at",
    "  #   pattern:  # a path or the name of a component, with *, ? and **",
    "  #   reason:   # why it is accepted",
    "  #   owner:    # who answers for it",
    "  #   expires:  # the last day on which it holds, such as 2027-06-30",
)


def _gate(score: int | None, stricter: str) -> list[str]:
    return [
        "gate:",
        "  # A finding of this severity or worse fails: critical, high, medium, low; or never.",
        *([f"  # {stricter}"] if stricter else []),
        "  fail_on: high",
        "  # The lowest score that passes, without what is waived."
        + ("" if score is None else " As it is here, nothing may get worse."),
        f"  # min_score: {80 if score is None else score}",
        "  # The worst verdict that passes, without what is waived: conditional, ready, no-crypto.",
        "  # verdict: conditional",
        "  # Only findings on these questions fail.",
        "  # questions: [module, validation, activation, usage, compatibility]",
    ]


def _stricter(report: Report, today: date, scoring: Scoring) -> str:
    """Which stricter gate would be passed as well."""
    plain = without_policy(report)
    for severity in (Severity.LOW, Severity.MEDIUM):
        policy = Policy(gate=replace(GateRules(), fail_on=severity))
        result = apply_policy(plain, policy, today=today, scoring=scoring).policy
        if result is not None and result.gate.passed:
            return f"This image passes at {severity} as well."
    return ""


def _state(
    report: Report, found: Sequence[Proposal], now: PolicyResult, then: PolicyResult
) -> list[str]:
    verdict = f"{report.verdict.kind}, score {report.verdict.score}"
    head = f"On {report.date} {visible(report.image.reference)} was {verdict}"
    if now.gate.passed:
        return [*_comment(f"{head}, and passed this gate."), ""]
    lines = _comment(f"{head}, and did not pass this gate:")
    lines += [line for each in now.gate.reasons for line in _comment(f"- {each}", "#   ")]
    if not found:
        return lines
    lines += _comment(
        "`fips-scanner explain RULE` says how to mend it. What has to be accepted for a while is "
        "listed here: take the # from an entry, and say why, who answers for it, and until when. "
        "It stays in reports, marked, and the gate fails again after the last day."
    )
    if then.gate.passed:
        accepted = f"{then.accepted}, score {then.accepted_score}"
        return lines + _comment(f"With all of them accepted, the image passes as {accepted}.")
    return lines + _comment(f"Even so it does not pass: {'; '.join(then.gate.reasons)}")


def _comment(text: str, margin: str = "# ") -> list[str]:
    shown = visible(text, _COMMENT)
    return textwrap.wrap(
        shown,
        92,
        initial_indent=margin,
        subsequent_indent=f"{margin}  " if text.startswith("- ") else margin,
        break_long_words=False,
        break_on_hyphens=False,
    )


def _short(text: str) -> str:
    return visible(textwrap.shorten(text, _TITLE, placeholder=" ..."))


def _entry(proposal: Proposal, told: str) -> tuple[str, ...]:
    """The lines of a waiver. What was `told` of the one before it is not told again."""
    about = "" if proposal.about == told else f"  # {proposal.about}"
    return (
        f"  # - rule: {_scalar(proposal.rule)}{about}",
        f"  #   pattern: {_scalar(proposal.pattern)}",
        "  #   reason:   # why it is accepted",
        "  #   owner:    # who answers for it",
        "  #   expires:  # the last day on which it holds",
    )


def _scalar(text: str) -> str:
    """`text` in YAML, on one line whatever it holds."""
    if _PLAIN.fullmatch(text) and ": " not in text and not text.endswith(":"):
        return text
    return json.dumps(text, ensure_ascii=False)
