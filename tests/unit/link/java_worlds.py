"""A JVM in an image, for linker tests: its runtime, its providers, its start."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from scanner.facts import fact
from scanner.link.world import Linked, World
from scanner.model import CryptoUse, Fact, FactKind

from .worlds import code, world

HOME = "/opt/java/openjdk"
JAVA = f"{HOME}/bin/java"
ON = "-Dorg.bouncycastle.fips.approved_only=true"
START = ("java", "-cp", "/app/lib/*", "Main")
MASTER = f"{HOME}/conf/security/java.security"
RELEASE = fact(FactKind.JAVA_RUNTIME, f"{HOME}/release", version="17.0.15", home=HOME, openj9=False)
SUN = ("SUN", "SunRsaSign", "SunEC", "SunJSSE", "SunJCE")
BCFIPS = "org.bouncycastle.jcajce.provider.BouncyCastleFipsProvider C:HYBRID;ENABLE{All};"


def security(
    path: str, *providers: str, fips: tuple[str, ...] = (), settings: tuple[str, ...] = ()
) -> Fact:
    properties = [f"security.provider.{n}={each}" for n, each in enumerate(providers, 1)]
    properties += [f"fips.provider.{n}={each}" for n, each in enumerate(fips, 1)]
    return fact(
        FactKind.JAVA_SECURITY,
        path,
        providers=providers,
        fips_providers=fips,
        master=path == MASTER,
        properties=(*properties, *settings),
    )


def bc_fips(path: str = "/app/lib/bc-fips-2.1.0.jar") -> Fact:
    return code(path, "bc-fips", "2.1.0", form="jar", signed=True)


def image(
    *facts: Fact,
    env: Mapping[str, str] | None = None,
    command: tuple[str, ...] = (),
    extra: tuple[str, ...] = (),
) -> World:
    facts = (RELEASE, *facts)
    made = world(
        *facts, env=tuple({"PATH": f"{HOME}/bin", **(env or {})}.items()), extra=[JAVA, *extra]
    )
    return replace(made, config=replace(made.config, entrypoint=command))


def the_jvm(linked: Linked) -> CryptoUse:
    (use,) = [each for each in linked.uses if each.consumer == JAVA]
    return use


def options(linked: Linked) -> dict[str, str]:
    return {
        each.text("source"): each.text("reaches_jvm")
        for each in linked.facts
        if each.kind is FactKind.JVM_OPTIONS
    }
