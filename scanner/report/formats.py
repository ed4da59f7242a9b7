"""The formats that a report can be written in: one line for each.

Loads all of them.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from scanner.model import Batch, Report
from scanner.report import (
    attestation,
    csv_table,
    cyclonedx,
    html,
    json,
    junit,
    markdown,
    oscal,
    sarif,
    text,
    text_many,
)
from scanner.report.look import Look

__all__ = ["RENDERERS", "Format", "Look", "render"]


@dataclass(frozen=True, slots=True)
class Format:
    """An output format. What it makes is text that ends with a line break."""

    about: str
    """What it is for, in a few words."""
    extension: str
    """Of a file that holds it, with the dot."""
    one: Callable[[Report, Look], str]
    """Makes it for one image."""
    many: Callable[[Batch, Look], str] | None = None
    """Makes it for several; None where a document of this format is about one image."""


RENDERERS: Mapping[str, Format] = {
    "text": Format("for people, in a terminal", ".txt", text.render, text_many.render),
    "json": Format("for programs: everything, by a schema", ".json", json.render, json.render_many),
    "sarif": Format("for code scanning", ".sarif", sarif.render, sarif.render_many),
    "junit": Format("for CI systems that show tests", ".xml", junit.render, junit.render_many),
    "csv": Format("for spreadsheets", ".csv", csv_table.render, csv_table.render_many),
    "markdown": Format("for a comment, or a summary", ".md", markdown.render, markdown.render_many),
    "html": Format("for people, in a browser", ".html", html.render, html.render_many),
    "cyclonedx": Format("a bill of materials of cryptography", ".cdx.json", cyclonedx.render),
    "oscal": Format("assessment results, for auditors", ".oscal.json", oscal.render),
    "attestation": Format("an in-toto statement, to be signed", ".intoto.json", attestation.render),
}
"""Name of an output format → what makes it."""


def render(name: str, batch: Batch, look: Look) -> str:
    """`batch` in the format `name`.

    Raises:
        ValueError: a document of this format cannot be about several images.
    """
    made = RENDERERS[name]
    if len(batch.reports) == 1 and not batch.failures:
        return made.one(batch.reports[0], look)
    if made.many is None:
        raise ValueError(f"{name} is about one image")
    return made.many(batch, look)
