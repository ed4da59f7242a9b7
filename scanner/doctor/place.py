"""Looks at the machine itself: its FIPS mode, processors, memory, Python, and where output goes."""

from __future__ import annotations

import importlib.metadata
import locale
import os
import platform
import sys
from pathlib import Path

from scanner import __version__
from scanner.doctor.model import IN_A_CONTAINER, Check, State
from scanner.machine import memory, processors, side_by_side
from scanner.simulate.limits import RunLimits
from scanner.simulate.native import FLAG

_LIBRARIES = ("docker", "testcontainers", "lief", "hyperscan", "cryptography", "typer")
_OLDEST = (3, 11)
_MANY = 100
"""Images, more than go side by side anywhere."""
_SCANNER = 512 * 2**20
"""Bytes that inspecting an image takes, beside its container."""


def fips_check(flag: Path = Path(FLAG)) -> Check:
    """Whether this machine is a FIPS node itself."""
    try:
        on = flag.read_text().strip() == "1"
    except OSError:
        return Check("fips", State.OK, "this kernel has no FIPS flag", "FIPS nodes are simulated.")
    if not on:
        return Check(
            "fips", State.OK, "this machine is not in FIPS mode", "FIPS nodes are simulated."
        )
    return Check(
        "fips",
        State.LIMITED,
        "this machine is in FIPS mode",
        "The baseline runs under FIPS as well, so what breaks there does not show as a difference.",
        ("fips-scanner scan IMAGE  # on a machine without fips=1, to compare",),
    )


def machine_check() -> Check:
    """What there is to work with, and how many scans go side by side."""
    if not hasattr(os, "sched_getaffinity"):  # macOS, where the scanner runs in a container
        return Check("machine", State.OK, f"{os.cpu_count() or 1} processors")
    cpus, free, means = processors(), memory(), side_by_side(_MANY)
    found = f"{cpus} processor{'' if cpus == 1 else 's'}"
    if free is not None:
        found += f", {free / 2**30:.1f} GiB of memory free"
    found += f"; --jobs {means.scans} where nothing else is said"
    if free is None:
        return Check("machine", State.OK, found)
    wanted = RunLimits().memory + _SCANNER
    if free >= wanted:
        return Check("machine", State.OK, found)
    return Check(
        "machine",
        State.LIMITED,
        found,
        f"A scan may take {wanted / 2**30:.1f} GiB; with less, workers or containers are ended.",
        ("fips-scanner scan IMAGE --workers 1",),
    )


def python_check() -> Check:
    """The interpreter and the libraries that do the work."""
    version = platform.python_version()
    libraries = ", ".join(f"{name} {_version(name)}" for name in _LIBRARIES)
    found = f"scanner {__version__}, Python {version}, {_system()}; {libraries}"
    if sys.version_info < _OLDEST:  # as a wheel that was unpacked by hand
        means = f"The scanner is made for Python {'.'.join(map(str, _OLDEST))} or later."
        return Check("python", State.MISSING, found, means)
    if sys.platform != "linux":
        return Check(
            "python",
            State.LIMITED,
            found,
            "The scanner is made for Linux: run it as a container.",
            (IN_A_CONTAINER,),
        )
    return Check("python", State.OK, found)


def _version(name: str) -> str:
    try:
        return importlib.metadata.version(name)
    except importlib.metadata.PackageNotFoundError:
        return "missing"


def _system() -> str:
    try:
        return platform.freedesktop_os_release()["PRETTY_NAME"]
    except (OSError, KeyError):
        return platform.platform(terse=True)


def output_check(encoding: str, *, terminal: bool) -> Check:
    """Whether text can be written as it is meant."""
    name = locale.setlocale(locale.LC_CTYPE, None)
    where = "a terminal" if terminal else "no terminal"
    found = f"{encoding or 'unknown encoding'}, locale {name}, {where}"
    if "utf" in encoding.lower():
        return Check("output", State.OK, found)
    return Check(
        "output",
        State.LIMITED,
        found,
        "Text reports have no colors, and letters beyond ASCII may be written as escapes.",
        ("export LC_ALL=C.UTF-8",),
    )
