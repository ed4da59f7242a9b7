"""Watches one container of a simulated run from its start until there is nothing more to see.

States what was seen; comparing and judging are done elsewhere.
"""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

from scanner.model import AlgorithmOffer, StepResult, TlsClient, TlsEndpoint
from scanner.simulate.box import Box, BoxState
from scanner.simulate.limits import RunLimits
from scanner.simulate.processes import (
    VARIABLES,
    Listener,
    Process,
    listeners,
    processes,
    processes_from_here,
)

_PAUSE = 0.15
_DISK_PAUSE = 1.0
_DISK_RESERVE = 4 * 2**30
"""Bytes of the engine's disk that a container must not eat into."""
_USUAL_PORTS = (80, 443, 3000, 4443, 5000, 5432, 6379, 8000, 8080, 8081, 8443, 9000, 9090, 9443)


@dataclass(frozen=True, slots=True)
class Awaited:
    """What shows that a container is ready, where the user says so."""

    text: str
    """For a person."""
    met: Callable[[Box, BoxState, frozenset[int]], bool]
    """Whether it is, with this state, and listening on these ports."""


@dataclass(frozen=True, slots=True)
class Observation:
    """What was seen of one container."""

    exit_code: int | None
    """None while it was still running when observation ended."""
    seconds: float
    """How long it was watched, or ran."""
    ready_seconds: float | None
    awaited: str = ""
    """What it was to show to count as ready, where the user said so."""
    health: str = ""
    checked: bool = False
    """Whether the engine ran its own health check at all."""
    complaint: bytes = b""
    """What its own health check printed when it last failed."""
    ports: tuple[int, ...] = ()
    loopback_ports: tuple[int, ...] = ()
    reachable: bool = True
    """Whether its open ports could be connected to from here."""
    stopped: str = ""
    """Why it was stopped before its time, or `""`."""
    out_of_memory: bool = False
    died_while_asked: bool = False
    """It ran until its TLS ports were asked, and ended then."""
    tls: tuple[TlsEndpoint, ...] = ()
    ssh: tuple[int, ...] = ()
    """Ports that greet in SSH."""
    unanswered: tuple[int, ...] = ()
    """Ports of which no answer came in time that shows whether they speak TLS."""
    processes: tuple[Process, ...] = ()
    steps: tuple[StepResult, ...] = ()
    """What it was made to do, and whether it did."""
    offers: tuple[AlgorithmOffer, ...] = ()
    clients: tuple[TlsClient, ...] = ()
    log: bytes = b""
    log_cut: bool = False

    @property
    def running(self) -> bool:
        return self.exit_code is None

    @property
    def output(self) -> bytes:
        """What it printed, and after that what its health check did."""
        return b"\n".join(filter(None, (self.log, self.complaint)))

    @property
    def listening(self) -> bool:
        return bool(self.ports or self.loopback_ports)


@dataclass
class _View:
    """What the loop knows so far."""

    ready: float | None = None
    listening: frozenset[Listener] = frozenset()
    reached: frozenset[int] = frozenset()
    stopped: str = ""
    processes: tuple[Process, ...] = ()


