"""What differs between builds of Java: those that follow the host, altered and linked ones."""

from __future__ import annotations

from dataclasses import replace

import pytest

from scanner.facts import fact
from scanner.link.java import link
from scanner.model import Activation, Fact, FactKind

from .java_worlds import (
    BCFIPS,
    HOME,
    JAVA,
    MASTER,
    ON,
    RELEASE,
    START,
    SUN,
    bc_fips,
    image,
    options,
    security,
    the_jvm,
)
from .worlds import code, world

# --- builds that follow the host -----------------------------------------------------------

NSS = ("SunPKCS11 ${java.home}/conf/security/nss.fips.cfg", "SUN")


def test_red_hats_build_follows_the_host_through_nss() -> None:
    master = security(MASTER, *SUN, fips=NSS, settings=("security.useSystemPropertiesFile=true",))
    softokn = code("/usr/lib64/libsoftokn3.so", "nss", "3.101")
    use = the_jvm(link(image(master, softokn)))
    assert (use.module.id, use.module.version) == ("nss", "3.101")
    assert use.activation is Activation.HOST


def test_and_can_be_told_not_to() -> None:
    master = security(MASTER, *SUN, fips=NSS)
    env = {"JAVA_TOOL_OPTIONS": "-Dcom.redhat.fips=false"}
    assert the_jvm(link(image(master, env=env))).module.id == "openjdk-jce"


def test_semerus_option_counts_on_semeru_only() -> None:
    env = {"JAVA_TOOL_OPTIONS": "-Dsemeru.fips=true"}
    assert the_jvm(link(image(security(MASTER, *SUN), env=env))).module.id == "openjdk-jce"


@pytest.mark.parametrize(
    ("options", "settings", "module", "activation"),
    [
        ("-Dsemeru.customprofile=OpenJCEPlusFIPS.FIPS140-3", (), "openjceplus-fips", "on"),
        ("-Dsemeru.customprofile=NSS.140-2", (), "nss", "on"),
        ("-Dx", ("RestrictedSecurity.NSS.140-2.desc.default=true",), "nss", "on"),
        (
            "-Dx",
            (
                "RestrictedSecurity.NSS.140-2.desc.default=false",
                "RestrictedSecurity.OpenJCEPlusFIPS.FIPS140-3.desc.default=true",
            ),
            "openjceplus-fips",
            "on",
        ),
        # which profile it takes is not told
        ("-Dx", (), "openjceplus-fips", "unknown"),
    ],
)
def test_the_profile_says_which_module_serves_semeru(
    options: str, settings: tuple[str, ...], module: str, activation: str
) -> None:
    env = {"JAVA_TOOL_OPTIONS": f"-Dsemeru.fips=true {options}"}
    semeru = replace(RELEASE, attributes={**RELEASE.attributes, "openj9": True})
    master = security(MASTER, *SUN, settings=settings)
    use = the_jvm(link(world(semeru, master, env=tuple(env.items()), extra=[JAVA])))
    assert (use.module.id, use.activation.value) == (module, activation)


def test_java_security_may_forbid_to_lay_a_file_over_it() -> None:
    overlay = security("/app/fips.security", BCFIPS)
    env = {"JAVA_TOOL_OPTIONS": f"-Djava.security.properties=/app/fips.security {ON}"}
    for setting, module in (("true", "bc-fips"), ("false", "openjdk-jce")):
        master = security(MASTER, *SUN, settings=(f"security.overridePropertiesFile={setting}",))
        use = the_jvm(link(image(master, overlay, bc_fips(), env=env, command=START)))
        assert use.module.id == module
    assert "security.overridePropertiesFile=false" in use.activation_reason


# --- integrity -----------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("computed", "stored", "state"),
    [("ab", "ab", "intact"), ("ab", "cd", "altered"), ("", "", "missing")],
)
def test_whether_a_signed_provider_is_as_it_was_signed(
    computed: str, stored: str, state: str
) -> None:
    seen = fact(
        FactKind.INTEGRITY,
        bc_fips().path,
        form="jar",
        computed=computed,
        stored=stored,
        evidence=("com/x/Agent.class",),
    )
    for made in (image(seen, bc_fips()), world(seen, bc_fips())):
        states = [e for e in link(made).facts if e.kind is FactKind.INTEGRITY_STATE]
        assert [(each.path, each.text("module"), each.text("state")) for each in states] == [
            ("/app/lib/bc-fips-2.1.0.jar", "bc-fips", state)
        ]


@pytest.mark.parametrize(("version", "reaches"), [("1.8.0_412", "no"), ("11.0.2", "yes")])
def test_the_launcher_of_java_8_does_not_read_its_later_variable(
    version: str, reaches: str
) -> None:
    runtime = replace(RELEASE, attributes={**RELEASE.attributes, "version": version})
    facts = (runtime, security(MASTER, BCFIPS, *SUN), bc_fips())
    env = (("PATH", f"{HOME}/bin"), ("JDK_JAVA_OPTIONS", ON))
    made = world(*facts, env=env, extra=[JAVA])
    linked = link(replace(made, config=replace(made.config, entrypoint=START)))
    assert options(linked)["JDK_JAVA_OPTIONS"] == reaches
    assert the_jvm(linked).activation is (Activation.ON if reaches == "yes" else Activation.OFF)


# --- what jlink linked into a runtime ------------------------------------------------------


def jlinked(*modules: str) -> Fact:
    return replace(RELEASE, attributes={**RELEASE.attributes, "modules": ("java.base", *modules)})


def test_a_library_that_jlink_put_into_the_runtime_is_a_use() -> None:
    runtime = jlinked("org.bouncycastle.provider", "org.bouncycastle.fips.core")
    linked = link(world(runtime, security(MASTER, *SUN), extra=[JAVA]))
    told = {each.module.id: (each.activation, each.module.path) for each in linked.uses}
    assert told["bouncy-castle"] == (Activation.NONE, f"{HOME}/lib/modules")
    assert told["bc-fips"] == (Activation.UNKNOWN, f"{HOME}/lib/modules")
    assert {each.consumer for each in linked.uses} == {JAVA}


def test_a_runtime_without_the_module_for_nss_does_not_follow_the_host() -> None:
    master = security(MASTER, *SUN, fips=("SunPKCS11 ${java.home}/conf/security/nss.fips.cfg",))
    for modules, module in ((("jdk.crypto.cryptoki",), "nss"), ((), "openjdk-jce")):
        linked = link(world(jlinked(*modules), master, extra=[JAVA]))
        assert the_jvm(linked).module.id == module
