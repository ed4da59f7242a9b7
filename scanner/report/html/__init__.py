"""Writes reports as one HTML file: verdict first, everything else foldable below it.

The file asks no network for anything and runs without its script. What comes from an image is
text in it, never markup.
"""

from __future__ import annotations

from scanner.model import Batch, Report
from scanner.report.html.limits import Limits
from scanner.report.html.page import write
from scanner.report.html.view import batch_view, image_view
from scanner.report.look import Look


def render(report: Report, look: Look | None = None) -> str:  # noqa: ARG001
    """`report` as an HTML page. `look` changes nothing."""
    return write("one.html.jinja", view=image_view(report, Limits()))


def render_many(batch: Batch, look: Look | None = None) -> str:  # noqa: ARG001
    """`batch` as one HTML page: an overview, and a part for each image."""
    return write("many.html.jinja", view=batch_view(batch))
