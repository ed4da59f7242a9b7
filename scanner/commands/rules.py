"""`fips-scanner explain` and `fips-scanner rules`: shows and checks what the scanner knows.

Changes no rule.
"""

from __future__ import annotations

import sys
from collections.abc import Sequence
from datetime import date
from pathlib import Path

from scanner.commands.terminal import look_for, put, say
from scanner.gate import FAILED, PASSED
from scanner.report.escape import visible


def explain(name: str, today: date, folders: Sequence[Path]) -> int:
    """Show the page of one rule.

    Raises:
        UsageError: there is no such rule.
    """
    from scanner.commands.rule_folders import rule_folders
    from scanner.report.rule_pages import explain as page
    from scanner.rulebook import RuleBook

    rules = RuleBook.load(*rule_folders(folders))
    put(page(rules, name, today, look_for(sys.stdout)))
    return PASSED


def show_list(kinds: Sequence[str], folders: Sequence[Path]) -> int:
    """List rules of `kinds`, or all."""
    from scanner.commands.rule_folders import rule_folders
    from scanner.report.rule_pages import KINDS, rule_list
    from scanner.rulebook import RuleBook

    rules = RuleBook.load(*rule_folders(folders))
    put(rule_list(rules, kinds or KINDS, look_for(sys.stdout)))
    return PASSED


def lint(folder: Path | None) -> int:
    """Check the scanner's own rules, or those in `folder` as an addition to them."""
    from scanner.lint import lint as find_problems

    problems = find_problems(folder)
    put("".join(f"{visible(str(each))}\n" for each in problems))
    mistakes = sum(not each.warning for each in problems)
    say(f"rules: {mistakes} mistakes, {len(problems) - mistakes} warnings")
    return FAILED if mistakes else PASSED
