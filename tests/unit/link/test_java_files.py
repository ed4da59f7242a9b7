"""Options that stand in files, and those that a script adds to what nobody can tell."""

from __future__ import annotations

from dataclasses import replace

import pytest

from scanner.inspectors.java_options import JavaOptionsInspector
from scanner.link.java import link
from scanner.link.java_options import options_in_effect
from scanner.link.java_passed import kept_options
from scanner.model import Activation, Fact
from tests.unit.inspectors.files import seen, the_fact

from .java_worlds import (
    BCFIPS,
    HOME,
    JAVA,
    MASTER,
    ON,
    RELEASE,
    bc_fips,
    image,
    options,
    security,
    the_jvm,
)
from .scripts import script
from .worlds import world

PROVIDER = (security(MASTER, BCFIPS), bc_fips())


def file(path: str, text: str) -> Fact:
    return the_fact(JavaOptionsInspector(), path, text)


@pytest.mark.parametrize(
    ("path", "text"),
    [
        ("/app/jvm.args", f"{ON}\n-cp /app/lib/*\nMain\n"),
        ("/app/jib-classpath-file", f"-cp /app/lib/* {ON}"),
        ("/app/java-opts", f'# ours\n"{ON}"'),
    ],
)
def test_an_argument_file_of_the_command_is_read(path: str, text: str) -> None:
    command = ("java", f"@{path}", "-cp", "/app/lib/*", "Main")
    use = the_jvm(link(image(*PROVIDER, file(path, text), command=command)))
    assert use.activation is Activation.ON


def test_its_class_path_counts() -> None:
    arguments = file("/app/jvm.args", f"{ON} -cp /nowhere.jar Main")
    use = the_jvm(link(image(*PROVIDER, arguments, command=("java", "@/app/jvm.args"))))
    assert use.module.id == "openjdk-jce"


def test_an_argument_file_that_nobody_knows_leaves_it_open() -> None:
    command = ("java", "@/app/other", "-cp", "/app/lib/*", "Main")
    assert the_jvm(link(image(*PROVIDER, command=command))).activation is Activation.UNKNOWN


def test_what_such_a_file_names_is_not_followed() -> None:
    # Java 17 takes `@x` in an argument file for the main class.
    files = (file("/a.args", "-Da=b @/b.args"), file("/b.args", ON))
    linked = link(image(*PROVIDER, *files, command=("java", "@/a.args", "Main")))
    assert the_jvm(linked).activation is not Activation.ON


def test_the_launchers_variable_may_name_one_and_the_jvms_own_may_not() -> None:
    arguments = file("/app/jvm.args", ON)
    command = ("java", "-cp", "/app/lib/*", "Main")
    for name, activation in (
        ("JDK_JAVA_OPTIONS", Activation.ON),
        ("JAVA_TOOL_OPTIONS", Activation.OFF),
    ):
        made = image(*PROVIDER, arguments, env={name: "@/app/jvm.args"}, command=command)
        assert the_jvm(link(made)).activation is activation


def test_the_virtual_machine_reads_a_file_of_its_own() -> None:
    env = {"JAVA_TOOL_OPTIONS": "-XX:VMOptionsFile=/app/x.vmoptions"}
    command = ("java", "-cp", "/app/lib/*", "Main")
    made = image(*PROVIDER, file("/app/x.vmoptions", ON), env=env, command=command)
    assert the_jvm(link(made)).activation is Activation.ON


# --- jvm.options ---------------------------------------------------------------------------

LINES = f"-Xms1g\n8:-Dold\n{ON}\n"


def product(path: str, *, started: str) -> tuple[dict[str, str], Activation]:
    start = script(started, 'exec java -cp "/app/lib/*" $(cat /x) Main')
    linked = link(image(*PROVIDER, start, file(path, LINES), command=(started,)))
    return options(linked), the_jvm(linked).activation


@pytest.mark.parametrize(
    ("path", "started"),
    [
        ("/opt/elasticsearch/config/jvm.options", "/opt/elasticsearch/bin/elasticsearch"),
        (
            "/opt/elasticsearch/config/jvm.options.d/fips.options",
            "/opt/elasticsearch/bin/elasticsearch",
        ),
        ("/etc/logstash/jvm.options", "/usr/share/logstash/bin/logstash"),
        ("/opt/ibm/wlp/usr/servers/defaultServer/jvm.options", "/opt/ibm/wlp/bin/server"),
    ],
)
def test_a_product_that_is_started_reads_its_jvm_options(path: str, started: str) -> None:
    told, activation = product(path, started=started)
    assert told[path] == "script"
    assert activation is Activation.ON


@pytest.mark.parametrize("started", ["/opt/other/bin/run", "/app/start"])
def test_a_jvm_options_file_of_what_is_not_started_reaches_nothing(started: str) -> None:
    told, activation = product("/opt/elasticsearch/config/jvm.options", started=started)
    assert told["/opt/elasticsearch/config/jvm.options"] == "no"
    assert activation is Activation.UNKNOWN  # of what `cat` prints nothing is known


