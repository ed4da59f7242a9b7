"""Who owns what a scan left in the engine, so that leftovers of dead scans can be told apart.

Only tells; removes nothing.
"""

from __future__ import annotations

import os
import re
import time
from dataclasses import dataclass
from pathlib import Path

_FORM = re.compile(r"([0-9a-f]{8})-([0-9]+)-([0-9]+)-([0-9]+)-([0-9]+)\Z")
_PROC = Path("/proc")


@dataclass(frozen=True, slots=True)
class Owner:
    """The process that runs a scan. Its text form fits a label and an image tag."""

    boot: str
    """First eight digits of the kernel's boot ID."""
    namespace: int
    """Inode of the PID namespace: the same number means another process in another one."""
    pid: int
    started: int
    """Clock ticks after boot: a PID is used again, a PID with its start time is not."""
    deadline: int
    """Unix time after which the scan is over in any case."""

    def __str__(self) -> str:
        return f"{self.boot}-{self.namespace}-{self.pid}-{self.started}-{self.deadline}"

    @classmethod
    def parse(cls, text: str) -> Owner | None:
        """The owner written as `text`, or None."""
        found = _FORM.match(text)
        return cls(found[1], *(int(number) for number in found.groups()[1:])) if found else None

    @classmethod
    def current(cls, seconds: float) -> Owner:
        """The owner of a scan in this process that ends within `seconds` from now."""
        return cls(
            _boot(),
            _namespace(),
            os.getpid(),
            _started(os.getpid()) or 0,
            int(time.time() + seconds),
        )

    def alive(self) -> bool:
        """Whether the scan may still be running.

        Where the process cannot be seen from here (another machine or PID namespace), it is
        taken to live until its deadline.
        """
        if self.boot == _boot() and self.namespace == _namespace():
            return _started(self.pid) == self.started
        return time.time() < self.deadline


def _boot() -> str:
    try:
        return (_PROC / "sys/kernel/random/boot_id").read_text()[:8]
    except OSError:
        return "00000000"


def _namespace() -> int:
    try:
        return (_PROC / "self/ns/pid").stat().st_ino
    except OSError:
        return 0


def _started(pid: int) -> int | None:
    try:
        stat = (_PROC / str(pid) / "stat").read_bytes()
    except OSError:
        return None
    # The name in parentheses may hold anything; the fields after it are counted from its end.
    return int(stat.rpartition(b")")[2].split()[19])
