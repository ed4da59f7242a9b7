"""Finds the files behind an OpenSSL library: its configuration and its providers.

Answers from the facts and the file tree; says nothing of modes.
"""

from __future__ import annotations

from dataclasses import dataclass

from scanner.formats.openssl_conf import Conf, ConfSyntaxError, parse
from scanner.link.openssl_config import Provider, Request
from scanner.link.world import World
from scanner.model import FactKind, FileKind

FIPS_PROVIDER = "openssl-fips-provider"
_USUAL_MODULE = {
    "fips.so": FIPS_PROVIDER,
    "symcryptprovider.so": "symcrypt",
    "libwolfprov.so": "wolfcrypt-fips",
}
_FIPS_FILES = tuple(_USUAL_MODULE)
_FIPS_MODULES = frozenset({FIPS_PROVIDER, "symcrypt", "wolfcrypt-fips"})
_FIPS_NAMES = frozenset(name.removesuffix(".so") for name in _FIPS_FILES)
# Where distributions keep openssl.cnf, for a library whose own folder could not be read.
_USUAL_FOLDERS = ("/etc/pki/tls", "/usr/lib/ssl", "/etc/ssl", "/usr/local/ssl")


@dataclass(frozen=True, slots=True)
class Library:
    """What is known of one OpenSSL before its configuration is looked at."""

    path: str
    version: str
    numbers: tuple[int, ...]
    folder: str
    modules: str
    reads_flag: bool
    fips_build: str
    application: str
    untold: str
    """Which variable that decides cannot be told, or `""`."""


@dataclass(frozen=True, slots=True)
class Reading:
    """A configuration as far as it could be read."""

    path: str
    found: bool
    conf: Conf | None
    problem: str = ""
    unseen: str = ""
    """Why the scanner does not know all that the library would read, or `""`."""


# --- providers -----------------------------------------------------------------------------


def looks_fips(provider: Provider) -> bool:
    file = provider.module.rsplit("/", 1)[-1]
    return provider.name in _FIPS_NAMES or file in _FIPS_FILES or provider.has_mac


def is_fips(world: World, library: Library, request: Request, name: str) -> bool:
    """Whether the active provider `name` is one with approved algorithms only."""
    return any(
        looks_fips(each)
        or provider_module(world, located(world, library, each))[0] in _FIPS_MODULES
        for each in request.providers
        if each.name == name and each.activate
    )


def located(world: World, library: Library, provider: Provider) -> str:
    """The file OpenSSL would load, or `""`. A bare name gets `.so`, a named file does not."""
    file = provider.module or f"{provider.name}.so"
    if not file.startswith("/"):
        if not library.modules:
            return ""
        file = f"{library.modules}/{file}"
    return world.view.resolve(file) or ""


def can_load(world: World, library: Library, provider: Provider) -> bool:
    if not located(world, library, provider):
        return False
    # Builds that read the kernel flag carry the provider's checksum inside the provider.
    needs_mac = looks_fips(provider) and provider.name == "fips" and not library.reads_flag
    return provider.has_mac or not needs_mac


def provider_file(world: World, library: Library, listed: list[Provider]) -> str:
    """The FIPS provider this library has at hand: the listed one, else one where it looks."""
    for each in (*(each for each in listed if each.activate), *listed):
        if found := located(world, library, each):
            return found
    if library.modules:
        for name in _FIPS_FILES:
            usual = world.view.resolve(f"{library.modules}/{name}")
            if usual is not None:
                return usual
    return ""


def provider_module(world: World, path: str) -> tuple[str, str]:
    """Module id and version of the provider in `path`; two empty texts without one."""
    if not path:
        return "", ""
    for each in world.facts.at(path):
        # One of OpenSSL's own plug-ins holds no algorithms of its own validation.
        if each.kind is FactKind.MODULE_CODE and each.text("module") != "openssl":
            return each.text("module"), each.text("version")
    return _USUAL_MODULE.get(path.rsplit("/", 1)[-1], ""), ""


# --- configuration -------------------------------------------------------------------------


def read_config(world: World, library: Library) -> Reading:
    path = _config_path(world, library)
    if not path:
        return Reading("", found=False, conf=None)
    unseen: list[str] = []

    def read(wanted: str) -> str | None:
        resolved = world.view.resolve(_absolute(world, wanted))
        if resolved is None:
            return None
        entry = world.view.entry(resolved)
        if entry is None or entry.kind not in (FileKind.FILE, FileKind.HARDLINK):
            return None
        seen = world.facts.one(FactKind.OPENSSL_CONFIG_FILE, resolved)
        if seen is None:
            if entry.size:
                unseen.append(f"{wanted} was not read")
            return ""
        return seen.text("text")

    def children(wanted: str) -> tuple[str, ...] | None:
        resolved = world.view.resolve(_absolute(world, wanted))
        entry = world.view.entry(resolved) if resolved else None
        is_folder = entry is not None and entry.kind is FileKind.DIRECTORY
        return world.view.children(resolved) if is_folder and resolved else None

    text = read(path)
    if text is None:
        return Reading(path, found=False, conf=None)
    try:
        conf = parse(text, read=read, children=children, env=_environment(world))
    except ConfSyntaxError as error:
        return Reading(path, True, None, problem=str(error), unseen="; ".join(unseen[:3]))
    return Reading(path, True, conf, unseen=conf.incomplete or "; ".join(unseen[:3]))


def _environment(world: World) -> dict[str, str]:
    given = world.start.variables.items()
    return {name: each.value for name, each in given if each.value is not None}


def _absolute(world: World, path: str) -> str:
    return path if path.startswith("/") else f"{world.config.working_dir or '/'}/{path}"


def _config_path(world: World, library: Library) -> str:
    named = world.start.get("OPENSSL_CONF")
    if named is not None:
        return named  # set to nothing, it means no configuration
    if library.folder:
        return f"{library.folder}/openssl.cnf"
    found = (f"{folder}/openssl.cnf" for folder in _USUAL_FOLDERS)
    return next((each for each in found if world.view.exists(each)), "")
