"""`fips-scanner scan`: scans images, writes the reports, and answers with the gate's exit code.

Judges nothing: the report comes from `scanner.scan`, the exit code from `scanner.gate`.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING

from scanner.commands.baselines import Baselines
from scanner.commands.endings import INTERRUPTED, interruptible
from scanner.commands.outputs import Output, Outputs
from scanner.commands.policy_options import PolicyOptions, policy_of, tell_unmatched
from scanner.commands.progress import shown_progress, shown_scans
from scanner.commands.rule_folders import rule_folders
from scanner.commands.terminal import complain, say
from scanner.errors import UsageError
from scanner.gate import exit_code
from scanner.interruption import Interrupted, Interruption
from scanner.machine import inspectors, side_by_side
from scanner.model import Batch, Failure, Policy, Report, VerdictKind
from scanner.policy import apply_policy
from scanner.rulebook import RuleBook
from scanner.simulate.scenario import ScenarioOptions, from_options
from scanner.sources import SourceOptions, Wanted, wanted_images

if TYPE_CHECKING:
    from scanner.scan import ScanOptions


_NOT_BEGUN = 3
"""Images named that an interruption left out; the report names all."""


@dataclass(frozen=True, slots=True)
class ScanRequest:
    """What the user asked for."""

    images: tuple[str, ...]
    """Names of images, and of files that name some."""
    lists: tuple[str, ...]
    """Files that list images."""
    sources: SourceOptions
    static: bool
    outputs: tuple[Output, ...]
    policy: PolicyOptions
    baseline: Path | None
    """The report of an earlier scan: what it has fails no more."""
    today: date
    insecure: bool
    provider: Path | None
    rules: Sequence[Path]
    scenario: ScenarioOptions
    timeout: float
    """Seconds for all runs of containers together."""
    ready_timeout: float
    """Seconds that a container may take to be ready."""
    workers: int | None
    """Processes that inspect one image side by side; None for what suits the machine."""
    jobs: int | None
    """Images that are scanned side by side; None for what suits the machine."""
    quiet: bool
    verbose: bool


def run(request: ScanRequest) -> int:
    """Scan, write the reports, and return the exit code.

    Raises:
        ScannerError: the only image cannot be scanned, or a report will not be written.
    """
    _check(request)
    wanted = wanted_images(request.images, request.lists, request.sources)
    if not request.quiet:
        for note in wanted.notes:
            say(note)
    with (
        Outputs(
            request.outputs, wanted.targets, verbose=request.verbose, several=wanted.is_several
        ) as outputs,
        interruptible() as interruption,
    ):
        baselines = Baselines(request.baseline, quiet=request.quiet)
        rules = RuleBook.load(*rule_folders(request.rules))
        policy = policy_of(request.policy, rules, today=request.today, quiet=request.quiet)

        def judged(at: int, report: Report) -> Report:
            with interruption.deferred():
                report = apply_policy(
                    report,
                    policy,
                    today=request.today,
                    scoring=rules.scoring,
                    baseline=baselines.of(report, alone=not wanted.is_several),
                )
                outputs.write_image(at, report)
                return report

        scans = _Scans(request, wanted, rules, policy, interruption)
        batch = scans.side_by_side(judged) if wanted.is_several else scans.single(judged)
        if batch is None:
            return INTERRUPTED
        with interruption.deferred():
            outputs.write(batch)
            if not request.quiet:
                tell_unmatched(batch.reports)
            _tell(batch, outputs.files, quiet=request.quiet)
            code = outputs.answer(exit_code(batch))
        return INTERRUPTED if interruption.requested else code


def _check(request: ScanRequest) -> None:
    if request.provider is not None and not request.provider.is_file():
        raise UsageError(f"no such FIPS provider: {request.provider}; name a fips.so")
    if request.static and request.scenario:
        raise UsageError("a smoke test needs a run: leave out --static, or what it is to do")


@dataclass(frozen=True, slots=True)
class _Scans:
    """The scans of one call."""

    request: ScanRequest
    wanted: Wanted
    rules: RuleBook
    policy: Policy
    interruption: Interruption

    def single(self, judged: Callable[[int, Report], Report]) -> Batch | None:
        """The report of the only image; None where it was interrupted before there was one."""
        # Heavy, and not needed to tell of a mistake in the options.
        from scanner.scan import scan

        request, [target] = self.request, self.wanted.targets
        options = replace(self._options(request.workers or inspectors()), platform=target.platform)
        try:
            with shown_progress(quiet=request.quiet, verbose=request.verbose) as progress:
                report = scan(
                    target.reference,
                    rules=self.rules,
                    today=request.today,
                    options=options,
                    progress=progress,
                    interruption=self.interruption,
                )
        except Interrupted:
            complain("its files were not all inspected yet, so there is nothing to report")
            return None
        report = replace(report, image=replace(report.image, asked_by=target.asked_by))
        return Batch((judged(0, report),))

    def side_by_side(self, judged: Callable[[int, Report], Report]) -> Batch:
        """What became of each image."""
        from scanner.several import scan_several

        request, targets = self.request, self.wanted.targets
        means = side_by_side(len(targets), request.jobs)
        with shown_scans(targets, quiet=request.quiet, verbose=request.verbose) as watcher:
            outcomes = scan_several(
                targets,
                rules=self.rules,
                today=request.today,
                options=self._options(request.workers or inspectors(means.scans)),
                means=means,
                watcher=watcher,
                interruption=self.interruption,
                finish=judged,
            )
        reports = tuple(each for each in outcomes if isinstance(each, Report))
        failures = tuple(each for each in outcomes if isinstance(each, Failure))
        return Batch(reports, (*failures, *self.wanted.failures))

    def _options(self, workers: int) -> ScanOptions:
        from scanner.scan import ScanOptions

        request = self.request
        options = ScanOptions(
            static=request.static,
            platform=request.sources.platform,
            insecure=request.insecure,
            provider=request.provider,
            workers=workers,
            scenario=from_options(request.scenario),
            target=self.policy.target,
            conditions=self.policy.conditions,
        )
        limits = replace(options.run_limits, total=request.timeout, ready=request.ready_timeout)
        return replace(options, run_limits=limits)


def _tell(batch: Batch, files: Sequence[Path], *, quiet: bool) -> None:
    """Say on standard error where reports are, what the gate says, and what was not scanned."""
    not_begun = [each for each in batch.failures if each.exit_code == INTERRUPTED]
    for failure in batch.failures:
        if failure not in not_begun[_NOT_BEGUN:]:
            complain(f"{failure.reference}: {failure.error}")
    if not_begun[_NOT_BEGUN:]:
        complain(f"and {len(not_begun) - _NOT_BEGUN} more were not scanned: interrupted")
    if quiet:
        return
    several = len(batch.reports) + len(batch.failures) > 1
    names = ", ".join(map(str, files))
    if files and several:
        say(f"{len(batch.reports)} reports: written to {names}")
    for report in batch.reports:
        if files and not several:
            say(f"{report.verdict.kind}, score {report.verdict.score}: written to {names}")
        _tell_gate(report, f"{report.image.reference}: " if several else "")


def _tell_gate(report: Report, name: str) -> None:
    verdict, result = report.verdict, report.policy
    if result is None:
        return
    for reason in result.gate.reasons:
        say(f"gate: {name}{reason}")
    if result.gate.passed and verdict.kind is VerdictKind.NOT_READY:
        fail_on = result.gate_rules.fail_on
        if fail_on is None:
            say(f"gate: {name}off, the verdict is {verdict.kind}")
        else:
            left = " is left" if any(each.ignored_by for each in report.findings) else ""
            found = f"nothing at or above {fail_on}{left}"
            say(f"gate: {name}passed, {found}; yet it is {verdict.kind}")
