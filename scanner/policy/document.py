"""What may stand in `.fips-scanner.yaml`, as frozen values that check themselves.

Reads no file: `scanner.policy.load` does. Every key that is not listed here is an error. The JSON
Schema for editors is made from these values.
"""

from __future__ import annotations

import difflib
import json
import re
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from datetime import date
from importlib import resources
from typing import Annotated, Any, Literal, cast

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    ValidationInfo,
    WithJsonSchema,
)

from scanner.model import GapKind, Question, Severity
from scanner.policy.patterns import IMPOSSIBLE, RELATIVE, never_matches

GAP = "gap:"
"""Begins the rule of a waiver that is about something that could not be looked at."""
NOTHING = ("", "~", "null", "Null", "NULL")
"""How YAML writes that there is no value."""
_LONGEST = 500
_GAPS = "|".join(sorted(each.value for each in GapKind))
_DAY = r"^\d{4}-\d{2}-\d{2}$"


@dataclass(frozen=True, slots=True)
class Known:
    """What a policy may name."""

    checks: Mapping[str, Severity] = field(default_factory=dict)
    """Id of a check → how bad it is by its rule."""
    targets: Collection[str] = ()


def _named(text: str) -> str:
    """As it is: a path may hold more than one space."""
    _said(text)
    return text.strip()


def _said(text: str) -> str:
    if text.strip() in NOTHING:
        raise ValueError("is empty")
    if len(text) > _LONGEST:
        raise ValueError(f"is longer than {_LONGEST} characters")
    return " ".join(text.split())


def _number(text: object) -> object:
    if not isinstance(text, str) or not re.fullmatch(r"100|[1-9]?[0-9]", text):
        raise ValueError("must be a whole number from 0 to 100")
    return int(text)


def _day(text: object) -> object:
    try:
        if isinstance(text, str) and re.fullmatch(_DAY, text):
            return date.fromisoformat(text)
    except ValueError:
        raise ValueError(f"there is no such day as {text}") from None
    raise ValueError("must be a day, written as 2027-06-30")


def _absent(raw: object) -> object:
    """An empty section for a key without a value, as is left when all in it is commented out."""
    return {} if raw in NOTHING else raw


def _absent_list(raw: object) -> object:
    return [] if raw in NOTHING else raw


def _filled(items: tuple[str, ...]) -> tuple[str, ...]:
    twice = next((each for each in items if items.count(each) > 1), None)
    if twice is not None:
        raise ValueError(f"{twice} is listed twice")
    return items


def _known(rule: str, info: ValidationInfo) -> str:
    known = cast("Known | None", info.context)
    if rule.startswith(GAP):
        kinds = [each.value for each in GapKind]
        kind = rule.removeprefix(GAP)
        if kind not in kinds:
            raise ValueError(f"no such gap: {rule}{meant(kind, kinds, GAP)}")
    elif known is not None and rule not in known.checks:
        if rule in {each.value for each in GapKind}:
            raise ValueError(f"no such rule: {rule}; for a gap write {GAP}{rule}")
        raise ValueError(f"no such rule: {rule}{meant(rule, known.checks)}")
    return rule


def _check(rule: str, info: ValidationInfo) -> str:
    if rule.startswith(GAP):
        raise ValueError("a gap has no severity; write a waiver for it")
    return _known(rule, info)


def _known_target(target: str, info: ValidationInfo) -> str:
    known = cast("Known | None", info.context)
    if known is not None and target not in known.targets:
        raise ValueError(f"no such target: {target}; there are {', '.join(sorted(known.targets))}")
    return target


def _possible(pattern: str) -> str:
    reason = never_matches(pattern)
    if reason:
        raise ValueError(f"{pattern} matches nothing: {reason}")
    return pattern


def meant(text: str, names: Collection[str], before: str = "") -> str:
    """`; did you mean x?`, or `""` when nothing among `names` is like `text`."""
    close = difflib.get_close_matches(text, names, n=1)
    return f"; did you mean {before}{close[0]}?" if close else ""


def _text_schema(**more: object) -> WithJsonSchema:
    # Scalars of the file stay text, so a number or a truth value is text as well.
    return WithJsonSchema(
        {
            "type": ["string", "number", "boolean"],
            "pattern": _without(_EMPTY),
            "maxLength": _LONGEST,
            **more,
        }
    )


def _without(regex: str) -> str:
    """A regular expression for text in which `regex` is not found.

    `not` in a schema would refuse what is no text as well.
    """
    return rf"^(?![\s\S]*(?:{regex}))"


_EMPTY = rf"^\s*({'|'.join(NOTHING[1:])})?\s*$"
_CHECK = {"propertyNames": {"allOf": [{"pattern": _without(_EMPTY)}, {"pattern": f"^(?!{GAP})"}]}}
_RULE = {"allOf": [{"pattern": f"^({GAP}({_GAPS})$|(?!{GAP}))"}]}
_PATTERN = {"allOf": [{"pattern": _without(regex)} for regex, _ in IMPOSSIBLE]}
_ABSOLUTE: dict[str, Any] = {
    "if": {"properties": {"rule": {"type": "string", "pattern": f"^{GAP}"}}},
    "else": {"properties": {"pattern": {"pattern": _without(RELATIVE.pattern)}}},
}
_NUMBER = {
    "anyOf": [
        {"type": "integer", "minimum": 0, "maximum": 100},
        {"type": "string", "pattern": "^(100|[1-9]?[0-9])$"},
    ]
}

