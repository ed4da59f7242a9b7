"""Turns a report into what people and programs read.

Only formats: nothing is judged, counted into a score, or left out for being good or bad news.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

from scanner.model import Report
from scanner.report import json, text
from scanner.report.look import Look

__all__ = ["RENDERERS", "Look", "Renderer"]

Renderer = Callable[[Report, Look], str]

RENDERERS: Mapping[str, Renderer] = {
    "text": text.render,
    "json": json.render,
}
"""Name of an output format → what makes it. The result ends with a line break."""
