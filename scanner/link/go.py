"""Says which module serves each Go program, and whether its approved mode is on.

Module and mode are two conditions: a frozen module with its mode off is not enough, nor is the
mode with a module that nobody validated. Source: https://go.dev/doc/security/fips140.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from scanner.facts import fact
from scanner.link.loader import Loader
from scanner.link.openssl import served_by
from scanner.link.world import Linked, World
from scanner.model import Activation, CryptoUse, Fact, FactKind, Module, UseKind

_HASHES = frozenset(
    {
        "crypto",
        "crypto/md5",
        "crypto/sha1",
        "crypto/sha256",
        "crypto/sha3",
        "crypto/sha512",
        "crypto/subtle",
    }
)
_OPENSSL_NAMES = ("libcrypto.so.3", "libcrypto.so.1.1", "libcrypto.so.11", "libcrypto.so.111")
"""What the OpenSSL backends of Microsoft's and Red Hat's Go try to load, in order."""
_ON = frozenset({"on", "only", "debug"})
_OFF = frozenset({"off", ""})


def link(world: World) -> Linked:
    """One use for each Go binary that links cryptography."""
    loader = Loader(world)
    facts: list[Fact] = []
    uses: list[CryptoUse] = []
    for build in world.facts.of(FactKind.GO_BUILD):
        if not build.texts("packages"):
            continue
        if build.flag("openssl_backend"):
            use, missing = _with_openssl(build, world, loader)
            facts.extend(missing)
        else:
            use = _own(build, world)
        uses.append(use)
    facts.extend(_integrity(each) for each in world.facts.of(FactKind.INTEGRITY) if _is_go(each))
    return Linked(tuple(facts), tuple(uses))


def _is_go(integrity: Fact) -> bool:
    return integrity.text("form") == "go"


def _integrity(seen: Fact) -> Fact:
    """Whether the module still is what was linked: the program compares the same two sums."""
    stored, computed = seen.text("stored"), seen.text("computed")
    state = "missing" if not stored else "intact" if stored == computed else "altered"
    return fact(
        FactKind.INTEGRITY_STATE,
        seen.path,
        evidence=seen.evidence,
        module="go-fips140",
        form="go",
        state=state,
        stored_in=seen.path if stored else "",
    )


@dataclass(frozen=True, slots=True)
class Mode:
    """The value of GODEBUG's fips140 at start, and who says so."""

    value: str
    source: str
    known: bool = True
    """Whether the value could be read; a script may compute it."""


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
    return Mode("off", "nothing switches fips140 on")


def _last(settings: str, name: str) -> str | None:
    """The value of `name` in GODEBUG, as Go reads it: the last one counts, spaces are not cut."""
    value = None
    for setting in settings.split(","):
        key, separator, text = setting.partition("=")
        if separator and key == name:
            value = text
    return value


def _mode_state(mode: Mode, build: Fact) -> tuple[Activation, str]:
    """Observed with Go 1.27.3: an empty value is off, an unknown one panics before main."""
    if not mode.known:
        return Activation.UNKNOWN, mode.source
    if mode.value in _ON:
        return Activation.ON, mode.source
    if mode.value in _OFF:
        return Activation.OFF, mode.source
    if mode.value == "auto" and build.text("toolchain") == "redhat":
        return Activation.HOST, f"{mode.source}: on where the node's FIPS flag is set"
    return Activation.UNKNOWN, f"{mode.source}, a value with which Go panics at its start"


def _own(build: Fact, world: World) -> CryptoUse:
    module, kind, activation, reason = _served(build, world)
    return CryptoUse(
        consumer=build.path,
        kind=kind,
        module=module,
        activation=activation,
        activation_reason=reason,
        purpose="hash-only" if _HASHES.issuperset(build.texts("packages")) else "crypto",
        evidence=_evidence(build),
    )


