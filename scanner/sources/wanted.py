"""What is to be scanned, and what was named and cannot be.

Values only; where they come from is in the modules beside.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from scanner.model import Failure


@dataclass(frozen=True, slots=True)
class Target:
    """An image to scan."""

    reference: str
    platform: str | None = None
    """`linux/arm64`; None for the default."""
    asked_by: tuple[str, ...] = ()
    """Files that name it, for people; empty where the user did."""


@dataclass(frozen=True, slots=True)
class Wanted:
    """All that was asked for, in the order in which it was named."""

    targets: tuple[Target, ...] = ()
    failures: tuple[Failure, ...] = ()
    """What was named and is no image that could be scanned."""
    notes: tuple[str, ...] = ()
    """What was left out on purpose, one sentence each."""

    @property
    def is_several(self) -> bool:
        """Whether the answer is about more than one image."""
        return len(self.targets) + len(self.failures) != 1 or bool(self.failures)


def plain_name(image: str) -> str:
    """An image's name in another tool's file, which knows no schemes: `registry:2` is a name."""
    scheme = image.partition(":")[0]
    return f"library/{image}" if scheme in ("docker", "registry", "oci", "dir") else image


def together(parts: Iterable[Wanted]) -> Wanted:
    """`parts` in one, each image once, with all files that name it."""
    targets: dict[tuple[str, str | None], Target] = {}
    failures: dict[Failure, None] = {}
    notes: dict[str, None] = {}
    for part in parts:
        for each in part.targets:
            key = (each.reference, each.platform)
            before = targets[key].asked_by if key in targets else ()
            asked_by = tuple(dict.fromkeys((*before, *each.asked_by)))
            targets[key] = Target(each.reference, each.platform, asked_by)
        failures.update(dict.fromkeys(part.failures))
        notes.update(dict.fromkeys(part.notes))
    return Wanted(tuple(targets.values()), tuple(failures), tuple(notes))
