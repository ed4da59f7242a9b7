"""How text output is to look: decided by whoever knows where it goes.

Asks no terminal and reads no environment.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Look:
    """The default suits a pipe, a file or a CI log: 80 columns, no color, plain ASCII drawing."""

    width: int = 80
    """Columns. Only lines that are to be pasted may be longer."""
    color: bool = False
    """Use ANSI colors and the block characters of a modern terminal."""
    verbose: bool = False
    """List everything: each location, each program, and the evidence."""
