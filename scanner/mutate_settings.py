"""Leaves directives out of rules of servers, to see whether their examples would notice.

Changes no rule; whether examples still hold is for the linter to say.
"""

from __future__ import annotations

from collections.abc import Iterator

from scanner.mutate import Mutant
from scanner.rules_servers import DirectiveRule, ServerRule


def server_mutants(rule: ServerRule) -> Iterator[Mutant[ServerRule]]:
    """Every form of `rule` that lacks a directive, or finds one in more places.

    Which switch a directive `needs` is left as it is: examples are read without their switches.
    """
    for index, directive in enumerate(rule.directives):
        before, after = rule.directives[:index], rule.directives[index + 1 :]
        name = f"directives[{index}] ({directive.shown or directive.name})"
        if before or after:
            yield _with(rule, f"without {name}", (*before, *after))
        for key in ("after", "block"):
            if getattr(directive, key):
                loose = directive.model_copy(update={key: ""})
                yield _with(rule, f"{name} without its `{key}`", (*before, loose, *after))


def _with(rule: ServerRule, name: str, directives: tuple[DirectiveRule, ...]) -> Mutant[ServerRule]:
    return Mutant(name, rule.model_copy(update={"directives": directives}))
