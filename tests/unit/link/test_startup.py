"""Which programs a container's start leads to, and with which environment."""

from __future__ import annotations

from dataclasses import replace

import pytest

from scanner.inspectors.scripts import ScriptInspector
from scanner.link import elf as elf_linker
from scanner.link import openssl, start
from scanner.link.loader import Loader
from scanner.link.started import COMMAND, IMAGE, Setting
from scanner.link.world import World
from scanner.model import Activation, Fact, FactKind, GapKind
from tests.unit.inspectors.files import the_fact

from .scripts import script
from .test_openssl import ACTIVE, FIPSMODULE_CNF, LIB, config, libcrypto, provider
from .worlds import code, elf, library, world

FIPS_CNF = "/etc/fips.cnf"


def starting(*facts: Fact, command: tuple[str, ...], **env: str) -> World:
    made = world(*facts, env=env.items())
    return replace(made, config=replace(made.config, entrypoint=command))


# --- programs ------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "command",
    [
        ("/app",),
        ("/sbin/tini", "-g", "--", "/app"),
        ("env", "-u", "X", "Y=1", "/app"),
        ("gosu", "user:group", "/app"),
        ("sh", "-c", "exec /app --flag"),
        ("bash", "-eu", "-o", "pipefail", "-c", "cd /x && /app"),
        ("/start.sh", "/app"),
        ("/start.sh", "env", "Z=1", "/app"),
        ("sh", "/start.sh", "/app"),
    ],
)
def test_the_program_behind_wrappers_shells_and_scripts_is_started(
    command: tuple[str, ...],
) -> None:
    wrappers = (elf("/sbin/tini"), elf("/usr/bin/env"), elf("/usr/bin/gosu"))
    here = starting(elf("/app"), script("/start.sh", 'exec "$@"'), *wrappers, command=command)
    assert "/app" in here.start.programs


def test_arguments_are_no_programs() -> None:
    here = starting(elf("/app"), elf("/usr/bin/gpgv"), command=("/app", "--with", "/usr/bin/gpgv"))
    assert here.start.programs == {"/app"}


# --- supervisors ---------------------------------------------------------------------------

# Debian's supervisor 4.2.5-1, /etc/supervisor/supervisord.conf, cut to what matters.
SUPERVISORD_CONF = """; supervisor config file

[unix_http_server]
file=/var/run/supervisor.sock   ; (the path to the socket file)

[supervisord]
logfile=/var/log/supervisor/supervisord.log
environment=GODEBUG="fips140=on",B='x,y'

[include]
files = /etc/supervisor/conf.d/*.conf
"""
PROGRAM_CONF = """[program:app]
command=/app --config "/etc/app.conf"
environment=OPENSSL_CONF=/etc/fips.cnf

[program:off]
command=/off
autostart=false
"""


def supervised(path: str, text: str) -> Fact:
    return the_fact(ScriptInspector(), path, text)


SUPERVISED = (
    elf("/usr/bin/supervisord"),
    elf("/app"),
    elf("/off"),
    supervised("/etc/supervisor/supervisord.conf", SUPERVISORD_CONF),
    supervised("/etc/supervisor/conf.d/app.conf", PROGRAM_CONF),
)


@pytest.mark.parametrize(
    "command",
    [
        ("/usr/bin/supervisord", "-n"),
        ("supervisord", "-c", "/etc/supervisor/supervisord.conf"),
        ("sh", "-c", "exec /usr/bin/supervisord --configuration=/etc/supervisor/supervisord.conf"),
    ],
)
def test_what_supervisord_starts_is_started(command: tuple[str, ...]) -> None:
    start = starting(*SUPERVISED, command=command).start
    assert {"/usr/bin/supervisord", "/app"} <= start.programs
    assert "/off" not in start.programs
    assert start.get("GODEBUG") == "fips140=on"
    assert start.get("B") == "x,y"
    assert start.unknown("OPENSSL_CONF"), "one program has it, others do not"


def test_a_configuration_that_supervisord_does_not_read_starts_nothing() -> None:
    start = starting(*SUPERVISED, command=("supervisord", "-c", "/other.conf")).start
    assert "/app" not in start.programs


@pytest.mark.parametrize(
    ("command", "path"),
    [
        ("/init", "/etc/services.d/app/run"),
        ("/init", "/etc/s6-overlay/s6-rc.d/app/run"),
        ("/usr/bin/runsvdir", "/etc/service/app/run"),
        ("/sbin/my_init", "/etc/service/app/run"),
    ],
)
def test_services_of_s6_and_runit_are_started(command: str, path: str) -> None:
    lines = "#!/usr/bin/with-contenv sh\nexec /app\n"
    service = the_fact(ScriptInspector(), path, lines, mode=0o755)
    start = starting(elf(command), elf("/app"), service, command=(command,)).start
    assert "/app" in start.programs


