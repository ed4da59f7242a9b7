"""Leaves parts out of how source code is read, to see whether the examples would notice.

Changes no rule; whether examples still hold is for the linter to say.
"""

from __future__ import annotations

from collections.abc import Iterator

from scanner.mutate import Mutant
from scanner.rules_sources import ApiRule, SourceRule


def source_mutants(rule: SourceRule) -> Iterator[Mutant[SourceRule]]:
    """Every form of `rule` that lacks an API, takes any text for an algorithm, or forgives less."""
    for index, api in enumerate(rule.apis):
        before, after = rule.apis[:index], rule.apis[index + 1 :]
        name = f"apis[{index}] ({api.names[0]})"
        yield _with(rule, f"without {name}", (*before, *after))
        if api.only:
            loose = api.model_copy(update={"only": ()})
            yield _with(rule, f"{name} without `only`", (*before, loose, *after))
    for index, harmless in enumerate(rule.harmless):
        rest = rule.harmless[:index] + rule.harmless[index + 1 :]
        weak = rule.model_copy(update={"harmless": rest})
        yield Mutant(f"without harmless[{index}] ({harmless.keyword})", weak)


def _with(rule: SourceRule, name: str, apis: tuple[ApiRule, ...]) -> Mutant[SourceRule]:
    return Mutant(name, rule.model_copy(update={"apis": apis}))
