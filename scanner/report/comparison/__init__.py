"""Turns comparisons of reports into what people and programs read.

Only formats: what changed, and whether that is worse, is decided in `scanner.diff`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

from scanner.diff.model import Comparisons
from scanner.report.comparison import json, markdown, text
from scanner.report.look import Look

__all__ = ["DIFF_RENDERERS"]

DIFF_RENDERERS: Mapping[str, Callable[[Comparisons, Look], str]] = {
    "text": text.render,
    "json": json.render,
    "markdown": markdown.render,
}
"""Name of a format → what makes it."""