# --- variables -----------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("command", "value", "source"),
    [
        (("/app",), "image", IMAGE),
        (("env", "V=1", "/app"), "1", COMMAND),
        (("env", "-u", "V", "/app"), "-", ""),
        (("env", "-i", "/app"), "-", ""),
        (("sh", "-c", "V=1 exec /app"), "1", COMMAND),
        (("sh", "-c", "V=1; exec /app"), "1", COMMAND),  # exported since the image sets it
        (("sh", "-c", "export V=$V:1; exec /app"), "image:1", COMMAND),
        (("sh", "-c", "export V=$(cat /x); exec /app"), None, COMMAND),
        (("sh", "-c", "export V=$KNOB; exec /app"), None, COMMAND),
        (("sh", "-c", "export V=${KNOB:-1}; exec /app"), "1", COMMAND),
        (("sh", "-c", "[ $A ] && export V=1; exec /app"), None, COMMAND),
        (("sh", "-c", "[ $A ] && export V=image; exec /app"), "image", IMAGE),
        (("sh", "-c", "V=1 /other; exec /app"), None, COMMAND),
        (("sh", "-c", "unset V; exec /app"), "-", ""),
        (("/exports.sh",), "script", "/exports.sh"),
        (("/outer.sh",), "script", "/exports.sh"),
        (("/runs.sh",), None, "/exports.sh"),
        (("/reads.sh",), "sourced", "/vars.sh"),
        (("/reads-unknown.sh",), None, "/vars.sh"),
        (("/bin/busybox", "env", "V=1", "/app"), "1", COMMAND),
        (("/bin/busybox", "sh", "-c", "V=1 exec /app"), "1", COMMAND),
    ],
)
def test_what_a_variable_holds_at_the_start(
    command: tuple[str, ...], value: str | None, source: str
) -> None:
    scripts = (
        script("/exports.sh", "export V=script", "exec /app"),
        script("/outer.sh", "set -e", "/exports.sh"),
        script("/runs.sh", "/exports.sh", "exec /app"),
        script("/vars.sh", "export V=sourced"),
        script("/reads.sh", ". /vars.sh", "exec /app"),
        script("/reads-unknown.sh", '. "$(dirname "$0")/vars.sh"', "exec /app"),
    )
    here = starting(elf("/app"), *scripts, command=command, V="image")
    expected = None if value == "-" else Setting(value, source)
    assert here.start.variables.get("V") == expected


@pytest.mark.parametrize(
    ("lines", "value"),
    [
        (("set -a", ". /app.env", "set +a"), "1"),
        (("set -ea", ". /app.env"), "1"),
        (("set -e -o allexport", ". /app.env", "set +o allexport"), "1"),
        ((". /app.env",), None),
        (("set -a", "set +a", ". /app.env"), None),
        (("set -o allexport", "set +o allexport", ". /app.env"), None),
        (("set -e", ". /app.env"), None),
        (("set -- -a", ". /app.env"), None),
        (("set x -a", ". /app.env"), None),
    ],
)
def test_a_shell_may_be_told_to_export_all_that_it_sets(
    lines: tuple[str, ...], value: str | None
) -> None:
    scripts = (script("/start.sh", *lines, "exec /app"), script("/app.env", "V=1"))
    found = starting(elf("/app"), *scripts, command=("/start.sh",)).start.variables.get("V")
    assert (found.value if found else None) == value


def test_values_cannot_grow_without_end() -> None:
    lines = ["export A=xxxxxxxxxxxxxxxx", *["export A=$A$A"] * 100]
    here = starting(script("/s.sh", *lines), command=("/s.sh",))
    assert here.start.variables["A"].value is None


def test_scripts_that_start_each_other_come_to_an_end() -> None:
    scripts = (script("/a.sh", "exec /b.sh"), script("/b.sh", "exec /a.sh"))
    assert starting(*scripts, command=("/a.sh",)).start.programs == {"/a.sh", "/b.sh"}


# --- what follows from them ----------------------------------------------------------------


@pytest.mark.parametrize(
    ("line", "activation"),
    [
        (f"export OPENSSL_CONF={FIPS_CNF}", Activation.ON),
        ("true", Activation.OFF),
        ("export OPENSSL_CONF=/etc/$FLAVOR.cnf", Activation.UNKNOWN),
        (f"if [ $A ]; then export OPENSSL_CONF={FIPS_CNF}; fi", Activation.UNKNOWN),
        (f"export OPENSSL_CONF={FIPS_CNF} OPENSSL_MODULES=$X", Activation.UNKNOWN),
    ],
)
def test_openssl_reads_what_the_start_script_names(line: str, activation: Activation) -> None:
    facts = (libcrypto(), provider(), config(ACTIVE, FIPS_CNF), FIPSMODULE_CNF)
    here = starting(*facts, script("/s.sh", line, "exec /app"), command=("/s.sh",))
    (state,) = openssl.link(here).facts
    assert state.text("activation") == activation


