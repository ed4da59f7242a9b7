"""The commands `fips-scanner init` and `fips-scanner config`: their options.

Loads what a command needs when it is called.
"""

from __future__ import annotations

from datetime import date
from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from scanner.cli_scan import ConditionName, FailOn
from scanner.cli_types import (
    Day,
    Folders,
    Insecure,
    NoPolicy,
    Platform,
    PolicyFile,
    Provider,
    Quiet,
    Static,
)

config_app = typer.Typer(
    rich_markup_mode=None,
    help="Explain and check the policy, .fips-scanner.yaml, that holds here.",
)


class PolicyOutput(StrEnum):
    """How a policy is shown."""

    TEXT = "text"
    JSON = "json"


@config_app.command("show")
def show_config(
    policy: PolicyFile = None,
    no_policy: NoPolicy = False,
    fail_on: Annotated[FailOn | None, typer.Option(help="As for `scan`.")] = None,
    min_score: Annotated[
        int | None, typer.Option(min=0, max=100, metavar="N", help="As for `scan`.")
    ] = None,
    target: Annotated[
        str | None, typer.Option(metavar="NAME", help="As for `scan`.", show_default=False)
    ] = None,
    condition: Annotated[list[ConditionName] | None, typer.Option(help="As for `scan`.")] = None,
    output: Annotated[
        PolicyOutput, typer.Option("--output", "-o", help="For people, or for programs.")
    ] = PolicyOutput.TEXT,
    day: Day = None,
    rules: Folders = None,
) -> int:
    """Show what holds here, and why: each setting with the line or option that it comes from."""
    from scanner.commands.config import show
    from scanner.commands.policy_options import PolicyOptions

    options = PolicyOptions(
        file=policy,
        off=no_policy,
        fail_on=fail_on.value if fail_on else "",
        min_score=min_score,
        target=target or "",
        conditions=tuple(each.value for each in condition or ()),
    )
    return show(options, today=day or date.today(), rules=rules or (), output=output.value)


@config_app.command("check")
def check_config(
    file: Annotated[
        Path | None,
        typer.Argument(
            metavar="[FILE]",
            help="A policy.",
            show_default=".fips-scanner.yaml here or above, within the repository",
        ),
    ] = None,
    day: Day = None,
    rules: Folders = None,
) -> int:
    """Check a policy: every mistake at once, with its line."""
    from scanner.commands.config import check

    return check(file, today=day or date.today(), rules=rules or ())


@config_app.command("schema")
def print_schema() -> int:
    """Print the JSON Schema of policies, for editors."""
    from scanner.commands.config import schema

    return schema()


def init(
    image: Annotated[
        str | None,
        typer.Argument(metavar="[IMAGE]", show_default=False, help="Scanned first, as by `scan`."),
    ] = None,
    report: Annotated[
        Path | None,
        typer.Option(
            "--from", metavar="FILE", help="A report of `scan -o json`, instead of an image."
        ),
    ] = None,
    file: Annotated[
        Path,
        typer.Option("--output", "-o", metavar="FILE", help="Where the policy goes; - prints it."),
    ] = Path(".fips-scanner.yaml"),
    force: Annotated[bool, typer.Option("--force", help="Write over a policy.")] = False,
    static: Static = False,
    platform: Platform = None,
    insecure: Insecure = False,
    fips_provider: Provider = None,
    rules: Folders = None,
    day: Day = None,
    quiet: Quiet = False,
) -> int:
    """Write a policy to start with: a gate, and what an image needs to be accepted to pass it."""
    from scanner.commands.init import InitRequest, run

    return run(
        InitRequest(
            image=image,
            report=report,
            file=file,
            force=force,
            static=static,
            platform=platform,
            insecure=insecure,
            provider=fips_provider,
            rules=tuple(rules or ()),
            today=day or date.today(),
            quiet=quiet,
        )
    )
