from __future__ import annotations

import pytest

from scanner.simulate.last_words import new_lines

BEFORE = b"2026-11-24T10:00:01 [7] start\nlistening on 0x7f3a:8080\nid deadbeefcafe\n"


@pytest.mark.parametrize(
    ("after", "expected"),
    [
        (BEFORE, ()),
        (b"", ()),
        (b"2026-11-24T11:22:33 [1234] start\nlistening on 0x55ff:49152\nid 0123456789abcdef\n", ()),
        (BEFORE + b"a\nb\n\n  \nc\nd\n", ("b", "c", "d")),
        (b"cannot\nid deadbeefcafe\n", ("cannot",)),
        # Not of the container's making: the scanner asked a port for TLS.
        (
            b"why\n\"\\x16\\x03\\x01=\" 400\nBad ('\\\\x16\\\\x03\\\\x01')\n\x16\x03\x01?\n",
            ("why",),
        ),
        # Said again and again, it is one line, and what came before it is not lost.
        (b"why\n" + b"retry 1\nretry 2\nretry 3\n" * 9, ("why", "retry 3")),
    ],
)
def test_last_lines_that_are_new(after: bytes, expected: tuple[str, ...]) -> None:
    assert new_lines(BEFORE, after) == expected


def test_hostile_output_is_bounded_and_printable() -> None:
    (line,) = new_lines(b"", b"\x1b[31mred\x1b[0m\x07\xff" + b"x" * 10_000)
    assert line.startswith("red")
    assert line.isprintable()
    assert len(line) == 200


def test_of_a_long_output_only_the_end_is_looked_at() -> None:
    assert new_lines(b"", b"first\n" + b"same\n" * 100_000) == ("same",)
