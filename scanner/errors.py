"""Errors that a user can cause or must act on.

Each message is one line: what happened, to what, and what to do next. Exit codes belong to
`cli.py`; an error only says of which sort it is.
"""

from __future__ import annotations


class ScannerError(Exception):
    """Root of everything the scanner raises on purpose. Its text is one line for a person."""


class UsageError(ScannerError):
    """The request cannot be carried out as written: exit code 2."""


class ImageNotFoundError(UsageError):
    """No source has the image asked for."""


class ImageFormatError(ScannerError):
    """The image is there but is not what it should be: truncated, wrong digest, not a tar."""


class EngineError(ScannerError):
    """The container engine is missing, refuses, or failed."""


class RegistryError(ScannerError):
    """A registry cannot be reached, refuses, or sent something wrong."""


class MistakesError(UsageError):
    """What was written is wrong. `problems` holds every mistake, each as a line of its own."""

    def __init__(self, problems: tuple[str, ...]) -> None:
        super().__init__("; ".join(problems))
        self.problems = problems


class RuleError(MistakesError):
    """Rules are wrong: every mistake as `file:line: message`."""


class SourceError(MistakesError):
    """Names of images, or files that hold some, are wrong."""
