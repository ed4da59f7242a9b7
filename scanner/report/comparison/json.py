"""Writes comparisons as JSON: the published contract of `diff-v1.json`.

Deterministic: the same reports give the same bytes.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import fields, is_dataclass
from datetime import date
from enum import StrEnum
from importlib import resources
from typing import Any, cast

from scanner.diff.model import Comparisons
from scanner.report.escape import encodable
from scanner.report.look import Look


def render(comparisons: Comparisons, look: Look | None = None) -> str:  # noqa: ARG001
    """`comparisons` as JSON in ASCII, with sorted keys. `look` changes nothing."""
    document = {"schema_version": "1", **cast("dict[str, object]", _plain(comparisons))}
    return json.dumps(document, indent=2, sort_keys=True, ensure_ascii=True) + "\n"


def schema() -> dict[str, Any]:
    """The JSON Schema that `render` keeps to."""
    text = resources.files("scanner.report.comparison").joinpath("diff-v1.json").read_text("utf-8")
    return cast("dict[str, Any]", json.loads(text))


def _plain(value: object) -> object:
    """A value of the model; what is empty is there all the same."""
    if is_dataclass(value):
        return {each.name: _plain(getattr(value, each.name)) for each in fields(value)}
    if isinstance(value, tuple | list):
        return [_plain(each) for each in value]
    if isinstance(value, Mapping):
        return {str(key): _plain(each) for key, each in value.items()}
    if isinstance(value, StrEnum):
        return value.value
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, float):
        return int(value) if value.is_integer() else round(value, 2)
    return encodable(value) if isinstance(value, str) else value
