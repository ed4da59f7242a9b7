"""Starts container engines other than this machine's, each in a Debian of its own, for tests.

Nothing of them is installed on this machine, and the engine that runs here is never touched: they
have their own data, socket and network, in which what is to use them must run as well.
"""

from __future__ import annotations

import contextlib
import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import docker
import docker.errors
import requests

from scripts.base_images import debian_mirror
from scripts.building import CACHE, connect, fail, one_at_a_time, run, say

ROOTS = CACHE / "engines"
PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
SOCKET = "run/other-engine.sock"
START_SECONDS = 60.0
STOP_SECONDS = 20.0
PODMAN_PACKAGES = ("podman", "crun", "netavark", "aardvark-dns", "iptables", "nftables", "iproute2")
PACKAGES = {
    "trixie": ("docker.io", *PODMAN_PACKAGES),
    "bookworm": PODMAN_PACKAGES,
}
DOCKERD = ("dockerd", "-H")
PODMAN = ("podman", "--cgroup-manager=cgroupfs", "--events-backend=file", "system", "service")
TESTS = (
    "tests/integration/test_node.py",
    "tests/integration/test_simulate_bounds.py",
)
SAMPLES = ("go-tls-chacha", "libgcrypt-on-node", "nginx-openssl", "no-crypto")
"""What is scanned as a whole; `nginx-openssl` also brings the FIPS provider's place."""
IMAGES = (
    "fips-scanner/base:bookworm",
    "fips-scanner/base:trixie",
    "fips-scanner/golang:bookworm",
    "fips-scanner/node:bookworm",
    "fips-scanner/dotnet-runtime:bookworm",
    "fips-scanner/dotnet-sdk:bookworm",
    "fips-samples/openssl-fips-active:latest",
    *(f"fips-samples/{name}:latest" for name in SAMPLES),
)


@dataclass(frozen=True)
class OtherEngine:
    """An engine of a Debian release."""

    suite: str
    command: tuple[str, ...]

    @property
    def root(self) -> Path:
        """The Debian that it runs in."""
        return ROOTS / self.suite

    @property
    def host(self) -> str:
        """What `DOCKER_HOST` must be to reach it."""
        return f"unix://{self.root / SOCKET}"


ENGINES = {
    "docker-26": OtherEngine("trixie", (*DOCKERD, f"unix:///{SOCKET}")),
    "podman-5": OtherEngine("trixie", (*PODMAN, "--time=0", f"unix:///{SOCKET}")),
    "podman-4": OtherEngine("bookworm", (*PODMAN, "--time=0", f"unix:///{SOCKET}")),
}


def make_root(suite: str) -> None:
    """Bootstrap a Debian with engines in it, where it is not there yet."""
    root = ROOTS / suite
    with one_at_a_time(f"engines-{suite}"):
        if root.exists():
            return
        say(f"installing engines of Debian {suite} into {root.relative_to(CACHE.parent)}")
        part = root.with_name(f"{suite}.part")
        shutil.rmtree(part, ignore_errors=True)
        mirror = debian_mirror()
        run(["debootstrap", "--variant=minbase", suite, str(part), *([mirror] if mirror else [])])
        apt = ["chroot", str(part), "env", "DEBIAN_FRONTEND=noninteractive", "apt-get"]
        run([*apt, "install", "-y", "--no-install-recommends", *PACKAGES[suite]])
        # The usual ones of podman are more than a container on a small machine may ask for.
        settings = part / "etc/containers/containers.conf"
        settings.parent.mkdir(parents=True, exist_ok=True)
        settings.write_text('[containers]\ndefault_ulimits = ["nofile=1024:1024"]\n')
        part.rename(root)


