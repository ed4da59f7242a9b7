"""Steps of a smoke test: how they are called, and which answer is no failure.

Lays nothing out.
"""

from __future__ import annotations

import re
from collections.abc import Mapping

from scanner.model import StepResult
from scanner.report.escape import LONGEST, visible

_BASELINE = "baseline"
_REQUEST = re.compile(r"\A([A-Z]+) (https?)://:(\d+)(/\S*?)(?=:?\s|:?\Z)")
"""At the beginning: what a request to the container itself is called, and its path."""
_SENT_ANYWAY = re.compile(r"GET https?://:\d+/")
_STATUS = re.compile(r"HTTP (\d{3})( [^,]*)?")
"""What a user expected and did not get is told behind a comma."""


def readable(name: str, limit: int = LONGEST) -> str:
    """`name` of a step, or what begins with it: a request as `port 8443: GET / (https)`."""
    return visible(_REQUEST.sub(r"port \3: \1 \4 (\2)", name, count=1), limit)


Seen = Mapping[str, Mapping[str, StepResult]]
"""By run and name."""


def answered(name: str, run: str, seen: Seen) -> str:
    """The status of a request that nobody asked for, where it is no success in the baseline either.

    Many servers of HTTP have nothing at `/`, and nothing is wrong with them.
    """
    step, before = seen[run].get(name), seen.get(_BASELINE, {}).get(name)
    if step is None or step.passed or (before is not None and before.passed):
        return ""
    found = _STATUS.fullmatch(step.detail) if _SENT_ANYWAY.fullmatch(name) else None
    return found[1] if found else ""
