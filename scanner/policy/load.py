"""Reads a policy from its file, and tells every mistake in it at once, each with its line.

Decides nothing about images. What the day is, and what rules there are, is given.
"""

from __future__ import annotations

import codecs
import re
from collections.abc import Iterator, Mapping
from datetime import date, timedelta
from pathlib import Path
from typing import Any

from pydantic import BaseModel, ValidationError

from scanner.errors import RuleError, UsageError
from scanner.model import GateRules, Override, Policy, Question, Severity, VerdictKind, Waiver
from scanner.policy.document import (
    GAP,
    GateSection,
    Known,
    OverrideEntry,
    PolicyFile,
    WaiverEntry,
    meant,
)
from scanner.policy.patterns import RELATIVE, never_matches
from scanner.report.escape import visible
from scanner.rulefile import Location, Problem, RuleFile, parse, problems_of

MAX_SIZE = 1 << 20
"""Bytes of a policy file. One with thousands of waivers is smaller."""
_FAR = timedelta(days=366)
"""A waiver that holds for longer than this is told of: nobody looks at it again."""


def read_policy(path: Path, known: Known, *, today: date) -> tuple[Policy, tuple[Problem, ...]]:
    """The policy in the file `path`, and what is odd about it.

    Raises:
        UsageError: it cannot be read.
        RuleError: with every mistake in it.
    """
    return parse_policy(_content(path), str(path), known, today=today)


def parse_policy(
    content: bytes, display: str, known: Known, *, today: date
) -> tuple[Policy, tuple[Problem, ...]]:
    """The policy that `content` writes down, and what is odd about it.

    Args:
        display: how messages and reports name it.

    Raises:
        RuleError: with every mistake in it.
    """
    if hidden := tuple(_hidden(content, display)):
        raise RuleError(tuple(map(str, hidden)))
    try:
        file, problems = parse(content, display, display)
    except RecursionError:
        raise RuleError((f"{display}:1: is nested too deeply for a policy",)) from None
    if problems:
        raise RuleError(tuple(map(str, problems)))
    found: list[Problem] = []
    document: PolicyFile | None = None
    try:
        document = PolicyFile.model_validate(file.data, context=known)
    except ValidationError as error:
        found += _problems(file, error)
    found += _across(file)
    if any(each.message.startswith("`version` must") for each in found):
        found = [each for each in found if each.message.startswith("`version`")]
    if document is None or found:
        ordered = dict.fromkeys(sorted(found, key=lambda each: (each.line, each.message)))
        raise RuleError(tuple(map(str, ordered)))
    return _policy(document, file), tuple(_odd(document, file, known, today))


def _content(path: Path) -> bytes:
    try:
        with path.open("rb") as file:
            content = file.read(MAX_SIZE + 1)
    except OSError as error:
        reason = (error.strerror or str(error)).lower()
        hint = "; `fips-scanner init` writes one" if isinstance(error, FileNotFoundError) else ""
        raise UsageError(f"cannot read the policy {path}: {reason}{hint}") from error
    if len(content) > MAX_SIZE:
        raise UsageError(f"the policy {path} is larger than {MAX_SIZE >> 20} MiB; shorten it")
    return content


# --- mistakes ------------------------------------------------------------------------------

_HIDING = re.compile("\r(?!\n)|[\x85\u2028-\u202e\u2066-\u2069]")
"""What YAML takes for the end of a line, and hardly any editor does, so that a comment may go on as
policy; and what has a line read in another order than it is written."""


def _hidden(content: bytes, display: str) -> Iterator[Problem]:
    """Each place where whoever reviews a policy may see another one than the scanner reads."""
    is_utf16 = content.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE))
    text = content.decode("utf-16" if is_utf16 else "utf-8", "replace")
    for each in _HIDING.finditer(text):
        line = text.count("\n", 0, each.start()) + 1
        what = f"holds {visible(each[0])}, which hides what is written there; take it out"
        yield Problem(display, line, what)


def _problems(file: RuleFile, error: ValidationError) -> Iterator[Problem]:
    details = error.errors(include_url=False, include_context=False, include_input=False)
    for each, problem in zip(details, problems_of(file, error), strict=True):
        location: Location = tuple(part for part in each["loc"] if part != "[key]")
        yield file.problem(location, _message(each["type"], location, problem.message))


def _message(kind: str, location: Location, message: str) -> str:
    name = ".".join(part for part in location if isinstance(part, str))
    key = str(location[-1]) if location else ""
    if kind == "missing":
        is_entry = location[0] == "waivers" and len(location) > 1
        return f"the waiver says nothing of its `{key}`" if is_entry else f"`{name}` is missing"
    if kind == "extra_forbidden":
        return f"unknown key `{key}`{_instead(location, key)}"
    if kind in ("model_type", "dict_type", "mapping_type"):
        what = "a waiver" if location[:1] == ("waivers",) else f"`{name}`"
        return f"{what} must hold keys with values: {', '.join(_keys(location))}"
    if kind in ("tuple_type", "list_type"):
        return f"`{name}` must be a list: [a, b], or lines that begin with `- `"
    if location == ("version",):
        return "`version` must be 1: this scanner knows no other"
    text = message.partition("`: ")[2]
    return f"`{name}`{'' if text.startswith(('is ', 'must ')) else ':'} {text}"


