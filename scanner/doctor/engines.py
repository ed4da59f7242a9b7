"""Looks at the container engine: which, where, and what it lets a simulated run do.

Waits for it for seconds only, whatever it does.
"""

from __future__ import annotations

import os
import re
import sys
import threading
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, TypeVar

from scanner.doctor.model import IN_A_CONTAINER, Check, State
from scanner.doctor.systems import DEBIAN, MAC, RED_HAT, commands
from scanner.errors import EngineError
from scanner.simulate.engine import ARCHITECTURES, engine, one_line

SECONDS = 8.0
"""For all that the engine is asked."""
BY_VARIABLE = "DOCKER_HOST"
_SOCKET = "unix:///var/run/docker.sock"
_NOTIFICATION = (5, 9)
"""The Linux whose seccomp notification can put a file into another process."""
_NO_NOTIFICATION = ("runsc", "io.containerd.runsc.v1", "kata", "io.containerd.kata.v2")
_T = TypeVar("_T")

INSTALL = {
    DEBIAN: (
        "sudo apt-get install docker.io",
        "sudo usermod -aG docker $USER  # then log in again",
    ),
    RED_HAT: (
        "sudo dnf install podman && sudo systemctl enable --now podman.socket",
        "export DOCKER_HOST=unix:///run/podman/podman.sock  # and scan as root",
    ),
    MAC: ("brew install --cask docker  # then start it",),
}
START = {
    DEBIAN: ("sudo systemctl start docker",),
    RED_HAT: ("sudo systemctl start podman.socket  # or docker",),
    MAC: ("open -a Docker",),
}
JOIN = ("sudo usermod -aG docker $USER  # then log in again",)


@dataclass(frozen=True, slots=True)
class Reached:
    """An engine, or why there is none."""

    problem: str = ""
    address: str = ""
    """The socket or host that was asked."""
    by: str = ""
    """What names it: `DOCKER_HOST`, a Docker context, or nothing."""
    info: Mapping[str, Any] = field(default_factory=dict)
    version: Mapping[str, Any] = field(default_factory=dict)

    @property
    def architecture(self) -> str:
        """In the words of the OCI image specification; this machine's where there is no engine."""
        machine = str(self.info.get("Architecture") or os.uname().machine)
        return ARCHITECTURES.get(machine, machine)

    @property
    def name(self) -> str:
        """`Docker 28.1`, `Podman 5.4`."""
        parts = {str(each.get("Name")): each for each in self.version.get("Components") or ()}
        podman = parts.get("Podman Engine")
        if podman:
            return f"Podman {podman.get('Version', '')}".strip()
        return f"Docker {self.version.get('Version') or self.info.get('ServerVersion', '')}".strip()

    @property
    def security(self) -> str:
        """What the engine says of its security options, in one text."""
        return " ".join(map(str, self.info.get("SecurityOptions") or ()))


def reached() -> Reached:
    """The engine that a scan would use."""
    address, by = _address()

    def ask() -> Reached:
        try:
            with engine(timeout=5) as client:
                found = Reached("", address, by, dict(client.info()), dict(client.version()))
            list(engine_checks(found, trial=False))  # whether its answers can be read at all
            return found
        except EngineError as error:
            return Reached(str(error), address, by)
        except Exception as error:  # whatever answers on a socket is no bug of ours
            return Reached(f"the container engine cannot be used: {one_line(error)}", address, by)

    late = Reached(f"it did not answer within {SECONDS:.0f} s", address, by)
    return within(SECONDS, ask) or late


def within(seconds: float, work: Callable[[], _T]) -> _T | None:
    """The result of `work`, or None when it takes longer. The thread is left behind."""
    results: list[_T] = []
    thread = threading.Thread(target=lambda: results.append(work()), daemon=True, name="doctor")
    thread.start()
    thread.join(seconds)
    return results[0] if results else None


def _address() -> tuple[str, str]:
    """Where the engine is looked for, and what says so."""
    from testcontainers.core.docker_client import get_docker_host

    try:
        host = get_docker_host()
    except Exception:  # a broken configuration of Docker is told by asking it
        host = None
    if not host:
        return _SOCKET, ""
    by = BY_VARIABLE if os.environ.get(BY_VARIABLE) else "the Docker context"
    return _without_password(host), by


def _without_password(text: str) -> str:
    return re.sub(r"//[^/@]*@", "//", text)


def engine_checks(found: Reached, *, trial: bool) -> Iterator[Check]:
    """The engine, whether containers are reached, and how a node is shown to them."""
    if found.problem:
        yield Check(
            "engine",
            State.MISSING,
            f"{_without_password(found.problem)} ({_place(found)})",
            "Images are inspected only; nothing is run, and no verdict is ready.",
            _how_to_get(found),
        )
        return
    yield _engine(found)
    yield _reach(found)
    yield _node(found, _tried(found) if trial else None)


