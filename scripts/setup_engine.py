"""Sees to it that this machine has the packages and the container engine that the tests need.

Runs before anything is installed, so it must stay with the standard library; and it must never
stop or reconfigure an engine that it did not start.
"""

from __future__ import annotations

import http.client
import importlib.util
import os
import shutil
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path
from urllib.parse import urlsplit

ROOT = Path(__file__).resolve().parent.parent
STATE = ROOT / ".cache" / "engine"
PID_FILE = STATE / "dockerd.pid"
LOG_FILE = STATE / "dockerd.log"
DEFAULT_SOCKET = "unix:///var/run/docker.sock"
START_SECONDS = 60.0

PROGRAMS = {
    "debootstrap": ("debootstrap",),
    "docker-registry": ("docker-registry",),
    "iptables": ("iptables",),
    "gcc": ("gcc", "libc6-dev"),
    "busybox": ("busybox",),
    "openssl": ("openssl",),
    "chromium": ("chromium",),
    "chromedriver": ("chromium-driver",),
}
"""Programs that setting up and testing need, and the Debian packages that bring them."""


class SetupError(Exception):
    """Setting up failed; the text says what to do by hand."""


def say(text: str) -> None:
    """Tell the user on stderr, so that pipes keep clean output."""
    print(f"setup: {text}", file=sys.stderr, flush=True)


class UnixConnection(http.client.HTTPConnection):
    """HTTP over a Unix socket, which is how an engine on this machine listens."""

    def __init__(self, path: str, timeout: float) -> None:
        super().__init__("localhost", timeout=timeout)
        self.path = path

    def connect(self) -> None:
        self.sock = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self.sock.settimeout(self.timeout)
        self.sock.connect(self.path)


def engine_address() -> str:
    """Where the engine is looked for: `DOCKER_HOST`, else the usual socket."""
    return os.environ.get("DOCKER_HOST") or DEFAULT_SOCKET


def engine_answers(timeout: float = 5.0) -> bool:
    """Whether an engine answers a ping. One reached through ssh or TLS is taken at its word."""
    url = urlsplit(engine_address())
    if url.scheme == "unix":
        connection: http.client.HTTPConnection = UnixConnection(url.path, timeout)
    elif url.scheme in {"tcp", "http"} and not os.environ.get("DOCKER_TLS_VERIFY"):
        connection = http.client.HTTPConnection(
            url.hostname or "localhost", url.port or 2375, timeout=timeout
        )
    else:
        return True
    try:
        connection.request("GET", "/_ping")
        return connection.getresponse().status == http.client.OK
    except (OSError, http.client.HTTPException):
        return False
    finally:
        connection.close()


def missing_packages() -> list[str]:
    """Debian packages to install: of the programs that are not there, and of `venv`."""
    packages = [
        package
        for program, names in PROGRAMS.items()
        if not (shutil.which(program) or Path("/usr/sbin", program).exists())
        for package in names
    ]
    if importlib.util.find_spec("ensurepip") is None:
        packages.append("python3-venv")
    if not engine_answers() and shutil.which("dockerd") is None:
        packages.append("docker.io")
    return packages


def install(packages: list[str]) -> None:
    """Install Debian packages.

    Raises:
        SetupError: no rights, no apt, or the installation failed.
    """
    wanted = " ".join(packages)
    if shutil.which("apt-get") is None:
        raise SetupError(f"this machine has no apt-get; install by other means: {wanted}")
    prefix = [] if os.geteuid() == 0 else ["sudo", "-n"]
    if prefix and shutil.which("sudo") is None:
        raise SetupError(f"not root; run once as root: apt-get install {wanted}")
    say(f"installing {wanted}")
    env = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
    apt = [*prefix, "apt-get", "-qq", "-o", "Dpkg::Use-Pty=0"]
    registry_is_new = "docker-registry" in packages
    with (STATE / "apt.log").open("ab") as log:
        # One unrelated source that cannot be reached makes `update` fail while all that is
        # needed is there: only the installation decides.
        subprocess.run([*apt, "update"], env=env, stdout=log, stderr=log, check=False)
        done = subprocess.run(
            [*apt, "install", "-y", "--no-install-recommends", *packages],
            env=env,
            stdout=log,
            stderr=log,
            check=False,
        )
    if done.returncode:
        tail = (STATE / "apt.log").read_text(errors="replace").splitlines()[-8:]
        raise SetupError("\n".join([f"apt-get install {wanted} failed:", *tail]))
    if registry_is_new and under_systemd():
        # The tests start a registry of their own; the service would hold a port for nothing.
        subprocess.run([*prefix, "systemctl", "disable", "--now", "docker-registry"], check=False)


def under_systemd() -> bool:
    return Path("/run/systemd/system").is_dir()


def wait_for_engine(seconds: float, process: subprocess.Popen[bytes] | None = None) -> bool:
    """Whether an engine answers within `seconds`; gives up early when `process` has ended."""
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        if engine_answers():
            return True
        if process is not None and process.poll() is not None:
            return False
        time.sleep(0.3)
    return False


def start_engine() -> None:
    """Use the engine that answers; else start one and say so.

    Raises:
        SetupError: no engine answers and none could be started.
    """
    if engine_answers():
        ours = "the engine started by an earlier run" if our_engine() else "the engine"
        say(f"using {ours} at {engine_address()}")
        return
    if engine_address() != DEFAULT_SOCKET:
        raise SetupError(f"no engine answers at DOCKER_HOST={engine_address()}; start it or unset")
    if under_systemd():
        say("no container engine answers: starting the docker service")
        subprocess.run(["systemctl", "start", "docker"], check=False)
        if wait_for_engine(START_SECONDS):
            return
    if os.geteuid() != 0:
        raise SetupError("no container engine answers, and starting one takes root")
    say(f"no container engine answers: starting dockerd (log: {LOG_FILE.relative_to(ROOT)})")
    say("`make engine-stop` stops it again")
    with LOG_FILE.open("ab") as log:
        process = subprocess.Popen(
            ["dockerd", "--pidfile", str(PID_FILE)],
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            start_new_session=True,
            cwd="/",
        )
    if not wait_for_engine(START_SECONDS, process):
        tail = LOG_FILE.read_text(errors="replace").splitlines()[-8:]
        raise SetupError("\n".join(["dockerd did not come up:", *tail]))
    say("the engine is up")


def our_engine() -> int | None:
    """The process ID of the dockerd that `start_engine` started, or None."""
    try:
        pid = int(PID_FILE.read_text())
        name = Path(f"/proc/{pid}/comm").read_text().strip()
    except (OSError, ValueError):
        return None
    return pid if name == "dockerd" else None


def stop_engine() -> None:
    """Stop the engine if it is ours; leave every other one alone."""
    pid = our_engine()
    if pid is None:
        say("no engine of ours is running")
        return
    os.kill(pid, signal.SIGTERM)
    deadline = time.monotonic() + 30
    while our_engine() is not None and time.monotonic() < deadline:
        time.sleep(0.2)
    say("engine stopped" if our_engine() is None else f"dockerd (pid {pid}) is still stopping")


def main(arguments: list[str]) -> int:
    """`packages`, `start` or `stop`; returns the exit code."""
    actions = {"packages": lambda: None, "start": start_engine, "stop": stop_engine}
    if len(arguments) != 1 or arguments[0] not in actions:
        say(f"usage: setup_engine.py {'|'.join(actions)}")
        return 2
    STATE.mkdir(parents=True, exist_ok=True)
    try:
        if arguments[0] != "stop" and (packages := missing_packages()):
            install(packages)
        actions[arguments[0]]()
    except SetupError as error:
        say(str(error))
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
