"""Looks at what simulated runs are given: the scanner's programs, and FIPS providers."""

from __future__ import annotations

import contextlib
import importlib.metadata
import os
from collections.abc import Iterator
from pathlib import Path

from scanner.doctor.model import Check, State
from scanner.doctor.systems import DEBIAN, RED_HAT, commands
from scanner.simulate.native import PROGRAMS, built
from scanner.simulate.provider import FipsProvider, cache_folder, known_providers

_FILES = 20_000
"""That are counted in the cache."""
NAMES = {"glibc": "the GNU C library", "musl": "musl (Alpine)"}
_SOURCE = "openssl-3.5.7.tar.gz"


def helper_check(architecture: str) -> Check:
    """The programs that run inside containers, which are built when the scanner is installed."""
    absent = [each.name for each in PROGRAMS if not built(architecture, each).is_file()]
    if not absent:
        return Check("helpers", State.OK, f"{len(PROGRAMS)} programs for {architecture}")
    return Check(
        "helpers",
        State.MISSING,
        f"missing for {architecture}: {', '.join(absent)}",
        "No FIPS node is simulated and no library asked, so that no verdict is ready.",
        ("pip install --force-reinstall --no-deps fips-scanner  # for x86_64 and aarch64",),
    )


def provider_checks(architecture: str) -> tuple[Check, ...]:
    """The FIPS providers for OpenSSL 3 of images that have none, one check for each C library."""
    known = [each for each in known_providers() if each.architecture == architecture]
    return tuple(_provider(libc, architecture, known) for libc in NAMES)


def _provider(libc: str, architecture: str, known: list[FipsProvider]) -> Check:
    id_ = f"provider-{libc}"
    found = [each for each in known if each.libc in ("", libc)]
    if not found:
        return Check(
            id_,
            State.LIMITED,
            f"none for {architecture} images with {NAMES[libc]}",
            "OpenSSL 3 of images that bring no provider is left unrestricted in the enforced run, "
            "which keeps them from ready.",
            _get_provider(libc),
        )
    oldest = min(found, key=lambda each: each.glibc)
    said = [f"{found[0].described}, from {found[0].source}"]
    if len(found) > 1:
        said.append(f"and {len(found) - 1} more")
    if libc == "glibc" and any(oldest.glibc):
        said.append(f"for version {oldest.glibc[0]}.{oldest.glibc[1]} or later")
    return Check(id_, State.OK, ", ".join(said))


def _get_provider(libc: str) -> tuple[str, ...]:
    build = (
        "pip install 'fips-scanner[provider]'",
        f"fips-scanner provider build {_SOURCE} --libc {libc}  # a release of openssl.org",
    )
    if libc == "musl":
        return build
    packaged = {
        DEBIAN: (
            "apt-get download openssl-provider-fips  # in the archive of Debian 13",
            "fips-scanner provider import openssl-provider-fips_*.deb",
        ),
        RED_HAT: ("sudo dnf install openssl-fips-provider  # is found by itself",),
    }
    return (*commands(packaged), "# or, for older systems:", *build)


def compiler_check(*, needed: bool) -> Check:
    """The compiler for `provider build`; of no other use."""
    try:
        version = importlib.metadata.version("ziglang")
    except importlib.metadata.PackageNotFoundError:
        means = "Only `fips-scanner provider build` needs it."
        state = State.LIMITED if needed else State.OK
        get = ("pip install 'fips-scanner[provider]'",)
        return Check("compiler", state, "ziglang is not installed", means, get)
    return Check("compiler", State.OK, f"ziglang {version}", "It builds providers.")


def cache_check() -> Check:
    """Where providers are kept."""
    folder = cache_folder().parent
    size, cut = _size(folder)
    more = "more than " if cut else ""
    found = f"{folder}, {more}{_megabytes(size)}" if folder.is_dir() else f"{folder}, not there yet"
    if _writable(folder):
        return Check("cache", State.OK, found)
    return Check(
        "cache",
        State.LIMITED,
        f"{found}, not writable",
        "Providers cannot be kept: give one to each scan with --fips-provider.",
        ("export XDG_CACHE_HOME=/a/folder/of/yours",),
    )


def _writable(folder: Path) -> bool:
    for each in (folder, *folder.parents):
        if each.exists():
            return each.is_dir() and os.access(each, os.W_OK | os.X_OK)
    return False


def _size(folder: Path) -> tuple[int, bool]:
    """Bytes of all files in `folder`, and whether there were too many to count."""
    size = 0
    for count, each in enumerate(_files(folder)):
        if count >= _FILES:
            return size, True
        size += each
    return size, False


def _files(folder: Path) -> Iterator[int]:
    for path, _, names in os.walk(folder):
        for name in names:
            with contextlib.suppress(OSError):
                yield (Path(path) / name).lstat().st_size


def _megabytes(size: int) -> str:
    return f"{size / 1e6:.1f} MB"
