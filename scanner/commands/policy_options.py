"""Which policy a command goes by: the file that holds here, and the options that win over it.

Reads the file; decides nothing about images.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import date
from pathlib import Path

from scanner.commands.terminal import say
from scanner.errors import UsageError
from scanner.model import Policy, Report, Severity
from scanner.policy import Known, find_policy, read_policy, unmatched
from scanner.report.sections.policy import SOON, until
from scanner.rulebook import RuleBook
from scanner.rulefile import Problem

NEVER = "never"


@dataclass(frozen=True, slots=True)
class PolicyOptions:
    """What the user asked for. What was left out is as in the policy's file."""

    file: Path | None = None
    """The policy; None for the one that holds in the working directory."""
    off: bool = False
    """Go by no file."""
    fail_on: str = ""
    """A severity, or `never`."""
    min_score: int | None = None
    target: str = ""
    conditions: tuple[str, ...] = ()


def known_to(rules: RuleBook) -> Known:
    """What a policy may name where `rules` judge."""
    checks = {name: each.severity for name, each in rules.checks.items()}
    return Known(checks, frozenset(rules.targets))


def policy_of(
    options: PolicyOptions, rules: RuleBook, *, today: date, quiet: bool = False
) -> Policy:
    """The policy that holds. Names its file on standard error, and what is odd about it.

    Raises:
        UsageError: there is no such file, target or condition.
        RuleError: with every mistake in the file.
    """
    policy, odd = policy_and_warnings(options, rules, today=today)
    if policy.source and not quiet:
        say(f"policy: {policy.source}")
        for each in odd:
            say(f"policy: {each}")
        for waiver in policy.waivers:
            # One that has expired fails the gate, which says so.
            if 0 <= (waiver.expires - today).days <= SOON:
                at = f"{policy.source}:{waiver.line}"
                what = f"the waiver of {waiver.rule} for {waiver.pattern}"
                when = until(waiver.expires, today)
                say(f"policy: {at}: {what} ends on {when} ({waiver.owner})")
    return policy


def policy_and_warnings(
    options: PolicyOptions, rules: RuleBook, *, today: date
) -> tuple[Policy, tuple[Problem, ...]]:
    """The policy that holds, and what is odd about its file.

    Raises:
        UsageError: there is no such file, target or condition.
        RuleError: with every mistake in the file.
    """
    known = known_to(rules)
    file = policy_file(options)
    policy, odd = read_policy(file, known, today=today) if file else (Policy(), ())
    return _with_options(policy, options, known), odd


def tell_unmatched(reports: Iterable[Report]) -> None:
    """Say on standard error which waivers match in none of `reports`."""
    reports = tuple(reports)
    source = next((each.policy.source for each in reports if each.policy), "")
    for waiver in unmatched(reports):
        what = f"the waiver of {waiver.rule} for {waiver.pattern} matches nothing"
        say(f"policy: {source}:{waiver.line}: {what}; remove it, or mend its pattern")


def policy_file(options: PolicyOptions, environment: Mapping[str, str] = os.environ) -> Path | None:
    """The file of the policy, as seen from the working directory; None for none.

    Raises:
        UsageError: the options contradict each other.
    """
    if options.off and options.file:
        raise UsageError("--policy and --no-policy contradict each other; leave one out")
    if options.off:
        return None
    if options.file:
        return options.file
    home = environment.get("HOME")
    try:
        here = Path.cwd()
    except OSError:
        return None  # a folder that has been removed holds none
    found = find_policy(here, Path(home) if home else None)
    # Reports name the policy, and are to be the same wherever the repository lies.
    return Path(os.path.relpath(found)) if found else None


def _with_options(policy: Policy, options: PolicyOptions, known: Known) -> Policy:
    gate, origins = policy.gate, dict(policy.origins)
    if options.fail_on:
        severity = None if options.fail_on == NEVER else Severity(options.fail_on)
        gate = replace(gate, fail_on=severity)
        origins["gate.fail_on"] = "--fail-on"
    if options.min_score is not None:
        gate = replace(gate, min_score=options.min_score)
        origins["gate.min_score"] = "--min-score"
    if options.target:
        if options.target not in known.targets:
            names = ", ".join(sorted(known.targets))
            raise UsageError(f"no such target: {options.target}; there are {names}")
        policy = replace(policy, target=options.target)
        origins["target"] = "--target"
    if options.conditions:
        policy = replace(policy, conditions=tuple(dict.fromkeys(options.conditions)))
        origins["conditions"] = "--condition"
    return replace(policy, gate=gate, origins=origins)
