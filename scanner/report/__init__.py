"""Turns reports into what people and programs read.

Only formats: nothing is judged, counted into a score, or left out for being good or bad news.
The list of them is in `scanner.report.formats`, which takes longer to load than `--help` may.
"""

from __future__ import annotations

from scanner.report.look import Look

__all__ = ["Look"]
