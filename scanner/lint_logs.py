"""Checks rules of log messages: that their examples hold, and that their patterns are safe.

Reads rules only.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from scanner.model import Confidence
from scanner.rulefile import Location
from scanner.rules_model import LogRule

MAX_LOG_MATCH = 1000
"""Characters that a log message may span: logs are matched piece by piece."""

_LOOKAROUND = re.compile(r"\(\?(=|!|<=|<!)|\\[1-9]|\(\?P=")
_NESTED_REPEAT = re.compile(r"\((?:[^()\\]|\\.)*(?<!\\)[+*](?:[^()\\]|\\.)*\)[+*{]")

Found = Iterator[tuple[Location, str]]


def log_examples_hold(rule: LogRule, _: object) -> Found:
    """Each example is recognized, or is not."""
    pattern = re.compile(rule.pattern)
    for name in ("match", "no_match"):
        if not getattr(rule.examples, name):
            yield ("examples",), f"has no example under `{name}`"
    for index, text in enumerate(rule.examples.match):
        if not pattern.search(text):
            yield ("examples", "match", index), "the pattern does not match this example"
    for index, text in enumerate(rule.examples.no_match):
        if pattern.search(text):
            yield ("examples", "no_match", index), "the pattern matches this example"


def log_pattern_is_safe(rule: LogRule, _: object) -> Found:
    """Patterns must not take long on hostile logs."""
    if _LOOKAROUND.search(rule.pattern):
        yield ("pattern",), "looks around or back, which takes long on hostile logs"
    if _NESTED_REPEAT.search(rule.pattern) or re.search(r"(?<!\\)\.[*+]", rule.pattern):
        yield ("pattern",), "repeats without bound; write {0,200} instead of * or +"
    if re.search(r"\{\d*,(\d{4,})\}", rule.pattern):
        yield ("pattern",), f"may span more than {MAX_LOG_MATCH} characters"


def log_pattern_compiles(rule: LogRule, _: object) -> Found:
    """Logs are searched by hyperscan."""
    import hyperscan

    try:
        hyperscan.Database().compile(expressions=[rule.pattern.encode()], ids=[0])
    except hyperscan.error as error:
        yield ("pattern",), f"hyperscan refuses it: {error}"


def log_effect_is_specific(rule: LogRule, _: object) -> Found:
    """What has other causes breaks nothing by itself."""
    if rule.effect == "informs" and rule.fips_specific:
        yield ("effect",), "a message that only FIPS causes breaks or shows a misconfiguration"


def log_confidence_is_earned(rule: LogRule, _: object) -> Found:
    """A message that nobody has seen earns no high confidence."""
    if rule.confidence is Confidence.HIGH and "recalled" in rule.source:
        yield ("confidence",), "high, although its source is recalled and not confirmed"
