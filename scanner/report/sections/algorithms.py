"""The algorithm audit: what programs asked crypto libraries for, and what they were refused.

Shows what is not approved or was refused, and counts the others.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import groupby

from rich.text import Text

from scanner.model import AlgorithmCall, ConditionResult
from scanner.report.escape import visible
from scanner.report.order import ordered_runs
from scanner.report.page import Page, counted
from scanner.report.views.calls import SETTINGS, matters, rank_of

_CALLS = 8
"""Lines shown for one run; the rest is counted."""


def calls(page: Page, conditions: Sequence[ConditionResult]) -> None:
    """The section; nothing where nothing was audited."""
    audited = [run for run in ordered_runs(conditions) if run.calls]
    telling = [run for run in audited if page.look.verbose or any(map(matters, run.calls))]
    # Where no run tells of trouble, the last one tells for all.
    for run in telling or audited[-1:]:
        page.heading("Algorithms asked for", f"by the programs of the run: {visible(run.name)}")
        _run(page, run.calls)


def _run(page: Page, found: Sequence[AlgorithmCall]) -> None:
    ordered = sorted(found, key=rank_of)
    matter = [each for each in ordered if page.look.verbose or matters(each)]
    limit = len(matter) if page.look.verbose else _CALLS
    shown = sorted(matter[:limit], key=lambda call: call.program)
    for program, its in groupby(shown, key=lambda call: call.program):
        page.paragraph(visible(program) or "a program that is not known", indent=2, hanging=2)
        for each in its:
            page.paragraph(_line(each), indent=4, hanging=2)
    if matter[limit:]:
        text = f"and {counted(len(matter) - limit, 'more call')} (--verbose shows all)"
        page.paragraph(Text(text, style="dim"), indent=4)
    rest = [each for each in found if each not in matter]
    if text := _others(rest):
        page.paragraph(Text(text, style="dim"), indent=2, hanging=2)


def _line(call: AlgorithmCall) -> Text:
    line = Text(visible(call.algorithm, 80))
    line.append(" by ")
    line.append(visible(call.api, 60))
    line.append(f", {'once' if call.count == 1 else f'{call.count} times'}: ")
    if not call.failed:
        style = "bold red" if call.approved is False else ""
        line.append("granted", style=style)
    elif call.failed >= call.count:
        line.append("refused", style="yellow")
    else:
        line.append(f"refused {call.failed} of {call.count}", style="yellow")
    if call.approved is False:
        line.append(", not approved")
    elif call.approved is None and not call.api.startswith(SETTINGS):
        line.append(", unknown to the rules")
    if call.caller:
        line.append(f" (from {visible(call.caller)})", style="dim")
    elif call.library:
        line.append(f" (of {visible(call.library)})", style="dim")
    return line


def _others(rest: Sequence[AlgorithmCall]) -> str:
    """The names of what was approved and granted, and how many calls no rule knows."""
    approved = sorted(
        {each.algorithm.upper() for each in rest if each.approved and not each.failed}
    )
    shown = [visible(each, 40) for each in approved[:_CALLS]]
    more = f" and {len(approved) - len(shown)} more" if len(approved) > len(shown) else ""
    parts = [f"approved and granted: {', '.join(shown)}{more}"] if shown else []
    apart = [each for each in rest if each.approved is False]
    if apart:
        parts.append(
            f"not approved, but looked up only, for no security, or chosen by clients: {len(apart)}"
        )
    unknown = len([each for each in rest if each.approved is None])
    if unknown:
        parts.append(f"settings, and names that no rule knows: {unknown}")
    text = "; ".join(parts)
    return f"{text[0].upper()}{text[1:]}." if text else ""
