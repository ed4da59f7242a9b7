"""Says which variables switch FIPS mode on in a Go program, by the toolchain that built it.

Reads what is known of the builds. Touches no container.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence

from scanner.model import Fact

GO_ONLY = "fips140=only"
_SINCE = (1, 24)
_FORKS = ("redhat", "microsoft")

Variables = tuple[tuple[str, str], ...]


def fork_variables(builds: Sequence[Fact]) -> Mapping[Variables, tuple[str, ...]]:
    """What programs of toolchains that use OpenSSL must be told → the paths of these programs.

    Never `only`, which Microsoft's Go knows since 1.27: like `on`, it needs an OpenSSL in FIPS
    mode, and what breaks by it alone would break in no production.
    """
    told: dict[Variables, tuple[str, ...]] = {}
    for name in _FORKS:
        forks = [build for build in builds if build.text("toolchain") == name]
        if forks:
            alone = len(forks) == len([b for b in builds if _reads_fips140(b)])
            told[_variables(name, forks, alone=alone)] = tuple(each.path for each in forks)
    return told


def _variables(name: str, forks: Sequence[Fact], *, alone: bool) -> Variables:
    if name != "microsoft":
        return (("GOLANG_FIPS", "1"),)
    # An image's GOFIPS=0 wins over GOLANG_FIPS=1, and fips140=on over both.
    variables = (("GOFIPS", "1"), ("GOLANG_FIPS", "1"))
    knows = any(_version(each) >= _SINCE for each in forks)
    return (*variables, ("GODEBUG", "fips140=on")) if knows and alone else variables


def _reads_fips140(build: Fact) -> bool:
    """Whether the variable would do something to it, which may be to end it."""
    return honors_fips140(build) or is_boring(build) or build.text("toolchain") in _FORKS


def is_boring(build: Fact) -> bool:
    """Whether it is built with BoringCrypto."""
    return "boringcrypto" in build.texts("experiments")


def honors_fips140(build: Fact) -> bool:
    """Whether a Go binary obeys `GODEBUG=fips140=only`."""
    plain = build.text("toolchain") in ("", "upstream")
    return plain and _version(build) >= _SINCE and not is_boring(build)


def _version(build: Fact) -> tuple[int, int]:
    found = re.match(r"(?:go)?(\d+)\.(\d+)", build.text("go_version"))
    return (int(found[1]), int(found[2])) if found else (0, 0)
