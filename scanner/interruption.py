"""Ends a scan early with a report of what is known, where its user does not want to wait longer.

Listens to no signal: whoever does calls `Interruption.request`, in the thread that scans.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager


class Interrupted(KeyboardInterrupt):
    """The user does not want to wait. Caught where something is known that can be told."""


class Interruption:
    """Whether the user wants the scan to end, and when that may take effect.

    At once, unless told otherwise: a half-read image, whose layers hide each other, tells nothing.
    A second request ends everything at once, without a report.
    """

    def __init__(self) -> None:
        self.requested = False
        self._deferred = False

    def request(self) -> None:
        """Ask for the end.

        Raises:
            Interrupted: it takes effect now.
            KeyboardInterrupt: it was asked for before.
        """
        if self.requested:
            raise KeyboardInterrupt
        self.requested = True
        if not self._deferred:
            raise Interrupted

    @contextmanager
    def deferred(self) -> Iterator[None]:
        """While what is known is put together: a first request only stands."""
        before, self._deferred = self._deferred, True
        try:
            yield
        finally:
            self._deferred = before

    @contextmanager
    def allowed(self) -> Iterator[None]:
        """Within `deferred`, for long work that may be cut short.

        Raises:
            Interrupted: a request stands.
        """
        before, self._deferred = self._deferred, False
        try:
            if self.requested:
                raise Interrupted
            yield
        finally:
            self._deferred = before