def test_a_command_may_take_the_mode_away() -> None:
    facts = (libcrypto(), provider(), config(ACTIVE), FIPSMODULE_CNF)
    command = ("sh", "-c", "OPENSSL_CONF=/dev/null exec /app")
    (state,) = openssl.link(starting(*facts, elf("/app"), command=command)).facts
    assert state.text("activation") == "off"
    (state,) = openssl.link(starting(*facts, elf("/app"), command=("/app",))).facts
    assert state.text("activation") == "on"


def test_a_search_path_of_a_start_script_counts() -> None:
    here = starting(
        elf("/app", "libx.so"),
        library("/opt/lib/libx.so"),
        script("/s.sh", "export LD_LIBRARY_PATH=/opt/lib:$LD_LIBRARY_PATH", "exec /app"),
        command=("/s.sh",),
    )
    assert list(Loader(here).closure("/app").loaded) == ["/opt/lib/libx.so"]


def test_a_preloaded_library_takes_the_place_of_the_one_of_its_name() -> None:
    other = "/opt/lib/libcrypto.so.3"
    here = starting(
        elf("/app", "libcrypto.so.3"),
        library(LIB),
        library(other),
        libcrypto(),
        libcrypto("3.5.0", other),
        command=("env", f"LD_PRELOAD={other} /nowhere.so", "/app"),
    )
    assert list(Loader(here).closure("/app").loaded) == [other]
    (use,) = elf_linker.link(replace(here, facts=here.facts.plus(openssl.link(here).facts))).uses
    assert use.module.version == "3.5.0"


def test_a_search_path_that_cannot_be_told_matters_between_two_crypto_libraries() -> None:
    line = ("sh", "-c", "export LD_LIBRARY_PATH=$(find /opt); exec /app")
    one = code(LIB, "openssl", "3.0.19", soname="libcrypto.so.3")
    other = code("/opt/libcrypto.so.3", "openssl", "3.5.0", soname="libcrypto.so.3")
    assert not start.link(starting(one, command=line)).gaps
    (gap,) = start.link(starting(one, other, command=line)).gaps
    assert (gap.kind, gap.subject, gap.caps) == (GapKind.NOT_VERIFIED, COMMAND, True)


def test_a_variable_that_a_script_sets_is_a_fact_where_checks_may_ask_for_it() -> None:
    lines = ("export OPENSSL_FORCE_FIPS_MODE=1 NAME=x", "exec /app")
    facts = start.link(starting(script("/s.sh", *lines), command=("/s.sh",))).facts
    told = [each for each in facts if each.kind is FactKind.ENV]
    assert [each.text("name") for each in told] == ["OPENSSL_FORCE_FIPS_MODE"]
    assert told[0].evidence == ("OPENSSL_FORCE_FIPS_MODE=1 in /s.sh",)


# --- what could not be read ----------------------------------------------------------------


@pytest.mark.parametrize(
    ("command", "subject"),
    [
        (("/big.sh",), "/big.sh"),
        (("sh", "/plain"), "/plain"),
        (("sh", "-c", ". /plain; exec /app"), "/plain"),
        (("/app",), ""),
        (("sh", "-c", ". /missing; exec /app"), ""),
    ],
)
def test_a_script_on_the_way_that_was_not_read_is_a_gap(
    command: tuple[str, ...], subject: str
) -> None:
    big = script("/big.sh", "#" * (300 << 10))
    here = starting(big, elf("/app"), elf("/plain"), command=command)
    found = start.link(here).gaps
    assert [each.subject for each in found] == ([subject] if subject else [])
    assert all(each.caps for each in found)


@pytest.mark.parametrize(
    "line", ["export $(cat /app/.env)", "export `cat /app/.env`", 'export "$(/bin/settings)"']
)
def test_what_a_command_prints_may_set_anything(line: str) -> None:
    here = starting(elf("/app"), script("/start.sh", line, "exec /app"), command=("/start.sh",))
    assert here.start.unknown("GODEBUG") == "GODEBUG is put together in /start.sh"
    assert here.start.get("OPENSSL_CONF") is None


def test_a_variable_whose_name_is_an_argument_is_none_that_decides() -> None:
    # `file_env` of the official images of databases.
    lines = ('file_env() { export "$1"="$(cat "$2")"; }', "file_env PASSWORD /run/x", "exec /app")
    here = starting(elf("/app"), script("/start.sh", *lines), command=("/start.sh",))
    assert here.start.unknown("GODEBUG") == ""
