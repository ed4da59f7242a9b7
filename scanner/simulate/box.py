"""One container of a simulated run: starts it, tells its state, reads its output, removes it.

Every wait has a limit and everything read from the container has one. Judges nothing.
"""

from __future__ import annotations

import contextlib
import functools
import io
import posixpath
import socket
import tarfile
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import docker.errors
import requests

from scanner.errors import EngineError
from scanner.simulate.engine import one_line

if TYPE_CHECKING:
    from docker.models.containers import Container
    from testcontainers.core.container import DockerContainer

ENGINE_FAILURES = (docker.errors.DockerException, requests.RequestException, OSError)
NOT_STARTED = (126, 127)
"""Exit codes of a program that could not be started."""
_MAX_CHECK = 4096
"""Characters kept of what a health check printed."""
_MAX_OUTPUT = 64 * 2**20
"""Bytes of a program's output that are waited for, so that it can end by itself."""
_MAX_FILES = 100
"""Of a folder."""
_T = TypeVar("_T")


@dataclass(frozen=True, slots=True)
class BoxSpec:
    """What is added to an image to make one container of it."""

    image: str
    environment: Mapping[str, str] = field(default_factory=dict)
    files: Mapping[str, bytes] = field(default_factory=dict)
    """Put into the container before it starts, readable for every user of it."""
    programs: Mapping[str, bytes] = field(default_factory=dict)
    """Put there as well, executable for every user of it."""
    shared: Mapping[str, bytes] = field(default_factory=dict)
    """Put there as well, writable for every user of it."""
    archives: Mapping[str, bytes] = field(default_factory=dict)
    """Tar archives that are unpacked in folders of it before it starts."""
    entrypoint: tuple[str, ...] = ()
    """Instead of the image's own entrypoint and command, when not empty."""
    options: Mapping[str, Any] = field(default_factory=dict)
    """Limits, network and labels, in the words of the docker library."""
    log_limit: int = 2 * 2**20


@dataclass(frozen=True, slots=True)
class BoxState:
    """What the engine says of a container."""

    running: bool
    pid: int
    """Of its first process, on the engine's machine; 0 when it does not run."""
    exit_code: int
    out_of_memory: bool
    health: str
    """`healthy`, `unhealthy`, `starting`, or `""` without a health check."""
    address: str
    error: str
    checked: bool = False
    """Whether its health check was run at all."""
    complaint: str = ""
    """What its health check printed when it last failed."""


