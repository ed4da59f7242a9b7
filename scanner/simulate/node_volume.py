"""Puts the helper of simulated nodes into a volume, once for all containers of a run.

Containers get it read-only. A program of the image could else replace the helper, which engines
start with more capabilities than the image has, to give them up, for each health check.
"""

from __future__ import annotations

import contextlib
import io
import struct
import tarfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from scanner.errors import EngineError
from scanner.simulate.box import ENGINE_FAILURES
from scanner.simulate.engine import one_line
from scanner.simulate.node_modes import ATTEMPTS, FOLDER, PRELOAD, Attempt

if TYPE_CHECKING:
    from docker import DockerClient

_CAPABILITY_NUMBERS = {"SETPCAP": 8, "SYS_PTRACE": 19, "SYS_ADMIN": 21}


@dataclass(frozen=True, slots=True)
class Helper:
    """What is put into containers of one architecture."""

    program: bytes
    """Static; becomes the container's command, or supervises it."""
    preload: bytes | None = None
    """The library for where nothing better works."""


def helper_volume(
    client: DockerClient, image: str, labels: Mapping[str, str], helper: Helper
) -> str:
    """The name of a new volume with `helper` in it.

    Args:
        image: any that is in the engine; nothing of it runs.
        labels: by which the volume is found when it is to be removed.

    Raises:
        EngineError: the engine cannot make it.
    """
    from docker.types import Mount

    api = client.api
    try:
        name = str(api.create_volume(labels=dict(labels))["Name"])
        mount = Mount(FOLDER, name)
        made = api.create_container(
            image,
            [FOLDER],
            labels=dict(labels),
            host_config=api.create_host_config(mounts=[mount], network_mode="none"),
        )["Id"]
        try:
            api.put_archive(made, FOLDER, _archive(helper))
        finally:
            with contextlib.suppress(*ENGINE_FAILURES):
                api.remove_container(made, force=True)
    except ENGINE_FAILURES as error:
        raise EngineError(f"cannot make a volume: {one_line(error)}") from error
    return name


def _archive(helper: Helper) -> bytes:
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w", format=tarfile.PAX_FORMAT) as tar:

        def put(path: str, content: bytes, headers: Mapping[str, str]) -> None:
            entry = tarfile.TarInfo(path.removeprefix(f"{FOLDER}/"))
            entry.size, entry.mode, entry.pax_headers = len(content), 0o755, dict(headers)
            tar.addfile(entry, io.BytesIO(content))

        # One file for each set of capabilities, as they belong to the file.
        by_path: dict[str, Attempt] = {each.program: each for each in ATTEMPTS}
        for path, attempt in by_path.items():
            put(path, helper.program, file_capabilities(attempt.capabilities))
        if helper.preload is not None:
            put(PRELOAD, helper.preload, {})
    return buffer.getvalue()


def file_capabilities(names: Sequence[str]) -> dict[str, str]:
    """Headers of a tar entry whose file has capabilities for whatever user starts it.

    Args:
        names: besides SETPCAP, which giving up others needs; with none, there are no headers.
    """
    if not names:
        return {}
    mask = sum(1 << _CAPABILITY_NUMBERS[name] for name in {"SETPCAP", *names})
    # struct vfs_cap_data, revision 2, with the flag that makes them effective.
    value = struct.pack("<5I", 0x02000001, mask, 0, 0, 0)
    return {"SCHILY.xattr.security.capability": value.decode("ascii")}
