"""The options of `scan` by which users bring their own smoke test.

Only how they are written and explained; `scanner.simulate.scenario` understands them.
"""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

Exec = Annotated[
    list[str] | None,
    typer.Option(
        "--exec",
        metavar="COMMAND",
        help="Run a program of the image in each container; it must exit with 0. May be repeated.",
    ),
]
Http = Annotated[
    list[str] | None,
    typer.Option(
        "--http",
        metavar="[METHOD ]PORT/PATH[=STATUS]",
        help="Send a request to each container; https:PORT/PATH for TLS. The answer must have "
        "that status, or one below 400. May be repeated.",
    ),
]
WaitFor = Annotated[
    str | None,
    typer.Option(
        "--wait-for",
        metavar="PORT|URL|REGEX",
        help="The container is ready when it listens there, answers with success, or prints a "
        "text like that.",
        show_default="any open port",
    ),
]
Env = Annotated[
    list[str] | None,
    typer.Option(
        "--env",
        metavar="NAME[=VALUE]",
        help="Set a variable in each container, never shown in the report; without =VALUE, as it "
        "is set here. May be repeated.",
    ),
]
EnvFile = Annotated[
    list[Path] | None,
    typer.Option("--env-file", metavar="FILE", help="A file with a variable on each line."),
]
Mount = Annotated[
    list[str] | None,
    typer.Option(
        "--mount",
        metavar="SRC:DST",
        help="Copy a file or a folder of this machine into each container. May be repeated.",
    ),
]
Command = Annotated[
    str | None,
    typer.Option(
        "--command",
        metavar="ARGS",
        help="Arguments in place of the image's CMD.",
        show_default=False,
    ),
]
ScenarioFile = Annotated[
    Path | None,
    typer.Option(
        "--scenario",
        metavar="FILE",
        help="All of this and more in a YAML file; see docs/scenarios.md.",
        show_default=False,
    ),
]
