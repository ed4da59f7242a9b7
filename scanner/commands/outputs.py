"""Where the reports of a scan go: `text`, `sarif=out.sarif`, several at once.

Names formats and files; makes no report.
"""

from __future__ import annotations

import sys
from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

from scanner.commands.terminal import OutputFile, look_for, put
from scanner.errors import UsageError
from scanner.model import Batch
from scanner.report import RENDERERS, Look, render


@dataclass(frozen=True, slots=True)
class Output:
    """A format, and the file that gets it; None for standard output."""

    format: str
    file: Path | None = None


def parse_outputs(texts: Sequence[str]) -> tuple[Output, ...]:
    """What `--output` was given: `FORMAT` or `FORMAT=FILE`, or nothing for text.

    Raises:
        UsageError: there is no such format, or two would go to the same place.
    """
    outputs = tuple(_parse(each) for each in texts) or (Output("text"),)
    for at, output in enumerate(outputs):
        if any(output.file == each.file for each in outputs[:at]):
            where = output.file or "standard output"
            raise UsageError(f"two reports for {where}; write one as {output.format}=FILE")
    return outputs


def _parse(text: str) -> Output:
    name, equals, file = text.partition("=")
    if name not in RENDERERS:
        raise UsageError(f"no such format: {name}; there are {', '.join(RENDERERS)}")
    if equals and not file:
        raise UsageError(f"--output {text} names no file; write {name}=FILE, or {name} alone")
    return Output(name, None if file in ("", "-") else Path(file))


class Outputs:
    """The outputs of one scan, opened before the long work begins. Use as a context manager.

    Raises:
        UsageError: a file cannot be written.
    """

    def __init__(self, outputs: Sequence[Output], *, verbose: bool) -> None:
        self._verbose = verbose
        self._stack = ExitStack()
        self._files: dict[Output, OutputFile | None] = {}
        try:
            for each in outputs:
                file = self._stack.enter_context(OutputFile(each.file)) if each.file else None
                self._files[each] = file
        except BaseException:
            self._stack.close()
            raise

    def __enter__(self) -> Outputs:
        return self

    def __exit__(self, *_: object) -> None:
        self._stack.close()

    @property
    def files(self) -> tuple[Path, ...]:
        """The files that get a report."""
        return tuple(each.file for each in self._files if each.file)

    def write(self, batch: Batch) -> None:
        """Write every report.

        Raises:
            UsageError: one cannot be written; those before it are.
        """
        for output, file in self._files.items():
            if file:
                file.write(render(output.format, batch, Look(verbose=self._verbose)))
            else:
                look = look_for(sys.stdout, verbose=self._verbose)
                put(render(output.format, batch, look))
