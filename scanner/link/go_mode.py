"""Says in which fips140 mode a Go program starts, and who says so.

Reads GODEBUG as Go does; which module that mode is of is found out elsewhere.
"""

from __future__ import annotations

from dataclasses import dataclass

from scanner.link.world import World
from scanner.model import Activation, Fact

ON = frozenset({"on", "only", "debug"})
OFF = frozenset({"off", ""})


@dataclass(frozen=True, slots=True)
class Mode:
    """The value of GODEBUG's fips140 at start, and who says so."""

    value: str
    source: str
    known: bool = True
    """Whether the value could be read; a script may compute it."""
    given: bool = True
    """Whether somebody says so; without it, it is Go's default."""


def fips140_mode(build: Fact, world: World) -> Mode:
    """Which fips140 mode the program starts in: the environment wins over the build."""
    given = world.start.variables.get("GODEBUG")
    if given is not None and given.value is None:
        return Mode("", world.start.unknown("GODEBUG"), known=False)
    if given is not None and given.value is not None:
        setting = _last(given.value, "fips140")
        if setting is not None:
            return Mode(setting, f"GODEBUG=fips140={setting} in {given.source}")
    if build.text("default_fips140"):
        value = build.text("default_fips140")
        return Mode(value, f"fips140={value} is built in")
    return Mode("off", "nothing switches fips140 on", given=False)


def _last(settings: str, name: str) -> str | None:
    """The value of `name` in GODEBUG, as Go reads it: the last one counts, spaces are not cut."""
    value = None
    for setting in settings.split(","):
        key, separator, text = setting.partition("=")
        if separator and key == name:
            value = text
    return value


def mode_state(mode: Mode, build: Fact) -> tuple[Activation, str]:
    """Observed with Go 1.27.3: an empty value is off, an unknown one panics before main."""
    if not mode.known:
        return Activation.UNKNOWN, mode.source
    if mode.value in ON:
        return Activation.ON, mode.source
    if mode.value in OFF:
        return Activation.OFF, mode.source
    if mode.value == "auto" and build.text("toolchain") == "redhat":
        return Activation.HOST, f"{mode.source}: on where the node's FIPS flag is set"
    return Activation.UNKNOWN, f"{mode.source}, a value with which Go panics at its start"
