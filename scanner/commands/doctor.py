"""`fips-scanner doctor`: shows what this machine can do for a scan, and how to get the rest.

Looks at nothing itself: that is done in `scanner.doctor`.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Sequence
from datetime import date
from pathlib import Path

from rich.text import Text

from scanner.commands.rule_folders import rule_folders
from scanner.commands.terminal import look_for, put
from scanner.doctor import Check, Examination, State, examine
from scanner.gate import FAILED, PASSED
from scanner.report.escape import visible
from scanner.report.look import Look
from scanner.report.page import Page

_STYLES = {State.OK: "green", State.LIMITED: "yellow", State.MISSING: "bold red"}
_AT = 9
_UNDER = 25
SCHEMA_VERSION = "1"


def run(today: date, folders: Sequence[Path], output: str, *, trial: bool) -> int:
    """Examine this machine and show what was found.

    Returns:
        0 where a scan can do all of its work, be it with limits; 1 where something is missing.
    """
    found = examine(
        today,
        rule_folders(folders),
        encoding=sys.stdout.encoding or "",
        terminal=sys.stdout.isatty(),
        trial=trial,
    )
    put(as_json(found) if output == "json" else as_text(found, look_for(sys.stdout)))
    return PASSED if found.complete else FAILED


def as_text(found: Examination, look: Look) -> str:
    """One paragraph for each thing: how it is, what there is, what that means, how to get more."""
    page = Page(look)
    for each in found.checks:
        _show(page, each)
    page.blank()
    page.paragraph(_sum(found))
    return page.result()


def _show(page: Page, check: Check) -> None:
    state = Text(f"{check.state.value:<{_AT}}", style=_STYLES[check.state])
    label = Text.assemble(state, (check.id, "bold"))
    lines: list[str | Text] = [visible(check.found)]
    if check.means:
        lines.append(Text(visible(check.means), style="dim"))
    page.labeled(label, lines, indent=0, at=_UNDER)
    for each in check.get:
        # Never wrapped, so that it can be pasted.
        page.line(Text(visible(each), style="cyan"), indent=_UNDER + 2)


def _sum(found: Examination) -> Text:
    missing, limited = found.count(State.MISSING), found.count(State.LIMITED)
    if missing:
        return Text(f"No scan can be complete here: {missing} missing, {limited} limited.")
    if limited:
        return Text(f"Scans can do all of their work here, with limits: {limited}.")
    return Text("Scans can do all of their work here.")


def as_json(found: Examination) -> str:
    """The same for programs."""
    document = {
        "schema_version": SCHEMA_VERSION,
        "complete": found.complete,
        "checks": [
            {
                "id": each.id,
                "state": each.state.value,
                "found": each.found,
                "means": each.means,
                "get": list(each.get),
            }
            for each in found.checks
        ],
    }
    return json.dumps(document, indent=2) + "\n"
