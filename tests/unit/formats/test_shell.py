"""What a start script holds."""

from __future__ import annotations

import pytest

from scanner.formats.shell import interpreter, parse_script

START = """\
#!/bin/bash
set -e
# $COMMENTED ; nope
if [ "${1#-}" != "$1" ]; then
  set -- myapp "$@"
fi
export JAVA_OPTS="${JAVA_OPTS:-} -Dfoo=$(cat /x)"
FOO=bar; export FOO
case "$WHAT" in
  start|run) echo hi;;
  *) run_it 'no $EXPANSION' ;;
esac
cat <<EOF
not a $command here
EOF
func() { inner "$A"; }
exec java $JAVA_OPTS -jar /app/app.jar "$@" | tee log && GODEBUG=fips140=off ./server &
for i in a b; do sleep 1; done
"""


def test_a_start_script() -> None:
    script = parse_script(START)
    assert script.mentions == ("JAVA_OPTS", "WHAT", "A")
    assert script.exports == (
        "JAVA_OPTS=${JAVA_OPTS:-} -Dfoo=$(cat /x)",
        "FOO=bar",
        "GODEBUG=fips140=off",
    )
    assert script.runs == (
        *("set", "[", "echo", "run_it", "cat", "inner", "java", "tee", "./server", "sleep"),
    )


@pytest.mark.parametrize(
    ("text", "runs"),
    [
        ("a; b && c || d | e & f", ("a", "b", "c", "d", "e", "f")),
        ("(a; b)", ("a", "b")),
        ("exec env X=1 /bin/app --flag", ("/bin/app",)),
        ("a \\\n  b\nc", ("a", "c")),
        ("echo 'a; b' \"c | d\"", ("echo",)),
        ('exec "$JAVA_HOME/bin/java" -version', ("$JAVA_HOME/bin/java",)),
        ("cat <<-'E'\n\tx\n\tE\ny", ("cat", "y")),
        ("case $x in a) b;; (c) d;; esac; e", ("b", "d", "e")),
        ("while read line; do a; done < f", ("read", "a")),
        ("'open", ("'open",)),
        ("", ()),
    ],
)
def test_commands(text: str, runs: tuple[str, ...]) -> None:
    assert parse_script(text).runs == runs


def test_a_variable_in_single_quotes_is_not_expanded() -> None:
    assert parse_script("echo '$A' \"$B\" ${C} ${#D} $1").mentions == ("B", "C", "D")


def test_only_what_is_exported_counts() -> None:
    assert parse_script("A=1\nB=2\nexport B\ndeclare -x C=3\nD=4 run\n").exports == (
        *("B=2", "C=3", "D=4"),
    )


@pytest.mark.parametrize(
    ("head", "program"),
    [
        (b"#!/bin/sh\nx", "/bin/sh"),
        (b"#! /usr/bin/env -S python3 -u\n", "python3"),
        (b"#!/usr/bin/env FOO=1 bash", "bash"),
        (b"#!\n", ""),
        (b"\x7fELF", ""),
    ],
)
def test_interpreters(head: bytes, program: str) -> None:
    assert interpreter(head) == program
