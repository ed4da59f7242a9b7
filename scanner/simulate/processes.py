"""Looks into a running container: its processes, what they mapped, and where they listen.

Reads `/proc` of this machine where the engine runs on it, else asks a program of the image.
What the latter says is only as honest as the image.
"""

from __future__ import annotations

import contextlib
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from scanner.simulate.box import Box

_PROC = Path("/proc")
_LIMIT = 2**20
_MAX_PROCESSES = 256
_LISTEN = "0A"
_ENGINE_DNS = "0B00007F"
"""127.0.0.11, where Docker's own resolver listens in every container of a network."""
_LOOPBACK = ("0100007F", "00000000000000000000000001000000", "0000000000000000FFFF00000100007F")
_MARK = b"\n@@scanner@@"
# One program of the image for all processes; `cat` is in every image that has a shell.
_SHELL = (
    "for p in /proc/[0-9]*; do "
    r"printf '\n@@scanner@@env\n'; cat $p/environ 2>/dev/null; "
    r"printf '\n@@scanner@@maps\n'; cat $p/maps 2>/dev/null; done"
)


@dataclass(frozen=True, slots=True)
class Process:
    """What one process of the container has in its environment and in its memory."""

    environment: frozenset[str]
    """`NAME=value`."""
    mapped: frozenset[str]
    """Paths of the files in its memory: the program and its libraries."""


@dataclass(frozen=True, slots=True, order=True)
class Listener:
    """A TCP port on which the container accepts connections."""

    port: int
    loopback: bool
    """Only from inside the container."""


def processes(box: Box, first_pid: int) -> tuple[Process, ...]:
    """All processes that can be looked into; empty when none can."""
    return processes_from_here(box, first_pid) or tuple(_from_inside(box))


def processes_from_here(box: Box, first_pid: int) -> tuple[Process, ...]:
    """The same, but nothing is run in the container: quick, and empty for a remote engine."""
    return tuple(
        Process(_environment(environ), _mapped(maps))
        for environ, maps in _from_host(box.id, first_pid)
        if maps
    )


def listeners(box: Box, first_pid: int) -> frozenset[Listener] | None:
    """The ports it listens on, or None when that cannot be seen."""
    folder = _PROC / str(first_pid) / "net"
    if _is_of(box.id, first_pid):
        with contextlib.suppress(OSError):
            return _listening(_read(folder / "tcp") + _read_or_none(folder / "tcp6"))
    shown = box.run(["cat", "/proc/net/tcp", "/proc/net/tcp6"], limit=_LIMIT)
    if shown is None or b"local_address" not in shown[1]:
        return None
    return _listening(shown[1])


def _is_of(container: str, pid: int) -> bool:
    """Whether `pid` of this machine belongs to `container`: engines may run on another one."""
    with contextlib.suppress(OSError):
        return pid > 0 and container.encode() in _read(_PROC / str(pid) / "cgroup")
    return False


def _from_host(container: str, first_pid: int) -> Iterator[tuple[bytes, bytes]]:
    if not _is_of(container, first_pid):
        return
    pids = (int(each.name) for each in _PROC.iterdir() if each.name.isdigit())
    members = (pid for pid in pids if _is_of(container, pid))
    for pid, _ in zip(members, range(_MAX_PROCESSES), strict=False):
        folder = _PROC / str(pid)
        yield _read_or_none(folder / "environ"), _read_or_none(folder / "maps")


def _from_inside(box: Box) -> Iterator[Process]:
    shown = box.run(["sh", "-c", _SHELL], limit=8 * _LIMIT)
    if shown is None:
        environ = box.run(["cat", "/proc/1/environ"], limit=_LIMIT)
        maps = box.run(["cat", "/proc/1/maps"], limit=_LIMIT)
        if maps is not None and maps[0] == 0:
            yield Process(_environment(environ[1] if environ else b""), _mapped(maps[1]))
        return
    environ_text = b""
    for part in shown[1].split(_MARK)[: 2 * _MAX_PROCESSES]:
        name, _, body = part.partition(b"\n")
        if name == b"env":
            environ_text = body
        elif name == b"maps" and (mapped := _mapped(body)):
            yield Process(_environment(environ_text), mapped)


def _environment(text: bytes) -> frozenset[str]:
    return frozenset(item.decode("utf-8", "replace") for item in text.split(b"\0") if b"=" in item)


_MAPPED_FILE = re.compile(rb"^[0-9a-f]+-[0-9a-f]+ \S+ \S+ \S+ \d+ +(/[^\n]{1,4096})$", re.MULTILINE)


def _mapped(maps: bytes) -> frozenset[str]:
    return frozenset(path.decode("utf-8", "replace") for path in _MAPPED_FILE.findall(maps))


def _listening(text: bytes) -> frozenset[Listener]:
    found: set[Listener] = set()
    for line in text.decode("ascii", "replace").splitlines():
        fields = line.split()
        if len(fields) > 3 and fields[3] == _LISTEN and ":" in fields[1]:
            address, _, port = fields[1].rpartition(":")
            if address == _ENGINE_DNS:
                continue
            with contextlib.suppress(ValueError):
                loopback = address in _LOOPBACK or (len(address) == 8 and address.endswith("7F"))
                found.add(Listener(int(port, 16), loopback))
    # One port may have a listener for each of several addresses.
    open_ports = {each.port for each in found if not each.loopback}
    return frozenset(each for each in found if not (each.loopback and each.port in open_ports))


def _read(path: Path) -> bytes:
    with path.open("rb") as file:
        return file.read(_LIMIT)


def _read_or_none(path: Path) -> bytes:
    with contextlib.suppress(OSError):
        return _read(path)
    return b""
