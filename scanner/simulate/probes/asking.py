"""Runs the programs of probes in a container, or each in one of its own.

Understands nothing of what they print.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence

from scanner.errors import EngineError
from scanner.simulate.box import NOT_STARTED, Box
from scanner.simulate.probes.question import Answer, Ask

SECONDS = 15.0
"""For one program."""
_LIMIT = 256 * 1024


def inside(box: Box, *, limit: int = _LIMIT, seconds: float = SECONDS) -> Ask:
    """Ask in a container that is running; each program sees what the workload sees."""

    def ask(command: Sequence[str]) -> Answer:
        result = box.execute(command, limit=limit, seconds=seconds)
        if result is None:
            return Answer(failure=_too_late(seconds))
        code, output = result
        if code in NOT_STARTED:
            return Answer(failure=f"it could not be started: {_first_line(output)}")
        return Answer(output)

    return ask


def alone(
    make: Callable[[tuple[str, ...]], Box], *, limit: int = _LIMIT, seconds: float = SECONDS
) -> Ask:
    """Ask in a container for each program, for images that end at once.

    Args:
        make: a container of the image whose entrypoint is the command, not yet started.
    """

    def ask(command: Sequence[str]) -> Answer:
        try:
            with make(tuple(command)) as box:
                end = time.monotonic() + seconds
                while running := box.state().running:
                    if time.monotonic() >= end:
                        break
                    time.sleep(0.1)
                box.finish_log()
                return Answer(box.log()[0][:limit], _too_late(seconds) if running else "")
        except EngineError as error:
            return Answer(failure=str(error))

    return ask


def _first_line(output: bytes) -> str:
    return output.decode(errors="replace").strip().partition("\n")[0][:160] or "no reason given"


def _too_late(seconds: float) -> str:
    return f"it did not end within {seconds:.0f} s"
