"""Looks at what the scanner knows: its rules, and how old the facts of certificates are."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from datetime import date
from pathlib import Path

from scanner.doctor.model import Check, State
from scanner.errors import RuleError
from scanner.rulebook import RuleBook

OLD = 90
"""Days after which facts of certificates are no longer taken for fresh."""


def rules_checks(folders: Sequence[Path]) -> tuple[RuleBook | None, tuple[Check, ...]]:
    """The rules in `folders`, unless they have mistakes, and what is said of them."""
    try:
        rules = RuleBook.load(*folders)
    except RuleError as error:
        others = len(error.problems) - 1
        check = Check(
            "rules",
            State.MISSING,
            f"{error.problems[0]}{f', and {others} more mistakes' if others else ''}",
            "No scan starts with rules that have mistakes.",
            (f"fips-scanner rules lint {folders[-1]}",) if len(folders) > 1 else (),
        )
        return None, (check,)
    counts = {
        "checks": len(rules.checks),
        "modules": len(rules.modules),
        "certificates": len(rules.certificates),
        "log messages": len(rules.logs),
    }
    known = ", ".join(f"{number} {name}" for name, number in counts.items())
    more = f", from {len(folders)} folders" if len(folders) > 1 else ""
    digest = rules.digest.removeprefix("sha256:")[:12]
    return rules, (Check("rules", State.OK, f"{digest}: {known}{more}"),)


def certificate_check(rules: RuleBook, today: date) -> Check:
    """When the facts of certificates were read, as old as most of them are."""
    days = sorted(each.checked for each in rules.certificates)
    if not days:
        return Check("certificates", State.MISSING, "none is known", "No module is validated.")
    middle = days[len(days) // 2]
    age = (today - middle).days
    on_that_day = Counter(days)[middle]
    found = f"most read on {middle}, {max(age, 0)} days ago ({on_that_day} of {len(days)})"
    if days[-1] > middle:
        found += f", the newest on {days[-1]}"
    if age <= OLD:
        return Check("certificates", State.OK, found)
    return Check(
        "certificates",
        State.LIMITED,
        found,
        "Dates are judged for the day of the scan all the same, but certificates that NIST issued, "
        "renewed or withdrew since then are not known.",
        ("fips-scanner cmvp update modules.json  # a newer list, as NIST-CMVP-API has it",),
    )
