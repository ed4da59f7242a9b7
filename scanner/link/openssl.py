"""Says in which state each OpenSSL of an image starts: its configuration, provider and mode.

Puts the library's compiled-in folders, the environment and the configuration files together.
Opens no file, and does not say who uses the library.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from scanner.facts import fact
from scanner.link.openssl_config import Loaded, Request, interpret, load
from scanner.link.openssl_files import (
    FIPS_PROVIDER,
    Library,
    Reading,
    can_load,
    is_fips,
    looks_fips,
    provider_file,
    provider_module,
    read_config,
)
from scanner.link.world import Linked, World
from scanner.model import Activation, Fact, FactKind, Module

OPENSSL = "openssl"
_FORCE = "OPENSSL_FORCE_FIPS_MODE"
_RED_HAT = "/etc/pki/tls"
"""Where the builds of Red Hat and its kin have their configuration."""


@dataclass(frozen=True, slots=True)
class Served:
    """Which module serves a program that calls an OpenSSL library, and in which mode."""

    module: Module
    library: Module | None
    """The library, where the module is a provider in another file."""
    activation: Activation
    reason: str


def link(world: World) -> Linked:
    """OPENSSL_STATE facts, one for each OpenSSL library and each file with OpenSSL inside."""
    seen: dict[str, Fact] = {}
    for each in world.facts.of(FactKind.MODULE_CODE):
        if each.text("module") == OPENSSL and each.text("form") in ("library", "static"):
            seen.setdefault(each.path, each)
    return Linked(tuple(_state(world, each) for each in seen.values()))


def served_by(world: World, path: str) -> Served | None:
    """The module behind the OpenSSL in `path`, or None where no state is known for it.

    With a FIPS provider at hand the provider is the module asked about, active or not.
    """
    state = world.facts.one(FactKind.OPENSSL_STATE, path)
    if state is None:
        return None
    library = Module(OPENSSL, _name(world, OPENSSL, "OpenSSL"), state.text("version"), path)
    activation, reason = Activation(state.text("activation")), state.text("reason")
    if not state.text("provider"):
        return Served(library, None, activation, reason)
    module = state.text("provider_module")
    provider = Module(
        module,
        _name(world, module, "OpenSSL FIPS provider"),
        state.text("provider_version"),
        state.text("provider"),
    )
    return Served(provider, library, activation, reason)


def _name(world: World, module: str, otherwise: str) -> str:
    rule = world.rules.modules.get(module)
    return rule.name if rule is not None else otherwise


def _state(world: World, code: Fact) -> Fact:
    library = _library(world, code)
    if library.numbers and library.numbers < (3,):
        return _state_of_old(world, library)
    return _state_of_3(world, library)


def _library(world: World, code: Fact) -> Library:
    version = code.text("version")
    is_node = code.text("form") == "static" and any(
        each.kind is FactKind.RUNTIME and each.text("name") == "node"
        for each in world.facts.at(code.path)
    )
    shared_config = "--openssl-shared-config" in (world.start.get("NODE_OPTIONS") or "")
    return Library(
        path=code.path,
        version=version,
        numbers=tuple(int(part) for part in re.findall(r"\d+", version)[:3]),
        folder=code.text("openssl_dir"),
        modules=world.start.get("OPENSSL_MODULES") or code.text("modules_dir"),
        reads_flag=code.flag("reads_kernel_flag"),
        fips_build=code.text("fips"),
        application="nodejs_conf" if is_node and not shared_config else "openssl_conf",
        untold=_untold(world, is_node=is_node, reads_flag=code.flag("reads_kernel_flag")),
    )


def _untold(world: World, *, is_node: bool, reads_flag: bool) -> str:
    """What decides over the library and is only put together when the container starts."""
    names = ["OPENSSL_CONF", "OPENSSL_MODULES", "OPENSSL_CONF_INCLUDE"]
    names += ["NODE_OPTIONS"] if is_node else []
    return world.start.unknown(*names, *([_FORCE] if reads_flag else []))


# --- OpenSSL 3 -----------------------------------------------------------------------------


def _state_of_3(world: World, library: Library) -> Fact:
    reading = read_config(world, library)
    request = Request()
    if reading.conf is not None:
        # An unknown version is taken for a recent one.
        request = interpret(reading.conf, library.numbers or (3, 3), library.application)
    loaded = load(request, lambda each: can_load(world, library, each))
    active_fips = next((n for n in loaded.names if is_fips(world, library, request, n)), "")
    listed = [each for each in request.providers if looks_fips(each)]
    provider = provider_file(world, library, listed)
    module, provider_version = provider_module(world, provider)
    # A provider under a name of its own, demanded by the configuration.
    module = module or (FIPS_PROVIDER if provider else "")
    activation, reason = _judge_mode(
        world, library, reading, request, loaded, active_fips, provider, provider_version
    )
    flag_fails = library.reads_flag and not provider and _flag_counts(library, reading, request)
    return fact(
        FactKind.OPENSSL_STATE,
        library.path,
        library=library.path,
        version=library.version,
        config=reading.path,
        config_file=(world.view.resolve(reading.path) or "") if reading.found else "",
        config_found=reading.found,
        fips_activated=bool(active_fips),
        fips_listed=bool(listed),
        fips_properties=request.requires_fips,
        provider=provider,
        provider_version=provider_version,
        provider_module=module,
        fipsmodule=any(each.has_mac for each in listed),
        module_mac=next((each.mac for each in listed if each.has_mac), ""),
        activation=activation,
        broken=request.requires_fips and not active_fips,
        breaks_on_host=flag_fails,
        reads_kernel_flag=library.reads_flag,
        reason=reason,
        evidence=_evidence(reading, request, loaded),
    )


def _judge_mode(
    world: World,
    library: Library,
    reading: Reading,
    request: Request,
    loaded: Loaded,
    active_fips: str,
    provider: str,
    provider_version: str,
) -> tuple[str, str]:
    """Activation, and the sentence that says why."""
    where = reading.path or "no configuration"
    if library.untold:
        return "unknown", library.untold
    if reading.unseen:
        return "unknown", f"{where} cannot be followed to its end: {reading.unseen}"
    if request.requires_fips and active_fips:
        return "on", f"{where} activates the {active_fips} provider and requires fips=yes"
    if request.requires_fips:
        lacks = _why_not_loaded(library, request, loaded, provider)
        return "off", f"{where} requires fips=yes, but {lacks}: even SHA-256 fails"
    if active_fips and loaded.serves_beyond(active_fips):
        return "off", f"{where} activates {active_fips} but does not require fips=yes"
    if active_fips:
        numbers = tuple(int(part) for part in re.findall(r"\d+", provider_version)[:2])
        if numbers == (3, 0):
            return "on", f"{where} activates only the {active_fips} provider"
        return "off", (
            f"{where} activates only {active_fips} but does not require fips=yes, and since 3.1 "
            "that provider also holds algorithms that are not approved"
        )
    forced = _forced(world, library)
    if provider and forced is not None:
        switch, said = forced
        return ("on" if switch else "off"), f"{_FORCE} {said}"
    if provider and library.reads_flag:
        return "host", "this build loads its FIPS provider where the kernel's FIPS flag reads 1"
    if library.reads_flag and _flag_counts(library, reading, request):
        return "none", (
            "no FIPS provider; this build wants one where the kernel's FIPS flag reads 1, and "
            "serves nothing there without it"
        )
    if library.reads_flag:
        return "none", (
            "no FIPS provider; this build looks for one only while it carries out its "
            f"configuration, and {where} makes no error of its absence"
        )
    if provider:
        return "off", _why_off(reading, request, where)
    return "none", f"no FIPS provider in {library.modules or 'the image'}"


def _flag_counts(library: Library, reading: Reading, request: Request) -> bool:
    """Whether a build that reads the kernel's flag fails for want of a provider.

    Red Hat's reads it as it carries out `providers`, and like any error of the configuration a
    missing provider then counts only with `config_diagnostics`. Ubuntu's needs no configuration.
    """
    if library.folder != _RED_HAT:
        return True
    if reading.conf is None or not request.providers:
        return False
    value = reading.conf.get("default", "config_diagnostics") or ""
    return value.lstrip("0")[:1].isdecimal()


def _why_off(reading: Reading, request: Request, where: str) -> str:
    if reading.problem:
        return f"{where} is not accepted ({reading.problem}), so the default provider serves"
    if request.error:
        return f"{where} is only followed up to an error: {request.error}"
    if not reading.found:
        return f"{where} does not exist, so the default provider serves"
    return f"{where} does not activate the FIPS provider"


def _why_not_loaded(library: Library, request: Request, loaded: Loaded, provider: str) -> str:
    for each in request.providers:
        if looks_fips(each) and each.name in loaded.failed:
            if provider and not each.has_mac:
                return f"the checksum of {each.name} (fipsmodule.cnf) is missing"
            return f"{each.module or each.name + '.so'} is not in {library.modules or 'place'}"
    if any(looks_fips(each) for each in request.providers):
        return "the FIPS provider is listed and not activated"
    return "no FIPS provider is activated"


def _forced(world: World, library: Library) -> tuple[bool, str] | None:
    """What OPENSSL_FORCE_FIPS_MODE makes of this library, and how to say it; None for nothing."""
    value = world.start.get(_FORCE)
    if value is None or not library.reads_flag:
        return None
    release = next(iter(world.facts.of(FactKind.OS_RELEASE)), None)
    if release is not None and release.text("id") == "ubuntu":
        # Ubuntu documents 0 as the way to switch off; elsewhere any value switches on.
        return (
            value != "0",
            f"is {value}, which Ubuntu's build takes as {'off' if value == '0' else 'on'}",
        )
    return True, "is set, and this build takes any value as on"


def _evidence(reading: Reading, request: Request, loaded: Loaded) -> tuple[str, ...]:
    lines = []
    if loaded.names:
        lines.append("activated: " + ", ".join(loaded.names))
    if loaded.failed:
        lines.append("cannot load: " + ", ".join(loaded.failed))
    if request.properties:
        lines.append(f"default_properties = {request.properties}")
    if request.error or reading.problem:
        lines.append(f"{reading.path}: {request.error or reading.problem}")
    if reading.conf is not None:
        lines.extend(f"missing include: {each}" for each in reading.conf.missing[:5])
    return tuple(lines)


# --- OpenSSL 1.x ---------------------------------------------------------------------------


def _state_of_old(world: World, library: Library) -> Fact:
    """A 1.x library: upstream's has no approved mode, a distribution's FIPS build may."""
    is_fips_build = library.fips_build not in ("", "no")
    lacks_hmac = is_fips_build and not any(_integrity_files(world, library.path))
    if not is_fips_build:
        activation, reason = "none", f"OpenSSL {library.version} is not a FIPS build"
    elif library.untold:
        activation, reason = "unknown", library.untold
    elif lacks_hmac:
        activation = "off"
        reason = "a FIPS build without its .hmac file: it aborts where FIPS mode is asked for"
    elif (forced := _forced(world, library)) is not None:
        activation, reason = ("on" if forced[0] else "off"), f"{_FORCE} {forced[1]}"
    else:
        activation = "host"
        reason = "a FIPS build that follows the kernel's FIPS flag"
    return fact(
        FactKind.OPENSSL_STATE,
        library.path,
        library=library.path,
        version=library.version,
        config="",
        config_found=False,
        fips_activated=False,
        fips_listed=False,
        fips_properties=False,
        provider="",
        provider_version="",
        provider_module="",
        fipsmodule=False,
        activation=activation,
        broken=lacks_hmac and world.start.get(_FORCE) is not None,
        breaks_on_host=lacks_hmac,
        reads_kernel_flag=library.reads_flag,
        reason=reason,
    )


def _integrity_files(world: World, path: str) -> Iterator[Fact]:
    """Checksum files for the library: beside it, under any of the names that lead to it."""
    for each in world.facts.of(FactKind.INTEGRITY_FILE):
        covers = each.text("covers")
        if each.text("form") == "hmac" and world.view.resolve(covers) == path:
            yield each
