"""Checks lists of packages for what their models cannot see: names that exist, and exist once.

Reads rules only; a problem is a value, never an exception.
"""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

from scanner.rules_packages import PackageFile, plain_name

if TYPE_CHECKING:
    from scanner.lint import Context, Found


def packages_name_what_is_known(rule: PackageFile, context: Context) -> Found:
    for index, each in enumerate(rule.packages):
        if each.module is not None and each.module not in context.rules.modules:
            yield ("packages", index, "module"), f"no module `{each.module}` in rules/modules"
        for name in each.algorithms:
            if context.rules.algorithms.find(name) is None:
                yield (
                    ("packages", index, "algorithms"),
                    f"no algorithm `{name}` in rules/algorithms",
                )


def packages_are_listed_once(rule: PackageFile, context: Context) -> Found:
    mine = Counter(plain_name(rule.ecosystem, each.name) for each in rule.packages)
    others = {
        plain_name(file.ecosystem, each.name): file.id
        for file in context.rules.packages.files
        if file.ecosystem == rule.ecosystem and file.id != rule.id
        for each in file.packages
    }
    for index, each in enumerate(rule.packages):
        name = plain_name(rule.ecosystem, each.name)
        if mine[name] > 1:
            yield ("packages", index, "name"), f"`{each.name}` is listed twice"
        if name in others:
            yield ("packages", index, "name"), f"`{each.name}` is in {others[name]}.yaml as well"
