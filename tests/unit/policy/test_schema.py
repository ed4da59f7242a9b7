"""The JSON Schema for editors takes what the scanner reads, and refuses what it refuses."""

import copy
import json
import random
from collections.abc import Iterator
from typing import Any

import jsonschema
import pytest
import yaml

from scanner.errors import RuleError
from scanner.policy import Known, parse_policy, policy_schema
from scanner.policy.document import PolicyFile, schema_text
from tests.unit.policy.parts import KNOWN, TODAY

Document = dict[str, Any]
PATH = "scanner/policy/policy-v1.json"
REFRESH = (
    "python -c 'from scanner.policy.document import schema_text; print(schema_text(), end=\"\")'"
)
VALIDATOR = jsonschema.Draft202012Validator(
    json.loads(policy_schema()), format_checker=jsonschema.FormatChecker()
)

WHOLE: Document = {
    "version": 1,
    "gate": {
        "fail_on": "medium",
        "min_score": 80,
        "verdict": "conditional",
        "questions": ["validation", "usage"],
    },
    "target": "openshift",
    "conditions": ["baseline", "node"],
    "rules": {"go-plain-crypto": {"severity": "off", "reason": "we know"}},
    "waivers": [
        {
            "rule": "gap:packed",
            "pattern": "/opt/agent/*",
            "reason": "on file",
            "owner": "compliance",
            "expires": "2027-03-01",
            "image": "team/*",
        },
        {
            "rule": "module-not-validated",
            "pattern": "openssl",
            "reason": 42,
            "owner": True,
            "expires": "2026-12-31",
        },
    ],
}
"""Every key, in valid values. `_changed` puts others in their places."""

VALUES: list[Any] = [
    None, "", " ", "~", "null", "x", "off", "never", "high", "info", "high,low", 0, 1, -1, 80, 101,
    "80", "080", 7.5, True, False, [], {}, ["usage"], ["usage", "usage"], ["baseline"], ["node"],
    ["x"], "ready", "not-ready", "undetermined", "go-plain-crypto", "gap:packed", "gap:paked",
    "packed", "/a", "a", "a/b", "/a/", "./a", "../a", "!a", "//a", "/a/../b", "/a/.", "/..", "**/a",
    "*/a", "?/a", "*a/b", "a//b", "2027-06-30", "2027-6-30", "20270630", "2027-02-30", "tomorrow",
    "x" * 500, "x" * 501, "\u00e9\u4e2d", "a  b", "x\ny",
]  # fmt: skip


def documents() -> Iterator[Document]:
    """Every value in every place, every key left out, and unknown keys."""
    for path in _paths(WHOLE, ()):
        for value in VALUES:
            yield _changed(path, value)
        if isinstance(path[-1], str):
            yield _changed(path, None, leave_out=True)
            yield _changed((*path[:-1], "unknown"), "x")


def _paths(value: Any, at: tuple[str | int, ...]) -> Iterator[tuple[str | int, ...]]:
    inner = value.items() if isinstance(value, dict) else enumerate(value)
    for key, each in inner:
        yield (*at, key)
        if isinstance(each, dict | list):
            yield from _paths(each, (*at, key))


def _changed(path: tuple[str | int, ...], value: Any, *, leave_out: bool = False) -> Document:
    document = copy.deepcopy(WHOLE)
    inner: Any = document
    for each in path[:-1]:
        inner = inner[each]
    if leave_out:
        del inner[path[-1]]
    else:
        inner[path[-1]] = value
    return document


def _accepted_by_loader(document: Document) -> bool:
    text = json.dumps(document, ensure_ascii=False)  # which is YAML
    # Ids of rules and targets are not the schema's business: it would be old with every new rule.
    names = [each.get("rule") for each in _entries(document)] + [document.get("target")]
    names += list(document["rules"]) if isinstance(document.get("rules"), dict) else []
    texts = {_as_text(each) for each in names}
    known = Known({**KNOWN.checks, **dict.fromkeys(texts)}, {*KNOWN.targets, *texts})  # type: ignore[dict-item]
    try:
        parse_policy(text.encode(), "p.yaml", known, today=TODAY)
    except RuleError:
        return False
    return True


def _entries(document: Document) -> list[dict[str, Any]]:
    waivers = document.get("waivers")
    return [each for each in waivers if isinstance(each, dict)] if isinstance(waivers, list) else []


def _as_text(value: Any) -> str:
    return str(value).lower() if isinstance(value, bool) else " ".join(str(value).split())


def test_the_published_schema_is_current() -> None:
    assert policy_schema() == schema_text(), f"{REFRESH} > {PATH}"


def test_the_schema_is_one_and_explains_every_key() -> None:
    schema = json.loads(policy_schema())
    jsonschema.Draft202012Validator.check_schema(schema)
    for model in (schema, *schema["$defs"].values()):
        for name, each in model.get("properties", {}).items():
            assert name == "gate" or each["description"], name
    assert set(schema["properties"]) == set(PolicyFile.model_fields)


def test_schema_and_scanner_agree_on_every_change_of_a_policy() -> None:
    assert VALIDATOR.is_valid(WHOLE)
    assert _accepted_by_loader(WHOLE)
    agreed = {True: 0, False: 0}
    # All of them agree; a part is enough to notice when one side changes.
    for document in random.Random(3).sample(list(documents()), 400):
        expected = VALIDATOR.is_valid(document)
        assert _accepted_by_loader(document) is expected, json.dumps(document)
        agreed[expected] += 1
    assert min(agreed.values()) > 50


def test_schema_and_scanner_agree_on_several_changes_at_once() -> None:
    chance = random.Random(7)
    paths = list(_paths(WHOLE, ()))
    accepted = 0
    for _ in range(300):
        document = copy.deepcopy(WHOLE)
        for path in chance.sample(paths, 2):
            inner: Any = document
            try:
                for each in path[:-1]:
                    inner = inner[each]
                inner[path[-1]] = chance.choice(VALUES)
            except (KeyError, TypeError, IndexError):
                continue  # an earlier change took the place away
        expected = VALIDATOR.is_valid(document)
        accepted += expected
        assert _accepted_by_loader(document) is expected, json.dumps(document)
    assert accepted


@pytest.mark.parametrize("text", ["version: 1\n", "version: 1\nwaivers:\n", "version: 1\ngate:\n"])
def test_empty_sections_are_valid_to_both(text: str) -> None:
    assert VALIDATOR.is_valid(yaml.safe_load(text))
    parse_policy(text.encode(), "p.yaml", KNOWN, today=TODAY)
