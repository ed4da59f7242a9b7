"""What a team decided about its images: read from a file, applied to a report, explained.

Changes nothing that was seen, neither verdict nor score: what is accepted is told beside them.
"""

from scanner.policy.apply import Baseline, apply_policy
from scanner.policy.patterns import matches

__all__ = ["Baseline", "apply_policy", "matches"]
