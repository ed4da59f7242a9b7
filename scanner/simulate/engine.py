"""Reaches the container engine, and says in one line why it cannot be reached.

Objects of the docker library stay in this package.
"""

from __future__ import annotations

import contextlib
import re
import socket
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import docker.errors
import requests

from scanner.errors import EngineError

if TYPE_CHECKING:
    from docker import DockerClient

ARCHITECTURES = {"x86_64": "amd64", "aarch64": "arm64", "armv7l": "arm", "i686": "386"}
_CONTAINER_ID = re.compile(r"[0-9a-f]{64}")


@dataclass(frozen=True, slots=True)
class EngineInfo:
    """The engine that would run containers."""

    version: str
    os: str
    architecture: str
    """In the words of the OCI image specification: `amd64`."""
    cpus: int
    root: str
    """Where it keeps its data, on its own machine."""


def engine_available() -> EngineInfo | EngineError:
    """The container engine, or why there is none, in one line."""
    try:
        with engine() as client:
            return engine_info(client)
    except EngineError as error:
        return error


@contextlib.contextmanager
def engine(timeout: int = 60) -> Iterator[DockerClient]:
    """A client of the engine that `DOCKER_HOST` or the Docker context names.

    Raises:
        EngineError: there is none, or it refuses.
    """
    from testcontainers.core.docker_client import DockerClient as Maker

    try:
        client = Maker(timeout=timeout).client
    except (docker.errors.DockerException, requests.RequestException, OSError, ValueError) as error:
        raise EngineError(_why_not(error)) from error
    try:
        yield client
    finally:
        client.close()


def engine_info(client: DockerClient) -> EngineInfo:
    """What the engine says of itself.

    Raises:
        EngineError: it does not answer.
    """
    try:
        info: dict[str, Any] = client.info()
    except (docker.errors.DockerException, requests.RequestException) as error:
        raise EngineError(_why_not(error)) from error
    machine = str(info.get("Architecture", ""))
    return EngineInfo(
        version=str(info.get("ServerVersion", "")),
        os=str(info.get("OSType", "linux")),
        architecture=ARCHITECTURES.get(machine, machine),
        cpus=int(info.get("NCPU") or 1),
        root=str(info.get("DockerRootDir", "")),
    )


def _why_not(error: BaseException) -> str:
    seen = "".join(f"{type(each).__name__} {each}" for each in _causes(error))
    if "FileNotFoundError" in seen:
        return "no container engine found: start Docker, or name one with DOCKER_HOST"
    if "PermissionError" in seen or "Permission denied" in seen:
        return "no permission to use the container engine: run as root or join the group docker"
    if "ConnectionRefusedError" in seen or "Connection refused" in seen:
        return "the container engine does not answer: start it, or check DOCKER_HOST"
    return f"the container engine cannot be used: {one_line(error)}"


def _causes(error: BaseException | None) -> Iterator[BaseException]:
    for _ in range(8):
        if error is None:
            return
        yield error
        error = error.__cause__ or error.__context__


def one_line(error: BaseException, limit: int = 200) -> str:
    """What the engine says of an error, without its HTTP wrapping."""
    for each in _causes(error):
        if isinstance(each, requests.Timeout):
            return "the container engine did not answer in time"
        if isinstance(each, (ConnectionError, requests.ConnectionError)):
            return "the container engine stopped answering"
    text = getattr(error, "explanation", None) or str(error) or type(error).__name__
    words = " ".join(str(text).split())
    return words if len(words) <= limit else words[: limit - 1] + "…"


def own_container(client: DockerClient) -> str | None:
    """The ID of the container that this process runs in, when `client`'s engine runs it."""
    if not (Path("/.dockerenv").exists() or Path("/run/.containerenv").exists()):
        return None
    hostname = socket.gethostname()
    named = {*container_ids(_text("/proc/self/cgroup"), _text("/proc/self/mountinfo"))}
    for candidate in (*sorted(named), hostname):
        with contextlib.suppress(docker.errors.DockerException, requests.RequestException):
            found = client.containers.get(candidate)
            # An engine also answers to the start of an ID and to names, which a machine's own
            # hostname may be by chance.
            own_name = str((found.attrs.get("Config") or {}).get("Hostname", ""))
            if candidate in named or own_name == hostname:
                return str(found.id)
    return None


def container_ids(cgroup: str, mountinfo: str) -> tuple[str, ...]:
    """IDs of the container that a process is in, from its files in `/proc/self`.

    Of the mounts only the one counts that an engine makes over the container's own
    `/etc/hostname`: while a container is set up, mounts for it show elsewhere too.
    """
    ids = _CONTAINER_ID.findall(cgroup)
    for line in mountinfo.splitlines():
        fields = line.split(" ")
        if len(fields) > 4 and fields[4] == "/etc/hostname":
            ids += _CONTAINER_ID.findall(fields[3])
    return tuple(dict.fromkeys(ids))


def _text(path: str) -> str:
    try:
        return Path(path).read_text(errors="replace")
    except OSError:
        return ""
