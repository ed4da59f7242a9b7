"""Sees the processes that serve a port while it is asked, and are gone when that is over.

Some servers start a process for each connection, with an environment of its own. Judges nothing.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable

from scanner.simulate.processes import Process

_PAUSE = 0.1
_MAX_SEEN = 256


class Onlooker:
    """Looks again and again, until the block that it is the context of ends."""

    def __init__(self, look: Callable[[], Iterable[Process]]) -> None:
        self._look = look
        self._done = threading.Event()
        self._seen: dict[tuple[str, frozenset[int]], Process] = {}
        self._thread = threading.Thread(target=self._watch, daemon=True, name="onlooker")

    def __enter__(self) -> Onlooker:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._done.set()
        self._thread.join()

    def _watch(self) -> None:
        while not self._done.is_set():
            # Of one that ends while it is looked at, the program is not known.
            for each in filter(lambda process: process.program, self._look()):
                key = each.program, each.ports
                before = self._seen.get(key)
                # One that has only begun has not loaded everything yet.
                fuller = before is None or len(each.mapped) >= len(before.mapped)
                if fuller and (before is not None or len(self._seen) < _MAX_SEEN):
                    self._seen[key] = each
            self._done.wait(_PAUSE)

    def with_those_gone(self, present: tuple[Process, ...]) -> tuple[Process, ...]:
        """`present`, and those of programs that were there and no longer are.

        One that has only begun, for the next connection, is told as the one before it.
        """
        programs = {each.program for each in present}
        gone = (each for each in self._seen.values() if each.program not in programs)
        return (*map(self._fuller, present), *gone) if present else present

    def _fuller(self, process: Process) -> Process:
        seen = self._seen.get((process.program, process.ports))
        return seen if seen is not None and len(seen.mapped) > len(process.mapped) else process
