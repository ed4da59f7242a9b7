"""`fips-scanner report`: writes saved reports again, in other formats, without a scan.

Judges nothing: a report stays what it was on its day.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from scanner.commands.outputs import Outputs, parse_outputs
from scanner.commands.report_files import STDIN, name_of, reports_in
from scanner.commands.terminal import say
from scanner.errors import UsageError
from scanner.gate import FAILED, PASSED, UNDETERMINED
from scanner.model import Batch, Failure, Report


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
    with Outputs(parse_outputs(outputs), verbose=verbose) as opened:
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
        opened.write(Batch(tuple(reports), tuple(failures)))
    if not gate:
        return PASSED
    if not quiet:
        for report in reports:
            for reason in report.policy.gate.reasons if report.policy else ():
                name = f"{report.image.reference}: " if len(reports) > 1 else ""
                say(f"gate: {name}{reason}")
    return _answer(reports, failures)


def _answer(reports: Sequence[Report], failures: Sequence[Failure]) -> int:
    codes = {each.policy.gate.exit_code for each in reports if each.policy}
    if FAILED in codes:
        return FAILED
    return UNDETERMINED if failures or codes - {PASSED} else PASSED
