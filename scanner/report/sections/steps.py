"""The table of steps: what the container was asked to do, and in which run it did.

Shows the reason and the end of the output of a step that fails; what it means is a finding.
"""

from __future__ import annotations

from collections.abc import Sequence

from rich.text import Text

from scanner.model import ConditionResult
from scanner.report.escape import visible
from scanner.report.order import ordered_runs
from scanner.report.page import GAP, Page
from scanner.report.views.steps import Seen, answered, readable

_COLUMN = 8
_ROWS = 20
_LINES = 3
_LINE = 160
"""Characters of a line of output that are shown."""


def steps(page: Page, conditions: Sequence[ConditionResult]) -> None:
    """The section; nothing when no run had a step."""
    runs = [each for each in ordered_runs(conditions) if each.ran]
    names = list(dict.fromkeys(step.name for run in runs for step in run.steps))
    if not names:
        return
    page.heading("Steps", "what it was asked to do, and whether it did")
    seen: Seen = {run.name: {step.name: step for step in run.steps} for run in runs}
    shown = names
    if len(names) > _ROWS and not page.look.verbose:
        shown = sorted(names, key=lambda name: not _fails(name, seen))[:_ROWS]
    _table(page, shown, seen)
    if len(names) > len(shown):
        text = f"and {len(names) - len(shown)} more (--verbose shows them)"
        page.paragraph(Text(text, style="dim"), indent=2)
    for name in shown:
        _failures(page, name, seen)


def _fails(name: str, seen: Seen) -> bool:
    return any(
        name in results and not results[name].passed and not answered(name, run, seen)
        for run, results in seen.items()
    )


def _table(page: Page, names: Sequence[str], seen: Seen) -> None:
    widths = (page.width - 2 - len(seen) * (_COLUMN + GAP), *(_COLUMN for _ in seen))
    heads = [Text(visible(name), style="dim") for name in ("", *seen)]
    page.columns([[each] for each in heads], widths, indent=2)
    for name in names:
        cells = [_word(name, run, seen) for run in seen]
        page.columns([[readable(name)], *([each] for each in cells)], widths, indent=2)


def _word(name: str, run: str, seen: Seen) -> Text:
    step = seen[run].get(name)
    if step is None:
        return Text("-", style="dim")
    if status := answered(name, run, seen):
        return Text(status)
    return Text("passed") if step.passed else Text("fails", style="bold red")


def _failures(page: Page, name: str, seen: Seen) -> None:
    """Why a step fails, once for all runs in which it does so in the same way."""
    reasons: dict[str, list[str]] = {}
    logs: dict[str, str] = {}
    for run, results in seen.items():
        step = results.get(name)
        if step is not None and not step.passed and not answered(name, run, seen):
            reasons.setdefault(step.detail, []).append(run)
            logs.setdefault(step.detail, step.log)
    for detail, runs in reasons.items():
        text = f"{readable(name)}, {' and '.join(map(visible, runs))}: {visible(detail)}"
        page.paragraph(text, indent=2, hanging=2)
        lines = [line for line in logs[detail].splitlines() if line.strip()]
        for line in lines if page.look.verbose else lines[-_LINES:]:
            page.paragraph(Text(visible(line.rstrip(), _LINE), style="dim"), indent=4)
