"""What was run, how long it took to be ready, how it ended, and what showed that a switch works.

TLS has a table of its own; of its differences, only what breaks is here.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence

from rich.text import Text

from scanner.model import ConditionResult, Difference, Effect, Gap, GapKind
from scanner.report.escape import visible
from scanner.report.order import NODE, ordered_runs, ports_in_order
from scanner.report.page import Page, counted, shared
from scanner.report.views.runs import does_crypto, end_of, switches_of
from scanner.report.views.steps import readable

_AT = 13
"""Column in which the text beside a condition's name begins."""
_LINES = 3
_SWITCHES = 12
_PROGRAMS = 4
_FILES = 4
_LINE = 160
"""Characters of a log line that are shown."""
_SHOWN_BY = {
    "supervisor inside": "by a supervisor inside the container, which its programs can see",
    "preload": "by a library before all others: static programs did not see it",
    "host": "by the engine's host itself, which is a FIPS node",
}
"""Ways that are told, as they differ from the usual one."""
_LEFT_OUT = "not restricted: OpenSSL 3, for want of a FIPS provider; see below"

_EFFECTS: dict[Effect, tuple[str, str]] = {
    Effect.BREAKS: ("breaks: ", "bold red"),
    Effect.LEAKS: ("leaks: ", "bold red"),
    Effect.FLAKY: ("flaky: ", "yellow"),
    Effect.NEVER_WORKED: ("never worked: ", "yellow"),
    Effect.RESTRICTS: ("restricted: ", "green"),
    Effect.CHANGES: ("changed: ", "yellow"),
}
"""Worst first."""


def runs(page: Page, conditions: Sequence[ConditionResult], gaps: Sequence[Gap]) -> None:
    """The section; says so when nothing was run."""
    page.heading("Simulated run", "as it is, on a FIPS node, and with approved algorithms only")
    if not conditions:
        page.paragraph("None: the image was inspected only.", indent=2)
    known: set[str] = set()
    for result in ordered_runs(conditions):
        lines = [_summary(result)]
        lines += _switches(result, gaps, page)
        if how := _SHOWN_BY.get(result.simulated_by):
            lines.append(Text(f"the flag was shown {how}", style="dim"))
        if any(gap.kind is GapKind.NO_PROVIDER and gap.subject == result.name for gap in gaps):
            lines.append(Text(_LEFT_OUT, style="yellow"))
        lines += _inside(result, page)
        lines += _differences(result.differences, page)
        lines += _log(result, known, page)
        known |= {each.rule for each in result.log_matches}
        style = "bold" if result.ran else "bold yellow"
        page.labeled(Text(visible(result.name, 24), style=style), lines, indent=2, at=_AT)


def _summary(result: ConditionResult) -> Text:
    if not result.ran:
        return Text(f"not run: {visible(result.reason)}")
    parts = []
    if result.ready_seconds is not None:
        took = f"after {result.ready_seconds:.1f} s" if result.ready_seconds >= 0.05 else "at once"
        parts.append(f"ready {took}")
    if result.ports:
        parts.append(f"listening on {', '.join(ports_in_order(result.ports))}")
    else:
        parts.append("listened on no port")
    if result.health:
        parts.append(f"health check {visible(result.health)}")
    parts.append(end_of(result))
    return Text(", ".join(parts))


def _switches(result: ConditionResult, gaps: Sequence[Gap], page: Page) -> list[Text]:
    """What was switched on, each with what showed that it took effect."""
    switched = switches_of(result, gaps)
    lines = []
    for each in switched.used:
        lines.append(Text(f"switched on: {visible(each.name)}", style="dim"))
        if each.proof:
            lines.append(Text(f"  took effect: {visible(each.proof)}", style="dim"))
        elif each.doubted:
            lines.append(Text("  not seen to take effect", style="yellow"))
    lines += [Text(f"took effect: {visible(each)}", style="dim") for each in switched.proofs]
    if switched.unused:
        names = ", ".join(map(visible, switched.unused))
        text = f"switched on, and used by no program that was seen: {names}"
        lines.append(Text(text, style="dim"))
    limit = len(lines) if page.look.verbose else _SWITCHES
    shown, more = lines[:limit], len(lines) - limit
    return [*shown, Text(f"and {more} lines more", style="dim")] if more > 0 else shown


