"""Which provider serves a JVM, and which options reach it."""

from __future__ import annotations

from dataclasses import replace

import pytest

from scanner.facts import fact
from scanner.link.java import link
from scanner.link.world import Linked
from scanner.model import Activation, Fact, FactKind, UseKind

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
from .scripts import script
from .worlds import code, world


def test_a_stock_jdk_serves_itself_and_has_no_mode() -> None:
    use = the_jvm(link(image(security(MASTER, *SUN))))
    assert (use.module.id, use.module.version) == ("openjdk-jce", "17.0.15")
    assert use.kind is UseKind.BUILTIN
    assert use.activation is Activation.NONE


def test_a_jar_without_a_jvm_is_a_use_of_which_nothing_more_is_known() -> None:
    assert link(world()) == Linked()
    (use,) = link(world(bc_fips())).uses
    assert (use.activation, use.purpose) == (Activation.UNKNOWN, "unknown")


def test_starting_java_without_a_known_runtime_is_a_gap() -> None:
    made = world(extra=["/usr/bin/java"])
    config = replace(made.config, entrypoint=("java", "-jar", "/app.jar"))
    (gap,) = link(replace(made, config=config)).gaps
    assert gap.caps
    assert "no Java runtime" in gap.reason


def test_a_runtime_in_the_root_folder_is_one() -> None:
    release = replace(RELEASE, path="/release", attributes={**RELEASE.attributes, "home": "/"})
    made = world(release, security("/conf/security/java.security", *SUN), extra=["/bin/java"])
    (use,) = link(made).uses
    assert (use.consumer, use.module.id) == ("/bin/java", "openjdk-jce")


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
    use = the_jvm(link(image(security(MASTER, BCFIPS, *SUN), bc_fips(), env=env, command=START)))
    assert (use.module.id, use.module.version) == ("bc-fips", "2.1.0")
    assert use.activation is activation


def test_approved_only_may_stand_in_the_security_file() -> None:
    master = security(MASTER, BCFIPS, *SUN, settings=("org.bouncycastle.fips.approved_only=true",))
    assert the_jvm(link(image(master, bc_fips(), command=START))).activation is Activation.ON


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
    linked = link(image(security(MASTER, *SUN), bc_fips(), command=START))
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
    use = the_jvm(link(image(security(MASTER, *SUN), overlay, bc_fips(), env=env, command=START)))
    assert use.module.id == "bc-fips"


def test_an_overlay_with_two_equal_signs_replaces() -> None:
    env = {"JAVA_TOOL_OPTIONS": "-Djava.security.properties==file:/conf/fips.security"}
    overlay = security("/conf/fips.security", BCFIPS)
    linked = link(image(security(MASTER, *SUN), overlay, bc_fips(), env=env, command=START))
    told = linked.facts[0]
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


def test_java_opts_reaches_nobody_by_itself() -> None:
    command = ("java", "-Xmx1g", "-jar", "/app.jar")
    linked = link(image(env={"JAVA_OPTS": "-Dx=y"}, command=command))
    assert options(linked) == {"JAVA_OPTS": "no", "command": "yes"}


@pytest.mark.parametrize(
    "line",
    [
        "exec java $JAVA_OPTS -jar /app.jar",
        'exec "$JAVA_HOME/bin/java" ${JAVA_OPTS} -jar /app.jar "$@"',
        'OPTS="-Xmx1g $JAVA_OPTS"\nexec gosu app java $OPTS -jar /app.jar',
        'eval exec "\\"$_RUNJAVA\\"" "$JAVA_OPTS" -jar /app.jar',
        "su-exec app java $JAVA_OPTS -jar /app.jar",
    ],
)
def test_java_opts_reaches_the_jvm_where_the_start_script_passes_it_on(line: str) -> None:
    start = script("/entry.sh", line)
    linked = link(image(start, env={"JAVA_OPTS": "-Dx=y"}, command=("/entry.sh",)))
    assert options(linked) == {"JAVA_OPTS": "script", "/entry.sh: java": "yes"}
    (told,) = [each for each in linked.facts if each.text("source") == "/entry.sh: java"]
    assert "-Dx=y" in told.texts("options")


@pytest.mark.parametrize(
    "lines",
    [
        ('export JAVA_OPTS="$JAVA_OPTS -Dz"', "exec java -jar /app.jar"),
        ("echo $JAVA_OPTS", "exec java -jar /app.jar"),
        ("echo java $JAVA_OPTS", "exec java -jar /app.jar"),
        ("java $JAVA_OPTS -version", "exec java -jar /app.jar"),
    ],
)
def test_a_variable_that_the_line_of_java_does_not_take_up_is_folklore(
    lines: tuple[str, ...],
) -> None:
    start = script("/entry.sh", *lines)
    linked = link(image(start, env={"JAVA_OPTS": "-Dx=y"}, command=("/entry.sh",)))
    told = options(linked)
    assert {value for name, value in told.items() if name.endswith("JAVA_OPTS")} == {"no"}


