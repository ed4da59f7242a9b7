"""Source code by its grammar: names followed through imports, and hostile text within bounds."""

from __future__ import annotations

import contextlib
import time

import pytest

from scanner.formats import syntax
from scanner.formats.syntax import Call, SyntaxReadError, query_mistake, read_source
from scanner.rulebook import RuleBook

RULES = {rule.language: rule for rule in RuleBook.load().sources}

HOSTILE = {
    "open-brackets": b"(" * 100_000,
    "open-braces": b"{" * 100_000,
    "nested-calls": b"a(" * 50_000 + b")" * 50_000,
    "nested-blocks": b"if(x){" * 30_000,
    "chained-calls": b"a(1)" + b"(1)" * 60_000,
    "ternaries": b"a?b:" * 50_000 + b"1",
    "quotes": b"'\"`$<<<" * 30_000,
    "templates": b"`${" * 50_000,
    "additions": b"'a'+" * 60_000 + b"1",
    "indents": b"\n".join(b" " * depth + b"if x:" for depth in range(900)),
}


def called(text: bytes) -> list[Call]:
    source = read_source(text, RULES["python"], "python")
    return [each for each in source.calls if not each.is_reference]


@pytest.mark.parametrize("language", sorted(RULES))
@pytest.mark.parametrize("name", sorted(HOSTILE))
def test_hostile_text_ends_within_bounds(
    language: str, name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(syntax, "MAX_SECONDS", 0.1)
    rule = RULES[language]
    before = time.process_time()
    with contextlib.suppress(SyntaxReadError):
        read_source(b"<?php " * (language == "php") + HOSTILE[name], rule, language)
    assert time.process_time() - before < 2


def test_a_wide_mistake_is_refused() -> None:
    # A query would take the square of its parts: half a minute for this one.
    with pytest.raises(SyntaxReadError, match="no code"):
        read_source(b"{" * 100_000, RULES["javascript"], "javascript")


def test_a_small_mistake_leaves_the_rest_readable() -> None:
    source = read_source(
        b"const c = require('crypto');\nlet = = 1;\nc.createHash('md5');\n",
        RULES["javascript"],
        "javascript",
    )
    assert not source.complete
    assert "crypto.createHash" in [call.name for call in source.calls]


def test_arguments() -> None:
    text = b"import hashlib\nhashlib.new('md5', data, usedforsecurity=False)\n"
    (call,) = called(text)
    assert (call.name, call.line) == ("hashlib.new", 2)
    assert call.arguments == ("md5", None)
    assert call.raw == {"usedforsecurity": "False"}


def test_what_is_put_together_is_no_literal() -> None:
    text = b"import hashlib\nhashlib.new(f'md{five}')\nhashlib.new('m' 'd5')\n"
    assert [call.arguments for call in called(text)] == [(None,), (None,)]


def test_imports() -> None:
    source = read_source(
        b"import rsa.key\nfrom Crypto.Cipher import DES\n", RULES["python"], "python"
    )
    assert source.imports == {"rsa.key": 1, "Crypto.Cipher": 2, "Crypto.Cipher.DES": 2}


def test_a_query_for_another_grammar() -> None:
    wrong = RULES["ruby"].model_copy(update={"grammars": {".py": "python"}})
    assert query_mistake(wrong).startswith("python: ")
