"""The command `fips-scanner`: options, exit codes, signals, and errors in one line.

Loads what a command needs when it is called, so that `--help` and `--version` answer at once.
Decides nothing about images.
"""

from __future__ import annotations

import os
import re
import sys
from collections.abc import Sequence
from datetime import date
from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from scanner import __version__
from scanner.cli_cmvp import cmvp_app
from scanner.cli_types import Day, Folders
from scanner.commands import scenario_options as options
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
app.add_typer(rules_app, name="rules")
app.add_typer(provider_app, name="provider")
app.add_typer(cmvp_app, name="cmvp")


class Output(StrEnum):
    """Formats of a report: the keys of `scanner.report.RENDERERS`."""

    TEXT = "text"
    JSON = "json"


class FailOn(StrEnum):
    """The mildest severity that fails the gate."""

    CRITICAL = "critical"
    HIGH = "high"
    MEDIUM = "medium"
    LOW = "low"
    NEVER = "never"


class RuleKind(StrEnum):
    """What `rules list` can be narrowed to."""

    CHECKS = "checks"
    LOGS = "logs"
    MODULES = "modules"
    RUNTIMES = "runtimes"
    CERTIFICATES = "certificates"
    ALGORITHMS = "algorithms"
    DISTRIBUTIONS = "distributions"
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


def _os_and_architecture(text: str) -> str:
    if not re.fullmatch(r"[a-z0-9]+/[a-z0-9_]+(/[a-z0-9.]+)?", text):
        raise typer.BadParameter(f"{text} is no platform; write OS/ARCH, such as linux/arm64")
    return text


Platform = Annotated[
    str | None,
    typer.Option(
        parser=_os_and_architecture,
        metavar="OS/ARCH",
        help="Which one of a multi-platform image.",
        show_default="this machine's",
    ),
]
Insecure = Annotated[
    bool, typer.Option("--insecure", help="Allow plain http to a registry on this machine.")
]
Quiet = Annotated[bool, typer.Option("--quiet", "-q", help="Nothing on stderr but errors.")]


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
def scan(
    image: Annotated[
        str,
        typer.Argument(
            show_default=False,
            metavar="IMAGE",
            help="NAME (engine, then registry), docker:NAME, registry:NAME, docker-archive:FILE, "
            "oci:PATH[:TAG], or dir:PATH.",
        ),
    ],
    static: Annotated[
        bool, typer.Option("--static", help="Inspect only; start no container.")
    ] = False,
    platform: Platform = None,
    output: Annotated[Output, typer.Option("--output", "-o", help="Format of the report.")] = (
        Output.TEXT
    ),
    output_file: Annotated[
        Path | None,
        typer.Option(metavar="FILE", help="Write the report there.", show_default="stdout"),
    ] = None,
    fail_on: Annotated[
        FailOn, typer.Option(help="Exit with 1 for a finding of this severity or worse.")
    ] = FailOn.HIGH,
    min_score: Annotated[
        int | None,
        typer.Option(min=0, max=100, metavar="N", help="Exit with 1 for a score below N."),
    ] = None,
    day: Day = None,
    insecure: Insecure = False,
    fips_provider: Annotated[
        Path | None,
        typer.Option(
            metavar="FILE",
            help="A fips.so for the simulated run of images that have none "
            "(see `fips-scanner provider`).",
            show_default=False,
        ),
    ] = None,
    rules: Folders = None,
    timeout: Annotated[
        float, typer.Option(min=10, metavar="SECONDS", help="For all runs of containers together.")
    ] = 240,
    ready_timeout: Annotated[
        float,
        typer.Option(min=1, metavar="SECONDS", help="How long a container may take to be ready."),
    ] = 20,
    http: options.Http = None,
    exec_: options.Exec = None,
    wait_for: options.WaitFor = None,
    env: options.Env = None,
    env_file: options.EnvFile = None,
    mount: options.Mount = None,
    command: options.Command = None,
    scenario: options.ScenarioFile = None,
    workers: Annotated[
        int | None,
        typer.Option(
            min=1,
            max=64,
            metavar="N",
            help="Processes that inspect side by side.",
            show_default="one per processor, at most 4",
        ),
    ] = None,
    quiet: Quiet = False,
    verbose: Annotated[
        bool,
        typer.Option("--verbose", "-v", help="List everything, the evidence too."),
    ] = False,
) -> int:
    """Scan an image: inspect it, run it under FIPS conditions, judge and score."""
    from scanner.commands.scan import ScanRequest, run
    from scanner.model import Severity
    from scanner.simulate.scenario import ScenarioOptions

    return run(
        ScanRequest(
            image=image,
            static=static,
            platform=platform,
            output=output.value,
            output_file=output_file,
            fail_on=None if fail_on is FailOn.NEVER else Severity(fail_on.value),
            min_score=min_score,
            today=day or date.today(),
            insecure=insecure,
            provider=fips_provider,
            rules=rules or (),
            scenario=ScenarioOptions(
                file=scenario,
                commands=tuple(exec_ or ()),
                requests=tuple(http or ()),
                wait_for=wait_for,
                env=tuple(env or ()),
                env_files=tuple(env_file or ()),
                mounts=tuple(mount or ()),
                command=command,
            ),
            timeout=timeout,
            ready_timeout=ready_timeout,
            workers=workers or min(len(os.sched_getaffinity(0)), 4),
            quiet=quiet,
            verbose=verbose,
        )
    )


@app.command()
def explain(
    name: Annotated[
        str,
        typer.Argument(
            show_default=False,
            metavar="RULE-ID",
            help="Of a check, log message, module, runtime, certificate (also cmvp-4985) or "
            "distribution, or what any program calls an algorithm.",
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
            help="checks, logs, modules, runtimes, certificates, algorithms, distributions.",
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
    return guarded(lambda: _answer(arguments))


def _answer(arguments: Sequence[str]) -> int:
    answer = app(args=list(arguments) or ["--help"], prog_name=PROGRAM, standalone_mode=False)
    return answer if isinstance(answer, int) else PASSED
