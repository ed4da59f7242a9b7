"""The command `fips-scanner scan`: its options, and the request that they make.

Loads the scanner itself when the command runs. Decides nothing about images.
"""

from __future__ import annotations

from datetime import date
from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from scanner import cli_complete as complete
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
    Verbose,
)
from scanner.commands import scenario_options as options

FORMATS = (
    "text",
    "json",
    "sarif",
    "junit",
    "csv",
    "markdown",
    "html",
    "cyclonedx",
    "oscal",
    "attestation",
)
"""The keys of `scanner.report.formats.RENDERERS`, which takes too long to load for `--help`."""


class FailOn(StrEnum):
    """The mildest severity that fails the gate."""

    CRITICAL = "critical"
    HIGH = "high"
    MEDIUM = "medium"
    LOW = "low"
    NEVER = "never"


class ConditionName(StrEnum):
    """Runs of a container that are compared with each other."""

    BASELINE = "baseline"
    NODE = "node"
    ENFORCED = "enforced"


def scan(
    images: Annotated[
        list[str] | None,
        typer.Argument(
            show_default=False,
            metavar="IMAGE",
            autocompletion=complete.images,
            help="NAME (engine, then registry), docker:NAME, registry:NAME, docker-archive:FILE, "
            "oci:PATH[:TAG], or dir:PATH; compose:FILE or dockerfile:FILE for the images that it "
            "names; - for a list on standard input.",
        ),
    ] = None,
    from_file: Annotated[
        list[str] | None,
        typer.Option(
            metavar="FILE",
            help="A list of images, one on a line, with # comments.",
        ),
    ] = None,
    jobs: Annotated[
        int | None,
        typer.Option(
            "--jobs",
            "-j",
            min=1,
            max=64,
            metavar="N",
            help="Images that are scanned side by side.",
            show_default="what suits the machine",
        ),
    ] = None,
    static: Static = False,
    platform: Platform = None,
    output: Annotated[
        list[str] | None,
        typer.Option(
            "--output",
            "-o",
            metavar="FORMAT[=FILE]",
            autocompletion=complete.one_of(FORMATS),
            help="Format of the report, and the file that gets it ({image} in its name: one for "
            "each image); may be repeated: "
            f"{', '.join(FORMATS)}.",
            show_default="text",
        ),
    ] = None,
    fail_on: Annotated[
        FailOn | None,
        typer.Option(
            help="Exit with 1 for a finding of this severity or worse.",
            show_default="as in the policy, or high",
        ),
    ] = None,
    min_score: Annotated[
        int | None,
        typer.Option(min=0, max=100, metavar="N", help="Exit with 1 for a score below N."),
    ] = None,
    policy: PolicyFile = None,
    no_policy: NoPolicy = False,
    target: Annotated[
        str | None,
        typer.Option(
            metavar="NAME",
            autocompletion=complete.targets,
            help="Where the image is meant to run: aks-azurelinux3, aks-ubuntu2204, openshift, "
            "generic.",
            show_default="as in the policy, or generic",
        ),
    ] = None,
    condition: Annotated[
        list[ConditionName] | None,
        typer.Option(
            metavar="NAME",
            help="Run the container under this condition (node, enforced); may be repeated. It "
            "is run in the baseline as well.",
            show_default="as in the policy, or all",
        ),
    ] = None,
    baseline: Annotated[
        Path | None,
        typer.Option(
            metavar="REPORT",
            help="A JSON report of an earlier scan: fail only for what is new or worse since.",
            show_default=False,
        ),
    ] = None,
    day: Day = None,
    insecure: Insecure = False,
    fips_provider: Provider = None,
    rules: Folders = None,
    timeout: Annotated[
        float, typer.Option(min=10, metavar="SECONDS", help="For all runs of an image together.")
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
            help="Processes that inspect an image side by side.",
            show_default="one per processor, at most 4, shared by all images",
        ),
    ] = None,
    build_arg: Annotated[
        list[str] | None,
        typer.Option(metavar="NAME=VALUE", help="An ARG of a Dockerfile; may be repeated."),
    ] = None,
    stage: Annotated[
        str, typer.Option(metavar="NAME", help="A stage of a Dockerfile.", show_default="the last")
    ] = "",
    profile: Annotated[
        list[str] | None,
        typer.Option(metavar="NAME", help="A profile of a Compose file, or *; may be repeated."),
    ] = None,
    quiet: Quiet = False,
    verbose: Verbose = False,
) -> int:
    """Scan images: inspect each, run it under FIPS conditions, judge and score."""
    from scanner.commands.outputs import parse_outputs
    from scanner.commands.policy_options import PolicyOptions
    from scanner.commands.scan import ScanRequest, run
    from scanner.simulate.scenario import ScenarioOptions
    from scanner.sources import SourceOptions, build_arguments

    return run(
        ScanRequest(
            images=tuple(images or ()),
            lists=tuple(from_file or ()),
            sources=SourceOptions(
                platform=platform,
                build_arguments=build_arguments(build_arg or ()),
                stage=stage,
                profiles=tuple(profile or ()),
            ),
            static=static,
            outputs=parse_outputs(output or ()),
            policy=PolicyOptions(
                file=policy,
                off=no_policy,
                fail_on=fail_on.value if fail_on else "",
                min_score=min_score,
                target=target or "",
                conditions=tuple(each.value for each in condition or ()),
            ),
            baseline=baseline,
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
            workers=workers,
            jobs=jobs,
            quiet=quiet,
            verbose=verbose,
        )
    )
