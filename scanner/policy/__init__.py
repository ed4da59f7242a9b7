"""What a team decided about its images: read from a file, applied to a report, explained.

Changes nothing that was seen, neither verdict nor score: what is accepted is told beside them.
"""

from scanner.policy.apply import Baseline, apply_policy, unmatched, without_policy
from scanner.policy.document import Known, policy_schema
from scanner.policy.find import NAME, find_policy
from scanner.policy.load import parse_policy, read_policy
from scanner.policy.patterns import matches

__all__ = [
    "NAME",
    "Baseline",
    "Known",
    "apply_policy",
    "find_policy",
    "matches",
    "parse_policy",
    "policy_schema",
    "read_policy",
    "unmatched",
    "without_policy",
]
