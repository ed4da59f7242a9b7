"""How long work tells its caller how far it is.

Nothing here prints: whoever shows progress implements `Progress`.
"""

from __future__ import annotations

from typing import Protocol


class Progress(Protocol):
    """Hears what is being done. Calls come from one thread, often, and must be cheap."""

    def phase(self, text: str) -> None:
        """A new piece of work begins; `text` names it for a person."""
        ...

    def advance(self, done: int, total: int | None, unit: str) -> None:
        """`done` of `total` (None when unknown) `unit` of the current phase are finished."""
        ...


class NoProgress:
    """Tells nobody."""

    def phase(self, text: str) -> None:
        """Does nothing."""

    def advance(self, done: int, total: int | None, unit: str) -> None:
        """Does nothing."""
