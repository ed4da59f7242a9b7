"""The options of `fips-scanner cmvp` and its commands.

Loads what a command needs when it is called; decides nothing.
"""

from __future__ import annotations

from datetime import date, timedelta
from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from scanner.cli_types import Day, Folders, parse_day

cmvp_app = typer.Typer(
    rich_markup_mode=None,
    help="Show CMVP certificates, what changes of them, and take newer facts.",
)
AHEAD = timedelta(days=90)


class Output(StrEnum):
    """Formats of an answer."""

    TEXT = "text"
    JSON = "json"


class Status(StrEnum):
    """States of a certificate."""

    ACTIVE = "active"
    INTERIM_EXPIRED = "interim-expired"
    HISTORICAL = "historical"
    IN_PROCESS = "in-process"
    UNKNOWN = "unknown"


Format = Annotated[Output, typer.Option("--output", "-o", help="Format of the answer.")]
Reports = Annotated[
    list[Path] | None,
    typer.Argument(
        metavar="[REPORT.json]...",
        help="JSON reports of earlier scans, or folders of them: who is affected.",
    ),
]


@cmvp_app.command("list")
def list_certificates(
    vendor: Annotated[str, typer.Option(metavar="TEXT", help="Part of the vendor's name.")] = "",
    module: Annotated[
        str, typer.Option(metavar="TEXT", help="Part of the module's name, or its id in the rules.")
    ] = "",
    status: Annotated[Status | None, typer.Option(help="Only those in this state.")] = None,
    today: Day = None,
    rules: Folders = None,
    output: Format = Output.TEXT,
) -> int:
    """List the certificates that the scanner knows, a line for each."""
    from scanner.commands.cmvp import show_list

    return show_list(
        vendor=vendor,
        module=module,
        status=status.value if status else "",
        today=today or date.today(),
        folders=rules or (),
        output=output.value,
    )


@cmvp_app.command("show")
def show_certificate(
    number: Annotated[
        str, typer.Argument(metavar="NUMBER", show_default=False, help="Such as 4985.")
    ],
    today: Day = None,
    rules: Folders = None,
    output: Format = Output.TEXT,
) -> int:
    """Show one certificate: dates, caveat, and what it covers."""
    from scanner.commands.cmvp import show

    return show(number, today=today or date.today(), folders=rules or (), output=output.value)


@cmvp_app.command("check")
def check_certificates(
    reports: Reports = None,
    until: Annotated[
        date | None,
        typer.Option(
            "--date",
            parser=parse_day,
            metavar="YYYY-MM-DD",
            help="Until when to look.",
            show_default="in 90 days",
        ),
    ] = None,
    rules: Folders = None,
    output: Format = Output.TEXT,
) -> int:
    """Tell which certificates change their status until a day.

    Exits with 1 when a program of a report loses its validation by that.
    """
    from scanner.commands.cmvp import check

    today = date.today()
    return check(
        reports or (),
        until=until or today + AHEAD,
        today=today,
        folders=rules or (),
        output=output.value,
    )


@cmvp_app.command("update")
def update_certificates(
    source: Annotated[
        str,
        typer.Argument(
            metavar="FILE|DIR|URL",
            show_default=False,
            help="A list of certificates in JSON (as NIST-CMVP-API has them), or a folder or tar "
            "archive with cmvp/*.yaml; of a URL https only.",
        ),
    ],
    reports: Reports = None,
    to: Annotated[
        Path | None,
        typer.Option(
            metavar="DIR",
            help="Where to write, to be used with --rules.",
            show_default="a folder of the user's, which scans read",
        ),
    ] = None,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Only show what would change.")
    ] = False,
    rules: Folders = None,
    output: Format = Output.TEXT,
) -> int:
    """Take newer facts of certificates, and show what changed.

    Exits with 1 when a program of a report loses its validation by that.
    """
    from scanner.commands.cmvp import update

    return update(
        source,
        reports=reports or (),
        to=to,
        dry_run=dry_run,
        today=date.today(),
        folders=rules or (),
        output=output.value,
    )
