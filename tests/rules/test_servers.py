"""Every server's own examples are its tests, and what all of them need is there."""

from __future__ import annotations

import pytest

from scanner.rulebook import RuleBook
from scanner.rules_servers import ServerRule, SettingExample
from scanner.server_settings import read_settings

RULES = RuleBook.load()


@pytest.mark.parametrize(
    ("rule", "example", "expected"),
    [
        pytest.param(rule, example, expected, id=f"{rule.id}-{expected}-{index}")
        for rule in RULES.servers.values()
        for expected, examples in ((True, rule.examples.match), (False, rule.examples.no_match))
        for index, example in enumerate(examples)
    ],
)
def test_example(rule: ServerRule, example: SettingExample, expected: bool) -> None:
    found = list(read_settings(rule, example.text, RULES))
    if not expected:
        assert [each.directive for each in found if each.unapproved or each.state == "off"] == []
        return
    same = [each for each in found if each.directive.name == example.directive]
    assert any(
        set(example.unapproved) <= set(each.unapproved)
        and example.state == each.state
        and example.line in ("", str(each.directive.line))
        for each in same
    ), found


@pytest.mark.parametrize("rule", RULES.servers.values(), ids=lambda rule: rule.id)
def test_every_directive_has_an_example(rule: ServerRule) -> None:
    """Each entry of a rule is found in one of its examples, whatever it comes to."""
    texts = [*rule.examples.match, *rule.examples.no_match]
    found = {each.entry for text in texts for each in read_settings(rule, text.text, RULES)}
    missing = [
        f"{number}: {each.name}"
        for number, each in enumerate(rule.directives)
        if str(number) not in found
    ]
    assert missing == []


@pytest.mark.parametrize("rule", RULES.servers.values(), ids=lambda rule: rule.id)
def test_advice_is_approved(rule: ServerRule) -> None:
    """What a rule says to write is understood by its own syntax, and allows nothing unapproved."""
    for each in rule.directives:
        found = list(read_settings(rule, f"{each.advice}\n", RULES))
        assert [(one.directive, one.unapproved) for one in found if one.unapproved] == []
