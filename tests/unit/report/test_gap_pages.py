"""Tests that every kind of gap can be explained."""

from __future__ import annotations

from datetime import date

import pytest

from scanner.errors import UsageError
from scanner.model import GapKind
from scanner.report.rule_pages import explain
from scanner.rulebook import RuleBook

RULES = RuleBook.load()
TODAY = date(2026, 11, 25)


@pytest.mark.parametrize("kind", GapKind)
def test_every_gap_has_a_page(kind: GapKind) -> None:
    text = explain(RULES, f"gap:{kind.value}", TODAY)
    assert text.startswith(f"gap:{kind.value}\n")
    assert "What to do: " in text
    assert max(map(len, text.splitlines())) <= 80


def test_a_gap_that_does_not_exist_is_told_with_the_nearest() -> None:
    with pytest.raises(UsageError, match="did you mean gap:packed"):
        explain(RULES, "gap:paked", TODAY)
