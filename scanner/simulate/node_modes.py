"""The ways to show a container a FIPS node, best first, and what each needs of the engine.

Only says how; containers are made elsewhere.
"""

from __future__ import annotations

import io
import tarfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

FOLDER = "/.fips-node"
"""Where the helper lies in a container."""
HELPER = f"{FOLDER}/fips-node"
PRELOAD = f"{FOLDER}/preload.so"
EVENTS_FOLDER = "/.fips-node-events"
EVENTS = f"{EVENTS_FOLDER}/events"
"""What is written down without a second container; `preload.c` knows it."""


class NodeMode(StrEnum):
    """How the FIPS flag is shown. The values appear in reports."""

    SUPERVISOR = "supervisor"
    """By a second container that answers the system calls of the first."""
    INSIDE = "supervisor inside"
    """The same by a process of the container itself."""
    PRELOAD = "preload"
    """By a library in every dynamic program."""


@dataclass(frozen=True, slots=True)
class Attempt:
    """One way to start a container."""

    mode: NodeMode
    keeps_set_uid: bool = False
    """Asks the engine for SYS_ADMIN, and gives it back before the command starts: without it, the
    kernel demands that set-uid programs have no privileges."""

    @property
    def capabilities(self) -> tuple[str, ...]:
        """What the container is given beside its own capabilities, and the command never has."""
        if not self.keeps_set_uid:
            return ()
        return ("SYS_ADMIN", "SYS_PTRACE") if self.mode is NodeMode.INSIDE else ("SYS_ADMIN",)

    @property
    def program(self) -> str:
        """Path of the helper with these capabilities."""
        return "-".join([HELPER, *(name.lower() for name in self.capabilities)])

    def command(self, name: str, command: Sequence[str], *, first: bool) -> tuple[str, ...]:
        """What to start so that it becomes `command`.

        Args:
            name: by which stub and supervisor find each other.
            first: whether it is the container's first process, and not one that joins it.
        """
        how: tuple[str, ...] = ("stub", name)
        if self.mode is NodeMode.PRELOAD:
            how = ("preload", PRELOAD, EVENTS)
        elif self.mode is NodeMode.INSIDE and first:
            how = ("inside", name, EVENTS)
        return (self.program, *how, "--", *command)

    def options(self, given: Mapping[str, Any], volume: str) -> dict[str, Any]:
        """The container's options with what this needs; `volume` has the helper."""
        mounts: list[dict[str, Any]] = [
            {"Type": "volume", "Source": volume, "Target": FOLDER, "ReadOnly": True}
        ]
        if self.archives():
            # Without a name: it goes with the container.
            mounts.append({"Type": "volume", "Target": EVENTS_FOLDER})
        return {
            **given,
            "mounts": [*(given.get("mounts") or ()), *mounts],
            "cap_add": [*(given.get("cap_add") or ()), *self.capabilities],
        }

    def archives(self) -> dict[str, bytes]:
        """What to put into the container, as tar archives by the folder to unpack them in."""
        if self.mode is NodeMode.SUPERVISOR:
            return {}
        buffer = io.BytesIO()
        with tarfile.open(fileobj=buffer, mode="w") as tar:
            entry = tarfile.TarInfo(EVENTS.removeprefix(f"{EVENTS_FOLDER}/"))
            entry.mode = 0o666  # programs of any user write into it
            tar.addfile(entry)
        return {EVENTS_FOLDER: buffer.getvalue()}


ATTEMPTS = (
    Attempt(NodeMode.SUPERVISOR, keeps_set_uid=True),
    Attempt(NodeMode.SUPERVISOR),
    Attempt(NodeMode.INSIDE, keeps_set_uid=True),
    Attempt(NodeMode.INSIDE),
    Attempt(NodeMode.PRELOAD),
)
"""In the order in which they are tried: each changes more, or reaches less, than the one before."""


class NodeModes:
    """What is left to try in one engine: what failed once is not tried for each container."""

    def __init__(self, attempts: Sequence[Attempt] = ATTEMPTS) -> None:
        self.attempts: tuple[Attempt, ...] = tuple(attempts)
        self.volume = ""
        """Name of the volume with the helper, once it is made."""

    def settle(self, works: Attempt) -> None:
        """Begin with this one from now on."""
        self.attempts = self.attempts[self.attempts.index(works) :]
