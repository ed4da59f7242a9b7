"""Java properties. Expected values are those of OpenJDK 17's java.util.Properties."""

from __future__ import annotations

import pytest

from scanner.formats.properties import parse_properties


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("a=1\nb:2\nc 3\nd\n", {"a": "1", "b": "2", "c": "3", "d": ""}),
        ("  a  =  1 2  \n", {"a": "1 2  "}),
        ("# c\n! c\n\n  # c\na=1", {"a": "1"}),
        ("a=x,\\\n   y,\\\r\n z\n", {"a": "x,y,z"}),
        ("a=x\\\\\nb=1\n", {"a": "x\\", "b": "1"}),
        ("a\\ b\\:c=d\\=e\n", {"a b:c": "d=e"}),
        ("a=\\u0041\\t\\q\n", {"a": "A\tq"}),
        ("a=\\ud83d\\ude00\n", {"a": "\U0001f600"}),
        ("a=1\na=2\n", {"a": "2"}),
        ("a=\\\n# no comment\n", {"a": "# no comment"}),
        ("a==1\n", {"a": "=1"}),
        ("a=1\\", {"a": "1"}),
    ],
)
def test_lines_are_read_as_java_reads_them(text: str, expected: dict[str, str]) -> None:
    assert parse_properties(text) == expected


def test_the_number_of_entries_is_bounded() -> None:
    assert len(parse_properties("\n".join(f"k{n}=v" for n in range(100)), limit=10)) == 10


def test_half_of_a_surrogate_pair_stays_text_that_can_be_encoded() -> None:
    parse_properties("a=\\ud83d!\n")["a"].encode()
