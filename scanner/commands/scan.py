"""`fips-scanner scan`: scans an image, writes the report, and answers with the gate's exit code.

Judges nothing: the report comes from `scanner.scan`, the exit code from `scanner.gate`.
"""

from __future__ import annotations

import sys
from collections.abc import Sequence
from contextlib import nullcontext
from dataclasses import dataclass, replace
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING

from scanner.commands.progress import shown_progress
from scanner.commands.rule_folders import rule_folders
from scanner.commands.terminal import OutputFile, look_for, put, say
from scanner.errors import UsageError
from scanner.gate import Gate, gate
from scanner.model import Report, Severity, VerdictKind
from scanner.report.look import Look

if TYPE_CHECKING:
    from scanner.simulate.scenario import ScenarioOptions


@dataclass(frozen=True, slots=True)
class ScanRequest:
    """What the user asked for."""

    image: str
    static: bool
    platform: str | None
    output: str
    output_file: Path | None
    fail_on: Severity | None
    min_score: int | None
    today: date
    insecure: bool
    provider: Path | None
    rules: Sequence[Path]
    scenario: ScenarioOptions
    timeout: float
    """Seconds for all runs of containers together."""
    ready_timeout: float
    """Seconds that a container may take to be ready."""
    workers: int
    quiet: bool
    verbose: bool


def run(request: ScanRequest) -> int:
    """Scan, write the report, and return the exit code.

    Raises:
        ScannerError: the image cannot be scanned, or the report not written.
    """
    file = OutputFile(request.output_file) if request.output_file else None
    with file or nullcontext():
        report = _report(request)
        from scanner.report import RENDERERS

        render = RENDERERS[request.output]
        if file:
            file.write(render(report, Look(verbose=request.verbose)))
        else:
            put(render(report, look_for(sys.stdout, verbose=request.verbose)))
    passed = gate(report, request.fail_on, request.min_score)
    if not request.quiet:
        _tell(report, passed, request)
    return passed.exit_code


def _report(request: ScanRequest) -> Report:
    if request.provider is not None and not request.provider.is_file():
        raise UsageError(f"no such FIPS provider: {request.provider}; name a fips.so")
    if request.static and request.scenario:
        raise UsageError("a smoke test needs a run: leave out --static, or what it is to do")
    from scanner.rulebook import RuleBook
    from scanner.scan import ScanOptions, scan
    from scanner.simulate.scenario import from_options

    scenario = from_options(request.scenario)
    rules = RuleBook.load(*rule_folders(request.rules))
    options = ScanOptions(
        static=request.static,
        platform=request.platform,
        insecure=request.insecure,
        provider=request.provider,
        workers=request.workers,
        scenario=scenario,
    )
    options = replace(
        options,
        run_limits=replace(options.run_limits, total=request.timeout, ready=request.ready_timeout),
    )
    with shown_progress(quiet=request.quiet) as progress:
        return scan(
            request.image, rules=rules, today=request.today, options=options, progress=progress
        )


def _tell(report: Report, passed: Gate, request: ScanRequest) -> None:
    verdict = report.verdict
    if request.output_file:
        say(f"{verdict.kind}, score {verdict.score}: written to {request.output_file}")
    for reason in passed.reasons:
        say(f"gate: {reason}")
    if passed.passed and verdict.kind is VerdictKind.NOT_READY:
        if request.fail_on is None:
            say(f"gate: off, the verdict is {verdict.kind}")
        else:
            say(f"gate: passed, nothing at or above {request.fail_on}; yet it is {verdict.kind}")
