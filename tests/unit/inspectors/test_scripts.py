"""Start scripts."""

from __future__ import annotations

import pytest

from scanner.inspectors.scripts import MAX_SCRIPT, ScriptInspector

from .files import the_fact, wants

INSPECTOR = ScriptInspector()


def test_a_shell_script_tells_what_it_mentions_exports_and_runs() -> None:
    text = '#!/bin/sh\nexport OPENSSL_CONF=/etc/my.cnf\nexec java $JAVA_OPTS -jar /app.jar "$@"\n'
    fact = the_fact(INSPECTOR, "/docker-entrypoint.sh", text, mode=0o755)
    assert fact.text("interpreter") == "/bin/sh"
    assert fact.texts("mentions") == ("JAVA_OPTS",)
    assert fact.texts("exports") == ("OPENSSL_CONF=/etc/my.cnf",)
    assert fact.texts("runs") == ("java",)


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
        ("/usr/share/doc/x/run.sh", b"#!/bin/sh\n", 0o755),
        ("/usr/local/bin/big", b"#!/bin/sh\n" + b"#" * MAX_SCRIPT, 0o755),
    ],
)
def test_what_is_no_start_script_is_left(path: str, content: bytes, mode: int) -> None:
    assert not wants(INSPECTOR, path, content, mode=mode)
