"""A container that sees a FIPS node: the kernel's flag reads 1 for every process of it.

A static helper becomes the image's own command after it has installed a seccomp filter; a second,
otherwise empty container that shares its processes and its network answers the calls that the
filter asks about, and writes down which programs start, read the flag and open crypto files. The
workload keeps its process ID 1, user and capabilities. Works on hosts without FIPS mode, under
the engine's default seccomp profile, and needs nothing of the image, not even a shell. Where an
engine or a kernel does not allow that, the next best way is taken.
"""

from __future__ import annotations

import secrets
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from scanner.errors import EngineError
from scanner.simulate.box import Box, BoxSpec, BoxState
from scanner.simulate.node_log import NodeLog, parse_node_log
from scanner.simulate.node_modes import EVENTS, HELPER, Attempt, NodeMode, NodeModes

NO_SUPERVISION = 125
"""Exit code of a container whose helper could not do its work."""
_MEMORY = 64 * 2**20
_PIDS = 16
_PROOF = 25.0
"""Seconds until the flag must have been read; the helper itself gives up after 20."""
_PROOF_PRELOADED = 5.0
_UNPROVEN = "nothing shows that its first process read 1 from the flag"


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
    """A container that is shown a node. Use as a context manager; all of it is removed."""

    def __init__(self, spec: BoxSpec, start: Start, helper: bytes, modes: NodeModes) -> None:
        """Prepare it.

        Args:
            spec: as for a container of its own; its entrypoint, or else the image's own command,
                is what runs.
            start: what the engine starts of the image.
            helper: the static program for the image's architecture.
            modes: the ways to do it that are left to try, and the volume with the helper.
        """
        self._name = secrets.token_hex(8)
        self._helper = helper
        self._modes = modes
        self._own = replace(spec, entrypoint=spec.entrypoint or start.command)
        self._start_of_image = start
        self._supervisor: Box | None = None
        self._attempt = modes.attempts[0]
        super().__init__(self._dressed())

    def _dressed(self) -> BoxSpec:
        """What to ask of the engine in the present attempt."""
        own, attempt = self._own, self._attempt
        options = attempt.options(own.options, self._modes.volume)
        check = self._start_of_image.health_check
        if "healthcheck" in options and check:
            # The engine starts checks beside the command: they need a filter of their own.
            test = ["CMD", *attempt.command(self._name, check, first=False)]
            options["healthcheck"] = options["healthcheck"] | {"test": test}
        return replace(
            own,
            entrypoint=attempt.command(self._name, own.entrypoint, first=True),
            archives={**own.archives, **attempt.archives()},
            options=options,
        )

    def _start(self) -> None:
        failures: list[str] = []
        for attempt in self._modes.attempts:
            self._attempt = attempt
            super().__init__(self._dressed())
            try:
                super()._start()
                if attempt.mode is NodeMode.SUPERVISOR:
                    self._start_supervisor()
                failure = self._why_unproven()
            except EngineError as error:
                failure = str(error)
            if not failure:
                self._modes.settle(attempt)
                return
            self._remove()
            failures.append(f"{attempt.mode}: {failure}")
        raise EngineError("; ".join(dict.fromkeys(failures)))

    def _start_supervisor(self) -> None:
        kept = ("labels", "log_config", "auto_remove", "restart_policy")
        self._supervisor = Box(
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
        self._supervisor.__enter__()
        # Before the supervisor answers, the command has not begun.
        self.started = self._supervisor.started

    def _why_unproven(self) -> str:
        """Wait until the flag was seen to read 1; why that did not happen, or `""`."""
        patience = _PROOF_PRELOADED if self._attempt.mode is NodeMode.PRELOAD else _PROOF
        end = time.monotonic() + patience
        while True:
            state = self.state()
            if self.node_log().works:
                return ""
            if not state.running or time.monotonic() > end:
                return self.failure(state) or _UNPROVEN
            time.sleep(0.02)

    def _remove(self) -> None:
        # Podman removes no container whose processes or network another one shares.
        if self._supervisor is not None:
            self._supervisor.__exit__()
            self._supervisor = None
        super()._remove()

    @property
    def attempt(self) -> Attempt:
        """The way that works here."""
        return self._attempt

    def execute(
        self, command: Sequence[str], *, limit: int = 2**20, seconds: float = 5.0
    ) -> tuple[int, bytes] | None:
        """As for any container, behind a filter of its own.

        What an engine executes starts without one, and with all capabilities of the container.
        """
        supervised = self._attempt.command(self._name, command, first=False)
        return super().execute(supervised, limit=limit, seconds=seconds)

    def failure(self, state: BoxState) -> str:
        """Why there is no supervision, or `""`."""
        if state.running or state.exit_code != NO_SUPERVISION:
            return ""
        self.finish_log()
        lines = self.log()[0].decode(errors="replace").splitlines()
        said = (line.removeprefix("fips-node: ") for line in lines if line.startswith("fips-node:"))
        return next(said, "")

    def node_log(self) -> NodeLog:
        """What has been written down so far."""
        if self._attempt.mode is not NodeMode.SUPERVISOR:
            content, cut = self.read_file(EVENTS, self._spec.log_limit), False
        elif self._supervisor is not None:
            if not self.state().running:
                self._supervisor.finish_log()
            content, cut = self._supervisor.log()
        else:
            content, cut = None, True
        log = parse_node_log(content or b"", self._attempt.program, cut=cut or content is None)
        return replace(log, mode=self._attempt.mode.value)
