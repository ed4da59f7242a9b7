"""The command `fips-scanner`: options, exit codes, signals, and errors in one line.

Loads what a command needs when it is called, so that `--help` and `--version` answer at once.
Decides nothing about images.
"""

from __future__ import annotations

import sys
from collections.abc import Sequence
from datetime import date
from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from scanner import __version__
from scanner import cli_complete as complete
from scanner.cli_cmvp import cmvp_app
from scanner.cli_doctor import doctor
from scanner.cli_policy import config_app, init
from scanner.cli_reports import diff, report
from scanner.cli_scan import scan
from scanner.cli_types import Day, Folders, Insecure, Platform, Quiet
from scanner.commands.endings import guarded
from scanner.commands.terminal import PROGRAM
from scanner.gate import PASSED

app = typer.Typer(
    name="fips-scanner",
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
    help="Tells whether a container image is ready for FIPS 140-3, and what breaks when it is not.",
    epilog="Exit codes: 0 passes the gate, 1 does not, 2 usage, 3 could not determine.",
)
rules_app = typer.Typer(rich_markup_mode=None, help="Show and check the rules that judge.")
provider_app = typer.Typer(
    rich_markup_mode=None,
    help="Keep an OpenSSL FIPS provider for simulated runs of images that have none.",
)
app.command()(scan)
app.command()(report)
app.command()(diff)
app.command()(init)
app.command()(doctor)
app.command()(complete.completion)
app.add_typer(config_app, name="config")
app.add_typer(rules_app, name="rules")
app.add_typer(provider_app, name="provider")
app.add_typer(cmvp_app, name="cmvp")


class RuleKind(StrEnum):
    """What `rules list` can be narrowed to."""

    CHECKS = "checks"
    LOGS = "logs"
    MODULES = "modules"
    RUNTIMES = "runtimes"
    CERTIFICATES = "certificates"
    ALGORITHMS = "algorithms"
    DISTRIBUTIONS = "distributions"
    TARGETS = "targets"
    SERVERS = "servers"
    PACKAGES = "packages"


class Libc(StrEnum):
    """C libraries that a FIPS provider can be built for."""

    GLIBC = "glibc"
    MUSL = "musl"


def _show_version(wanted: bool) -> None:
    if wanted:
        typer.echo(f"fips-scanner {__version__}")
        raise typer.Exit


@app.callback()
def _root(
    version: Annotated[
        bool,
        typer.Option(
            "--version", callback=_show_version, is_eager=True, help="Show the version and exit."
        ),
    ] = False,
) -> None:
    del version


@app.command()
def explain(
    name: Annotated[
        str,
        typer.Argument(
            show_default=False,
            metavar="RULE-ID",
            autocompletion=complete.rule_ids,
            help="Of a check, log message, module, runtime, certificate (also cmvp-4985), "
            "distribution or target, or what any program calls an algorithm.",
        ),
    ],
    day: Day = None,
    rules: Folders = None,
) -> int:
    """Explain a finding or another rule: why it matters, when it is found, what to do."""
    from scanner.commands.rules import explain as run

    return run(name, day or date.today(), rules or ())


@rules_app.command("list")
def list_rules(
    kinds: Annotated[
        list[RuleKind] | None,
        typer.Argument(
            metavar="[KIND]...",
            help="checks, logs, modules, runtimes, certificates, algorithms, distributions, "
            "targets, servers, packages.",
        ),
    ] = None,
    rules: Folders = None,
) -> int:
    """List the rules, a line for each."""
    from scanner.commands.rules import show_list

    return show_list([each.value for each in kinds or ()], rules or ())


@rules_app.command("lint")
def lint_rules(
    folder: Annotated[
        Path | None,
        typer.Argument(
            metavar="[DIR]",
            help="A folder of more rules, checked as an addition to the scanner's own.",
            show_default="the scanner's own",
        ),
    ] = None,
) -> int:
    """Check rules: every mistake at once, with its file and line."""
    from scanner.commands.rules import lint

    return lint(folder)


@provider_app.command("import")
def import_provider(
    source: Annotated[
        str,
        typer.Argument(
            show_default=False,
            metavar="FILE|IMAGE",
            help="A fips.so, a Debian package that holds one, or an image as for `scan`.",
        ),
    ],
    platform: Platform = None,
    insecure: Insecure = False,
    quiet: Quiet = False,
) -> int:
    """Keep a FIPS provider for later scans."""
    from scanner.commands.provider import keep

    return keep(source, platform_name=platform, insecure=insecure, quiet=quiet)


@provider_app.command("show")
def show_provider(
    architecture: Annotated[
        str | None,
        typer.Option(
            "--arch", metavar="ARCH", help="amd64, arm64, ...", show_default="this machine's"
        ),
    ] = None,
) -> int:
    """Show the FIPS providers of this machine.

    A scan uses the first of them that loads in the image.
    """
    from scanner.commands.provider import show

    return show(architecture)


@provider_app.command("build")
def build_provider(
    source: Annotated[
        Path,
        typer.Argument(
            show_default=False,
            metavar="FILE",
            help="A release archive of OpenSSL 3 that you trust: openssl-3.5.7.tar.gz.",
        ),
    ],
    architecture: Annotated[
        str | None,
        typer.Option("--arch", metavar="ARCH", help="amd64, arm64.", show_default="this machine's"),
    ] = None,
    libc: Annotated[
        Libc | None, typer.Option(help="For which C library.", show_default="both")
    ] = None,
    quiet: Quiet = False,
) -> int:
    """Build FIPS providers that load with musl and old glibc.

    They are kept, for simulated runs only: they are no validated modules.
    """
    from scanner.commands.provider import build

    return build(
        source,
        architecture=architecture,
        libc=libc.value if libc else None,
        quiet=quiet,
    )


def main() -> None:
    """Run the command of this process and exit."""
    sys.exit(run(sys.argv[1:]))


def run(arguments: Sequence[str]) -> int:
    """Run the command that `arguments` name; returns the exit code. Raises nothing."""
    complete.prepare()
    return guarded(lambda: _answer(arguments))


def _answer(arguments: Sequence[str]) -> int:
    answer = app(args=list(arguments) or ["--help"], prog_name=PROGRAM, standalone_mode=False)
    return answer if isinstance(answer, int) else PASSED
