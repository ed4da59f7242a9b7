"""Which provider serves a JVM, and which options reach it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

import pytest

from scanner.facts import fact
from scanner.link.java import link
from scanner.link.world import Linked, World
from scanner.model import Activation, CryptoUse, Fact, FactKind, UseKind

from .worlds import code, world

HOME = "/opt/java/openjdk"
JAVA = f"{HOME}/bin/java"
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
    made = world(RELEASE, *facts, env=tuple((env or {}).items()), extra=[JAVA, *extra])
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


def test_a_stock_jdk_serves_itself_and_has_no_mode() -> None:
    use = the_jvm(link(image(security(MASTER, *SUN))))
    assert (use.module.id, use.module.version) == ("openjdk-jce", "17.0.15")
    assert use.kind is UseKind.BUILTIN
    assert use.activation is Activation.NONE


def test_an_image_without_a_jvm_has_no_java() -> None:
    assert link(world(bc_fips())) == Linked()


def test_a_jvm_is_told_once_by_its_release_file_and_its_library() -> None:
    library = fact(
        FactKind.JAVA_RUNTIME, f"{HOME}/lib/server/libjvm.so", version="17", home=HOME, openj9=False
    )
    assert the_jvm(link(image(library, security(MASTER, *SUN)))).module.version == "17.0.15"


# --- bc-fips -------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("env", "activation"),
    [
        ({}, Activation.OFF),
        ({"JAVA_TOOL_OPTIONS": "-Dorg.bouncycastle.fips.approved_only=true"}, Activation.ON),
        ({"JAVA_TOOL_OPTIONS": "-Dorg.bouncycastle.fips.approved_only=false"}, Activation.OFF),
        ({"JDK_JAVA_OPTIONS": "-Da=b -Dorg.bouncycastle.fips.approved_only=true"}, Activation.ON),
        ({"JAVA_OPTS": "-Dorg.bouncycastle.fips.approved_only=true"}, Activation.OFF),
    ],
)
def test_bc_fips_first_needs_approved_only(env: dict[str, str], activation: Activation) -> None:
    use = the_jvm(link(image(security(MASTER, BCFIPS, *SUN), bc_fips(), env=env)))
    assert (use.module.id, use.module.version) == ("bc-fips", "2.1.0")
    assert use.activation is activation


def test_approved_only_may_stand_in_the_security_file() -> None:
    master = security(MASTER, BCFIPS, *SUN, settings=("org.bouncycastle.fips.approved_only=true",))
    assert the_jvm(link(image(master, bc_fips()))).activation is Activation.ON


def test_registered_without_its_jar_the_jdk_serves() -> None:
    use = the_jvm(link(image(security(MASTER, BCFIPS, *SUN))))
    assert use.module.id == "openjdk-jce"
    assert "no jar" in use.activation_reason


def test_a_jar_inside_a_fat_jar_is_out_of_reach_of_the_jvms_own_provider_list() -> None:
    nested = code(
        "/app.jar!/BOOT-INF/lib/bc-fips.jar", "bc-fips", "2.1.0", form="jar", container="/app.jar"
    )
    linked = link(image(security(MASTER, BCFIPS, *SUN), nested, extra=("/app.jar",)))
    assert the_jvm(linked).module.id == "openjdk-jce"
    assert "inside another archive" in the_jvm(linked).activation_reason
    assert [each.consumer for each in linked.uses if each.module.id == "bc-fips"] == ["/app.jar"]


def test_a_jar_that_nobody_registers_is_a_use_of_its_own() -> None:
    linked = link(image(security(MASTER, *SUN), bc_fips()))
    assert the_jvm(linked).module.id == "openjdk-jce"
    (use,) = [each for each in linked.uses if each.module.id == "bc-fips"]
    assert (use.consumer, use.kind) == ("/app/lib/bc-fips-2.1.0.jar", UseKind.BUNDLED)
    assert use.activation is Activation.OFF


@pytest.mark.parametrize("module", ["bouncy-castle", "conscrypt"])
def test_plain_libraries_inside_a_fat_jar_are_uses_of_that_jar(module: str) -> None:
    nested = code("/app.jar!/BOOT-INF/lib/x.jar", module, "1.78", form="jar", container="/app.jar")
    linked = link(image(security(MASTER, *SUN), nested, extra=("/app.jar",)))
    (use,) = [each for each in linked.uses if each.module.id == module]
    assert (use.consumer, use.activation) == ("/app.jar", Activation.NONE)


# --- overlays ------------------------------------------------------------------------------


def test_an_overlay_changes_what_it_names() -> None:
    overlay = security("/conf/fips.security", BCFIPS)
    env = {"JAVA_TOOL_OPTIONS": "-Djava.security.properties=/conf/fips.security"}
    use = the_jvm(link(image(security(MASTER, *SUN), overlay, bc_fips(), env=env)))
    assert use.module.id == "bc-fips"


def test_an_overlay_with_two_equal_signs_replaces() -> None:
    env = {"JAVA_TOOL_OPTIONS": "-Djava.security.properties==file:/conf/fips.security"}
    overlay = security("/conf/fips.security", BCFIPS)
    linked = link(image(security(MASTER, *SUN), overlay, bc_fips(), env=env))
    (told,) = linked.facts
    assert told.flag("replaces")
    assert told.flag("security_file_found")
    assert the_jvm(linked).module.id == "bc-fips"


def test_an_overlay_that_is_not_there_changes_nothing_and_is_told() -> None:
    env = {"JAVA_TOOL_OPTIONS": "-Djava.security.properties=/conf/typo.security"}
    linked = link(image(security(MASTER, *SUN), bc_fips(), env=env))
    assert not linked.facts[0].flag("security_file_found")
    use = the_jvm(linked)
    assert use.module.id == "openjdk-jce"
    assert "/conf/typo.security does not exist" in use.activation_reason


def test_the_jvm_stops_at_the_first_number_that_is_missing() -> None:
    master = fact(
        FactKind.JAVA_SECURITY,
        MASTER,
        master=True,
        properties=("security.provider.2=" + BCFIPS, "security.provider.3=SUN"),
    )
    assert the_jvm(link(image(master, bc_fips()))).module.id == "openjdk-jce"


# --- which variable reaches a JVM ----------------------------------------------------------


def script(
    path: str, *mentions: str, runs: tuple[str, ...] = (), exports: tuple[str, ...] = ()
) -> Fact:
    return fact(
        FactKind.SCRIPT, path, interpreter="/bin/sh", mentions=mentions, runs=runs, exports=exports
    )


def test_java_opts_reaches_nobody_by_itself() -> None:
    command = ("java", "-Xmx1g", "-jar", "/app.jar")
    linked = link(image(env={"JAVA_OPTS": "-Dx=y"}, command=command))
    assert options(linked) == {"JAVA_OPTS": "no", "command": "yes"}


def test_java_opts_reaches_the_jvm_where_the_start_script_passes_it_on() -> None:
    start = script("/docker-entrypoint.sh", "JAVA_OPTS", runs=("java",))
    linked = link(image(start, env={"JAVA_OPTS": "-Dx=y"}, command=("/docker-entrypoint.sh",)))
    assert options(linked) == {"JAVA_OPTS": "script"}


def test_a_script_that_is_never_started_passes_nothing_on() -> None:
    start = script("/other.sh", "JAVA_OPTS", runs=("java",))
    linked = link(image(start, env={"JAVA_OPTS": "-Dx=y"}, command=("/app/run",)))
    assert options(linked) == {"JAVA_OPTS": "no"}


def test_scripts_started_by_scripts_count() -> None:
    scripts = (
        script("/entry.sh", runs=("/opt/tomcat/bin/catalina.sh",)),
        script("/opt/tomcat/bin/catalina.sh", "PRGDIR", runs=(".", "$PRGDIR/x")),
        script("/opt/tomcat/bin/setenv.sh", "CATALINA_OPTS"),
    )
    env = {"CATALINA_OPTS": "-Dx=y", "JAVA_OPTS": "-Dx=z"}
    linked = link(image(*scripts, env=env, command=("/entry.sh",)))
    assert options(linked) == {"CATALINA_OPTS": "script", "JAVA_OPTS": "no"}


def test_a_shell_line_as_command_passes_on_what_it_expands() -> None:
    command = ("sh", "-c", "exec java $JAVA_OPTS -Da=b -jar /app.jar")
    linked = link(image(env={"JAVA_OPTS": "-Dx=y"}, command=command))
    assert options(linked) == {"JAVA_OPTS": "script", "command": "yes"}


def test_options_of_the_command_itself_win_over_the_environment() -> None:
    env = {"JAVA_TOOL_OPTIONS": "-Dorg.bouncycastle.fips.approved_only=false"}
    command = (JAVA, "-cp", "/x.jar", "-Dorg.bouncycastle.fips.approved_only=true", "Main")
    linked = link(image(security(MASTER, BCFIPS), bc_fips(), env=env, command=command))
    assert the_jvm(linked).activation is Activation.ON


def test_what_a_start_script_exports_reaches_the_jvm() -> None:
    start = script(
        "/e.sh", exports=("JAVA_TOOL_OPTIONS=-Dorg.bouncycastle.fips.approved_only=true",)
    )
    linked = link(image(security(MASTER, BCFIPS), bc_fips(), start, command=("/e.sh",)))
    assert options(linked) == {"/e.sh: JAVA_TOOL_OPTIONS": "yes"}
    assert the_jvm(linked).activation is Activation.ON


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
    semeru = replace(RELEASE, attributes={**RELEASE.attributes, "openj9": True})
    made = world(semeru, security(MASTER, *SUN), env=tuple(env.items()), extra=[JAVA])
    use = the_jvm(link(made))
    assert (use.module.id, use.activation) == ("openjceplus-fips", Activation.ON)
