"""Looks into a running container: its processes, what they mapped, and where they listen.

Reads `/proc` of this machine where the engine runs on it, else asks a program of the image.
What the latter says is only as honest as the image.
"""

from __future__ import annotations

import contextlib
import os
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from scanner.simulate.box import Box

_PROC = Path("/proc")
_LIMIT = 2**20
_MAX_PROCESSES = 256
_MAX_OPEN_FILES = 4096
_LISTEN, _ESTABLISHED = "0A", "01"
_ENGINE_DNS = "0B00007F"
"""127.0.0.11, where Docker's own resolver listens in every container of a network."""
_LOOPBACK = ("0100007F", "00000000000000000000000001000000", "0000000000000000FFFF00000100007F")
_MARK = b"\n@@scanner@@"
# One program of the image for all processes; `cat` is in every image that has a shell.
_SHELL = (
    "for p in /proc/[0-9]*; do "
    r"printf '\n@@scanner@@env\n'; cat $p/environ 2>/dev/null; "
    r"printf '\n@@scanner@@exe\n'; readlink $p/exe 2>/dev/null; "
    r"printf '\n@@scanner@@maps\n'; cat $p/maps 2>/dev/null; done"
)
VARIABLES = frozenset(
    {
        "GODEBUG",
        "GOFIPS",
        "GOLANG_FIPS",
        "JAVA_TOOL_OPTIONS",
        "JDK_JAVA_OPTIONS",
        "LD_PRELOAD",
        "OPENSSL_CONF",
        "OPENSSL_FORCE_FIPS_MODE",
        "OPENSSL_MODULES",
    }
)
"""What is kept of a process' environment, beside what a run sets itself: the rest may hold
secrets."""


@dataclass(frozen=True, slots=True)
class Process:
    """What one process of the container has in its environment and in its memory."""

    environment: frozenset[str]
    """`NAME=value` of the variables that were asked for."""
    mapped: frozenset[str]
    """Paths of the files in its memory: the program and its libraries."""
    program: str = ""
    """Path of the file it runs, or `""`; ends in ` (deleted)` when that is gone."""
    ports: frozenset[int] = frozenset()
    """TCP ports that it holds open, where that could be seen."""

    def variable(self, name: str) -> str | None:
        """The value of variable `name`, or None when it is not set."""
        start = f"{name}="
        return next(
            (each[len(start) :] for each in self.environment if each.startswith(start)), None
        )


@dataclass(frozen=True, slots=True, order=True)
class Listener:
    """A TCP port on which the container accepts connections."""

    port: int
    loopback: bool
    """Only from inside the container."""


def processes(
    box: Box, first_pid: int, variables: frozenset[str] = VARIABLES
) -> tuple[Process, ...]:
    """All processes that can be looked into; empty when none can.

    Args:
        variables: names of those that are kept.
    """
    ports = _ports_by_inode(box.id, first_pid)
    return tuple(_from_host(box.id, first_pid, variables, ports)) or tuple(
        _from_inside(box, variables)
    )


def processes_from_here(
    box: Box, first_pid: int, variables: frozenset[str] = VARIABLES
) -> tuple[Process, ...]:
    """The same, with nothing run in the container: quick, without ports, empty when remote."""
    return tuple(_from_host(box.id, first_pid, variables, {}))


def holding_ports(
    box: Box, first_pid: int, variables: frozenset[str] = VARIABLES
) -> tuple[Process, ...]:
    """Those of them that hold a port open, as seen from here; empty when remote."""
    ports = _ports_by_inode(box.id, first_pid)
    if not ports:
        return ()
    found = _from_host(box.id, first_pid, variables, ports)
    return tuple(each for each in found if each.ports)


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


def program_of_connection(container: str, first_pid: int, port: int) -> str:
    """Path of the program with a connection from `port` of the container, or `""`."""
    if not _is_of(container, first_pid):
        return ""
    folder = _PROC / str(first_pid) / "net"
    text = _read_or_none(folder / "tcp") + _read_or_none(folder / "tcp6")
    connected = {inode: held for inode, held in _inodes(text, _ESTABLISHED).items() if held == port}
    for pid in _members(container):
        if connected and _held(_PROC / str(pid) / "fd", connected):
            return _link(_PROC / str(pid) / "exe")
    return ""


