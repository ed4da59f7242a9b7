"""`fips-scanner report`: writes saved reports again, in other formats, without a scan.

Judges nothing: a report stays what it was on its day.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from pathlib import Path

from scanner.commands.outputs import Output, Outputs, parse_outputs
from scanner.commands.report_files import STDIN, name_of, reports_in
from scanner.commands.terminal import say
from scanner.errors import UsageError
from scanner.gate import FAILED, PASSED, UNDETERMINED
from scanner.model import Batch, Failure, Report
from scanner.sources.wanted import Target


def show(
    files: Sequence[Path],
    *,
    outputs: Sequence[str] = (),
    gate: bool = False,
    verbose: bool = False,
    quiet: bool = False,
) -> int:
    """Write the reports in `files`, and return the exit code.

    Args:
        gate: answer as the scan did.

    Raises:
        UsageError: one is no report, says nothing of a gate, or an output cannot be written.
    """
    if files.count(STDIN) > 1:
        raise UsageError("standard input can be read once; leave one - out")
    wanted = parse_outputs(outputs)
    batch = _read(files, gate=gate)
    count = len(batch.reports) + len(batch.failures)
    with Outputs(wanted, _targets(batch, wanted), verbose=verbose, several=count > 1) as opened:
        for at, report in enumerate(batch.reports):
            opened.write_image(at, report)
        opened.write(batch)
    if gate and not quiet:
        for report in batch.reports:
            for reason in report.policy.gate.reasons if report.policy else ():
                name = f"{report.image.reference}: " if count > 1 else ""
                say(f"gate: {name}{reason}")
    return opened.answer(_answer(batch) if gate else PASSED)


def _read(files: Sequence[Path], *, gate: bool) -> Batch:
    reports: list[Report] = []
    failures: list[Failure] = []
    for each in files:
        batch = reports_in(each)
        if gate and any(report.policy is None for report in batch.reports):
            raise UsageError(
                f"{name_of(each)} says nothing of a gate: an earlier release wrote it; "
                "scan again, or leave out --gate"
            )
        reports += batch.reports
        failures += batch.failures
    if not reports and not failures:
        raise UsageError(f"no report in {', '.join(map(name_of, files))}")
    return Batch(tuple(reports), tuple(failures))


def _targets(batch: Batch, outputs: Sequence[Output]) -> list[Target]:
    """What the reports are about, for the names of files.

    Raises:
        UsageError: two would get the same file.
    """
    images = [(each.image.reference, each.image.platform) for each in batch.reports]
    twice = next((each for each, count in Counter(images).items() if count > 1), None)
    if twice and any(each.is_for_each for each in outputs):
        raise UsageError(
            f"two reports on {twice[0]} would go to the same file; write them one by one"
        )
    return [Target(reference, platform) for reference, platform in images]


def _answer(batch: Batch) -> int:
    codes = {each.policy.gate.exit_code for each in batch.reports if each.policy}
    if FAILED in codes:
        return FAILED
    return UNDETERMINED if batch.failures or codes - {PASSED} else PASSED
