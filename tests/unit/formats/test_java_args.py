"""Option files for a JVM. What an `@argfile` means was asked of the launchers of Java 17 and 25."""

from __future__ import annotations

import pytest

from scanner.formats.java_args import argument_file, for_version, option_lines


@pytest.mark.parametrize(
    ("text", "options"),
    [
        ("-Da=b -cp\n/app/*\nMain", ("-Da=b", "-cp", "/app/*", "Main")),
        ("# only said\n-Da=b # and this\n-Dc", ("-Da=b", "-Dc")),
        # the launcher drops the word in which a comment begins
        ("-Dx=1#2 -De=3\n-Dm=4", ("-Dm=4",)),
        ("-Da=\"b c\" '-Dd=e f'", ("-Da=b c", "-Dd=e f")),
        ('-Dx="a"b -Dm=c"d e"f', ("-Dx=ab", "-Dm=cd ef")),
        (r'"-Dx=y\\z" "-Dt=p\tq" -De=q\r', ("-Dx=y\\z", "-Dt=p\tq", r"-De=q\r")),
        ('"-Dm=1 \\\n   2"', ("-Dm=1 2",)),
        ("", ()),
    ],
)
def test_an_argument_file(text: str, options: tuple[str, ...]) -> None:
    assert argument_file(text) == options


def test_lines_of_which_each_is_an_option() -> None:
    text = "## JVM\n\n-Xms1g\n  -Da=b c\n#-Dno\n8:-XX:+UseConcMarkSweepGC\n17-:-Dnew\n8-13:-Dold\n"
    lines = option_lines(text)
    assert for_version(lines, 17) == ("-Xms1g", "-Da=b c", "-Dnew")
    assert for_version(lines, 8) == ("-Xms1g", "-Da=b c", "-XX:+UseConcMarkSweepGC", "-Dold")
    assert len(for_version(lines, 0)) == 5
