"""Options that several commands have, and how what is written for them is understood.

Knows no command.
"""

from __future__ import annotations

from datetime import date
from pathlib import Path
from typing import Annotated

import typer


def parse_day(text: str) -> date:
    """The day that `text` names."""
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise typer.BadParameter(f"{text} is not a day; write it as 2026-11-23") from None


Day = Annotated[
    date | None,
    typer.Option(
        "--date",
        parser=parse_day,
        metavar="YYYY-MM-DD",
        help="Judge certificates for this day.",
        show_default="today",
    ),
]
Folders = Annotated[
    list[Path] | None,
    typer.Option("--rules", metavar="DIR", help="A folder of more rules; may be repeated."),
]
