"""Says which OpenSSL each .NET runtime of an image would load, and which programs it serves.

.NET has no FIPS mode of its own on Linux: the state of that OpenSSL decides. Opens no file.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from scanner.facts import fact
from scanner.fingerprint import LibraryNames
from scanner.link.loader import Loader
from scanner.link.module_state import serve
from scanner.link.openssl import Served, served_by
from scanner.link.world import Linked, World
from scanner.model import (
    Activation,
    CryptoUse,
    Fact,
    FactKind,
    Gap,
    GapKind,
    Module,
    UseKind,
)

# Order of dlopen in System.Security.Cryptography.Native (opensslshim.c), by .NET version.
_ORDER_2 = ("1.0.2", "1.0.0", "10", "1.1")
_ORDER_3 = ("1.1", "1.0.2", "1.0.0", "10")
_ORDER_6 = ("3", "1.1", "1.0.2", "1.0.0", "10", "11", "111")
_CLR_OVERRIDE = "CLR_OPENSSL_VERSION_OVERRIDE"
_DOTNET_OVERRIDE = "DOTNET_OPENSSL_VERSION_OVERRIDE"
_MAX_OVERRIDE = 32
_SHIM = "System.Security.Cryptography.Native.OpenSsl.so"
# Packages whose managed code computes by itself; native libraries are recognized as files.
_MANAGED = (
    (
        re.compile(
            r"(?:Portable\.)?BouncyCastle(?:\.Crypto|\.Cryptography|\.NetCore)?/(.*)", re.IGNORECASE
        ),
        "dotnet-bouncycastle",
    ),
    (re.compile(r"bc-fips(?:-[0-9.]+)?/(.*)", re.IGNORECASE), "dotnet-bc-fips"),
)
_NAMES = {
    "dotnet-bouncycastle": "Bouncy Castle for .NET",
    "dotnet-bc-fips": "Bouncy Castle FIPS for .NET",
}


@dataclass(frozen=True, slots=True)
class _Runtime:
    shim: str
    """The native library that calls OpenSSL."""
    folder: str
    version: str
    variable: str
    """The one by which it lets its OpenSSL be chosen; `""` where its bytes do not tell."""

    @property
    def is_file(self) -> bool:
        """Whether the native library is a file, and not a part of one program."""
        return self.shim.endswith(_SHIM)


@dataclass(frozen=True, slots=True)
class _App:
    program: str
    folder: str
    version: str
    packages: tuple[str, ...]
    calls_crypto: bool = True
    needs: tuple[str, ...] = ()
    """Libraries that the native libraries in it are linked to."""


def link(world: World) -> Linked:
    """DOTNET_STATE facts per runtime, and a use for each program it serves."""
    runtimes = tuple(_runtimes(world))
    apps = tuple(_apps(world))
    loader = Loader(world)
    facts: list[Fact] = []
    uses: list[CryptoUse] = []
    gaps: list[Gap] = []
    silent = {each.program for each in apps if not each.calls_crypto}
    for runtime in runtimes:
        if runtime.shim in silent:
            continue
        tried = _names(world, runtime)
        libssl = _first_found(world, loader, runtime, tried)
        served = _served(world, loader, libssl)
        facts.append(_state(world, runtime, tried, libssl, served))
        if libssl and served is None:
            reason = f"{libssl} is loaded by .NET, but which libcrypto serves it was not found out"
            gaps.append(Gap(GapKind.NOT_SUPPORTED, runtime.shim, reason))
        if served is None:
            continue
        consumers = [
            each.program
            for each in apps
            if each.calls_crypto and _runtime_of(each, runtimes) == runtime
        ]
        uses.extend(_use(each, runtime, served, libssl) for each in consumers or [runtime.shim])
    uses.extend(_managed(world, apps))
    uses.extend(_unpacked(world, loader, apps))
    return Linked(tuple(facts), tuple(uses), tuple(gaps))


# --- runtimes and programs -----------------------------------------------------------------


def _runtimes(world: World) -> Iterator[_Runtime]:
    versions = {
        each.path.rsplit("/", 1)[0]: version
        for each in world.facts.of(FactKind.DOTNET_APP)
        if (version := each.text("framework_version")) and not each.text("form")
    }
    for each in world.facts.of(FactKind.DOTNET_RUNTIME):
        folder = each.path.rsplit("/", 1)[0]
        version = each.text("version") or versions.get(folder, "")
        yield _Runtime(each.path, folder, version, each.text("override"))


def _apps(world: World) -> Iterator[_App]:
    """Programs, each once: `x.runtimeconfig.json` and `x.deps.json` tell of the same `x.dll`."""
    found: dict[tuple[str, str], list[Fact]] = {}
    for each in world.facts.of(FactKind.DOTNET_APP):
        folder = each.path.rsplit("/", 1)[0]
        if each.text("form"):
            yield _App(
                each.path,
                folder,
                each.text("framework_version"),
                each.texts("packages"),
                each.text("calls_crypto") != "no",
                each.texts("needs"),
            )
        elif not re.search(r"/(?:sdk|shared|packs|sdk-manifests|templates)/\d", each.path):
            found.setdefault((folder, each.text("name")), []).append(each)
    for (folder, name), told in sorted(found.items()):
        if not any(each.path.endswith(".runtimeconfig.json") for each in told):
            continue
        candidates = (f"{folder}/{name}.dll", f"{folder}/{name}")
        program = next((each for each in candidates if world.view.exists(each)), told[0].path)
        yield _App(
            program,
            folder,
            next((v for each in told if (v := each.text("framework_version"))), ""),
            tuple(package for each in told for package in each.texts("packages")),
        )


def _runtime_of(app: _App, runtimes: tuple[_Runtime, ...]) -> _Runtime | None:
    """The runtime an app starts on: the one beside it, else the fitting shared one.

    By default a program rolls forward to the nearest minor version of its major version.
    """
    own = next((each for each in runtimes if each.shim == app.program), None)
    beside = next((each for each in runtimes if each.folder == app.folder and each.is_file), None)
    if own or beside:
        return own or beside
    wanted = _numbers(app.version)
    fitting = [
        each
        for each in runtimes
        if "/shared/" in each.shim
        and (not wanted or _numbers(each.version)[:1] == wanted[:1])
        and _numbers(each.version) >= wanted
    ]
    if not fitting:
        return None
    minor = min(_numbers(each.version)[:2] for each in fitting)
    return max(
        (each for each in fitting if _numbers(each.version)[:2] == minor),
        key=lambda each: _numbers(each.version),
    )


def _numbers(version: str) -> tuple[int, ...]:
    return tuple(int(part) for part in re.findall(r"\d+", version.split("-", 1)[0])[:3])


# --- which OpenSSL -------------------------------------------------------------------------


def _names(world: World, runtime: _Runtime) -> tuple[str, ...]:
    """File names of libssl, in the order in which the runtime tries them."""
    elf = world.facts.one(FactKind.ELF, runtime.shim)
    linked = [name for name in elf.texts("needed") if name.startswith("libssl")] if elf else []
    if linked:  # distributions build it linked; then no name is tried and no override is read
        return tuple(linked)
    numbers = _numbers(runtime.version)
    if numbers and numbers < (3,):
        order: tuple[str, ...] = _ORDER_2
    elif numbers and numbers < (6,):
        order = _ORDER_3
    else:
        order = _ORDER_6
    override = _override(world, runtime)
    return tuple(f"libssl.so.{each}" for each in ((override, *order) if override else order))


def _override(world: World, runtime: _Runtime) -> str:
    """Value of the variable that this runtime reads: renamed in .NET 10."""
    by_version = _DOTNET_OVERRIDE if _numbers(runtime.version) >= (10,) else _CLR_OVERRIDE
    name = runtime.variable or by_version
    value = world.start.get(name) or ""
    return value if len(value) <= _MAX_OVERRIDE and "/" not in value else ""


def _first_found(world: World, loader: Loader, runtime: _Runtime, names: tuple[str, ...]) -> str:
    machine, is_musl = _kind(world, runtime.shim)
    for name in names:
        beside = (world.view.resolve(f"{folder}/{name}") for folder in _own_folders(world, runtime))
        found = next(filter(None, beside), None) or loader.find(name, machine, musl=is_musl)
        if found:
            return found
    return ""


def _own_folders(world: World, runtime: _Runtime) -> tuple[str, ...]:
    """Where the runtime looks before the system's folders, by its RUNPATH or RPATH."""
    if runtime.is_file:
        return (runtime.folder,)
    elf = world.facts.one(FactKind.ELF, runtime.shim)
    written = (elf.texts("runpath") or elf.texts("rpath")) if elf else ()
    return tuple(
        runtime.folder + each.removeprefix("$ORIGIN")
        for each in written
        if each.startswith("$ORIGIN")
    )