def test_a_line_that_is_put_together_may_take_up_what_the_script_speaks_of() -> None:
    gradle = script(
        "/app/bin/app",
        'eval "set -- $(printf %s "$JAVA_OPTS" | xargs -n1) "\'"$@"\'',
        'exec "$JAVACMD" $(args) "$@"',
    )
    linked = link(image(gradle, env={"JAVA_OPTS": ON}, command=("/app/bin/app",)))
    assert options(linked)["JAVA_OPTS"] == "unknown"


def test_what_the_image_says_is_told_beside_what_a_script_makes_of_it() -> None:
    start = script("/e.sh", '[ $A ] && JAVA_OPTS="$JAVA_OPTS -Dz"', "java $JAVA_OPTS -jar /app.jar")
    env = {"JAVA_OPTS": "-Djava.security.properties=/typo"}
    linked = link(image(start, env=env, command=("/e.sh",)))
    assert options(linked)["JAVA_OPTS"] == "script"
    assert options(linked)["/e.sh: JAVA_OPTS"] == "unknown"
    (told,) = [each for each in linked.facts if each.text("source") == "JAVA_OPTS"]
    assert told.text("security_file") == "/typo"


def test_a_script_that_is_never_started_passes_nothing_on() -> None:
    start = script("/other.sh", "java $JAVA_OPTS -jar /x.jar")
    linked = link(image(start, env={"JAVA_OPTS": "-Dx=y"}, command=("/app/run",)))
    assert options(linked) == {"JAVA_OPTS": "no"}


def test_scripts_started_by_scripts_count() -> None:
    scripts = (
        script("/entry.sh", "exec /opt/tomcat/bin/catalina.sh run"),
        script(
            "/opt/tomcat/bin/catalina.sh",
            'PRGDIR=$(dirname "$0")',
            '. "$PRGDIR/setenv.sh"',
            "exec java $CATALINA_OPTS -classpath /opt/tomcat/bin/bootstrap.jar Main",
        ),
        script("/opt/tomcat/bin/setenv.sh", 'CATALINA_OPTS="$CATALINA_OPTS -Da=b"'),
    )
    env = {"CATALINA_OPTS": "-Dx=y", "JAVA_OPTS": "-Dx=z"}
    linked = link(image(*scripts, env=env, command=("/entry.sh",)))
    told = options(linked)
    assert told["JAVA_OPTS"] == "no"
    assert told["/opt/tomcat/bin/catalina.sh: java"] == "unknown"


def test_a_shell_line_as_command_passes_on_what_it_expands() -> None:
    command = ("sh", "-c", "exec java $JAVA_OPTS -Da=b -jar /app.jar")
    linked = link(image(env={"JAVA_OPTS": "-Dx=y"}, command=command))
    assert options(linked) == {"JAVA_OPTS": "script", "command": "yes"}
    assert linked.facts[1].texts("options") == ("-Dx=y", "-Da=b", "-jar", "/app.jar")


def test_options_of_the_command_itself_win_over_the_environment() -> None:
    env = {"JAVA_TOOL_OPTIONS": "-Dorg.bouncycastle.fips.approved_only=false"}
    command = (JAVA, "-cp", "/app/lib/bc-fips-2.1.0.jar", ON, "Main")
    linked = link(image(security(MASTER, BCFIPS), bc_fips(), env=env, command=command))
    assert the_jvm(linked).activation is Activation.ON


def test_arguments_of_the_program_are_no_options_of_java() -> None:
    command = ("java", "-cp", "/app/lib/*", "Main", ON)
    use = the_jvm(link(image(security(MASTER, BCFIPS), bc_fips(), command=command)))
    assert use.activation is Activation.OFF


@pytest.mark.parametrize(
    ("lines", "activation"),
    [
        ((f"export JAVA_TOOL_OPTIONS={ON}", "exec java -cp '/app/lib/*' Main"), Activation.ON),
        ((f"exec java {ON} -cp '/app/lib/*' Main",), Activation.ON),
        ((f'OPTS="{ON}"', "exec java $OPTS -cp '/app/lib/*' Main"), Activation.ON),
        ((f'OPTS="{ON}"', "exec java -cp '/app/lib/*' Main"), Activation.OFF),
        ((f'export JAVA_OPTS="{ON}"', "exec java -cp '/app/lib/*' Main"), Activation.OFF),
        (
            (f"[ $A ] && export JAVA_TOOL_OPTIONS={ON}", "exec java -cp '/app/lib/*' Main"),
            Activation.UNKNOWN,
        ),
        (
            ("export JAVA_TOOL_OPTIONS=$(cat /o)", "exec java -cp '/app/lib/*' Main"),
            Activation.UNKNOWN,
        ),
        (("exec java $(cat /o) -cp '/app/lib/*' Main",), Activation.UNKNOWN),
        ((f"JAVA_TOOL_OPTIONS={ON} other", "exec java -cp '/app/lib/*' Main"), Activation.UNKNOWN),
    ],
)
def test_what_a_start_script_says_reaches_the_jvm(
    lines: tuple[str, ...], activation: Activation
) -> None:
    facts = (security(MASTER, BCFIPS), bc_fips(), script("/e.sh", *lines))
    assert the_jvm(link(image(*facts, command=("/e.sh",)))).activation is activation


