"""What breaks under FIPS, in three lines for whoever stands before a failed pipeline.

Repeats what a report tells in full; concludes nothing from it, and lays nothing out.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence

from scanner.model import AlgorithmCall, ConditionResult, Effect, Finding
from scanner.report.escape import visible
from scanner.report.order import ordered_runs
from scanner.report.page import shared
from scanner.report.views.steps import readable

_DETAILS = 2
_NAMED = 3
_LINE = 160
_BASELINE = "baseline"
_DO = "What to do: fips-scanner explain"
_LOOK_UP = re.compile(r"fetch|get_\w*byname", re.IGNORECASE)
"""Functions that many libraries call for everything that they know, to see what there is."""
_OF_CRYPTO = re.compile(
    r"fips|crypt|ssl|tls|digest|cipher|hash|md[45]|unsupported|algorithm", re.IGNORECASE
)
"""What a line speaks of that more likely says why than the last one."""
_APPROVAL = (False, None, True)


def break_lines(
    conditions: Sequence[ConditionResult], findings: Iterable[Finding] = ()
) -> list[str]:
    """What stopped working, who was refused what, and what the log means; nothing if all works."""
    runs = ordered_runs(conditions)
    broken = [run for run in runs if any(each.effect is Effect.BREAKS for each in run.differences)]
    if not broken:
        return []
    known = {each.rule for run in runs if run.name == _BASELINE for each in run.log_matches}
    refused, meaning = _refused(broken), _meaning(broken, known)
    advice = next((each.id for each in findings if _is_of_calls(each)), "")
    # What a rule knows of the very line helps more.
    if refused and advice and _DO not in meaning:
        refused += f". {_DO} {visible(advice)}"
    return [line for line in (_what(broken), refused, meaning) if line]


def _is_of_calls(finding: Finding) -> bool:
    return finding.id.startswith("algorithm-refused") and not finding.ignored_by


def _what(broken: Iterable[ConditionResult]) -> str:
    """What does not work, once for all runs in which it is so."""
    alike: dict[str, list[str]] = {}
    for run in broken:
        details = [
            readable(each.detail, _LINE)
            for each in run.differences
            if each.effect is Effect.BREAKS and each.what != "log"
        ]
        shown, more = shared(details, _DETAILS)
        text = "; ".join(shown) + (f"; and {more} more" if more else "")
        if text:
            alike.setdefault(text, []).append(visible(run.name))
    return "; ".join(f"{' and '.join(runs)}: {text}" for text, runs in alike.items())


def _refused(broken: Iterable[ConditionResult]) -> str:
    """The program that was refused an algorithm, and which; the one that tells most."""
    failed = [each for run in broken for each in run.calls if each.failed and "(" not in each.api]
    telling = [each for each in failed if not _LOOK_UP.search(each.api)] or failed
    telling.sort(
        key=lambda each: (_APPROVAL.index(each.approved), each.failed < each.count, each.program)
    )
    for program in dict.fromkeys(each.program for each in telling):
        its = [each for each in telling if each.program == program]
        names = list(dict.fromkeys(visible(each.algorithm, 60) for each in its))
        if all(_LOOK_UP.search(each.api) for each in its) and len(names) > _NAMED:
            continue
        shown, more = shared(names, _NAMED)
        asked = ", ".join(shown) + (f" and {more} more" if more else "")
        name = visible(program) or "a program"
        are = "are" if names[1:] else "is"
        return f"{name} asks for {asked} ({_way(its[0])}), which {are} refused"
    return ""


def _way(call: AlgorithmCall) -> str:
    caller = call.caller.rpartition("/")[2].rpartition("+")[0]
    own = call.program.rpartition("/")[2]
    return visible(call.api, 60) + (f", from {visible(caller)}" if caller not in ("", own) else "")


def _meaning(broken: Iterable[ConditionResult], known: Iterable[str]) -> str:
    """What a rule knows of the log of such a run, else a line that is new in it."""
    for run in broken:
        telling = {
            each.condition
            for each in run.differences
            if each.what == "log" and each.effect is Effect.BREAKS
        }
        new = [each for each in run.log_matches if each.rule not in known]
        new.sort(key=lambda each: (each.rule not in telling, each.rule))
        if new:
            said = visible(new[0].meaning).partition(". ")[0].rstrip(".")
            return f"{said}. {_DO} {visible(new[0].rule)}"
        lines = [
            line for each in run.differences if each.effect is Effect.BREAKS for line in each.log
        ]
        if lines:
            line = next((each for each in lines if _OF_CRYPTO.search(each)), lines[-1])
            return f"it says: {visible(line, _LINE)}"
    return ""
