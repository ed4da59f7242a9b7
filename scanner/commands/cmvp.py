"""`fips-scanner cmvp`: shows certificates, says which change, and takes newer facts of them.

Fetches only what the user names, and writes only the user's folder of certificates.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Sequence
from datetime import date
from pathlib import Path

from scanner.certificates import Certificate
from scanner.cmvp_changes import (
    Affected,
    Change,
    Knowledge,
    affected,
    changes_until,
    differences,
    loses,
)
from scanner.cmvp_listing import MAX_BYTES
from scanner.cmvp_status import status_on
from scanner.commands.cmvp_source import fetch
from scanner.commands.cmvp_store import prepared
from scanner.commands.rule_folders import kept_rules, rule_folders
from scanner.commands.terminal import look_for, put, say
from scanner.errors import UsageError
from scanner.gate import FAILED, PASSED
from scanner.report.cmvp_pages import (
    certificate_list,
    certificates_json,
    change_list,
    changes_json,
)
from scanner.rulebook import RuleBook

MAX_REPORTS = 10_000


def show_list(
    *,
    vendor: str,
    module: str,
    status: str,
    today: date,
    folders: Sequence[Path],
    output: str,
) -> int:
    """List certificates, narrowed to parts of names and to a status."""
    rules = RuleBook.load(*rule_folders(folders))
    found = [
        each
        for each in sorted(rules.certificates, key=lambda c: (c.certificate or 0, c.id))
        if vendor.casefold() in each.vendor.casefold()
        and _is_of(each, module.casefold())
        and status in ("", status_on(each, today).value)
    ]
    text = certificates_json(found, today) if output == "json" else ""
    put(text or certificate_list(found, today, look_for(sys.stdout)))
    return PASSED


def _is_of(certificate: Certificate, module: str) -> bool:
    return module in certificate.module.casefold() or any(
        cover.module == module for cover in certificate.covers
    )


def show(number: str, *, today: date, folders: Sequence[Path], output: str) -> int:
    """Show one certificate.

    Raises:
        UsageError: the scanner knows none of this number.
    """
    from scanner.report.rule_pages import explain

    rules = RuleBook.load(*rule_folders(folders))
    digits = number.strip().removeprefix("cmvp-").removeprefix("#")
    found = [each for each in rules.certificates if str(each.certificate) == digits]
    if not found:
        raise UsageError(
            f"the scanner knows no certificate {number}: `fips-scanner cmvp list` shows all"
        )
    if output == "json":
        put(certificates_json(found, today))
    else:
        put(explain(rules, digits, today, look_for(sys.stdout)))
    return PASSED


def check(
    reports: Sequence[Path],
    *,
    until: date,
    today: date,
    folders: Sequence[Path],
    output: str,
) -> int:
    """Say which certificates change until a day, and whom of `reports` that concerns.

    Raises:
        UsageError: the day lies before today, a report cannot be read, or a folder holds none.
    """
    if until < today:
        raise UsageError(f"{until} lies before {today}: --date is the day until which to look")
    rules = RuleBook.load(*rule_folders(folders))
    now, then = (Knowledge(rules.certificates, rules.distributions, day) for day in (today, until))
    changes = changes_until(rules.certificates, today, until)
    hits = _affected(reports, now, then)
    _tell(changes, hits, today, output, f"no certificate changes its status until {until}")
    return FAILED if any(map(loses, hits)) else PASSED


def update(
    source: str,
    *,
    reports: Sequence[Path],
    to: Path | None,
    dry_run: bool,
    today: date,
    folders: Sequence[Path],
    output: str,
) -> int:
    """Take newer facts of certificates from `source`, and say what changed and for whom.

    Raises:
        UsageError: the source is no list of certificates, or the folder cannot be written.
        RuleError: what it says makes no valid rules; nothing is changed.
    """
    target = to or kept_rules()
    if target is None:
        raise UsageError("there is no home folder to keep certificates in: give --to DIR")
    content = fetch(source)
    used = rule_folders((*folders, *((to,) if to and to.is_dir() and to not in folders else ())))
    rules = RuleBook.load(*used)
    with prepared(content, source, target, rules, used, today) as staged:
        changes = differences(rules.certificates, staged.rules.certificates, today)
        old, new = (
            Knowledge(each.certificates, each.distributions, today)
            for each in (rules, staged.rules)
        )
        hits = _affected(reports, old, new)
        _tell(changes, hits, today, output, f"nothing in {source} is newer than what is known")
        if changes and not dry_run:
            staged.keep()
    if changes:
        say(_where(len(changes), target, dry_run=dry_run, default=to is None))
    return FAILED if any(map(loses, hits)) else PASSED


def _where(changes: int, target: Path, *, dry_run: bool, default: bool) -> str:
    if dry_run:
        return f"{changes} changes; nothing is kept (--dry-run)"
    if default:
        return f"kept in {target}, which scans of this user read"
    return f"written to {target}: scan with --rules {target}"


def _tell(
    changes: Sequence[Change],
    hits: Sequence[Affected],
    today: date,
    output: str,
    nothing: str,
) -> None:
    if output == "json":
        put(changes_json(changes, hits, today))
        return
    put(change_list(changes, hits, look_for(sys.stdout)))
    if not changes:
        say(nothing)


def _affected(reports: Sequence[Path], before: Knowledge, after: Knowledge) -> list[Affected]:
    files = {path: _files(path) for path in reports}
    number = sum(map(len, files.values()))
    if number > MAX_REPORTS:
        raise UsageError(f"{number} reports are too many; {MAX_REPORTS} at most")
    hits: list[Affected] = []
    for path, inside in files.items():
        read = 0
        for file in inside:
            report = _report(file)
            if path.is_dir() and (other := _other_format(report)):
                say(f"{file} is left out: it is {other}, no JSON report of fips-scanner")
                continue
            hits += affected(report, str(file), before, after)
            read += 1
        if not read:
            raise UsageError(
                f"{path} holds no JSON report of fips-scanner: write one with `scan -o json`"
            )
    return hits


def _files(path: Path) -> list[Path]:
    return sorted(path.glob("*.json")) if path.is_dir() else [path]


_OTHERS = {
    "bomFormat": "CycloneDX",
    "runs": "SARIF",
    "assessment-results": "OSCAL",
    "_type": "an in-toto statement",
    "payloadType": "a signed in-toto statement",
}
"""A key that documents of other formats begin with → the format."""


def _other_format(document: object) -> str:
    """Which other format of a scan's results `document` has; `""` for none."""
    if not isinstance(document, dict) or "image" in document:
        return ""
    return next((name for key, name in _OTHERS.items() if key in document), "")


def _report(path: Path) -> object:
    try:
        with path.open("rb") as file:
            content = file.read(MAX_BYTES + 1)
    except OSError as error:
        reason = (error.strerror or str(error)).lower()
        raise UsageError(f"cannot read the report {path}: {reason}") from error
    if len(content) > MAX_BYTES:
        raise UsageError(f"the report {path} is larger than {MAX_BYTES >> 20} MiB")
    try:
        return json.loads(content)
    except (ValueError, RecursionError) as error:
        raise UsageError(f"{path} is not JSON: write a report with `scan -o json`") from error
