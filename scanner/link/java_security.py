"""Says which security properties are in effect for a JVM: java.security, and what is laid over it.

Judges no provider and no algorithm.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from scanner.link.java_options import JvmOptions
from scanner.link.world import World
from scanner.model import FactKind

_REFUSES = "security.overridePropertiesFile=false"
_FOLDERS = ("conf/security", "jre/lib/security", "lib/security")


@dataclass(frozen=True, slots=True)
class Settings:
    """Provider lists and other settings in effect for one JVM."""

    providers: tuple[str, ...]
    fips_providers: tuple[str, ...]
    other: Mapping[str, str]
    source: str
    """The file that names the providers."""
    set_in: Mapping[str, str] = field(default_factory=dict)
    """Of each setting the file that it stands in."""
    refuses_overlay: bool = False
    """java.security forbids to lay another file over it."""


def settings_of(world: World, home: str, options: JvmOptions) -> Settings:
    """The settings of the JVM at `home` when it is started with `options`."""
    master = next(
        (
            found
            for each in _FOLDERS
            if (path := world.view.resolve(f"{home}/{each}/java.security"))
            and (found := world.facts.one(FactKind.JAVA_SECURITY, path))
        ),
        None,
    )
    overlay = (
        world.facts.one(FactKind.JAVA_SECURITY, options.security_file)
        if options.security_file
        else None
    )
    refuses = master is not None and _REFUSES in master.texts("properties")
    overlay = None if refuses else overlay
    layers = [overlay] if options.replaces and overlay else [master, overlay]
    values: dict[str, str] = {}
    set_in: dict[str, str] = {}
    source = ""
    for layer in layers:
        if layer is not None:
            source = layer.path if layer.texts("providers") else source
            told = dict(_pair(each) for each in layer.texts("properties"))
            values.update(told)
            set_in.update(dict.fromkeys(told, layer.path))
    return Settings(
        _in_order("security", values),
        _in_order("fips", values),
        values,
        source or "java.security",
        set_in,
        refuses,
    )


def _pair(text: str) -> tuple[str, str]:
    key, _, value = text.partition("=")
    return key, value


def _in_order(kind: str, values: Mapping[str, str]) -> tuple[str, ...]:
    """Providers 1, 2, 3 …; the JVM stops at the first number that is missing."""
    found: list[str] = []
    while value := values.get(f"{kind}.provider.{len(found) + 1}"):
        found.append(value)
    return tuple(found)


def semeru_profile(settings: Settings, options: JvmOptions) -> str | None:
    """The profile of restricted security, `""` where it is not known, None without FIPS mode."""
    if options.property("semeru.fips") != "true":
        return None
    if named := options.property("semeru.customprofile"):
        return named
    marked = (
        key.removeprefix("RestrictedSecurity.").removesuffix(".desc.default")
        for key, value in settings.other.items()
        if key.startswith("RestrictedSecurity.")
        and key.endswith(".desc.default")
        and value == "true"
    )
    return next(marked, "")