def watch(
    box: Box,
    limits: RunLimits,
    *,
    exposed: Sequence[int] = (),
    expected: frozenset[int] = frozenset(),
    checks_health: bool = False,
    variables: frozenset[str] = VARIABLES,
    engine_root: str = "",
    awaited: Awaited | None = None,
    patience: float = float("inf"),
    deadline: float,
) -> Observation:
    """Watch `box` until it is ready and settled, has ended, or its time is up.

    Args:
        exposed: ports that the image declares.
        expected: ports to wait for; those that were open in an earlier run, or that the image
            declares.
        checks_health: whether the image has a health check to wait for.
        variables: what is kept of the environment of its processes.
        engine_root: the engine's data folder, if on this machine: its free space is watched.
        awaited: what shows that it is ready, instead of an open port.
        patience: seconds after which one that is unhealthy is not given more time to recover.
        deadline: monotonic time at which to stop in any case.

    Raises:
        EngineError: the engine failed.
    """
    begin = box.started
    end = min(begin + limits.ready, deadline)
    disk = _Disk(box, limits.disk, engine_root)
    view = _View()
    while True:
        state = box.state()
        now = time.monotonic()
        if not state.running:
            break
        # Looked at each time, because one that ends can no longer be looked at.
        view.processes = processes_from_here(box, state.pid, variables) or view.processes
        found = listeners(box, state.pid)
        if found is None and not box.state().running:
            continue  # it ended between two looks: nobody is left to answer
        if found is None:
            candidates = dict.fromkeys((*exposed, *sorted(expected), *_USUAL_PORTS))
            fresh = [port for port in candidates if port not in view.reached]
            view.reached |= _reach(box, state, fresh)
            view.listening = frozenset(Listener(port, False) for port in view.reached)
        else:
            view.listening = found
            outside = {each.port for each in found if not each.loopback}
            view.reached |= _reach(box, state, sorted(outside - view.reached))
        is_open = bool(view.reached) or (found is not None and _unreachable(view))
        if awaited is not None and view.ready is None:
            is_open = awaited.met(box, state, frozenset(each.port for each in view.listening))
        if view.ready is None and is_open:
            view.ready = now - begin
        view.stopped = disk.breach(now)
        late = now >= end and not (
            # Its own check has not given its verdict yet: slow machines need longer.
            view.ready is not None
            and checks_health
            and state.health == "starting"
            and now < min(end + limits.ready, deadline)
        )
        if late or view.stopped:
            break
        if view.ready is not None and now - begin - view.ready >= limits.settle:
            ports = {each.port for each in view.listening}
            verdicts = ("healthy", "unhealthy") if now - begin >= patience else ("healthy",)
            if expected <= ports and (not checks_health or state.health in verdicts):
                break
        time.sleep(_PAUSE)
    seen = _observation(box, state, view, variables, time.monotonic() - begin)
    return replace(seen, awaited=awaited.text) if awaited else seen


def _unreachable(view: _View) -> bool:
    """It listens, but not for us: on loopback, or on a network that ends before this machine."""
    return bool(view.listening) and not view.reached


def _reach(box: Box, state: BoxState, ports: Sequence[int]) -> frozenset[int]:
    return frozenset(port for port in ports if box.connect(state.address, port, 0.5))


def _observation(
    box: Box, state: BoxState, view: _View, variables: frozenset[str], seconds: float
) -> Observation:
    if not state.running:
        box.finish_log()
    log, cut = box.log()
    outside = {each.port for each in view.listening if not each.loopback}
    found = processes(box, state.pid, variables) if state.running else ()
    return Observation(
        exit_code=None if state.running else state.exit_code,
        seconds=round(seconds, 2),
        ready_seconds=None if view.ready is None else round(view.ready, 2),
        health=state.health,
        checked=state.checked,
        complaint=state.complaint.encode("utf-8", "replace"),
        ports=tuple(sorted(outside)),
        loopback_ports=tuple(sorted(each.port for each in view.listening if each.loopback)),
        reachable=bool(view.reached) or not outside,
        stopped=view.stopped,
        out_of_memory=state.out_of_memory,
        processes=found or view.processes,
        log=log,
        log_cut=cut,
    )


class _Disk:
    """Notices a container that fills the disk: engines seldom limit that themselves."""

    def __init__(self, box: Box, limit: int, root: str) -> None:
        self._box = box
        self._limit = limit
        self._root = root
        self._free = self._free_bytes()
        self._next = 0.0

    def _free_bytes(self) -> int | None:
        try:
            stat = os.statvfs(self._root) if self._root else None
        except OSError:
            return None
        return stat.f_bavail * stat.f_frsize if stat else None

    def breach(self, now: float) -> str:
        """Why the container must be stopped, or `""`."""
        if now < self._next:
            return ""
        self._next = now + _DISK_PAUSE
        if self._box.written() > self._limit:
            return f"it wrote more than {self._limit // 2**20} MiB to disk"
        # What it writes to volumes is not counted as its own, and others write to the disk as
        # well: so that is no reason to stop it before the disk itself is in danger.
        free = self._free_bytes()
        if self._free is None or free is None:
            return ""
        if self._free - free > 4 * self._limit and free < _DISK_RESERVE:
            return f"the engine's disk ran low while it ran ({free // 2**20} MiB left)"
        return ""
