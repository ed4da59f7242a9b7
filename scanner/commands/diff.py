"""`fips-scanner diff`: compares two reports, or two files of several, and shows what changed.

Scans nothing. Decides only whether a finding that is new fails.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from pathlib import Path

from scanner.commands.report_files import STDIN, name_of, reports_in
from scanner.commands.terminal import OutputFile, look_for, put, say
from scanner.diff import Comparison, Comparisons, compare_batches
from scanner.errors import UsageError
from scanner.gate import FAILED, PASSED, UNDETERMINED
from scanner.model import Batch, Finding, Severity
from scanner.report import Look
from scanner.report.comparison import DIFF_RENDERERS

_IDS = 5


def diff(
    old: Path,
    new: Path,
    *,
    outputs: Sequence[str] = (),
    fail_on: str = "",
    verbose: bool = False,
    quiet: bool = False,
) -> int:
    """Show what changed from `old` to `new`, and return the exit code.

    Raises:
        UsageError: one of them is no report, or an output cannot be written.
    """
    wanted = parse_outputs(outputs)
    if old == new == STDIN:
        raise UsageError("standard input holds one of the two; name a file for the other")
    with ExitStack() as stack:
        files = [
            (name, stack.enter_context(OutputFile(path)) if path else None) for name, path in wanted
        ]
        before, after = reports_in(old), reports_in(new)
        if not after.reports:
            raise UsageError(f"{name_of(new)} holds no report; nothing can be compared")
        found = compare_batches(before, after)
        for name, file in files:
            if file:
                file.write(DIFF_RENDERERS[name](found, Look(verbose=verbose)))
            else:
                put(DIFF_RENDERERS[name](found, look_for(sys.stdout, verbose=verbose)))
    if not fail_on:
        return PASSED
    failing = sorted(set(_failing(found, after, Severity(fail_on))))
    if failing and not quiet:
        more = f" and {len(failing) - _IDS} more" if len(failing) > _IDS else ""
        say(f"new or worse, at or above {fail_on}: {', '.join(failing[:_IDS])}{more}")
    if failing:
        return FAILED
    if after.failures and not quiet:
        say(f"could not be compared, as it was not scanned: {_failed(after)}")
    return UNDETERMINED if after.failures else PASSED


def parse_outputs(texts: Sequence[str]) -> list[tuple[str, Path | None]]:
    """What `--output` was given: `FORMAT` or `FORMAT=FILE`, or nothing for text.

    Raises:
        UsageError: there is no such format, or two would go to the same place.
    """
    found: list[tuple[str, Path | None]] = []
    for text in texts or ("text",):
        name, equals, file = text.partition("=")
        if name not in DIFF_RENDERERS:
            raise UsageError(f"no such format: {name}; there are {', '.join(DIFF_RENDERERS)}")
        if equals and not file:
            raise UsageError(f"--output {text} names no file; write {name}=FILE, or {name} alone")
        path = None if file in ("", "-") else Path(file)
        if any(path == each for _, each in found):
            where = path or "standard output"
            raise UsageError(f"two outputs for {where}; write one as {name}=FILE")
        found.append((name, path))
    return found


def _failing(found: Comparisons, new: Batch, limit: Severity) -> Iterator[str]:
    """Ids of findings that are new or worse, and severe enough. What was set aside is not."""
    for comparison in found.images:
        yield from _worse(comparison, limit)
    added = {(each.reference, each.platform) for each in found.added}
    for report in new.reports:
        if (report.image.reference, report.image.platform) in added:
            yield from (each.id for each in report.findings if _fails(each, limit))


def _failed(new: Batch) -> str:
    names = [each.reference for each in new.failures]
    more = f" and {len(names) - _IDS} more" if len(names) > _IDS else ""
    return f"{', '.join(names[:_IDS])}{more}"


def _worse(comparison: Comparison, limit: Severity) -> Iterator[str]:
    for each in comparison.findings:
        if each.worse and each.counted and each.counted.rank <= limit.rank:
            yield each.id


def _fails(finding: Finding, limit: Severity) -> bool:
    return not finding.ignored_by and finding.severity.rank <= limit.rank