Said = Annotated[str, AfterValidator(_said), _text_schema()]
KnownRule = Annotated[str, AfterValidator(_said), AfterValidator(_known), _text_schema(**_RULE)]
CheckId = Annotated[str, AfterValidator(_said), AfterValidator(_check)]
KnownTarget = Annotated[str, AfterValidator(_said), AfterValidator(_known_target), _text_schema()]
Pattern = Annotated[
    str, AfterValidator(_named), AfterValidator(_possible), _text_schema(**_PATTERN)
]
Day = Annotated[
    date,
    BeforeValidator(_day),
    WithJsonSchema({"type": "string", "format": "date", "pattern": _DAY}),
]
Score = Annotated[int, BeforeValidator(_number), WithJsonSchema(_NUMBER)]
Condition = Literal["baseline", "node", "enforced"]


_LIST = Field(min_length=1, json_schema_extra={"uniqueItems": True})


class _Section(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", use_attribute_docstrings=True)


class GateSection(_Section):
    """What an image must be to pass. What is not listed is not asked, but for `fail_on`."""

    fail_on: Literal["critical", "high", "medium", "low", "never"] = "high"
    """The mildest severity of a finding that fails the gate; `never` lets every finding pass."""
    min_score: Score | None = None
    """The lowest score that passes, from 0 to 100, without what is waived."""
    verdict: Literal["no-crypto", "ready", "conditional"] | None = None
    """The worst verdict that passes, without what is waived."""
    questions: Annotated[tuple[Question, ...], _LIST, AfterValidator(_filled)] | None = None
    """Findings on other questions do not fail the gate. All count when this is left out."""


class OverrideEntry(_Section):
    """Another severity for a rule, or `off`, and why."""

    severity: Literal["critical", "high", "medium", "low", "info", "off"]
    """How bad its findings are for this team; `off` sets them aside."""
    reason: Said
    """Why, for whoever reads the report."""


class WaiverEntry(_Section):
    """Findings of one rule that the team accepts, in some places and for a while."""

    model_config = ConfigDict(json_schema_extra=_ABSOLUTE)

    rule: KnownRule
    """The id of a check; for what could not be looked at `gap:` and the kind of the gap."""
    pattern: Pattern
    """Where: a path or the name of a component, with `*`, `?` and `**`. A pattern without a slash
    means a file's name in whatever folder, or a component; `*` alone means every place."""
    reason: Said
    """Why it is accepted, for whoever reads the report."""
    owner: Said
    """Who answers for it: a person or a team."""
    expires: Day
    """The last day on which it holds. After it, the gate fails until somebody decides anew."""
    image: Said = "*"
    """Which images: a pattern for their references. Without a tag it means every tag."""


class PolicyFile(_Section):
    """What a team asks of its images."""

    version: Annotated[Literal["1"], WithJsonSchema({"enum": [1, "1"]})]
    """Of this format: 1."""
    gate: Annotated[GateSection, BeforeValidator(_absent)] = GateSection()
    target: KnownTarget | None = None
    """Where the images are meant to run: the id of a target. `fips-scanner config show` explains
    the one that holds."""
    conditions: Annotated[tuple[Condition, ...], _LIST, AfterValidator(_filled)] | None = None
    """How containers are run, besides `baseline`, which always is. All three when this is left
    out."""
    rules: Annotated[
        Mapping[CheckId, OverrideEntry],
        BeforeValidator(_absent),
        Field(json_schema_extra=_CHECK),
    ] = Field(default_factory=dict)
    """Id of a check → what the team makes of it."""
    waivers: Annotated[tuple[WaiverEntry, ...], BeforeValidator(_absent_list)] = ()
    """What the team accepts, where, and until when."""


def made_schema() -> dict[str, Any]:
    """The JSON Schema of a policy, made anew; `policy_schema` reads the published one."""
    raw = cast("dict[str, Any]", _tidy(PolicyFile.model_json_schema()))
    sections = raw["properties"]
    for name in ("gate", "rules", "waivers"):
        # All that stands below such a key may be commented out.
        about = sections[name].pop("description", "")
        sections[name] = {"anyOf": [sections[name], {"enum": [None, *NOTHING]}]}
        if about:
            sections[name]["description"] = about
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "$id": "urn:fips-scanner:policy:1",
        **raw,
        "title": "Policy of fips-scanner",
    }


def _tidy(schema: object) -> object:
    """`schema` without titles made from names, and without the null that no file may hold."""
    if isinstance(schema, list):
        return [_tidy(each) for each in schema]
    if not isinstance(schema, dict):
        return schema
    kept: dict[str, Any] = {
        key: _tidy(value)
        for key, value in schema.items()
        if not (key == "title" and isinstance(value, str)) and key != "default"
    }
    choices = kept.get("anyOf")
    if isinstance(choices, list) and {"type": "null"} in choices:
        choices.remove({"type": "null"})
        if len(choices) == 1:
            kept = {**kept.pop("anyOf")[0], **kept}
    about = kept.get("description")
    return {**kept, "description": " ".join(about.split())} if isinstance(about, str) else kept


def policy_schema() -> str:
    """The published JSON Schema of a policy, as text."""
    return resources.files("scanner.policy").joinpath("policy-v1.json").read_text("utf-8")


def schema_text() -> str:
    """`made_schema` as it is published."""
    return json.dumps(made_schema(), indent=2) + "\n"
