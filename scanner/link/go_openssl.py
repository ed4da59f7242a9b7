"""Says which OpenSSL serves a Go program of Microsoft's or Red Hat's toolchain, and in which mode.

Such a program loads it when it starts, and ends at once where there is none, or where FIPS is asked
for and OpenSSL is not in that mode. Observed with a library that Microsoft's Go 1.24 built
(teradatasql 20.0.0.25); by its documentation for other versions. Judges nothing.
"""

from __future__ import annotations

import re

from scanner.facts import fact
from scanner.link.go_mode import ON, fips140_mode
from scanner.link.loader import Loader
from scanner.link.openssl import Served, served_by
from scanner.link.world import World
from scanner.model import Activation, CryptoUse, Fact, FactKind, Module, UseKind

_NAMES = ("3", "1.1", "11", "111")
"""What is behind `libcrypto.so.` in the names that are tried, in order."""
_OLDER_NAMES = ("1.0.2", "1.0.0", "10")
_MICROSOFT_ENDS = (1, 25)
"""The first version of Microsoft's Go that no longer tries OpenSSL 1.0."""
_MICROSOFT_STRICT = (1, 24)
"""Its first version that no longer switches OpenSSL, and ends where it is not as asked for."""
_MICROSOFT_KNOWS_OFF = (1, 27)
"""Its first version that leaves FIPS mode by fips140=off, and by GOFIPS=0 no longer."""
_NUMBERS = re.compile(r"(\d+)\.(\d+)")


def with_openssl(
    build: Fact, world: World, loader: Loader, evidence: tuple[str, ...]
) -> tuple[CryptoUse, tuple[Fact, ...]]:
    """The use of OpenSSL by the program `build`, and what it lacks."""
    elf = world.facts.one(FactKind.ELF, build.path)
    machine = elf.text("machine") if elf else ""
    names = _library_names(build, world)
    paths = dict.fromkeys(path for name in names if (path := loader.find(name, machine)))
    found = [served for path in paths if (served := served_by(world, path)) is not None]
    if not found:
        reason = f"it ends when it starts: the image has no {names[0]} that it could load"
        use = CryptoUse(
            consumer=build.path,
            kind=UseKind.LOADED,
            module=_openssl(world),
            activation=Activation.NONE,
            activation_reason=reason,
            evidence=evidence,
        )
        missing = fact(FactKind.LIBRARY_MISSING, build.path, needed=names[0], evidence=(reason,))
        return use, (missing,)
    # One that is in FIPS mode by itself is taken before others.
    served = next((each for each in found if each.activation is Activation.ON), found[0])
    activation, reason = _activation(build, world, served)
    use = CryptoUse(
        consumer=build.path,
        kind=UseKind.LOADED,
        module=served.module,
        library=served.library,
        activation=activation,
        activation_reason=reason,
        evidence=evidence,
    )
    return use, ()


def _openssl(world: World) -> Module:
    rule = world.rules.modules.get("openssl")
    return Module("openssl", rule.name if rule else "OpenSSL", "", "")


def _library_names(build: Fact, world: World) -> tuple[str, ...]:
    if override := world.start.get("GO_OPENSSL_VERSION_OVERRIDE"):
        return (f"libcrypto.so.{override}",)
    is_new = build.text("toolchain") == "microsoft" and _version(build) >= _MICROSOFT_ENDS
    versions = _NAMES if is_new else (*_NAMES, *_OLDER_NAMES)
    return (*(f"libcrypto.so.{each}" for each in versions), "libcrypto.so")


def _version(build: Fact) -> tuple[int, int]:
    match = _NUMBERS.match(build.text("go_version"))
    return (int(match[1]), int(match[2])) if match else (0, 0)


def _activation(build: Fact, world: World, served: Served) -> tuple[Activation, str]:
    """The program must ask for FIPS and its OpenSSL must have it."""
    asks, said = _preference(build, world)
    strict = build.text("toolchain") == "microsoft" and _version(build) >= _MICROSOFT_STRICT
    if asks is False:
        clashes = strict and served.activation is Activation.ON
        ends = ", and ends when it starts, since OpenSSL is in it" if clashes else ""
        return Activation.OFF, f"{said}: it asks to be in no FIPS mode on any node{ends}"
    if served.activation in (Activation.OFF, Activation.NONE) and strict:
        where = f"since {said}" if asks else "on nodes whose FIPS flag is set"
        return served.activation, f"{served.reason}; it ends when it starts, {where}"
    if served.activation is not Activation.ON:
        return served.activation, served.reason
    if asks:
        return Activation.ON, f"{said}; {served.reason}"
    if untold := world.start.unknown("GOLANG_FIPS", "GOFIPS", "GODEBUG"):
        return Activation.UNKNOWN, untold
    return Activation.HOST, "asks for FIPS on nodes whose FIPS flag is set"


def _preference(build: Fact, world: World) -> tuple[bool | None, str]:
    """Whether the program asks for FIPS mode, and who says so; None leaves it to the node."""
    microsoft = build.text("toolchain") == "microsoft"
    mode = fips140_mode(build, world)
    if mode.value in ON:
        return True, mode.source
    knows_off = microsoft and _version(build) >= _MICROSOFT_KNOWS_OFF
    if knows_off and mode.value == "off" and mode.given:
        return False, mode.source
    for name in ("GOFIPS", "GOLANG_FIPS") if microsoft else ("GOLANG_FIPS", "GOFIPS"):
        given = world.start.variables.get(name)
        if given is None or given.value is None:
            continue
        if given.value == "1":
            return True, f"{name}=1 is set in {given.source}"
        if (microsoft and not knows_off) or (name == "GOLANG_FIPS" and given.value == "0"):
            return False, f"{name}={given.value} is set in {given.source}"
    if "requirefips" in build.texts("tags"):
        return True, "built with the tag requirefips"
    return None, ""
