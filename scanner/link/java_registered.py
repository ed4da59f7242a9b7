"""Says which crypto providers Java programs register by themselves, as their classes show.

That a class calls for it does not prove that it is run; whoever asks is told no more than that.
"""

from __future__ import annotations

from dataclasses import dataclass

from scanner.link.world import World
from scanner.model import Fact, FactKind

OPENJDK = "openjdk-jce"
# Beginning or part of a provider's class, or of its entry in java.security → module.
_PROVIDERS = (
    ("BouncyCastleFipsProvider", "bc-fips"),
    ("BCFIPS", "bc-fips"),
    ("BouncyCastleJsseProvider", "bctls-fips"),
    ("BouncyCastleProvider", "bouncy-castle"),
    ("AmazonCorrettoCryptoProvider", "accp"),
    ("Conscrypt", "conscrypt"),
    ("conscrypt", "conscrypt"),
    ("OpenJCEPlusFIPS", "openjceplus-fips"),
    ("nss.fips.cfg", "nss"),
    ("NSS-FIPS", "nss"),
)
_FIRST = ("Security.insertProviderAt", "AmazonCorrettoCryptoProvider.install")
_LAST = "Security.addProvider"
_APPROVES = ("CryptoServicesRegistrar.setApprovedOnlyMode", "System.setProperty")


@dataclass(frozen=True, slots=True)
class Registered:
    """A call that puts a provider into the list of providers."""

    module: str
    call: Fact
    inserts: bool
    """It names a place in the list, and does not just add to its end."""

    @property
    def said(self) -> str:
        """Who does it, for a person to look at."""
        return self.call.evidence[0] if self.call.evidence else self.call.path


def module_of(provider: str) -> str:
    """The module of a provider, by its class or its entry in java.security."""
    return next((module for mark, module in _PROVIDERS if mark in provider), OPENJDK)


def registered(world: World) -> tuple[Registered, ...]:
    """The calls that register crypto providers, those of the application's own classes first."""
    found = [
        Registered(module_of(each.text("algorithm")), each, each.text("api") in _FIRST)
        for each in world.facts.of(FactKind.SOURCE_CALL)
        if each.text("api") in (*_FIRST, _LAST)
    ]
    kept = [each for each in found if each.module != OPENJDK and not _is_its_own(world, each)]
    return tuple(sorted(kept, key=lambda each: (not each.call.flag("own"), each.call.path)))


def approves(world: World) -> Fact | None:
    """A call outside of bc-fips that puts it into approved-only mode while the program runs."""
    for each in world.facts.of(FactKind.SOURCE_CALL):
        code = world.facts.one(FactKind.MODULE_CODE, each.path)
        if each.text("api") in _APPROVES and code is None:
            return each
    return None


def _is_its_own(world: World, call: Registered) -> bool:
    """Whether the call lies in the provider's own archive: its tests and tools, run by nobody."""
    codes = (e for e in world.facts.at(call.call.path) if e.kind is FactKind.MODULE_CODE)
    return any(not each.flag("shaded") for each in codes)
