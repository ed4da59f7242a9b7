"""`fips-scanner config`: explains the policy that holds, checks it, and prints its JSON Schema.

Scans nothing.
"""

from __future__ import annotations

import sys
from collections.abc import Sequence
from datetime import date
from pathlib import Path

from scanner.commands.policy_options import (
    PolicyOptions,
    known_to,
    policy_and_warnings,
    policy_file,
)
from scanner.commands.rule_folders import rule_folders
from scanner.commands.terminal import complain, look_for, put
from scanner.errors import UsageError
from scanner.gate import PASSED
from scanner.policy import NAME, policy_schema
from scanner.report.policy_pages import policy_json, policy_page
from scanner.rulebook import RuleBook


def show(
    options: PolicyOptions, *, today: date, rules: Sequence[Path] = (), output: str = "text"
) -> int:
    """Print the policy that holds, with where each setting comes from.

    Raises:
        UsageError: there is no such file, target or condition.
        RuleError: with every mistake in the file.
    """
    book = RuleBook.load(*rule_folders(rules))
    policy, odd = policy_and_warnings(options, book, today=today)
    severities = known_to(book).checks
    target = book.targets.get(policy.target)
    if output == "json":
        put(policy_json(policy, severities=severities, target=target, today=today))
    else:
        look = look_for(sys.stdout)
        put(policy_page(policy, severities=severities, target=target, today=today, look=look))
    for each in odd:
        complain(str(each))
    return PASSED


def check(file: Path | None, *, today: date, rules: Sequence[Path] = ()) -> int:
    """Tell every mistake of a policy, or that there is none.

    Raises:
        UsageError: there is no policy.
        RuleError: with every mistake in it.
    """
    path = policy_file(PolicyOptions(file))
    if path is None:
        raise UsageError(f"no {NAME} here or above; `fips-scanner init` writes one")
    book = RuleBook.load(*rule_folders(rules))
    policy, odd = policy_and_warnings(PolicyOptions(path), book, today=today)
    for each in odd:
        complain(str(each))
    for waiver in policy.waivers:
        if waiver.expires < today:
            what = f"the waiver of {waiver.rule} expired on {waiver.expires}: the gate fails"
            complain(f"{policy.source}:{waiver.line}: {what}; {waiver.owner} renews or removes it")
    put(f"{policy.source}: no mistake\n")
    return PASSED


def schema() -> int:
    """Print the JSON Schema of policies."""
    put(policy_schema())
    return PASSED