def _kind(world: World, path: str) -> tuple[str, bool]:
    """The machine that a file is for, and whether its libc is musl."""
    elf = world.facts.one(FactKind.ELF, path)
    if elf is None:
        return "", False
    return elf.text("machine"), any(e.startswith("libc.musl") for e in elf.texts("needed"))


def _served(world: World, loader: Loader, libssl: str) -> Served | None:
    if not libssl:
        return None
    for path in (libssl, *loader.closure(libssl).loaded):
        if (served := served_by(world, path)) is not None:
            return served
    return None


def _state(
    world: World, runtime: _Runtime, tried: tuple[str, ...], libssl: str, served: Served | None
) -> Fact:
    if served is not None:
        activation, reason = served.activation, f"follows OpenSSL: {served.reason}"
    elif libssl:
        activation, reason = Activation.UNKNOWN, f"the state of {libssl} is not known"
    else:
        activation = Activation.NONE
        reason = "no libssl that this runtime would load is in the image: its crypto fails"
    return fact(
        FactKind.DOTNET_STATE,
        runtime.shim,
        libssl=libssl,
        override=_override(world, runtime),
        activation=activation.value,
        version=runtime.version,
        tried=tried,
        reason=reason,
        evidence=(f"tries {', '.join(tried)}",),
    )


