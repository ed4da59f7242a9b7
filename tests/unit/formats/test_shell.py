"""What a start script holds."""

from __future__ import annotations

import pytest

from scanner.formats.shell import interpreter
from scanner.formats.shell_expand import MAX_VALUE, expand
from scanner.formats.shell_steps import Act, Script, Step, parse_script

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


def runs(script: Script) -> tuple[str, ...]:
    started = (each for each in script.steps if each.act in (Act.RUN, Act.EXEC))
    words = (each.words[each.words[0] == "eval"].strip('"') for each in started)
    return tuple(dict.fromkeys(words))


def told(text: str) -> list[str]:
    """Settings as facts carry them: what is not sure has a question mark."""
    steps = parse_script(text).steps
    return [str(each) for each in steps if each.act not in (Act.RUN, Act.EXEC)]


def test_a_start_script() -> None:
    script = parse_script(START)
    assert script.mentions == ("JAVA_OPTS", "WHAT", "A")
    assert [str(each) for each in script.steps if each.act is not Act.RUN] == [
        'export JAVA_OPTS="${JAVA_OPTS:-} -Dfoo=$(cat /x)"',
        "local FOO=bar",
        "export FOO=${FOO}",
        'exec =java\x1f$JAVA_OPTS\x1f-jar\x1f/app/app.jar\x1f"$@"',
        "once? GODEBUG=fips140=off",
        "local? i=$(loop)",
        "exec? =sleep\x1f1",
    ]
    assert runs(script) == (
        *("set", "[", "echo", "run_it", "cat", "inner", "java", "tee", "./server", "sleep"),
    )


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("a; b && c || d | e & f", ("a", "b", "c", "d", "e", "f")),
        ("(a; b)", ("a", "b")),
        ("exec env X=1 /bin/app --flag", ("/bin/app",)),
        ("a \\\n  b\nc", ("a", "c")),
        ("echo 'a; b' \"c | d\"", ("echo",)),
        ('exec "$JAVA_HOME/bin/java" -version', ("$JAVA_HOME/bin/java",)),
        ("cat <<-'E'\n\tx\n\tE\ny", ("cat", "y")),
        ("case $x in a) b;; (c) d;; esac; e", ("b", "d", "e")),
        ("while b; do a; done < f; c", ("b", "a", "c")),
        ("'open", ("'open",)),
        ("", ()),
    ],
)
def test_commands(text: str, expected: tuple[str, ...]) -> None:
    assert runs(parse_script(text)) == expected


def test_a_variable_in_single_quotes_is_not_expanded() -> None:
    assert parse_script("echo '$A' \"$B\" ${C} ${#D} $1").mentions == ("B", "C", "D")


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("A=1\nexport B=2", ["local A=1", "export B=2"]),
        ("declare -x C=3; declare D=4", ["export C=3", "local D=4"]),
        ("X=1 exec prog", ["export X=1"]),
        ("env -u Y X=1 prog", ["unset Y=", "export X=1"]),
        ("X=1 first\nlast", ["once X=1"]),
        ("X=1 prog 2>&1", ["export X=1"]),
        ("set -a\nX=1\nprog", ["export *=a", "local X=1"]),
        ("set -euo pipefail +a", ["export *="]),
        ("set -eu -o pipefail", []),
        ("X+=:/lib", ["local X=${X}:/lib"]),
        (': "${X:=1}"', ["local X=${X:-1}"]),
        ("unset X; read Y", ["unset X=", "local Y=$(read)"]),
        (". /env.sh", ["source =/env.sh"]),
    ],
)
def test_what_is_set_and_for_whom(text: str, expected: list[str]) -> None:
    assert told(text) == expected


@pytest.mark.parametrize(
    "text",
    [
        "if [ a ]; then export X=1; fi",
        "if a; then b; else export X=1; fi",
        "case $a in b) export X=1;; esac",
        "while a; do export X=1; done",
        "[ -n $Y ] && export X=1",
        "a || export X=1",
        "( export X=1 )",
        "never() { export X=1; }",
        "[ a ] && { export X=1; }",
        "if a\nthen\n  if b; then c; fi\n  export X=1\nfi",
    ],
)
def test_what_stands_under_a_condition_is_not_sure(text: str) -> None:
    assert told(text) == ["export? X=1"]


@pytest.mark.parametrize(
    "text",
    [
        "if a; then b; fi\nexport X=1",
        "cd /app && export X=1",
        "main() { export X=1; }\nmain",
        "function main { export X=1; }; main",
        "a() { b; }\nb() { export X=1; }\na",
        "{ export X=1; }",
        "case $a in b) c;; esac; export X=1",
        "for i in 1; do a; done; export X=1",
    ],
)
def test_what_every_run_comes_by_is_sure(text: str) -> None:
    assert "export X=1" in told(text)


def test_a_step_survives_being_part_of_a_fact() -> None:
    for step in parse_script(START).steps:
        assert Step.parse(str(step)) == step


@pytest.mark.parametrize(
    ("raw", "value"),
    [
        ("/a:$A", "/a:1"),
        ("\"$A\"'$A'\\$A", "1$A$A"),
        ("${A}${NONE}", "1"),
        ("${NONE:-x$A}", "x1"),
        ("${A:+yes}${NONE:+no}", "yes"),
        ("${EMPTY-x}${EMPTY:-y}", "y"),
        ("$UNKNOWN", None),
        ("${UNKNOWN:-x}", None),
        ("$(cat /x)", None),
        ("`x`", None),
        ("$1", None),
        ("$HOME/x", None),
        ("${A%x}", None),
        ("$", "$"),
    ],
)
def test_expansion(raw: str, value: str | None) -> None:
    assert expand(raw, {"A": "1", "EMPTY": "", "UNKNOWN": None}) == value


def test_expansion_is_bounded() -> None:
    assert expand("$A$A", {"A": "x" * MAX_VALUE}) is None
    assert expand("${N:-" * 50 + "}" * 50, {}) is None


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
