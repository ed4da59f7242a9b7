"""What the shell offers for words of the command line, and the scripts that ask for it.

Loads what knows the answers when somebody presses the key.
"""

from __future__ import annotations

import contextlib
import os
from collections.abc import Callable, Iterable
from enum import StrEnum
from functools import wraps
from typing import Annotated

import typer

VARIABLE = "_FIPS_SCANNER_COMPLETE"
"""Set by the shell's script: the command then offers words, and does nothing else."""

_Offered = list[tuple[str, str]] | list[str]


class Shell(StrEnum):
    """Shells that there is a script for."""

    BASH = "bash"
    ZSH = "zsh"
    FISH = "fish"


def _silent(offer: Callable[[str], _Offered]) -> Callable[[str], _Offered]:
    """`offer`, which has nothing to offer where anything goes wrong."""

    @wraps(offer)
    def offered(incomplete: str) -> _Offered:
        with contextlib.suppress(Exception):
            return offer(incomplete)
        return []

    return offered


@_silent
def images(incomplete: str) -> _Offered:
    """Images of the engine."""
    from scanner.completions import images as known

    return list(known(incomplete))


@_silent
def rule_ids(incomplete: str) -> _Offered:
    """Rules that `explain` has a page for."""
    return _rules(
        incomplete,
        ("checks", "logs", "modules", "runtimes", "cmvp", "distributions", "servers", "targets"),
    )


@_silent
def targets(incomplete: str) -> _Offered:
    """Platforms that images can be meant for."""
    return _rules(incomplete, ("targets",))


def _rules(incomplete: str, kinds: tuple[str, ...]) -> _Offered:
    from scanner.commands.rule_folders import rule_folders
    from scanner.completions import rules as known

    return list(known(incomplete, rule_folders(), kinds))


def one_of(names: Iterable[str]) -> Callable[[str], _Offered]:
    """Offers those of `names` that begin so."""
    known = tuple(names)

    def offered(incomplete: str) -> _Offered:
        return [each for each in known if each.startswith(incomplete)]

    return offered


def prepare() -> None:
    """Teach Typer its shells, where one asks: without options of its own, it does not know them."""
    if VARIABLE in os.environ:
        from typer.completion import get_completion_inspect_parameters

        get_completion_inspect_parameters()


def completion(
    shell: Annotated[Shell, typer.Argument(show_default=False, help="bash, zsh or fish.")],
) -> int:
    """Print the script that completes words of this command in a shell.

    For bash: source <(fips-scanner completion bash)
    """
    from scanner.commands.completion import script
    from scanner.commands.terminal import put

    put(script(shell.value))
    return 0