# --- uses ----------------------------------------------------------------------------------


def _use(consumer: str, runtime: _Runtime, served: Served, libssl: str) -> CryptoUse:
    return CryptoUse(
        consumer=consumer,
        kind=UseKind.LOADED,
        module=served.module,
        library=served.library,
        activation=served.activation,
        activation_reason=f".NET follows OpenSSL: {served.reason}",
        evidence=(f"{runtime.shim} loads {libssl}",),
    )


def _managed(world: World, apps: tuple[_App, ...]) -> Iterator[CryptoUse]:
    told: set[tuple[str, str]] = set()
    for app in apps:
        for package in dict.fromkeys(app.packages):
            for pattern, module in _MANAGED:
                if found := pattern.fullmatch(package):
                    told.add((app.folder, module))
                    yield _use_of_managed(world, app.program, module, found[1], package)
    # Without a deps.json the assemblies themselves tell; their versions are not the package's.
    for each in world.facts.of(FactKind.PE):
        folder = each.path.rsplit("/", 1)[0]
        for pattern, module in _MANAGED:
            if (folder, module) in told or not pattern.fullmatch(f"{each.text('assembly')}/"):
                continue
            told.add((folder, module))
            programs = [app.program for app in apps if app.folder == folder]
            evidence = f"{each.path}: {each.text('assembly')} {each.text('assembly_version')}"
            for program in programs or [each.path]:
                yield _use_of_managed(world, program, module, "", evidence)


def _use_of_managed(
    world: World, consumer: str, module: str, version: str, evidence: str
) -> CryptoUse:
    rule = world.rules.modules.get(module)
    is_fips = module == "dotnet-bc-fips"
    return CryptoUse(
        consumer=consumer,
        kind=UseKind.BUNDLED,
        module=Module(module, rule.name if rule else _NAMES[module], version, consumer),
        activation=Activation.UNKNOWN if is_fips else Activation.NONE,
        activation_reason=(
            "whether the program enters approved mode is not known"
            if is_fips
            else "it has no approved mode"
        ),
        evidence=(evidence,),
    )


def _unpacked(world: World, loader: Loader, apps: tuple[_App, ...]) -> Iterator[CryptoUse]:
    """Libraries of the image that native libraries inside single-file programs are linked to."""
    names = LibraryNames(world.rules.modules)
    for app in apps:
        machine, is_musl = _kind(world, app.program)
        for needed in app.needs:
            found = loader.find(needed, machine, musl=is_musl)
            code = world.facts.one(FactKind.MODULE_CODE, found) if found else None
            if code is None or not names.module(needed):
                continue
            served = serve(code, world)
            yield CryptoUse(
                consumer=app.program,
                kind=UseKind.LINKED,
                module=served.module,
                library=served.library,
                activation=served.activation,
                activation_reason=served.reason,
                evidence=(f"a native library in {app.program} needs {needed}",),
            )