def test_openj9_reads_the_options_that_lie_in_its_own_folder() -> None:
    defaults = file(f"{HOME}/lib/options.default", f"-Xms1g\n{ON}\n")
    command = ("java", "-cp", "/app/lib/*", "Main")
    for openj9, activation in ((True, Activation.ON), (False, Activation.OFF)):
        runtime = replace(RELEASE, attributes={**RELEASE.attributes, "openj9": openj9})
        made = world(runtime, *PROVIDER, defaults, env=[("PATH", f"{HOME}/bin")], extra=[JAVA])
        made = replace(made, config=replace(made.config, entrypoint=command))
        assert the_jvm(link(made)).activation is activation


@pytest.mark.parametrize(
    ("path", "text"),
    [
        ("/app/server.conf", "-Da=b"),
        ("/app/jvm.args", "#!/bin/sh\nexec java -Da=b"),
        ("/usr/share/doc/java-options", "-Da=b"),
        ("/app/java.options", "Options for Java are described elsewhere."),
        ("/app/jvm.args", "-Da=b\0"),
    ],
)
def test_other_files_are_none(path: str, text: str) -> None:
    assert seen(JavaOptionsInspector(), path, text) == []


# --- options that scripts keep -------------------------------------------------------------


@pytest.mark.parametrize(
    ("lines", "kept"),
    [
        (('OPTS="$OPTS `umask`"',), ("-Denv",)),
        (('OPTS="$OPTS -Dmore"', 'OPTS="$OPTS $(cat /x)"'), ("-Denv", "-Dmore")),
        (('if [ "$A" ]; then OPTS="$OPTS -Dmaybe"; fi',), ("-Denv",)),
        (('OPTS="-Dother $(cat /x)"',), ("-Dother",)),
        (("[ -f /x ] && OPTS=$(cat /x)",), ()),
        (('OPTS="-Da=$B -Dc"',), ("-Dc",)),
        (("OPTS=-Donce other",), ("-Denv",)),
    ],
)
def test_what_a_script_leaves_in_a_variable(lines: tuple[str, ...], kept: tuple[str, ...]) -> None:
    start = script("/e.sh", *lines, "exec java $OPTS Main")
    assert kept_options(image(start, env={"OPTS": "-Denv"}, command=("/e.sh",)), "OPTS") == kept


def test_what_a_variable_brings_in_any_case_counts_in_a_line_that_cannot_be_told() -> None:
    # as Tomcat's catalina.sh does it
    lines = ('JAVA_OPTS="$JAVA_OPTS -Dumask=`umask`"', "exec java $JAVA_OPTS -cp '/app/lib/*' Main")
    facts = (*PROVIDER, script("/e.sh", *lines))
    linked = link(image(*facts, env={"JAVA_OPTS": ON}, command=("/e.sh",)))
    assert options(linked)["JAVA_OPTS"] == "script"
    assert the_jvm(linked).activation is Activation.UNKNOWN  # the class path stands behind it


def test_a_script_that_only_lies_beside_takes_nothing_away() -> None:
    scripts = (
        script(
            "/opt/t/bin/run.sh",
            'B=`dirname "$0"`',
            '. "$B/setenv.sh"',
            'OPTS="$OPTS `umask`"',
            "exec java $OPTS Main",
        ),
        script("/opt/t/bin/setenv.sh", 'OPTS="$OPTS -Dset"'),
        script("/opt/t/bin/other.sh", 'OPTS="-Dother"'),
    )
    made = image(*scripts, env={"OPTS": "-Denv"}, command=("/opt/t/bin/run.sh",))
    assert kept_options(made, "OPTS") == ("-Denv", "-Dset")


GRADLE = (  # what the start scripts of Gradle's application plugin do, up to 6 and since 7
    ("eval set -- $DEFAULT_JVM_OPTS $JAVA_OPTS $APP_OPTS -classpath '/app/lib/*' Main '\"$A\"'",),
    (
        'set -- -classpath "$CLASSPATH" Main "$@"',
        'eval "set -- $(',
        "        printf '%s\\n' \"$DEFAULT_JVM_OPTS $JAVA_OPTS $APP_OPTS\" |",
        "        xargs -n1 |",
        "        tr '\\n' ' '",
        '    )" \'"$@"\'',
    ),
)


@pytest.mark.parametrize("lines", GRADLE)
@pytest.mark.parametrize("name", ["JAVA_OPTS", "APP_OPTS"])
def test_gradles_start_scripts_put_the_options_into_their_arguments(
    lines: tuple[str, ...], name: str
) -> None:
    before = ("if ! command -v java >/dev/null 2>&1", "then die", "fi", 'JAVACMD="java"')
    start = script("/app/bin/app", *before, *lines, 'exec "$JAVACMD" "$@"')
    made = image(*PROVIDER, start, env={name: ON}, command=("/app/bin/app",))
    (found,) = options_in_effect(made)
    assert found.property("org.bouncycastle.fips.approved_only") == "true"
    if name == "JAVA_OPTS":
        assert options(link(made))["JAVA_OPTS"] == "script"


def test_asking_where_java_is_starts_none() -> None:
    start = script("/e.sh", "command -v java", "exec /app/native")
    assert options(link(image(start, command=("/e.sh",)))) == {}