class Box:
    """A started container. Use as a context manager; it is always removed."""

    def __init__(self, spec: BoxSpec) -> None:
        self._spec = spec
        try:
            self._made = _make(spec)
        except ENGINE_FAILURES as error:  # its client asks the engine for its version
            raise EngineError(one_line(error)) from error
        self._log = _LogReader(spec.log_limit)
        self.started = 0.0
        """Monotonic time at which the engine had started it."""

    def __enter__(self) -> Box:
        try:
            self._start()
        except BaseException:
            self._remove()
            raise
        return self

    def __exit__(self, *_: object) -> None:
        self._remove()

    def _start(self) -> None:
        try:
            with _without_ryuk():
                self._made.start()
        except ENGINE_FAILURES as error:
            raise EngineError(one_line(error)) from error
        self.started = time.monotonic()
        self._log.follow(self._container)

    def _remove(self) -> None:
        # Killed at once: how it would have ended says nothing about FIPS.
        with contextlib.suppress(*ENGINE_FAILURES):
            self._made.stop(force=True, delete_volume=True)
        self._log.close()

    @property
    def _container(self) -> Container:
        return self._made.get_wrapped_container()

    @property
    def id(self) -> str:
        return self._made.get_container_id()

    def state(self) -> BoxState:
        """Its present state.

        Raises:
            EngineError: the engine no longer knows it or does not answer.
        """
        try:
            self._container.reload()
        except ENGINE_FAILURES as error:
            raise EngineError(one_line(error)) from error
        state = self._container.attrs["State"]
        networks = self._container.attrs["NetworkSettings"]["Networks"] or {}
        address = next((net["IPAddress"] for net in networks.values() if net["IPAddress"]), "")
        checked = state.get("Health") or {}
        health = checked.get("Status", "")
        return BoxState(
            running=bool(state["Running"]),
            pid=int(state["Pid"]),
            exit_code=int(state["ExitCode"]),
            out_of_memory=bool(state["OOMKilled"]),
            health="" if health == "none" else health,
            address=str(address),
            error=str(state.get("Error") or ""),
            checked=bool(checked.get("Log")),
            complaint=_complaint(checked.get("Log") or ()),
        )

    def connect(self, address: str, port: int, seconds: float = 1.0) -> bool:
        """Whether a TCP connection to it can be opened from here."""
        try:
            socket.create_connection((address, port), timeout=seconds).close()
        except OSError:
            return False
        return True

    def written(self) -> int:
        """Bytes it has written to its own layer; 0 where the engine cannot tell."""
        with contextlib.suppress(*ENGINE_FAILURES, KeyError, IndexError):
            listed = self._made.get_docker_client().client.api.containers(
                all=True, size=True, filters={"id": self.id}
            )
            return int(listed[0].get("SizeRw") or 0)
        return 0

    def run(
        self, command: Sequence[str], *, limit: int = 2**20, seconds: float = 5.0
    ) -> tuple[int, bytes] | None:
        """Run a program of the image in the container.

        Returns:
            Its exit code and the first `limit` bytes of its output (both streams), or None when
            it could not be started or did not end in time.
        """
        result = self.execute(command, limit=limit, seconds=seconds)
        return None if result is None or result[0] in NOT_STARTED else result

    def execute(
        self, command: Sequence[str], *, limit: int = 2**20, seconds: float = 5.0
    ) -> tuple[int, bytes] | None:
        """As `run`, for whoever must know why a program could not be started.

        Returns:
            With an exit code of `NOT_STARTED`, the engine's or the shell's reason; None when it
            did not end in time.
        """
        api = self._made.get_docker_client().client.api

        def execute() -> tuple[int, bytes]:
            made = api.exec_create(self.id, list(command))
            output = bytearray()
            read = 0
            for part in api.exec_start(made["Id"], stream=True):
                output += part[: limit - len(output)]
                read += len(part)
                if read >= _MAX_OUTPUT:
                    break
            code = api.exec_inspect(made["Id"])["ExitCode"]
            return (-1 if code is None else int(code)), bytes(output)

        return _within(seconds, execute)

    def read_file(self, path: str, limit: int) -> bytes | None:
        """The bytes of a regular file in the container; None when absent or above `limit`."""

        def fetch() -> bytes | None:
            stream, _ = self._container.get_archive(path)
            archive = bytearray()
            for part in stream:
                archive += part
                if len(archive) > limit + 64 * 1024:
                    return None
            with tarfile.open(fileobj=io.BytesIO(bytes(archive))) as tar:
                member = tar.next()
                body = tar.extractfile(member) if member is not None and member.isfile() else None
                return body.read(limit) if body else None

        return _within(30.0, fetch)

    def read_folder(self, path: str, limit: int) -> dict[str, bytes]:
        """The regular files right in a folder of the container, by their names, links followed.

        Nothing when it is absent, or all of it is above `limit`.
        """

        def fetch() -> dict[str, bytes]:
            stream, _ = self._container.get_archive(path)
            archive = bytearray()
            for part in stream:
                archive += part
                if len(archive) > limit:
                    return {}
            found: dict[str, bytes] = {}
            with tarfile.open(fileobj=io.BytesIO(bytes(archive))) as tar:
                for member in tar:
                    name = posixpath.basename(member.name)
                    if member.name.count("/") != 1 or not name:
                        continue
                    if member.issym():
                        target = posixpath.normpath(posixpath.join(path, member.linkname))
                        content = self.read_file(target, limit)
                    else:
                        body = tar.extractfile(member) if member.isfile() else None
                        content = body.read(limit) if body else None
                    if content is not None and len(found) < _MAX_FILES:
                        found[name] = content
            return found

        return _within(30.0, fetch) or {}

    def log(self) -> tuple[bytes, bool]:
        """Its output so far, and whether there was more than the limit."""
        return self._log.content()

    def finish_log(self) -> None:
        """Wait a moment for the rest of the output of a container that has ended."""
        self._log.wait(2.0)


