"""What the supervisor of a simulated node wrote down, as values.

Reads lines that a container may have written itself: nothing in them is believed to be well formed.
"""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from scanner.model import Gap, GapKind, ProgramActivity
from scanner.simulate.node_modes import FOLDER, NodeMode

CONDITION = "node"
HOST = "host"
MAX_PROGRAMS = 200
MAX_FILES = 100
"""Of one program."""
_MAX_TEXT = 4096
_MAX_ARGUMENTS = 300
"""Characters of them that are kept."""
_DEEDS = frozenset({"exec", "open", "flag", "kernel-crypto"})


@dataclass(frozen=True, slots=True)
class NodeEvent:
    """What a program did under supervision, told once for each program and path."""

    kind: str
    """`exec`, `open`, `flag` (it read the kernel's FIPS flag) or `kernel-crypto`."""
    program: str
    """Path of the program that did it."""
    path: str
    """What it started or opened; of kernel crypto, the algorithm."""
    found: bool = True
    """False where the file is not there, or the kernel of a FIPS node refuses the algorithm."""
    uid: int = -1
    argv: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class NodeLog:
    """Everything that was written down of one container."""

    works: bool = False
    """Whether the first process was seen to read 1 from the flag before it became the command, or
    a dynamic program when the flag is shown by a preloaded library."""
    events: tuple[NodeEvent, ...] = ()
    complete: bool = True
    """False when there was more than it may write down."""
    blind: bool = False
    """Whether it could not read a process, which then did not see the flag."""
    is_host: bool = False
    """Whether the kernel itself says 1: nothing was faked."""
    set_uid: bool = True
    """False where the kernel lets set-uid programs have no privileges, for want of SYS_ADMIN."""
    rings: tuple[str, ...] = ()
    """Programs that use io_uring, through which files can be opened unseen."""
    mode: str = ""
    """How the flag was shown, where the kernel did not show it itself."""

    @property
    def simulated_by(self) -> str:
        """How the flag was shown, in a word or two for the report."""
        return HOST if self.is_host else self.mode

    def programs(self) -> tuple[ProgramActivity, ...]:
        """What each program did, in order of path; at most `MAX_PROGRAMS` of them."""
        told: defaultdict[str, defaultdict[str, set[str]]]
        told = defaultdict(lambda: defaultdict(set))
        for each in self.events:
            what = each.kind if each.found or each.kind != "open" else "missing"
            program = "" if each.program.startswith(f"{FOLDER}/") else each.program
            told[program][what].add(_command(each) if each.kind == "exec" else each.path)
        return tuple(
            ProgramActivity(
                program,
                read_flag=bool(did["flag"]),
                opened=tuple(sorted(did["open"]))[:MAX_FILES],
                missing=tuple(sorted(did["missing"] - did["open"]))[:MAX_FILES],
                kernel_crypto=tuple(sorted(did["kernel-crypto"]))[:MAX_FILES],
                started=tuple(sorted(did["exec"]))[:MAX_FILES],
            )
            for program, did in sorted(told.items())[:MAX_PROGRAMS]
        )

    def gaps(self) -> list[Gap]:
        """What could not be shown to it, or not be seen."""
        gaps: list[Gap] = []
        if self.blind:
            reason = "a process could not be read, so the FIPS flag may have been absent for it"
            gaps.append(Gap(GapKind.NOT_VERIFIED, CONDITION, reason))
        if self.simulated_by == NodeMode.PRELOAD:
            reason = (
                "the FIPS flag was shown by a preloaded library, which static and set-uid programs "
                "do not load: for them it was absent"
            )
            gaps.append(Gap(GapKind.NOT_VERIFIED, CONDITION, reason))
        if self.rings:
            reason = (
                f"{', '.join(self.rings[:3])} uses io_uring: what it opens through that was not "
                "seen, and the FIPS flag is absent there"
            )
            gaps.append(Gap(GapKind.NOT_VERIFIED, CONDITION, reason))
        if not self.set_uid:
            reason = "set-uid programs had no privileges here, as the engine gives no SYS_ADMIN"
            gaps.append(Gap(GapKind.NOT_SUPPORTED, CONDITION, reason, caps=False))
        if not self.complete:
            reason = "more was seen from inside than is written down; the rest is missing"
            gaps.append(Gap(GapKind.TOO_MANY, CONDITION, reason, caps=False))
        return gaps


def _command(event: NodeEvent) -> str:
    """What was started, its arguments, and as which user."""
    arguments = " ".join(event.argv[1:])
    user = f"(uid {event.uid})" if event.uid >= 0 else ""
    return " ".join(filter(None, (event.path, arguments[:_MAX_ARGUMENTS], user)))


def parse_node_log(content: bytes, helper: str, *, cut: bool = False) -> NodeLog:
    """What the lines say. Lines that are never written by the helper are left out.

    Args:
        helper: path of the helper's program, whose own reading of the flag is the proof.
        cut: whether more was written than `content` holds.
    """
    kinds: set[str] = set()
    events: dict[NodeEvent, None] = {}
    rings: set[str] = set()
    works = False
    for line in content.split(b"\n"):
        told = _object(line)
        kind, program = _text(told.get("event")), _text(told.get("program"))
        kinds.add(kind)
        if kind == "ring":
            rings.add(program)
        elif kind == "flag" and program == helper:
            works = True
        elif kind in _DEEDS and (program != helper or kind == "exec"):
            events[_event(kind, program, told)] = None
    return NodeLog(
        works=works or bool(kinds & {"preloaded", "host"}),
        events=tuple(events),
        complete=not cut and "lost" not in kinds,
        blind="unreadable" in kinds,
        is_host="host" in kinds,
        set_uid="no-privileges" not in kinds,
        rings=tuple(sorted(rings)),
    )


def _event(kind: str, program: str, told: Mapping[str, Any]) -> NodeEvent:
    uid, argv = told.get("uid"), told.get("argv")
    return NodeEvent(
        kind=kind,
        program=program,
        path=_text(told.get("path")),
        found=told.get("found") is True,
        uid=uid if isinstance(uid, int) and uid < 2**32 - 1 else -1,
        argv=tuple(map(_text, argv)) if isinstance(argv, list) else (),
    )


def _object(line: bytes) -> Mapping[str, Any]:
    try:
        told = json.loads(line)
    except (ValueError, RecursionError):
        return {}
    return told if isinstance(told, dict) else {}


def _text(value: object) -> str:
    return value[:_MAX_TEXT] if isinstance(value, str) else ""
