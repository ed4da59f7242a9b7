"""Start scripts."""

from __future__ import annotations

import pytest

from scanner.inspectors.scripts import MAX_SCRIPT, MAX_STEPS, ScriptInspector

from .files import the_fact, wants

INSPECTOR = ScriptInspector()


def test_a_shell_script_tells_what_it_mentions_sets_and_runs() -> None:
    text = '#!/bin/sh\nexport OPENSSL_CONF=/etc/my.cnf\nexec java $JAVA_OPTS -jar /app.jar "$@"\n'
    fact = the_fact(INSPECTOR, "/docker-entrypoint.sh", text, mode=0o755)
    assert fact.text("interpreter") == "/bin/sh"
    assert fact.texts("mentions") == ("JAVA_OPTS",)
    assert fact.texts("steps") == (
        "export OPENSSL_CONF=/etc/my.cnf",
        'exec =java\x1f$JAVA_OPTS\x1f-jar\x1f/app.jar\x1f"$@"',
    )
    assert not fact.text("unread")


def test_of_another_language_only_the_interpreter_is_told() -> None:
    fact = the_fact(INSPECTOR, "/usr/local/bin/app", "#!/usr/bin/env python3\n$X\n", mode=0o755)
    assert fact.text("interpreter") == "python3"
    assert fact.texts("mentions") == ()


def test_a_sourced_file_needs_no_first_line() -> None:
    fact = the_fact(INSPECTOR, "/opt/tomcat/bin/setenv.sh", 'CATALINA_OPTS="$CATALINA_OPTS -Dx"\n')
    assert fact.texts("mentions") == ("CATALINA_OPTS",)


@pytest.mark.parametrize(
    ("path", "content", "mode"),
    [
        ("/usr/local/bin/app", b"#!/bin/sh\n", 0o644),
        ("/usr/local/bin/app", b"\x7fELF", 0o755),
        ("/app/data.sh", b"\0\0", 0o755),
        ("/var/lib/dpkg/info/x.postinst", b"#!/bin/sh\n", 0o755),
    ],
)
def test_what_is_no_start_script_is_left(path: str, content: bytes, mode: int) -> None:
    assert not wants(INSPECTOR, path, content, mode=mode)


@pytest.mark.parametrize(
    ("path", "content", "why"),
    [
        ("/usr/local/bin/big", "#!/bin/sh\n" + "#" * MAX_SCRIPT, "too many"),
        ("/usr/share/doc/x/run.sh", "#!/bin/sh\nexport A=1\n", "not looked into"),
        ("/usr/local/bin/long", "#!/bin/sh\n" + "A=1\n" * (MAX_STEPS + 1), "too long"),
    ],
)
def test_a_script_that_is_not_read_is_noted(path: str, content: str, why: str) -> None:
    assert why in the_fact(INSPECTOR, path, content, mode=0o755).text("unread")


def test_programs_below_usr_share_are_read() -> None:
    text = "#!/bin/bash\nexport A=1\nrun\n"
    fact = the_fact(INSPECTOR, "/usr/share/elasticsearch/bin/elasticsearch", text, mode=0o755)
    assert "export A=1" in fact.texts("steps")


@pytest.mark.parametrize(
    "path",
    ["/etc/apache2/envvars", "/etc/default/x", "/e/15-ip.envsh", "/opt/w/bin/standalone.conf"],
)
def test_files_that_scripts_read_in_are_told_by_name(path: str) -> None:
    assert the_fact(INSPECTOR, path, "export A=1\n").texts("steps") == ("export A=1",)