def _served(build: Fact, world: World) -> tuple[Module, UseKind, Activation, str]:
    wants_boring = "boringcrypto" in build.texts("experiments")
    if build.text("boring_code") == "present":
        reason = "BoringCrypto is compiled in, and the program panics when it is not in FIPS mode"
        module = _module("boringcrypto", f"go{build.text('go_version')}", build, world)
        return module, UseKind.STATIC, Activation.ON, reason
    if wants_boring and build.text("boring_code") != "absent":
        reason = (
            "built with GOEXPERIMENT=boringcrypto; whether its code is inside could not be seen"
        )
        module = _module("boringcrypto", f"go{build.text('go_version')}", build, world)
        return module, UseKind.STATIC, Activation.UNKNOWN, reason
    activation, reason = _mode_state(fips140_mode(build, world), build)
    if build.text("frozen_code"):
        module = _module("go-fips140", build.text("frozen_code"), build, world)
        return module, UseKind.BUILTIN, activation, reason
    module = _module("go-crypto", build.text("go_version"), build, world)
    if wants_boring:
        reason = "marked boringcrypto, but no BoringCrypto code is inside"
        return module, UseKind.BUILTIN, Activation.NONE, reason
    if activation is not Activation.OFF:
        reason = f"{reason}, but the module is not a frozen one"
    return module, UseKind.BUILTIN, activation, reason


def _module(module_id: str, version: str, build: Fact, world: World) -> Module:
    rule = world.rules.modules.get(module_id)
    return Module(module_id, rule.name if rule else module_id, version, build.path)


def _with_openssl(build: Fact, world: World, loader: Loader) -> tuple[CryptoUse, tuple[Fact, ...]]:
    elf = world.facts.one(FactKind.ELF, build.path)
    machine = elf.text("machine") if elf else ""
    override = world.start.get("GO_OPENSSL_VERSION_OVERRIDE")
    names = (f"libcrypto.so.{override}",) if override else _OPENSSL_NAMES
    path = next((found for name in names if (found := loader.find(name, machine))), None)
    served = served_by(world, path) if path else None
    if path is None or served is None:
        reason = "built for the system's OpenSSL, and the image has none that it could load"
        use = CryptoUse(
            consumer=build.path,
            kind=UseKind.BUILTIN,
            module=_module("go-crypto", build.text("go_version"), build, world),
            activation=Activation.NONE,
            activation_reason=reason,
            evidence=_evidence(build),
        )
        missing = fact(FactKind.LIBRARY_MISSING, build.path, needed=names[0], evidence=(reason,))
        return use, (missing,)
    activation, reason = _openssl_activation(build, world, served.activation, served.reason)
    use = CryptoUse(
        consumer=build.path,
        kind=UseKind.LOADED,
        module=served.module,
        library=served.library,
        activation=activation,
        activation_reason=reason,
        evidence=_evidence(build),
    )
    return use, ()


def _openssl_activation(
    build: Fact, world: World, openssl: Activation, openssl_reason: str
) -> tuple[Activation, str]:
    """The program must ask for FIPS and its OpenSSL must have it."""
    asked = next(_asked(build, world), "")
    if openssl is not Activation.ON:
        return openssl, openssl_reason
    if asked:
        return Activation.ON, f"{asked}; {openssl_reason}"
    if untold := world.start.unknown("GOLANG_FIPS", "GOFIPS", "GODEBUG"):
        return Activation.UNKNOWN, untold
    return Activation.HOST, "asks for FIPS on nodes whose FIPS flag is set"


def _asked(build: Fact, world: World) -> Iterator[str]:
    for name in ("GOLANG_FIPS", "GOFIPS"):
        given = world.start.variables.get(name)
        if given is not None and given.value == "1":
            yield f"{name}=1 is set in {given.source}"
    if "requirefips" in build.texts("tags"):
        yield "built with the tag requirefips"
    mode = fips140_mode(build, world)
    if mode.value in _ON:
        yield mode.source


def _evidence(build: Fact) -> tuple[str, ...]:
    packages = build.texts("packages")
    shown = ", ".join(packages[:6]) + (
        f" and {len(packages) - 6} more" if len(packages) > 6 else ""
    )
    return (*build.evidence[:4], f"links {shown}")