@contextlib.contextmanager
def running(engine: OtherEngine) -> Iterator[tuple[str, tuple[str, ...]]]:
    """Keep `engine` running.

    Yields:
        The value for `DOCKER_HOST`, and what a command that reaches its containers begins with.
    """
    make_root(engine.suite)
    with one_at_a_time(f"engine-{engine.suite}"):
        shutil.rmtree(engine.root / "run", ignore_errors=True)
        (engine.root / "run").mkdir()
        log = engine.root / f"var/log/{engine.command[0]}.log"
        # Mounts made in it vanish with it; processes have the IDs that they have here, as those
        # of an engine of this machine do. No chroot: the kernel would show the paths in its
        # containers from this machine's root.
        root = engine.root
        script = " && ".join(
            [
                f"mount --bind {root} {root}",
                f"mount --rbind /proc {root}/proc",
                f"mount --rbind /dev {root}/dev",
                f"mount -t sysfs sysfs {root}/sys",
                f"mount --rbind /sys/fs/cgroup {root}/sys/fs/cgroup",
                # crun takes cgroups of one version or the other, not both.
                f"(umount {root}/sys/fs/cgroup/unified 2>/dev/null || true)",
                f"cd {root}",
                "pivot_root . mnt",
                "umount -l /mnt",
                "ip link set lo up",
                'exec "$@"',
            ]
        )
        command = ["unshare", "--mount", "--net", "sh", "-c", script, "sh", *engine.command]
        with (
            log.open("wb") as output,
            served(command, engine.host, output.fileno(), {"PATH": PATH}) as process,
        ):
            yield engine.host, ("nsenter", f"--net=/proc/{process.pid}/ns/net")


@contextlib.contextmanager
def served(
    command: Sequence[str], host: str, output: int, environment: dict[str, str] | None = None
) -> Iterator[subprocess.Popen[bytes]]:
    """Run an engine's `command` until the context ends; it answers at `host` when this begins."""
    process = subprocess.Popen(
        command, stdin=subprocess.DEVNULL, stdout=output, stderr=output, env=environment
    )
    try:
        deadline = time.monotonic() + START_SECONDS
        while not answers(host):
            if process.poll() is not None or time.monotonic() > deadline:
                fail(f"the engine did not start: {' '.join(command)}")
            time.sleep(0.1)
        yield process
    finally:
        process.send_signal(signal.SIGTERM)
        try:
            process.wait(STOP_SECONDS)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def answers(host: str) -> bool:
    """Whether an engine answers at `host`."""
    try:
        client = docker.DockerClient(base_url=host, timeout=5)
    except (docker.errors.DockerException, requests.RequestException):
        return False
    with contextlib.closing(client):
        return bool(client.ping())


def load(host: str, images: Sequence[str] = IMAGES) -> None:
    """Copy images of this machine's engine to the one at `host`, where it lacks them."""
    here, there = connect(), docker.DockerClient(base_url=host, timeout=600)
    for name in images:
        image = here.images.get(name)
        with contextlib.suppress(docker.errors.ImageNotFound):
            if there.images.get(name).id == image.id:
                continue
        say(f"loading {name}")
        named = name if name in image.tags else False
        there.images.load(image.save(named=named))  # type: ignore[arg-type]


def main(arguments: Sequence[str]) -> int:
    """`[ENGINE ...] [-- COMMAND]`: run the tests, or a command, with each engine."""
    at = arguments.index("--") if "--" in arguments else len(arguments)
    names, command = arguments[:at], arguments[at + 1 :]
    if unknown := set(names) - set(ENGINES):
        fail(f"no such engine: {', '.join(sorted(unknown))}; there are {', '.join(ENGINES)}")
    chosen = " or ".join(f"[{name}]" for name in SAMPLES)
    tests = [sys.executable, "-m", "pytest", "-m", "docker", "-q", *TESTS]
    samples = ["tests/integration/test_samples.py", "-k", f"not sample_images and ({chosen})"]
    worst = 0
    for name in names or ENGINES:
        with running(ENGINES[name]) as (host, inside):
            load(host)
            environment = {**os.environ, "DOCKER_HOST": host}
            for each in [command] if command else [tests, [*tests[:5], *samples]]:
                say(f"{name}: {' '.join(each)}")
                worst = max(
                    worst, subprocess.run([*inside, *each], env=environment, check=False).returncode
                )
    return worst


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