def _is_of(container: str, pid: int) -> bool:
    """Whether `pid` of this machine belongs to `container`: engines may run on another one."""
    with contextlib.suppress(OSError):
        return pid > 0 and container.encode() in _read(_PROC / str(pid) / "cgroup")
    return False


def _from_host(
    container: str, first_pid: int, variables: frozenset[str], ports: Mapping[int, int]
) -> Iterator[Process]:
    if not _is_of(container, first_pid):
        return
    for pid in _members(container):
        folder = _PROC / str(pid)
        if mapped := _mapped(_read_or_none(folder / "maps")):
            yield Process(
                _environment(_read_or_none(folder / "environ"), variables),
                mapped,
                _link(folder / "exe"),
                _held(folder / "fd", ports) if ports else frozenset(),
            )


def _members(container: str) -> Iterator[int]:
    pids = (int(each.name) for each in _PROC.iterdir() if each.name.isdigit())
    members = (pid for pid in pids if _is_of(container, pid))
    for pid, _ in zip(members, range(_MAX_PROCESSES), strict=False):
        yield pid


def _ports_by_inode(container: str, first_pid: int) -> dict[int, int]:
    """The port of each listening socket; empty where that cannot be seen from here."""
    if not _is_of(container, first_pid):
        return {}
    folder = _PROC / str(first_pid) / "net"
    return _inodes(_read_or_none(folder / "tcp") + _read_or_none(folder / "tcp6"))


def _held(folder: Path, ports: Mapping[int, int]) -> frozenset[int]:
    """Ports of the sockets among the open files that `folder` lists."""
    found: set[int] = set()
    with contextlib.suppress(OSError), os.scandir(folder) as entries:
        for entry, _ in zip(entries, range(_MAX_OPEN_FILES), strict=False):
            name = _link(Path(entry.path))
            if name.startswith("socket:[") and name[8:-1].isdigit():
                found.add(ports.get(int(name[8:-1]), 0))
    return frozenset(found - {0})


def _link(path: Path) -> str:
    with contextlib.suppress(OSError):
        return os.fsencode(path.readlink()).decode("utf-8", "replace")
    return ""


def _from_inside(box: Box, variables: frozenset[str]) -> Iterator[Process]:
    shown = box.run(["sh", "-c", _SHELL], limit=8 * _LIMIT)
    if shown is None:
        environ = box.run(["cat", "/proc/1/environ"], limit=_LIMIT)
        maps = box.run(["cat", "/proc/1/maps"], limit=_LIMIT)
        if maps is not None and maps[0] == 0:
            told = _environment(environ[1] if environ else b"", variables)
            yield Process(told, _mapped(maps[1]))
        return
    environ_text, program = b"", ""
    for part in shown[1].split(_MARK)[: 3 * _MAX_PROCESSES]:
        name, _, body = part.partition(b"\n")
        if name == b"env":
            environ_text = body
        elif name == b"exe":
            program = body.decode("utf-8", "replace").strip("\n")
        elif name == b"maps" and (mapped := _mapped(body)):
            yield Process(_environment(environ_text, variables), mapped, program)


def _environment(text: bytes, variables: frozenset[str]) -> frozenset[str]:
    items = (each.decode("utf-8", "replace") for each in text.split(b"\0") if b"=" in each)
    return frozenset(each for each in items if each.partition("=")[0] in variables)


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


def _inodes(text: bytes, state: str = _LISTEN) -> dict[int, int]:
    """Socket number → own port of the sockets in `state`, as `/proc/net/tcp` shows it."""
    found: dict[int, int] = {}
    for line in text.decode("ascii", "replace").splitlines():
        fields = line.split()
        if len(fields) > 9 and fields[3] == state and fields[9].isdigit():
            with contextlib.suppress(ValueError):
                found[int(fields[9])] = int(fields[1].rpartition(":")[2], 16)
    return found


def _read(path: Path) -> bytes:
    with path.open("rb") as file:
        return file.read(_LIMIT)


def _read_or_none(path: Path) -> bytes:
    with contextlib.suppress(OSError):
        return _read(path)
    return b""
