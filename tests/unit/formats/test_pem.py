"""Blocks of PEM in texts of many kinds."""

from __future__ import annotations

import pytest

from scanner.formats.pem import MAX_BLOCKS, blocks

BODY = "MA0GCSqGSIb3DQEBAQUAA4GNADCBiQ+/"
PLAIN = f"-----BEGIN CERTIFICATE-----\n{BODY}\nAAA=\n-----END CERTIFICATE-----\n"


def contents(text: str) -> list[bytes]:
    return [each.content for each in blocks(text.encode())]


@pytest.mark.parametrize(
    "text",
    [
        PLAIN,
        PLAIN.replace("\n", "\r\n"),
        "    " + PLAIN.replace("\n", "\n    "),
        '{"key": "' + PLAIN.replace("\n", "\\n") + '"}',
        "".join(f'    "{line}\\n"\n' for line in PLAIN.splitlines()),
        "# comment\n" + PLAIN + "more",
    ],
)
def test_a_block_is_found_in_any_dress(text: str) -> None:
    assert contents(text) == contents(PLAIN) != []


def test_a_line_that_ends_in_a_letter_of_base64_is_whole() -> None:
    # `+` and `/` are letters, whatever they are in a program.
    assert len(contents(PLAIN)[0]) == 26


@pytest.mark.parametrize(
    "text",
    [
        "-----BEGIN CERTIFICATE-----\nnot base64!\n-----END CERTIFICATE-----",
        "-----BEGIN CERTIFICATE-----\n-----END CERTIFICATE-----",
        "-----BEGIN CERTIFICATE-----\nAAAA\n-----END PUBLIC KEY-----",
        "-----BEGIN CERTIFICATE-----\nAAAA",
        "-----BEGIN CERTIFICATE-----",
    ],
)
def test_what_is_damaged_is_passed_over(text: str) -> None:
    assert contents(text) == []


def test_headers_and_lines_are_told() -> None:
    body = "DEK-Info: DES-EDE3-CBC,00\n\nAAAA"
    text = f"x\n-----BEGIN RSA PRIVATE KEY-----\n{body}\n-----END RSA PRIVATE KEY-----"
    (block,) = blocks(text.encode(), "PRIVATE KEY")
    assert (block.headers, block.line) == ((("DEK-Info", "DES-EDE3-CBC,00"),), 2)


def test_other_labels_are_left_out() -> None:
    assert list(blocks(PLAIN.encode(), "PRIVATE KEY")) == []


def test_no_more_blocks_than_anybody_needs() -> None:
    text = b"-----BEGIN A-----\nAAAA\n-----END A-----\n" * (MAX_BLOCKS + 10)
    assert sum(1 for _ in blocks(text)) == MAX_BLOCKS
