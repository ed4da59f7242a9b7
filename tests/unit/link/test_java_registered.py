"""Providers that programs register by themselves, as their bytecode shows."""

from __future__ import annotations

import pytest

from scanner.facts import fact
from scanner.link.java import link
from scanner.link.java_registered import registered
from scanner.model import Activation, Fact, FactKind

from .java_worlds import BCFIPS, MASTER, START, SUN, bc_fips, image, security, the_jvm
from .worlds import code, world

PROVIDER = "org.bouncycastle.jcajce.provider.BouncyCastleFipsProvider"
INSERT = "Security.insertProviderAt"


def call(api: str, what: str = "", *, own: bool = True, path: str = "/app/app.jar") -> Fact:
    return fact(
        FactKind.SOURCE_CALL,
        path,
        language="java",
        api=api,
        algorithm=what,
        own=own,
        evidence=(f"{api}({what}) in Main.java:7",),
    )


def test_a_fips_provider_that_the_program_inserts_may_serve_it() -> None:
    facts = (security(MASTER, *SUN), bc_fips(), call(INSERT, PROVIDER))
    use = the_jvm(link(image(*facts, command=START)))
    assert (use.module.id, use.activation) == ("bc-fips", Activation.UNKNOWN)
    assert "Main.java:7" in use.activation_reason


@pytest.mark.parametrize(
    "found",
    [
        call("Security.addProvider", PROVIDER),  # behind the JDK's own
        call(INSERT, PROVIDER, own=False),  # a library may, if it is asked to
        call(INSERT, "com.example.Other"),
        call(INSERT, "org.bouncycastle.jce.provider.BouncyCastleProvider"),
    ],
)
def test_other_registrations_leave_the_jdk_in_charge(found: Fact) -> None:
    use = the_jvm(link(image(security(MASTER, *SUN), bc_fips(), found, command=START)))
    assert use.module.id == "openjdk-jce"


def test_a_provider_that_is_not_in_the_image_serves_nothing() -> None:
    use = the_jvm(link(image(security(MASTER, *SUN), call(INSERT, PROVIDER), command=START)))
    assert use.module.id == "openjdk-jce"


@pytest.mark.parametrize(
    "api", ["CryptoServicesRegistrar.setApprovedOnlyMode", "System.setProperty"]
)
def test_a_program_may_set_the_approved_mode_by_itself(api: str) -> None:
    for facts in ((security(MASTER, BCFIPS, *SUN),), (security(MASTER, *SUN),)):
        linked = link(image(*facts, bc_fips(), call(api), command=START))
        (use,) = [each for each in linked.uses if each.module.id == "bc-fips"]
        assert use.activation is Activation.UNKNOWN
        assert "Main.java:7" in use.activation_reason


def test_what_lies_in_the_provider_itself_does_not_count() -> None:
    own = bc_fips().path
    calls = (call(INSERT, PROVIDER, path=own), call(INSERT, PROVIDER, path="/app/x.jar", own=False))
    found = registered(world(bc_fips(), *calls))
    assert [each.call.path for each in found] == ["/app/x.jar"]
    facts = (security(MASTER, BCFIPS, *SUN), bc_fips())
    inner = call("CryptoServicesRegistrar.setApprovedOnlyMode", path=own)
    assert the_jvm(link(image(*facts, inner, command=START))).activation is Activation.OFF


def test_who_registers_a_library_is_told_with_it() -> None:
    plain = code("/app/lib/bcprov-1.78.jar", "bouncy-castle", "1.78", form="jar")
    found = call("Security.addProvider", "org.bouncycastle.jce.provider.BouncyCastleProvider")
    linked = link(image(security(MASTER, *SUN), plain, found, command=START))
    (use,) = [each for each in linked.uses if each.module.id == "bouncy-castle"]
    assert any("Main.java:7" in each for each in use.evidence)
