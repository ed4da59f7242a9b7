"""Options that several commands have, and how what is written for them is understood.

Knows no command.
"""

from __future__ import annotations

import re
from datetime import date
from pathlib import Path
from typing import Annotated

import typer


def parse_day(text: str) -> date:
    """The day that `text` names."""
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise typer.BadParameter(f"{text} is not a day; write it as 2027-06-30") from None


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


def os_and_architecture(text: str) -> str:
    if not re.fullmatch(r"[a-z0-9]+/[a-z0-9_]+(/[a-z0-9.]+)?", text):
        raise typer.BadParameter(f"{text} is no platform; write OS/ARCH, such as linux/arm64")
    return text


Platform = Annotated[
    str | None,
    typer.Option(
        parser=os_and_architecture,
        metavar="OS/ARCH",
        help="Which one of a multi-platform image.",
        show_default="this machine's",
    ),
]
Insecure = Annotated[
    bool, typer.Option("--insecure", help="Allow plain http to a registry on this machine.")
]
Quiet = Annotated[bool, typer.Option("--quiet", "-q", help="Nothing on stderr but errors.")]
PolicyFile = Annotated[
    Path | None,
    typer.Option(
        "--policy",
        metavar="FILE",
        help="Go by this policy.",
        show_default=".fips-scanner.yaml here or above, within the repository",
    ),
]
NoPolicy = Annotated[bool, typer.Option("--no-policy", help="Go by no policy, but by options.")]
Static = Annotated[bool, typer.Option("--static", help="Inspect only; start no container.")]
Provider = Annotated[
    Path | None,
    typer.Option(
        metavar="FILE",
        help="A fips.so for the simulated run of images that have none "
        "(see `fips-scanner provider`).",
        show_default=False,
    ),
]
Verbose = Annotated[
    bool, typer.Option("--verbose", "-v", help="List everything, the evidence too.")
]
