"""A container that sees a FIPS node: the kernel's flag reads 1 for every process of it.

A static helper becomes the image's own command after it has installed a seccomp filter; a second,
otherwise empty container that shares its processes and its network answers the calls that the
filter asks about, and writes down which programs start, read the flag and open crypto files. The
workload keeps its process ID 1, user and capabilities. Works on hosts without FIPS mode, under
the engine's default seccomp profile, and needs nothing of the image, not even a shell.
"""

from __future__ import annotations

import json
import secrets
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from scanner.model import ProgramActivity
from scanner.simulate.box import Box, BoxSpec, BoxState

HELPER = "/.fips-node"
"""Where the helper lies in both containers."""
NO_SUPERVISION = 125
"""Exit code of a container whose helper could not do its work."""
MAX_PROGRAMS = 200
MAX_FILES = 100
"""Of one program."""
_MEMORY = 64 * 2**20
_PIDS = 16
_MAX_TEXT = 4096


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
    """Everything that the supervisor of one container wrote down."""

    works: bool = False
    """Whether the first process was seen to read 1 from the flag before it became the command."""
    events: tuple[NodeEvent, ...] = ()
    complete: bool = True
    """False when there was more than it may write down."""
    blind: bool = False
    """Whether it could not read a process, which then did not see the flag."""

    def programs(self) -> tuple[ProgramActivity, ...]:
        """What each program did, in order of path; at most `MAX_PROGRAMS` of them."""
        told: defaultdict[str, defaultdict[str, set[str]]]
        told = defaultdict(lambda: defaultdict(set))
        for each in self.events:
            if each.kind != "exec":
                what = each.kind if each.found or each.kind != "open" else "missing"
                told[each.program][what].add(each.path)
        return tuple(
            ProgramActivity(
                program,
                read_flag=bool(did["flag"]),
                opened=tuple(sorted(did["open"]))[:MAX_FILES],
                missing=tuple(sorted(did["missing"] - did["open"]))[:MAX_FILES],
                kernel_crypto=tuple(sorted(did["kernel-crypto"]))[:MAX_FILES],
            )
            for program, did in sorted(told.items())[:MAX_PROGRAMS]
        )


def parse_node_log(content: bytes, *, cut: bool = False) -> NodeLog:
    """What the lines of a supervisor say. Lines that it never writes are left out."""
    works = False
    complete, blind = not cut, False
    events: list[NodeEvent] = []
    for line in content.split(b"\n"):
        try:
            told = json.loads(line)
        except ValueError:
            continue
        if not isinstance(told, dict):
            continue
        kind = told.get("event")
        complete = complete and kind != "lost"
        blind = blind or kind == "unreadable"
        if kind not in ("exec", "open", "flag", "kernel-crypto"):
            continue
        program, path = _text(told.get("program")), _text(told.get("path"))
        if program == HELPER:
            works = works or kind == "flag"
            if kind != "exec":
                continue
        uid, argv = told.get("uid"), told.get("argv")
        events.append(
            NodeEvent(
                kind=kind,
                program=program,
                path=path,
                found=told.get("found") is True,
                uid=uid if isinstance(uid, int) and uid < 2**32 - 1 else -1,
                argv=tuple(map(_text, argv)) if isinstance(argv, list) else (),
            )
        )
    return NodeLog(works, tuple(events), complete, blind)


def _text(value: object) -> str:
    return value[:_MAX_TEXT] if isinstance(value, str) else ""


@dataclass(frozen=True, slots=True)
class Start:
    """What an engine starts of an image."""

    command: tuple[str, ...]
    """Entrypoint and command together."""
    health_check: tuple[str, ...] = ()
    """What it runs to learn the container's health; empty when it has no check."""


def start_of(config: Mapping[str, Any]) -> Start:
    """What an engine starts, from the configuration of an image as the engine tells it."""
    test = (config.get("Healthcheck") or {}).get("Test") or ()
    shell = config.get("Shell") or ("/bin/sh", "-c")
    check: tuple[str, ...] = ()
    if test[:1] == ["CMD-SHELL"]:
        check = (*shell, *test[1:])
    elif test[:1] == ["CMD"]:
        check = tuple(test[1:])
    command = (*(config.get("Entrypoint") or ()), *(config.get("Cmd") or ()))
    return Start(command, check)


class NodeBox(Box):
    """A container under supervision. Use as a context manager; both containers are removed."""

    def __init__(self, spec: BoxSpec, start: Start, helper: bytes) -> None:
        """Prepare it.

        Args:
            spec: as for a container of its own; its entrypoint, or else the image's own command,
                is what runs.
            start: what the engine starts of the image.
            helper: the static program for the image's architecture.
        """
        self._name = secrets.token_hex(8)
        self._helper = helper
        self._supervisor: Box | None = None
        options = dict(spec.options)
        if "healthcheck" in options and start.health_check:
            # The engine starts checks beside the command: they need a filter of their own.
            test = ["CMD", *self._supervised(start.health_check)]
            options["healthcheck"] = options["healthcheck"] | {"test": test}
        super().__init__(
            replace(
                spec,
                entrypoint=self._supervised(spec.entrypoint or start.command),
                programs={**spec.programs, HELPER: helper},
                options=options,
            )
        )

    def _supervised(self, command: tuple[str, ...]) -> tuple[str, ...]:
        return (HELPER, "stub", self._name, "--", *command)

    def as_workload(self, command: Sequence[str]) -> tuple[str, ...]:
        """`command` behind a filter of its own: what an engine executes starts without one."""
        return self._supervised(tuple(command))

    def _start(self) -> None:
        super()._start()
        kept = ("labels", "log_config", "auto_remove", "restart_policy")
        supervisor = Box(
            BoxSpec(
                image=self._spec.image,
                programs={HELPER: self._helper},
                entrypoint=(HELPER, "supervise", self._name),
                options={
                    **{name: self._spec.options.get(name) for name in kept},
                    "pid_mode": f"container:{self.id}",
                    "network_mode": f"container:{self.id}",
                    # Said, lest testcontainers chooses one where the scanner is in a container.
                    "network": None,
                    "user": "0:0",
                    "cap_drop": ["ALL"],
                    "cap_add": ["SYS_PTRACE", "DAC_READ_SEARCH"],
                    "mem_limit": _MEMORY,
                    "memswap_limit": _MEMORY,
                    "pids_limit": _PIDS,
                    "healthcheck": {"test": ["NONE"]},
                    "init": False,
                },
                log_limit=self._spec.log_limit,
            )
        )
        self._supervisor = supervisor
        supervisor.__enter__()
        # Before the supervisor answers, the command has not begun.
        self.started = supervisor.started

    def _remove(self) -> None:
        super()._remove()
        if self._supervisor is not None:
            self._supervisor.__exit__()

    def failure(self, state: BoxState) -> str:
        """Why there is no supervision, or `""`."""
        if state.running or state.exit_code != NO_SUPERVISION:
            return ""
        self.finish_log()
        lines = self.log()[0].decode(errors="replace").splitlines()
        said = (line.removeprefix("fips-node: ") for line in lines if line.startswith("fips-node:"))
        return next(said, "")

    def node_log(self) -> NodeLog:
        """What the supervisor has written down so far."""
        if self._supervisor is None:
            return NodeLog(complete=False)
        if not self.state().running:
            self._supervisor.finish_log()
        content, cut = self._supervisor.log()
        return parse_node_log(content, cut=cut)
