"""The command `fips-scanner doctor`: its options.

Loads what it needs when it is called; decides nothing.
"""

from __future__ import annotations

from datetime import date
from typing import Annotated

import typer

from scanner.cli_cmvp import Format, Output
from scanner.cli_types import Day, Folders


def doctor(
    trial: Annotated[
        bool,
        typer.Option(
            "--try", help="Start a container, of an image made for that, to prove what is expected."
        ),
    ] = False,
    output: Format = Output.TEXT,
    day: Day = None,
    rules: Folders = None,
) -> int:
    """Tell what this machine can do for a scan, and how to get the rest.

    Exits with 1 where something is missing without which no scan is complete.
    """
    from scanner.commands.doctor import run

    return run(day or date.today(), rules or (), output.value, trial=trial)
