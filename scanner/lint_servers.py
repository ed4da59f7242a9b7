"""Checks rules of servers: that their examples hold, and that their patterns are safe.

Reads rules only.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import TYPE_CHECKING

from scanner.formats.config_model import ConfigError
from scanner.rulefile import Location
from scanner.rules_servers import ServerRule, SettingExample
from scanner.server_settings import Setting, read_settings

if TYPE_CHECKING:
    from scanner.lint import Context

Found = Iterator[tuple[Location, str]]

_GROUP = re.compile(r"\((?:[^()]|\([^()]*\))*\)|\[[^\]]*\]")
_ALTERNATIVE = re.compile(r"(?<!\\)\|")
_NESTED_REPEAT = re.compile(r"\((?:[^()\\]|\\.)*(?<!\\)[+*](?:[^()\\]|\\.)*\)[+*{]")


def server_paths_are_whole(rule: ServerRule, _: Context) -> Found:
    """Paths are matched as a whole, and hostile names must not make that slow."""
    for key in ("files", "also"):
        for index, pattern in enumerate(getattr(rule, key)):
            if not pattern.startswith(("/", ".*/", "(", r"\.")):
                yield (key, index), f"`{pattern}` matches no whole path: begin it with / or .*/"
            if _ALTERNATIVE.search(_GROUP.sub("", pattern)):
                yield (key, index), f"`{pattern}` is two patterns: give each a line of its own"
            if _NESTED_REPEAT.search(pattern):
                yield (key, index), f"`{pattern}` repeats a repetition"
    if not rule.files and not rule.options and not rule.variables:
        yield ("files",), "nothing says which files it reads"


def server_examples_hold(rule: ServerRule, context: Context) -> Found:
    """Each example under `match` states what it says, those under `no_match` nothing."""
    for key in ("match", "no_match"):
        if not getattr(rule.examples, key):
            yield ("examples",), f"has no example under `{key}`"
        for index, example in enumerate(getattr(rule.examples, key)):
            try:
                found = list(read_settings(rule, example.text, context.rules))
            except ConfigError as error:
                yield ("examples", key, index), f"is not {rule.syntax}: {error}"
                continue
            message = _missing(example, found) if key == "match" else _too_much(found)
            if message:
                yield ("examples", key, index), message


def _missing(example: SettingExample, found: list[Setting]) -> str:
    if not example.directive or not (example.unapproved or example.state):
        return "must say which `directive` allows what `unapproved`, or has which `state`"
    same = [each for each in found if each.directive.name == example.directive]
    if not same:
        return f"`{example.directive}` is not found in it"
    for each in same:
        fits = set(example.unapproved) <= set(each.unapproved) and example.state == each.state
        if fits and example.line in ("", str(each.directive.line)):
            return ""
    seen = "; ".join(
        f"line {each.directive.line}: {', '.join(each.unapproved[:5]) or each.state or 'nothing'}"
        for each in same
    )
    return f"`{example.directive}` comes to something else: {seen}"


def _too_much(found: list[Setting]) -> str:
    for each in found:
        if each.unapproved or each.state == "off":
            what = ", ".join(each.unapproved[:5]) or "off"
            return f"`{each.directive.name}` comes to {what}"
    return ""
