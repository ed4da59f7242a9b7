"""`fips-scanner init`: writes a policy to start with, from a first scan where there is one.

Invents nothing: what would have to be accepted is listed in comments, to be completed.
"""

from __future__ import annotations

import os
from dataclasses import dataclass
from datetime import date
from pathlib import Path

from scanner.commands.policy_options import PolicyOptions, known_to, policy_file
from scanner.commands.progress import shown_progress
from scanner.commands.rule_folders import rule_folders
from scanner.commands.terminal import OutputFile, put, say
from scanner.errors import UsageError
from scanner.gate import PASSED
from scanner.model import Report
from scanner.policy import parse_policy, policy_schema
from scanner.policy.draft import draft
from scanner.rulebook import RuleBook

SCHEMA = ".fips-scanner.schema.json"
STDOUT = Path("-")


@dataclass(frozen=True, slots=True)
class InitRequest:
    """What the user asked for."""

    image: str | None
    report: Path | None
    """A report to take instead of a scan."""
    file: Path
    force: bool
    static: bool
    platform: str | None
    insecure: bool
    provider: Path | None
    rules: tuple[Path, ...]
    today: date
    quiet: bool


def run(request: InitRequest) -> int:
    """Write the policy, and its schema beside it for editors.

    Raises:
        UsageError: there is one already, or it cannot be written.
        ScannerError: the image cannot be scanned.
    """
    if request.image and request.report:
        raise UsageError("an image and --from are too much; leave one out")
    if request.file == STDOUT:
        put(_text(request))
        return PASSED
    if os.path.lexists(request.file) and not request.force:
        raise UsageError(f"{request.file} is there already; --force writes a new one")
    schema = request.file.with_name(SCHEMA)
    with OutputFile(request.file) as policy, OutputFile(schema) as beside:
        above = policy_file(PolicyOptions())
        policy.write(_text(request))
        beside.write(policy_schema())
    if not request.quiet:
        say(f"policy: written to {request.file}, for editors its schema to {schema}")
        if above is not None and above.resolve() != request.file.resolve():
            say(f"policy: {above} held here; where the new one is found, it no longer does")
    return PASSED


def _text(request: InitRequest) -> str:
    rules = RuleBook.load(*rule_folders(request.rules))
    report = _report(request, rules)
    text = draft(report, today=request.today, scoring=rules.scoring, schema=SCHEMA)
    # What is written here must be readable by the next scan.
    parse_policy(text.encode(), str(request.file), known_to(rules), today=request.today)
    return text


def _report(request: InitRequest, rules: RuleBook) -> Report | None:
    if request.report:
        from scanner.commands.report_files import reports_in

        reports = reports_in(request.report).reports
        if len(reports) != 1:
            raise UsageError(
                f"{request.report} is about {len(reports)} images; name a report on one"
            )
        return reports[0]
    if not request.image:
        return None
    if request.provider is not None and not request.provider.is_file():
        raise UsageError(f"no such FIPS provider: {request.provider}; name a fips.so")
    from scanner.scan import ScanOptions, scan

    options = ScanOptions(
        static=request.static,
        platform=request.platform,
        insecure=request.insecure,
        provider=request.provider,
        workers=min(len(os.sched_getaffinity(0)), 4),
    )
    with shown_progress(quiet=request.quiet) as progress:
        return scan(
            request.image, rules=rules, today=request.today, options=options, progress=progress
        )
