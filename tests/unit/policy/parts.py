"""What tests of policies have in common."""

from datetime import date
from functools import cache

from scanner.model import Policy, Severity
from scanner.policy import Known, parse_policy
from scanner.rulebook import RuleBook
from scanner.rulefile import Problem

TODAY = date(2026, 11, 25)
KNOWN = Known(
    {
        "openssl-provider-missing": Severity.HIGH,
        "module-not-validated": Severity.HIGH,
        "go-plain-crypto": Severity.MEDIUM,
    },
    ("generic", "openshift"),
)


@cache
def rule_book() -> RuleBook:
    """The scanner's own rules, read once."""
    return RuleBook.load()


def read(text: str) -> tuple[Policy, tuple[Problem, ...]]:
    return parse_policy(text.encode(), "p.yaml", KNOWN, today=TODAY)


def waiver(rule: str = "module-not-validated", pattern: str = "/usr/**", more: str = "") -> str:
    return f"""
version: 1
waivers:
  - rule: {rule}
    pattern: {pattern}
    reason: the vendor's statement is filed
    owner: "@team/db"
    expires: 2027-03-01
{more}"""
