"""Checks how source code is read: queries that compile, examples that hold, known names.

Reads rules only; a problem is a value, never an exception.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from scanner.formats.syntax import query_mistake, read_source
from scanner.inspectors.source import LanguageReader
from scanner.rules_sources import SourceRule

if TYPE_CHECKING:
    from scanner.lint import Context, Found


def queries_compile(rule: SourceRule, _: Context) -> Found:
    """Every grammar of the language knows the nodes that the queries name."""
    if mistake := query_mistake(rule):
        yield ("calls",), f"a query does not compile: {mistake}"


def api_names_are_known(rule: SourceRule, context: Context) -> Found:
    """What an API says of algorithms is in the tables."""
    for index, api in enumerate(rule.apis):
        for name in (api.algorithm, *api.values.values()):
            known = context.rules.algorithms.find(name) or context.rules.tls.protocol(name)
            if name and known is None:
                yield ("apis", index), f"no algorithm `{name}` in rules/algorithms"


def source_examples_hold(rule: SourceRule, context: Context) -> Found:
    """The code of an example asks for what the example says, and for nothing else."""
    if query_mistake(rule):
        return
    reader = LanguageReader(rule, context.rules)
    grammar = next(iter(rule.grammars.values()))
    for index, example in enumerate(rule.examples):
        content = example.code.encode()
        is_marked = reader.mark.search(content) is not None
        seen = tuple(
            f"{each.api} {each.algorithm}".strip() + (" harmless" if each.harmless else "")
            for each in reader.calls(read_source(content, rule, grammar))
        )
        if seen != example.seen:
            yield ("examples", index), f"sees {list(seen)}"
        if seen and not is_marked:
            yield ("examples", index), "`mark` keeps it from being read"


def patterns_are_bounded(rule: SourceRule, _: Context) -> Found:
    """No pattern on paths repeats a repetition."""
    for key in ("installed", "ignored", "mark"):
        value = getattr(rule, key)
        for pattern in (value,) if isinstance(value, str) else value:
            if re.search(r"\((?:[^()\\]|\\.)*(?<!\\)[+*](?:[^()\\]|\\.)*\)[+*{]", pattern):
                yield (key,), "repeats a repetition"