def _keys(location: Location) -> list[str]:
    """The keys that the section at `location` may hold."""
    sections: dict[Any, type[BaseModel]] = {
        "gate": GateSection,
        "rules": OverrideEntry,
        "waivers": WaiverEntry,
    }
    return list(sections[location[0]].model_fields if location else PolicyFile.model_fields)


def _instead(location: Location, key: str) -> str:
    names = _keys(location[:-1])
    return meant(key, names) or f"; there are {', '.join(names)}"


def _across(file: RuleFile) -> Iterator[Problem]:
    """Mistakes that only show when several values are looked at together."""
    waivers = file.data.get("waivers")
    seen: dict[tuple[str, ...], int] = {}
    for number, entry in enumerate(waivers if isinstance(waivers, list) else ()):
        if not isinstance(entry, dict):
            continue
        at: Location = ("waivers", number)
        rule, pattern = _text(entry, "rule"), _text(entry, "pattern")
        if not rule or not pattern:
            continue
        if not rule.startswith(GAP) and not never_matches(pattern) and RELATIVE.search(pattern):
            text = f"`waivers.pattern`: {pattern} matches nothing: paths in an image begin with /"
            fix = f"write /{pattern}, or **/{pattern} for any folder"
            yield file.problem((*at, "pattern"), f"{text}; {fix}")
        same = (rule, pattern, _text(entry, "image") or "*")
        line = file.line(at)
        if same in seen:
            yield file.problem(at, f"the same waiver stands in line {seen[same]}; leave one out")
        seen.setdefault(same, line)


def _text(entry: Mapping[str, object], key: str) -> str:
    value = entry.get(key, "")
    return " ".join(value.split()) if isinstance(value, str) else ""


def _odd(document: PolicyFile, file: RuleFile, known: Known, today: date) -> Iterator[Problem]:
    """What is no mistake, and yet not what anybody means."""
    for rule, entry in document.rules.items():
        if known.checks.get(rule) == entry.severity:
            text = f"{rule} is {entry.severity} by its rule already; leave it out"
            yield file.problem(("rules", rule), text, warning=True)
    for number, waiver in enumerate(document.waivers):
        at = ("waivers", number)
        override = document.rules.get(waiver.rule)
        if override is not None and override.severity == "off":
            text = f"{waiver.rule} is switched off, so this waiver does nothing; leave one out"
            yield file.problem(at, text, warning=True)
        for key in ("pattern", "image"):
            if re.search(r"[\[\]]", pattern := getattr(waiver, key)):
                text = f"`waivers.{key}`: [ and ] in {pattern} mean themselves, there are no sets"
                fix = "write ? for any one character"
                yield file.problem((*at, key), f"{text}; {fix}", warning=True)
        if waiver.expires - today > _FAR:
            text = f"the waiver of {waiver.rule} expires in more than a year, on {waiver.expires}"
            yield file.problem((*at, "expires"), text, warning=True)


# --- what it says --------------------------------------------------------------------------


def _policy(document: PolicyFile, file: RuleFile) -> Policy:
    gate = document.gate
    default = Policy()
    return Policy(
        gate=GateRules(
            fail_on=None if gate.fail_on == "never" else Severity(gate.fail_on),
            min_score=gate.min_score,
            verdict=VerdictKind(gate.verdict) if gate.verdict else None,
            questions=gate.questions or tuple(Question),
        ),
        target=document.target or default.target,
        conditions=document.conditions or default.conditions,
        overrides=tuple(
            Override(
                rule=rule,
                reason=entry.reason,
                severity=None if entry.severity == "off" else Severity(entry.severity),
                off=entry.severity == "off",
                line=file.line(("rules", rule)),
            )
            for rule, entry in document.rules.items()
        ),
        waivers=tuple(
            Waiver(
                rule=each.rule,
                pattern=each.pattern,
                reason=each.reason,
                owner=each.owner,
                expires=each.expires,
                image=each.image,
                line=file.line(("waivers", number)),
            )
            for number, each in enumerate(document.waivers)
        ),
        source=file.display,
        origins={
            ".".join(map(str, location)): f"{file.display}:{line}"
            for location, line in file.lines.items()
            if location in _SETTINGS
        },
    )


_SETTINGS = {("target",), ("conditions",), *(("gate", each) for each in GateSection.model_fields)}