def test_two_starts_that_differ_are_two_uses() -> None:
    lines = (f"java {ON} -cp '/app/lib/*' Main", "exec java -cp '/app/lib/*' Main")
    facts = (security(MASTER, BCFIPS), bc_fips(), script("/e.sh", *lines))
    uses = link(image(*facts, command=("/e.sh",))).uses
    assert {each.activation for each in uses} == {Activation.ON, Activation.OFF}


# --- the class path ------------------------------------------------------------------------


def archive(path: str, *named: str) -> Fact:
    return fact(FactKind.JAVA_ARCHIVE, path, main_class="Main", class_path=named)


@pytest.mark.parametrize(
    ("command", "module"),
    [
        (("java", "-cp", "/x:/app/lib/bc-fips-2.1.0.jar", "Main"), "bc-fips"),
        (("java", "--class-path=/app/lib/*", "Main"), "bc-fips"),
        (("java", "-p", "/app/lib", "-m", "a/b"), "bc-fips"),
        (("java", "-Xbootclasspath/a:/app/lib/bc-fips-2.1.0.jar", "Main"), "bc-fips"),
        (("java", "-jar", "/app/app.jar"), "bc-fips"),
        (("env", "CLASSPATH=/app/lib/*", "java", "Main"), "bc-fips"),
        (("sh", "-c", "cd /app/lib && exec java -cp '*' Main"), "bc-fips"),
        (
            ("sh", "-c", "for i in /app/lib/*; do CP=$CP:$i; done; exec java -cp $CP Main"),
            "bc-fips",
        ),
        (("java", "-cp", "@/app/class-path", "Main"), "bc-fips"),
        (("/app/launcher",), "bc-fips"),
        (("java", "-cp", "/app", "Main"), "openjdk-jce"),
        (("java", "-cp", "/app/lib/*", "-jar", "/other.jar"), "openjdk-jce"),
        (("java", "Main"), "openjdk-jce"),
        (("java", "-cp", "/app/lib/*", "-cp", "/x", "Main"), "openjdk-jce"),
    ],
)
def test_a_registered_provider_serves_where_the_class_path_reaches_it(
    command: tuple[str, ...], module: str
) -> None:
    facts = (bc_fips(), archive("/app/app.jar", "lib/bc-fips-2.1.0.jar"), archive("/other.jar"))
    made = image(
        security(MASTER, BCFIPS, *SUN), *facts, env={"JAVA_TOOL_OPTIONS": ON}, command=command
    )
    use = the_jvm(link(made))
    assert use.module.id == module
    untold = any(each in " ".join(command) for each in ("@", "$CP", "launcher"))
    expected = Activation.UNKNOWN if untold else Activation.ON
    assert use.activation is (expected if module == "bc-fips" else Activation.NONE)


def test_an_old_jvm_loads_its_extensions() -> None:
    jar = bc_fips(f"{HOME}/lib/ext/bc-fips.jar")
    made = image(security(MASTER, BCFIPS), jar, command=("java", ON, "-jar", "/x.jar"))
    assert the_jvm(link(made)).activation is Activation.ON


def test_the_first_on_the_class_path_is_the_one_that_serves() -> None:
    old = code("/app/old/bc-fips.jar", "bc-fips", "1.0.2", form="jar", signed=True)
    command = ("java", "-cp", "/app/old/bc-fips.jar:/app/lib/*", "Main")
    use = the_jvm(
        link(image(security(MASTER, BCFIPS), bc_fips("/app/lib/a.jar"), old, command=command))
    )
    assert use.module.version == "1.0.2"


def test_a_jar_that_nothing_loads_is_found_and_not_active() -> None:
    env = {"JAVA_TOOL_OPTIONS": ON}
    linked = link(
        image(security(MASTER, *SUN), bc_fips(), env=env, command=("java", "-cp", "/x", "M"))
    )
    (use,) = [each for each in linked.uses if each.module.id == "bc-fips"]
    assert (use.activation, use.purpose) == (Activation.UNKNOWN, "unknown")
    assert use.activation_reason == "found, and nothing shows that it is loaded"
