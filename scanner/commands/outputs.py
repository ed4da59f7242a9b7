"""Where the reports of a scan go: `text`, `sarif=out.sarif`, `html={image}.html`, several at once.

Names formats and files; makes no report.
"""

from __future__ import annotations

import hashlib
import re
import sys
from collections import Counter
from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

from scanner.commands.terminal import OutputFile, complain, look_for, put
from scanner.errors import UsageError
from scanner.gate import PASSED, USAGE
from scanner.model import Batch, Report
from scanner.report import Look
from scanner.report.formats import RENDERERS, render
from scanner.sources.wanted import Target

IMAGE = "{image}"
"""In the name of a file: one for each image, whose name stands in this place."""
_LONGEST = 80
_SCHEME = re.compile(r"(?:docker|registry|docker-archive|oci|dir):(?://)?")


@dataclass(frozen=True, slots=True)
class Output:
    """A format, and the file that gets it; None for standard output."""

    format: str
    file: Path | None = None

    @property
    def is_for_each(self) -> bool:
        """Whether each image gets a file of its own."""
        return self.file is not None and IMAGE in str(self.file)


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


def file_names(targets: Sequence[Target]) -> tuple[str, ...]:
    """A name for each image that is safe in the name of a file, and no other image's."""
    plain = [_plain(each.reference) for each in targets]
    # Some file systems take capital and small letters for the same.
    uses = Counter(each.lower() for each in plain)
    return tuple(
        name if uses[name.lower()] == 1 and len(name) <= _LONGEST else _unique(name, target)
        for name, target in zip(plain, targets, strict=True)
    )


def _plain(reference: str) -> str:
    name = re.sub(r"[^A-Za-z0-9._]+", "-", _SCHEME.sub("", reference, count=1))
    return name.strip(".-") or "image"


def _unique(name: str, target: Target) -> str:
    told = f"{target.reference}\n{target.platform or ''}".encode("utf-8", "surrogateescape")
    return f"{name[: _LONGEST - 9]}-{hashlib.sha256(told).hexdigest()[:8]}"


class Outputs:
    """The outputs of one call, opened before the long work begins. Use as a context manager.

    Raises:
        UsageError: a file cannot be written, or a format cannot be about all the images.
    """

    def __init__(
        self,
        outputs: Sequence[Output],
        targets: Sequence[Target],
        *,
        verbose: bool,
        several: bool = False,
    ) -> None:
        """Prepare.

        Args:
            several: whether the answer is about more than one image.
        """
        self._outputs = outputs
        self._verbose = verbose
        self._stack = ExitStack()
        self._whole: dict[Output, OutputFile | None] = {}
        self._each: dict[tuple[Output, int], OutputFile] = {}
        self._targets: set[Path] = set()
        self._written: set[Path] = set()
        self._problems: list[UsageError] = []
        for each in outputs:
            if several and not each.is_for_each and RENDERERS[each.format].many is None:
                example = f"{each.format}={IMAGE}{RENDERERS[each.format].extension}"
                raise UsageError(
                    f"{each.format} is about one image, and there are several; write {example}"
                )
        try:
            for each in outputs:
                self._open(each, targets)
        except BaseException:
            self._stack.close()
            raise

    def _open(self, output: Output, targets: Sequence[Target]) -> None:
        if not output.is_for_each:
            self._whole[output] = self._file(output.file) if output.file else None
            return
        for at, name in enumerate(file_names(targets)):
            path = Path(str(output.file).replace(IMAGE, name))
            if IMAGE in str(output.file.parent if output.file else ""):
                _make_folder(path.parent)
            self._each[output, at] = self._file(path)

    def _file(self, path: Path) -> OutputFile:
        file = self._stack.enter_context(OutputFile(path))
        # A link, or a name of an image, may lead to the same file.
        if file.target in self._targets:
            raise UsageError(f"two reports for {path}; name another file for one of them")
        if file.target is not None:
            self._targets.add(file.target)
        return file

    def __enter__(self) -> Outputs:
        return self

    def __exit__(self, *_: object) -> None:
        self._stack.close()

    @property
    def files(self) -> tuple[Path, ...]:
        """The files that got a report, in the order of images."""
        each = [file for _, file in sorted(self._each.items(), key=lambda item: item[0][1])]
        files = [*each, *filter(None, self._whole.values())]
        return tuple(file.path for file in files if file.path in self._written)

    def write_image(self, at: int, report: Report) -> None:
        """Write what is about one image alone, as soon as its report is there.

        Trouble is told by `answer`: the other scans go on.
        """
        for (output, index), file in self._each.items():
            if index == at:
                self._write(file, output, Batch((report,)))

    def write(self, batch: Batch) -> None:
        """Write what is about all images. Trouble with one of them is told by `answer`."""
        for output, file in self._whole.items():
            if file:
                self._write(file, output, batch)
                continue
            try:
                put(render(output.format, batch, look_for(sys.stdout, verbose=self._verbose)))
            except UsageError as error:
                self._problems.append(error)

    def answer(self, code: int) -> int:
        """Tell which reports could not be written; gives the exit code of the call.

        A gate that did not pass says more than that, and keeps its `code`.
        """
        for each in sorted(map(str, self._problems)):  # not in the order in which scans ended
            complain(each)
        return USAGE if self._problems and code == PASSED else code

    def _write(self, file: OutputFile, output: Output, batch: Batch) -> None:
        try:
            file.write(render(output.format, batch, Look(verbose=self._verbose)))
        except UsageError as error:
            self._problems.append(error)
        else:
            self._written.add(file.path)


def _make_folder(path: Path) -> None:
    try:
        path.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        reason = (error.strerror or str(error)).lower()
        raise UsageError(f"cannot make the folder {path}: {reason}; name another") from None