def _complaint(checks: Sequence[Mapping[str, Any]]) -> str:
    failed = [each for each in checks if each.get("ExitCode")]
    return str(failed[-1].get("Output") or "")[:_MAX_CHECK] if failed else ""


def _make(spec: BoxSpec) -> DockerContainer:
    made = _container_type()(
        spec.image, docker_client_kw={"timeout": 60}, env=dict(spec.environment)
    )
    made.image = spec.image  # without the prefix that a user may have set for tests
    options = dict(spec.options)
    if spec.entrypoint:
        options["entrypoint"] = list(spec.entrypoint)
    made.with_kwargs(**options)
    for path, content in spec.files.items():
        made.with_copy_into_container(content, path, 0o644)
    for path, content in spec.programs.items():
        made.with_copy_into_container(content, path, 0o755)
    for path, content in spec.shared.items():
        made.with_copy_into_container(content, path, 0o666)
    for folder, archive in spec.archives.items():
        made.with_copy_into_container(_Archive(archive), folder, 0)
    return made


class _Archive(bytes):
    """A tar archive that the engine unpacks, and not itself a file to copy."""


@functools.cache
def _container_type() -> type[DockerContainer]:
    from testcontainers.core.container import DockerContainer

    class Container(DockerContainer):
        def _transfer_into_container(
            self, content: bytes | Path, destination: str, mode: int
        ) -> None:
            if isinstance(content, _Archive):
                self.get_wrapped_container().put_archive(destination, bytes(content))
            else:
                super()._transfer_into_container(content, destination, mode)

    return Container


@contextlib.contextmanager
def _without_ryuk() -> Iterator[None]:
    """Ryuk is an image from a registry; the sweep of this package does its work."""
    from testcontainers.core.config import testcontainers_config

    before = testcontainers_config.ryuk_disabled
    testcontainers_config.ryuk_disabled = True
    try:
        yield
    finally:
        testcontainers_config.ryuk_disabled = before


def _within(seconds: float, work: Callable[[], _T]) -> _T | None:
    """The result of `work`, or None when it fails or takes longer. The thread is left behind."""
    results: list[_T] = []

    def target() -> None:
        with contextlib.suppress(*ENGINE_FAILURES, tarfile.TarError, ValueError, KeyError):
            results.append(work())

    thread = threading.Thread(target=target, daemon=True, name="engine-call")
    thread.start()
    thread.join(seconds)
    return results[0] if results else None


class _LogReader:
    """Follows a container's output from its start, up to a limit.

    Read as it is written, because the engine keeps a bounded log and drops its oldest part.
    """

    def __init__(self, limit: int) -> None:
        self._limit = limit
        self._content = bytearray()
        self._more = False
        self._lock = threading.Lock()
        self._stream: Any = None
        self._thread: threading.Thread | None = None

    def follow(self, container: Container) -> None:
        self._thread = threading.Thread(
            target=self._read, args=(container,), daemon=True, name="container-log"
        )
        self._thread.start()

    def _read(self, container: Container) -> None:
        with contextlib.suppress(*ENGINE_FAILURES, ValueError, AttributeError):
            self._stream = container.logs(stream=True, follow=True, stdout=True, stderr=True)
            for part in self._stream:
                with self._lock:
                    room = self._limit - len(self._content)
                    self._content += part[:room]
                    self._more = self._more or len(part) > room
                if self._more:
                    self._stream.close()
                    return

    def content(self) -> tuple[bytes, bool]:
        with self._lock:
            return bytes(self._content), self._more

    def wait(self, seconds: float) -> None:
        if self._thread is not None:
            self._thread.join(seconds)

    def close(self) -> None:
        if self._stream is not None:
            with contextlib.suppress(Exception):
                self._stream.close()