def _how_to_get(found: Reached) -> tuple[str, ...]:
    if "permission" in found.problem:
        return JOIN
    if found.by == BY_VARIABLE:
        return ("unset DOCKER_HOST  # or name an engine that answers",)
    if found.by:
        return ("docker context use default  # or one that answers",)
    if "no container engine found" in found.problem:
        return commands(INSTALL)
    return commands(START)


def _place(found: Reached) -> str:
    return f"{found.address}, named by {found.by}" if found.by else found.address


def _engine(found: Reached) -> Check:
    api = found.version.get("ApiVersion", "")
    system = str(found.info.get("OSType", "linux"))
    text = f"{found.name}, API {api}, {system}/{found.architecture}, at {_place(found)}"
    if system != "linux":
        return Check(
            "engine",
            State.LIMITED,
            text,
            "It runs Windows containers: Linux images are inspected only.",
            ("docker context use default  # or switch Docker Desktop to Linux containers",),
        )
    if "rootless" in found.security or found.info.get("Rootless"):
        return Check(
            "engine",
            State.LIMITED,
            f"{text}, rootless",
            "Rootless engines were never tried: a run may end in an error, which the report says.",
            ("export DOCKER_HOST=unix:///var/run/docker.sock  # one that runs as root",),
        )
    means = f"Runs images for linux/{found.architecture}; others are inspected only."
    return Check("engine", State.OK, text, means)


def _reach(found: Reached) -> Check:
    remote = found.address.partition(":")[0] not in ("unix", "npipe", "http+docker")
    desktop = sys.platform == "darwin" or "Docker Desktop" in str(found.info.get("OperatingSystem"))
    if not remote and not desktop:
        means = "Their ports are asked directly."
        return Check("reach", State.OK, "containers run on this machine", means)
    why = "in Docker Desktop's own machine" if desktop else "on another machine"
    return Check(
        "reach",
        State.LIMITED,
        f"containers run {why}",
        "Their ports cannot be asked from here, so TLS is not probed: run the scanner as a "
        "container of that engine.",
        (IN_A_CONTAINER,),
    )


def _kernel(found: Reached) -> tuple[int, int]:
    parts = re.match(r"(\d+)\.(\d+)", str(found.info.get("KernelVersion", "")))
    return (int(parts[1]), int(parts[2])) if parts else (0, 0)


def _node(found: Reached, tried: tuple[str, str] | None) -> Check:
    """How the FIPS flag is shown to containers: expected, or `tried`, a mode and a problem."""
    kernel = str(found.info.get("KernelVersion", "")) or "of unknown version"
    profile = "its seccomp profile" if "seccomp" in found.security else "no seccomp profile"
    text = f"Linux {kernel}, {profile}"
    if tried is not None:
        mode, problem = tried
        return _node_tried(text, mode, problem)
    runtime = str(found.info.get("DefaultRuntime", ""))
    try_it = ("fips-scanner doctor --try  # starts a container to make sure",)
    if runtime in _NO_NOTIFICATION:
        return Check("node", State.LIMITED, f"{text}, {runtime}", PRELOADED, try_it)
    if _kernel(found) == (0, 0):
        return Check("node", State.LIMITED, text, "Whether it notifies is unknown.", try_it)
    if _kernel(found) < _NOTIFICATION:
        return Check("node", State.LIMITED, text, PRELOADED, try_it)
    means = "FIPS nodes are expected to be simulated for every process of a container."
    return Check("node", State.OK, text, means, try_it)


PRELOADED = (
    "FIPS nodes are simulated by a library before all others: static and set-uid programs do not "
    "see the flag, and reports say so."
)


def _node_tried(text: str, mode: str, problem: str) -> Check:
    if problem:
        return Check(
            "node",
            State.MISSING,
            f"{text}; a container was tried: {problem}",
            "No FIPS node can be simulated here, and no verdict is ready.",
            commands(START),
        )
    if mode == "preload":
        return Check("node", State.LIMITED, f"{text}; tried: {mode}", PRELOADED)
    means = "A container was started and shown a FIPS node, for every process of it."
    return Check("node", State.OK, f"{text}; tried: {mode}", means)


def _tried(found: Reached) -> tuple[str, str]:
    from scanner.doctor.trial import mode_of_node

    # Not in a thread that could be left behind: what it makes must be removed, on Ctrl-C as well.
    try:
        return mode_of_node(found.architecture), ""
    except EngineError as error:
        return "", str(error)
