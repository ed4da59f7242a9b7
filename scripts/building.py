"""Fetches packages, lays out build contexts and has the engine build them.

Knows nothing of which images there are; an error ends the program after saying why, since
nothing sensible can follow.
"""

from __future__ import annotations

import fcntl
import io
import os
import shutil
import subprocess
import sys
import tarfile
import tempfile
import zipfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import IO, NoReturn

import docker
import docker.errors

ROOT = Path(__file__).resolve().parent.parent
CACHE = ROOT / ".cache"
PROXIES = ("http_proxy", "https_proxy", "no_proxy")


def say(text: str) -> None:
    """Tell the user on stderr what takes time."""
    print(f"images: {text}", file=sys.stderr, flush=True)


def fail(text: str, log: str = "") -> NoReturn:
    """End the program with a message and the last lines of a log."""
    say("\n".join([text, *log.splitlines()[-20:]]))
    sys.exit(1)


def connect() -> docker.DockerClient:
    """The engine of this machine, or the one that `DOCKER_HOST` names."""
    try:
        return docker.from_env(timeout=600)
    except docker.errors.DockerException as error:
        fail(f"no container engine answers; run `make engine` ({error})")


@contextmanager
def one_at_a_time(name: str) -> Iterator[None]:
    """Keep programs that run side by side from making the same thing twice."""
    CACHE.mkdir(parents=True, exist_ok=True)
    with (CACHE / f"{name}.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def run(command: list[str]) -> None:
    """Run a command; its output is shown only when it fails, and that ends the program."""
    done = subprocess.run(
        command,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        errors="replace",
        check=False,
    )
    if done.returncode:
        fail(f"failed: {' '.join(command)}", done.stdout)


def fetch_wheels(name: str, *arguments: str) -> list[Path]:
    """Wheels that pip downloads as this machine has it set up, kept under `name`."""
    folder = CACHE / "wheels" / name
    with one_at_a_time(f"wheels-{name}"):
        if not folder.exists():
            say(f"downloading {name}")
            part = folder.with_name(f"{folder.name}.part")
            shutil.rmtree(part, ignore_errors=True)
            pip = [sys.executable, "-m", "pip", "download", "-q", "--disable-pip-version-check"]
            run([*pip, "--only-binary=:all:", "-d", str(part), *arguments])
            part.rename(folder)
    return sorted(folder.glob("*.whl"))


def fetch_package(package: str) -> Path:
    """The unpacked files of a pinned PyPI package: `name==version`."""
    (wheel,) = fetch_wheels(package, "--no-deps", package)
    folder = CACHE / "unpacked" / package
    with one_at_a_time(f"unpacked-{package}"):
        if not folder.exists():
            part = folder.with_name(f"{folder.name}.part")
            shutil.rmtree(part, ignore_errors=True)
            with zipfile.ZipFile(wheel) as archive:
                for member in archive.infolist():
                    path = Path(archive.extract(member, part))
                    if path.is_file() and (mode := member.external_attr >> 16 & 0o777):
                        path.chmod(mode)
            part.rename(folder)
    return folder


def build_context(files: Mapping[str, Path], texts: Mapping[str, bytes]) -> IO[bytes]:
    """A build context: files and folders of this machine, and texts, by their path in it.

    The same for every user and every checkout, so that the engine's layer cache holds.
    """
    spool: IO[bytes] = tempfile.TemporaryFile(suffix=".tar")  # noqa: SIM115 - the caller closes it
    with tarfile.open(fileobj=spool, mode="w") as tar:
        for name, path in sorted(files.items()):
            tar.add(path, name, filter=_anonymous)
        for name, content in sorted(texts.items()):
            info = tarfile.TarInfo(name)
            info.size, info.mode = len(content), 0o755
            tar.addfile(info, io.BytesIO(content))
    spool.seek(0)
    return spool


def _anonymous(info: tarfile.TarInfo) -> tarfile.TarInfo | None:
    if info.name.rsplit("/", 1)[-1] == "__pycache__":
        return None
    info.uid = info.gid = info.mtime = 0
    info.uname = info.gname = ""
    info.mode = 0o755 if info.isdir() or info.mode & 0o100 else 0o644
    return info


def build(
    client: docker.DockerClient,
    tag: str,
    tar: IO[bytes],
    *,
    labels: Mapping[str, str] | None = None,
    arguments: Mapping[str, str] | None = None,
) -> None:
    """Build an image with the engine's own builder, which needs no docker command.

    Build containers share this machine's network, and with it the way to the package archive.
    """
    proxies = {name: os.environ[name] for name in PROXIES if os.environ.get(name)}
    log: list[str] = []
    error = ""
    with tar:
        for event in client.api.build(
            fileobj=tar,
            custom_context=True,
            tag=tag,
            rm=True,
            forcerm=True,
            network_mode="host",
            labels=dict(labels or {}),
            buildargs={**proxies, **(arguments or {})},
            decode=True,
        ):
            log.append(str(event.get("stream", "")))
            error = error or str(event.get("error", ""))
    file = CACHE / "logs" / f"{tag.replace('/', '-').replace(':', '-')}.log"
    file.parent.mkdir(parents=True, exist_ok=True)
    text = "".join([*log, error])
    file.write_text(text)
    if error:
        fail(f"building {tag} failed, see {file.relative_to(ROOT)}", text)
