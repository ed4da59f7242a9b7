"""Says which module serves each Go program, and whether its approved mode is on.

Module and mode are two conditions: a frozen module with its mode off is not enough, nor is the
mode with a module that nobody validated. Source: https://go.dev/doc/security/fips140.
"""

from __future__ import annotations

from scanner.facts import fact
from scanner.link.go_mode import fips140_mode, mode_state
from scanner.link.go_openssl import with_openssl
from scanner.link.loader import Loader
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


def link(world: World) -> Linked:
    """One use for each Go binary that links cryptography."""
    loader = Loader(world)
    facts: list[Fact] = []
    uses: list[CryptoUse] = []
    for build in world.facts.of(FactKind.GO_BUILD):
        if not build.texts("packages"):
            continue
        if build.flag("openssl_backend"):
            use, missing = with_openssl(build, world, loader, _evidence(build))
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
    activation, reason = mode_state(fips140_mode(build, world), build)
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


def _evidence(build: Fact) -> tuple[str, ...]:
    packages = build.texts("packages")
    shown = ", ".join(packages[:6]) + (
        f" and {len(packages) - 6} more" if len(packages) > 6 else ""
    )
    return (*build.evidence[:4], f"links {shown}")
