"""`fips-scanner scan`: scans an image, writes the report, and answers with the gate's exit code.

Judges nothing: the report comes from `scanner.scan`, the exit code from `scanner.gate`.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date
from pathlib import Path

from scanner.commands.baselines import Baselines
from scanner.commands.outputs import Output, Outputs
from scanner.commands.policy_options import PolicyOptions, policy_of, tell_unmatched
from scanner.commands.progress import shown_progress
from scanner.commands.rule_folders import rule_folders
from scanner.commands.terminal import say
from scanner.errors import UsageError
from scanner.gate import PASSED
from scanner.model import Batch, Policy, Report, VerdictKind
from scanner.policy import apply_policy
from scanner.rulebook import RuleBook
from scanner.simulate.scenario import ScenarioOptions, from_options


@dataclass(frozen=True, slots=True)
class ScanRequest:
    """What the user asked for."""

    images: tuple[str, ...]
    static: bool
    platform: str | None
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
    workers: int
    quiet: bool
    verbose: bool


def run(request: ScanRequest) -> int:
    """Scan, write the reports, and return the exit code.

    Raises:
        ScannerError: the image cannot be scanned, or a report not written.
    """
    with Outputs(request.outputs, verbose=request.verbose) as outputs:
        rules = RuleBook.load(*rule_folders(request.rules))
        policy = policy_of(request.policy, rules, today=request.today, quiet=request.quiet)
        baselines = Baselines(request.baseline, quiet=request.quiet)
        report = _report(request, request.images[0], rules, policy)
        report = apply_policy(
            report,
            policy,
            today=request.today,
            scoring=rules.scoring,
            baseline=baselines.of(report, alone=len(request.images) == 1),
        )
        outputs.write(Batch((report,)))
    if not request.quiet:
        tell_unmatched((report,))
        tell(report, outputs.files)
    return report.policy.gate.exit_code if report.policy else PASSED


def _report(request: ScanRequest, image: str, rules: RuleBook, policy: Policy) -> Report:
    if request.provider is not None and not request.provider.is_file():
        raise UsageError(f"no such FIPS provider: {request.provider}; name a fips.so")
    if request.static and request.scenario:
        raise UsageError("a smoke test needs a run: leave out --static, or what it is to do")
    # Heavy, and not needed to tell of a mistake in the options.
    from scanner.scan import ScanOptions, scan

    scenario = from_options(request.scenario)
    options = ScanOptions(
        static=request.static,
        platform=request.platform,
        insecure=request.insecure,
        provider=request.provider,
        workers=request.workers,
        scenario=scenario,
        target=policy.target,
        conditions=policy.conditions,
    )
    options = replace(
        options,
        run_limits=replace(options.run_limits, total=request.timeout, ready=request.ready_timeout),
    )
    with shown_progress(quiet=request.quiet) as progress:
        return scan(image, rules=rules, today=request.today, options=options, progress=progress)


def tell(report: Report, files: Sequence[Path]) -> None:
    """Say on standard error where the report is, and what the gate says of it."""
    verdict, result = report.verdict, report.policy
    if files:
        names = ", ".join(map(str, files))
        say(f"{verdict.kind}, score {verdict.score}: written to {names}")
    if result is None:
        return
    for reason in result.gate.reasons:
        say(f"gate: {reason}")
    if result.gate.passed and verdict.kind is VerdictKind.NOT_READY:
        fail_on = result.gate_rules.fail_on
        if fail_on is None:
            say(f"gate: off, the verdict is {verdict.kind}")
        else:
            say(f"gate: passed, nothing at or above {fail_on}; yet it is {verdict.kind}")
