"""The commands on saved reports: `fips-scanner report` and `fips-scanner diff`.

Loads what a command needs when it is called; decides nothing.
"""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from scanner.cli_scan import FORMATS, FailOn
from scanner.cli_types import Quiet, Verbose

DIFF_FORMATS = ("text", "json", "markdown")
"""The keys of `scanner.report.comparison.DIFF_RENDERERS`, which takes too long to load."""


def report(
    files: Annotated[
        list[Path],
        typer.Argument(
            show_default=False,
            metavar="REPORT...",
            help="JSON reports of earlier scans, of one image or of several; - for stdin.",
        ),
    ],
    output: Annotated[
        list[str] | None,
        typer.Option(
            "--output",
            "-o",
            metavar="FORMAT[=FILE]",
            help=f"Format, and the file that gets it; may be repeated: {', '.join(FORMATS)}.",
            show_default="text",
        ),
    ] = None,
    gate: Annotated[
        bool, typer.Option("--gate", help="Exit as the scan did: by the gate in the report.")
    ] = False,
    quiet: Quiet = False,
    verbose: Verbose = False,
) -> int:
    """Write saved reports again in other formats, without a scan."""
    from scanner.commands.reports import show

    return show(files, outputs=output or (), gate=gate, quiet=quiet, verbose=verbose)


def diff(
    old: Annotated[
        Path,
        typer.Argument(
            show_default=False,
            metavar="OLD",
            help="The JSON report before; - for stdin.",
        ),
    ],
    new: Annotated[
        Path,
        typer.Argument(
            show_default=False,
            metavar="NEW",
            help="The one after. Of several images, those of the same name are compared.",
        ),
    ],
    output: Annotated[
        list[str] | None,
        typer.Option(
            "--output",
            "-o",
            metavar="FORMAT[=FILE]",
            help=f"Format, and the file that gets it; may be repeated: {', '.join(DIFF_FORMATS)}.",
            show_default="text",
        ),
    ] = None,
    fail_on: Annotated[
        FailOn | None,
        typer.Option(
            help="Exit with 1 for a finding of this severity or worse that is new or got worse.",
            show_default="never",
        ),
    ] = None,
    quiet: Quiet = False,
    verbose: Verbose = False,
) -> int:
    """Show what an update of an image changed: verdict, score, findings, modules, TLS."""
    from scanner.commands.diff import diff as run

    severity = fail_on.value if fail_on and fail_on is not FailOn.NEVER else ""
    return run(old, new, outputs=output or (), fail_on=severity, quiet=quiet, verbose=verbose)
