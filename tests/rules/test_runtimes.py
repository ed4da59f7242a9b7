"""What runtimes' rules say of algorithms, held against the table of algorithms."""

from __future__ import annotations

from scanner.rulebook import RuleBook


def test_algorithms_of_runtimes_are_known() -> None:
    rules = RuleBook.load()
    named = {
        name
        for runtime in rules.runtimes.values()
        for names in runtime.algorithms.values()
        for name in names
    }
    assert named
    assert {
        name for name in named if (rule := rules.algorithms.find(name)) is None or rule.name != name
    } == set()
