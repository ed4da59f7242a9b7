"""One run of a container as the runs of an image are compared, and what can be asked of it."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from scanner.errors import UsageError
from scanner.model import LogMatch
from scanner.rulebook import LogRule
from scanner.simulate.box import Box
from scanner.simulate.node_log import NodeLog
from scanner.simulate.plan import Facts, image_provider
from scanner.simulate.provider import MAX_PROVIDER, FipsProvider, read_provider
from scanner.simulate.watch import Observation


@dataclass(frozen=True, slots=True)
class Ran:
    """One run, and what its output says."""

    condition: str
    seen: Observation
    matches: tuple[LogMatch, ...]
    new: tuple[LogMatch, ...] = ()
    """Those that the baseline did not have."""
    inside: NodeLog | None = None
    """What its supervisor wrote down."""

    def of_fips(self, logs: Iterable[LogRule]) -> list[tuple[str, LogMatch]]:
        """Its new messages that only FIPS makes, with the runtime that prints each."""
        specific = {rule.id: rule.runtime for rule in logs if rule.fips_specific}
        return [(specific[each.rule], each) for each in self.new if each.rule in specific]


def own_provider(box: Box, facts: Facts) -> FipsProvider | None:
    """The FIPS provider of the image itself, read from a container of it."""
    path = image_provider(facts)
    content = box.read_file(path, MAX_PROVIDER) if path else None
    if content is None:
        return None
    try:
        return read_provider(content, f"the image ({path})")
    except UsageError:
        return None
