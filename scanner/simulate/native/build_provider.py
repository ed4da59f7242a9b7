"""Builds OpenSSL's FIPS provider for C libraries that no distribution builds it for.

Runs OpenSSL's own build on this machine, so only on a source that the user vouches for. What comes
out is for simulated runs and says so in its version: it is not a validated module, whatever the
source's version is.
"""

from __future__ import annotations

import importlib.util
import os
import re
import shutil
import subprocess
import tarfile
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from scanner.errors import ScannerError, UsageError
from scanner.progress import NoProgress, Progress
from scanner.simulate.provider import MARK, FipsProvider, read_provider

FLAGS = ("enable-fips", "no-tests", "-Wl,-s")
SECONDS = 1800
"""For each step; the longest took 45 s on two processors."""
MAX_SOURCE = 2 * 2**30
"""Bytes of the unpacked source; OpenSSL 3.5.7 has 140 MiB."""

_VERSION = re.compile(r'^(# *define OPENSSL_(?:FULL_)?VERSION_STR +"[^"]*)"', re.MULTILINE)


@dataclass(frozen=True, slots=True)
class Target:
    """What a provider is built for."""

    architecture: str
    """In the words of the OCI image specification: `amd64`."""
    libc: str
    configuration: str
    """OpenSSL's name of the target."""
    triple: str
    """The compiler's name of the target, with the oldest GNU C library that shall do."""

    @property
    def name(self) -> str:
        """For example `amd64-musl`."""
        return f"{self.architecture}-{self.libc}"


TARGETS = {
    target.name: target
    for target in (
        Target("amd64", "glibc", "linux-x86_64", "x86_64-linux-gnu.2.17"),
        Target("amd64", "musl", "linux-x86_64", "x86_64-linux-musl"),
        Target("arm64", "glibc", "linux-aarch64", "aarch64-linux-gnu.2.17"),
        Target("arm64", "musl", "linux-aarch64", "aarch64-linux-musl"),
    )
}


def build_provider(
    source: Path, target: Target, *, progress: Progress | None = None
) -> FipsProvider:
    """Build the provider from OpenSSL's release archive `source`.

    The same source and compiler give the same bytes, wherever and whenever it is built.

    Raises:
        UsageError: a tool is missing, or `source` is no release archive of OpenSSL 3.
        ScannerError: OpenSSL's build failed.
    """
    progress = progress or NoProgress()
    with _prepared(source) as (folder, environment):
        build = _Build(folder, environment, f"{source.name} for {target.name}")
        progress.phase(f"configuring OpenSSL for {target.name}")
        compiler = f"CC=zig cc -target {target.triple}"
        build.run("./Configure", target.configuration, *FLAGS, compiler)
        build.make("build_generated")
        _mark(folder / "include" / "openssl" / "opensslv.h", source)
        progress.phase(f"building the FIPS provider for {target.name}")
        build.make("providers/fips.so")
        content = (folder / "providers" / "fips.so").read_bytes()
    provider = read_provider(content, f"built from {source.name}")
    if (provider.architecture, provider.libc) != (target.architecture, target.libc):
        raise ScannerError(f"{source} made a FIPS provider for something else than {target.name}")
    return provider


class _Build:
    """Runs the steps of OpenSSL's build; a step that fails ends it with its own last words."""

    def __init__(self, folder: Path, environment: dict[str, str], what: str) -> None:
        self._folder = folder
        self._environment = environment
        self._what = what

    def make(self, goal: str) -> None:
        """Have make build `goal` on all processors."""
        self.run("make", f"-j{len(os.sched_getaffinity(0))}", goal)

    def run(self, *command: str) -> None:
        """Run a command in the source's folder.

        Raises:
            ScannerError: it failed.
        """
        try:
            done = subprocess.run(  # noqa: S603 - the source is the user's, and says what to run
                command,
                cwd=self._folder,
                env=self._environment,
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT,
                text=True,
                errors="replace",
                timeout=SECONDS,
                check=False,
            )
        except subprocess.TimeoutExpired:
            raise ScannerError(f"building {self._what} took more than {SECONDS} s") from None
        if done.returncode:
            raise ScannerError(f"cannot build {self._what}: {_last_words(done.stdout)}")


@contextmanager
def _prepared(source: Path) -> Iterator[tuple[Path, dict[str, str]]]:
    """The unpacked source, and an environment that is the same on every machine."""
    missing = [name for name in ("perl", "make") if shutil.which(name) is None]
    if missing:
        raise UsageError(f"building needs {' and '.join(missing)}: apt-get install perl make")
    compiler = _compiler()
    with tempfile.TemporaryDirectory(prefix="fips-provider-") as scratch:
        tools = Path(scratch, "bin")
        tools.mkdir()
        # By name, so that no path of this machine gets into what is built.
        (tools / "zig").symlink_to(compiler)
        environment = {
            "PATH": f"{tools}:{os.environ.get('PATH', os.defpath)}",
            "HOME": scratch,
            "LC_ALL": "C",
            "AR": "zig ar",
            "RANLIB": "zig ranlib",
            "SOURCE_DATE_EPOCH": "1",
            "ZIG_GLOBAL_CACHE_DIR": f"{scratch}/zig",
            "ZIG_LOCAL_CACHE_DIR": f"{scratch}/zig",
        }
        yield _unpack(source, Path(scratch, "source")), environment


def _compiler() -> Path:
    """The compiler's program: a Python package brings it, for all targets at once."""
    package = importlib.util.find_spec("ziglang")
    if package is None or package.origin is None:
        raise UsageError("building needs the compiler zig: pip install ziglang")
    return Path(package.origin).with_name("zig")


def _unpack(source: Path, folder: Path) -> Path:
    """The one folder in a release archive of OpenSSL 3."""
    refused = UsageError(f"{source} is not a release archive of OpenSSL 3 (openssl-3.5.7.tar.gz)")
    try:
        with tarfile.open(source) as archive:
            size = 0
            for member in archive:
                size += member.size
                if size > MAX_SOURCE:
                    raise refused
                archive.extract(member, folder, filter="data")
    except (OSError, EOFError, tarfile.TarError) as error:
        if isinstance(error, FileNotFoundError) and not source.exists():
            raise UsageError(f"cannot read {source}: {error.strerror}") from error
        raise refused from error
    found = list(folder.glob("*/providers/fips/fipsprov.c"))
    if len(found) != 1 or not (found[0].parents[2] / "Configure").is_file():
        raise refused
    return found[0].parents[2]


def _mark(header: Path, source: Path) -> None:
    """Have the provider say in its version what it is for, wherever it is taken."""
    text, count = _VERSION.subn(rf'\1{MARK}"', header.read_text())
    if count != len(("version", "full version")):
        raise UsageError(f"{source} states no version where OpenSSL 3 does; take a release of it")
    header.write_text(text)


def _last_words(output: str) -> str:
    lines: Sequence[str] = [line.strip() for line in output.splitlines() if line.strip()]
    telling = [line for line in lines if re.search(r"\berror\b|\*\*\*", line, re.IGNORECASE)]
    return next(iter(telling or lines[-1:]), "it said nothing")[:300]