def _inside(result: ConditionResult, page: Page) -> list[Text]:
    """What programs did with cryptography, where that was seen from inside."""
    if result.name != NODE and not page.look.verbose:
        return []
    programs = [each for each in result.programs if page.look.verbose or does_crypto(each)]
    if result.name == NODE and result.ran and not programs:
        return [Text("no program opened a crypto library or read the FIPS flag", style="dim")]
    told = []
    for each in programs:
        files = sorted({path.rpartition("/")[2] for path in each.opened})
        parts = [f"opened {_some(files, page)}"] if files else []
        # A loader looks in many folders for one file.
        if missing := sorted({path.rpartition("/")[2] for path in each.missing} - {*files}):
            parts.append(f"did not find {_some(missing, page)}")
        if each.kernel_crypto:
            parts.append(f"asked the kernel for {_some(each.kernel_crypto, page)}")
        if does_crypto(each):
            parts.append("read the FIPS flag" if each.read_flag else "never read the FIPS flag")
        if page.look.verbose and each.started:
            parts.append(f"started {'; '.join(visible(line, _LINE) for line in each.started)}")
        name = visible(each.program) or "the engine"
        told.append(Text(f"{name}: {', '.join(parts)}", style="dim"))
    limit = len(told) if page.look.verbose else _PROGRAMS
    shown, more = told[:limit], len(told) - limit
    return (
        [*shown, Text(f"and {counted(more, 'more program')}", style="dim")] if more > 0 else shown
    )


def _some(names: Sequence[str], page: Page) -> str:
    shown, more = shared(list(names), len(names) if page.look.verbose else _FILES)
    text = ", ".join(visible(each) for each in shown)
    return f"{text} and {more} more" if more else text


def _differences(differences: Sequence[Difference], page: Page) -> list[Text]:
    """Those that are not of TLS or the log, and TLS that breaks; worst first."""
    lines = []
    for effect, (word, style) in _EFFECTS.items():
        told = [
            each
            for each in differences
            if each.effect is effect
            and each.what != "log"
            and (effect is Effect.BREAKS or not each.what.startswith("tls-"))
        ]
        details = sorted(each.detail for each in told)
        if not details:
            continue
        shown, more = shared(details, len(details) if page.look.verbose else _LINES)
        text = "; ".join(readable(each) for each in shown)
        if more:
            text += f"; and {more} more"
        lines.append(Text.assemble((word, style), text))
        # They are of one run, so most differences of it carry the same.
        last = dict.fromkeys(line for each in told for line in each.log)
        lines += [Text(f"  {visible(line, _LINE)}", style="dim") for line in last]
    return lines


def _log(result: ConditionResult, known: Collection[str], page: Page) -> list[Text]:
    """What rules know of its output: what it printed in the run before, too, is only counted."""
    matches = sorted(result.log_matches, key=lambda each: (each.rule, each.line))
    if not page.look.verbose:
        matches = [each for each in matches if each.rule not in known]
    old = len(result.log_matches) - len(matches)
    shown = matches if page.look.verbose else matches[:_LINES]
    printed = {line for each in result.differences for line in each.log}
    lines = []
    for match in shown:
        times = f" ({match.count} times)" if match.count > 1 else ""
        lines.append(Text.assemble(("log: ", "yellow"), f"{visible(match.meaning)}{times}"))
        line = match.line.strip()
        # What a difference shows of the output is cut to a length of its own.
        if not any(each and line.startswith(each) for each in printed):
            lines.append(Text(visible(line, _LINE), style="dim"))
    if len(matches) > len(shown):
        lines.append(Text(f"and {counted(len(matches) - len(shown), 'more line')}", style="dim"))
    if old:
        lines.append(Text(f"log: {counted(old, 'line')} as told above", style="dim"))
    return lines
