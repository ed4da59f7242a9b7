"""Weakens rules one condition at a time, to see whether their examples would notice.

Changes no rule: a weakened one is a value that is asked about the examples and thrown away.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Generic, TypeVar

from scanner.conditions import AtLeast, Below, Condition, IsSet, Matches, NoneOf, OneOf, Test
from scanner.facts import FACT_ATTRIBUTES
from scanner.match import FactBase, evaluate
from scanner.mutate_patterns import without_alternative, without_literal
from scanner.rules_base import Identified
from scanner.rules_model import SCOPE_KINDS, CheckRule, LogRule, When

_Rule = TypeVar("_Rule", bound=Identified)

JUST_PAST = ".0.0.0.1"
"""Added to a version, the nearest one that is later."""


@dataclass(frozen=True, slots=True)
class Mutant(Generic[_Rule]):
    """A rule that asks for less, or for something else."""

    name: str
    """What was done to the rule: `all[1].activation is anything`."""
    rule: _Rule


def survivors(rule: CheckRule | LogRule) -> tuple[str, ...]:
    """The names of the weakened rules that no example of `rule` tells from it."""
    if isinstance(rule, CheckRule):
        examples = _Examples(rule)
        return tuple(each.name for each in check_mutants(rule) if not examples.notice(each.rule))
    return tuple(each.name for each in log_mutants(rule) if not _log_notices(rule, each.rule))


# --- checks --------------------------------------------------------------------------------


def check_mutants(rule: CheckRule) -> Iterator[Mutant[CheckRule]]:
    """Every weakened form of `rule` that is still a rule."""
    of_one_run = rule.scope == "condition"
    for name, when in _weaker(rule.when):
        if of_one_run and re.match(r"(all|any)\[\d+\]\.condition ", name):
            continue
        if _is_a_rule(rule, when):
            yield Mutant(name, rule.model_copy(update={"when": when}))
    if rule.scope == "condition":
        # All that is looked at together is of one run, so one condition's word for the run holds
        # for the others: only without all of them is the check another one.
        when = rule.when.model_copy(
            update={
                group: tuple(_of_any_run(each) for each in getattr(rule.when, group))
                for group in ("all", "any")
            }
        )
        if when != rule.when:
            yield Mutant("condition is not asked", rule.model_copy(update={"when": when}))


def _of_any_run(condition: Condition) -> Condition:
    tests = tuple(each for each in condition.tests if each[0] != "condition")
    return replace(condition, tests=tests)


def _is_a_rule(rule: CheckRule, when: When) -> bool:
    if not when.all:
        return bool(when.any) and rule.scope == "image"
    return rule.scope == "image" or when.all[0].kind in SCOPE_KINDS[rule.scope]


def _weaker(when: When) -> Iterator[tuple[str, When]]:
    if len(when.any) > 1:
        yield "without any", when.model_copy(update={"any": ()})
    groups: Mapping[str, tuple[Condition, ...]] = {
        "all": when.all,
        "any": when.any,
        "none": when.none,
    }
    for group, conditions in groups.items():
        for index, condition in enumerate(conditions):
            if group == "all" and _is_implied(condition, when.any):
                continue
            before, after = conditions[:index], conditions[index + 1 :]
            at = f"{group}[{index}]"
            yield f"without {at}", when.model_copy(update={group: before + after})
            for name, weak in _weaker_conditions(condition):
                yield f"{at}.{name}", when.model_copy(update={group: (*before, weak, *after)})


def _is_implied(condition: Condition, any_: tuple[Condition, ...]) -> bool:
    """Whether each of `any_` asks for that as well: what anchors a check need not add to it."""
    return bool(any_) and all(
        each.kind is condition.kind and set(condition.tests) <= set(each.tests) for each in any_
    )


def _weaker_conditions(condition: Condition) -> Iterator[tuple[str, Condition]]:
    for index, (name, test) in enumerate(condition.tests):
        before, after = condition.tests[:index], condition.tests[index + 1 :]
        yield f"{name} is not asked", replace(condition, tests=before + after)
        flag = FACT_ATTRIBUTES[condition.kind].get(name) is bool
        for what, weak in _weaker_tests(test, flag):
            tests = (*before, (name, weak), *after)
            yield f"{name} {what}", replace(condition, tests=tests)


def _weaker_tests(test: Test, flag: bool) -> Iterator[tuple[str, Test]]:
    match test:
        case OneOf(values):
            yield "is another", NoneOf(values)
            if not flag:
                yield "is anything", IsSet(True)
            if len(values) > 1:
                yield from ((f"without {each}", OneOf(values - {each})) for each in sorted(values))
        case NoneOf(values):
            yield "is one of them", OneOf(values)
            if len(values) > 1:
                yield from ((f"without {each}", NoneOf(values - {each})) for each in sorted(values))
        case Matches(pattern):
            yield "is anything", IsSet(True)
            for part, rest in without_alternative(pattern):
                yield f"without {part}", Matches(rest)
        case Below(version):
            yield "is at least", AtLeast(version)
            yield "is at most", Below(version + JUST_PAST)
        case AtLeast(version):
            yield "is below", Below(version)
            yield "is later than", AtLeast(version + JUST_PAST)
        case IsSet(expected):
            yield "is set or not", IsSet(not expected)


class _Examples:
    """The examples of a check, ready to be asked about many mutants."""

    def __init__(self, rule: CheckRule) -> None:
        self.match = [FactBase(facts) for facts in rule.examples.match]
        self.no_match = [FactBase(facts) for facts in rule.examples.no_match]

    def notice(self, mutant: CheckRule) -> bool:
        """Whether any example comes out another way than it should."""
        return not all(evaluate(mutant, facts) for facts in self.match) or any(
            evaluate(mutant, facts) for facts in self.no_match
        )


# --- logs ----------------------------------------------------------------------------------


def log_mutants(rule: LogRule) -> Iterator[Mutant[LogRule]]:
    """Every form of `rule` whose pattern lacks one of its texts or alternatives."""
    for part, rest in without_literal(rule.pattern):
        yield Mutant(f"anything for `{part}`", rule.model_copy(update={"pattern": rest}))
    for part, rest in without_alternative(rule.pattern):
        yield Mutant(f"without `{part}`", rule.model_copy(update={"pattern": rest}))


def _log_notices(rule: LogRule, mutant: LogRule) -> bool:
    pattern = re.compile(mutant.pattern)
    return not all(pattern.search(text) for text in rule.examples.match) or any(
        pattern.search(text) for text in rule.examples.no_match
    )
