"""Writes docs/precision.md: a table by module, and every miss and false alarm by its name.

Averages nothing and decides nothing.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence

from scripts.corpus.compare import Outcome, Result

COLUMNS = (
    Outcome.RIGHT,
    Outcome.UNVERSIONED,
    Outcome.WRONG,
    Outcome.UNASKED,
    Outcome.MISSED,
    Outcome.FALSE_ALARM,
)
INTRODUCTION = """\
# What is recognized, measured

Written by `make corpus`; do not edit. The corpus (`corpus/*.yaml`) is public packages of many
versions: wheels, npm packages, Debian with its libraries of cryptography installed, programs built
by Go compilers from 1.21 on, and published ones that were built by Go 1.15 to 1.20. The scanner
inspects them as `fips-scanner scan --static` does. What each file holds is asked of the file itself
where it can say so: its library's version function is called, or the program is run, in a container
without network. The others are labelled by hand, with a source.

A file that no label names must show no module: all that the scanner sees there is a false alarm.
That goes for every file of these packages, the Debian systems included.
"""


def page(results: Sequence[Result], files: Mapping[str, int], absent: Mapping[str, str]) -> str:
    """The page as Markdown.

    Args:
        results: of all entries.
        files: how many files each entry has.
        absent: entries that could not be had, and why.
    """
    parts = [INTRODUCTION, _totals(results, files), _by_module(results)]
    for outcome, title in (
        (Outcome.MISSED, "Misses"),
        (Outcome.FALSE_ALARM, "False alarms"),
        (Outcome.WRONG, "Wrong versions"),
        (Outcome.UNVERSIONED, "Versions that the scanner does not name"),
        (Outcome.UNASKED, "Versions that could not be asked for"),
    ):
        parts.append(_named(title, [each for each in results if each.outcome is outcome]))
    parts.append(_clean(results, files))
    parts.append(_everything(results))
    if absent:
        lines = [f"- `{name}`: {_cell(why)}" for name, why in sorted(absent.items())]
        parts.append("## Packages that could not be had\n\n" + "\n".join(lines) + "\n")
    return "\n".join(parts)


def _totals(results: Sequence[Result], files: Mapping[str, int]) -> str:
    asked = sum(each.by_itself for each in results)
    labelled = sum(each.outcome is not Outcome.FALSE_ALARM for each in results)
    return (
        f"{len(files)} packages and systems with {sum(files.values()):,} files; "
        f"{labelled} times a module in a file, {asked} of them asked of the program itself.\n"
    )


def _by_module(results: Sequence[Result]) -> str:
    counts: dict[str, Counter[Outcome]] = {}
    for each in results:
        counts.setdefault(each.module, Counter())[each.outcome] += 1
    lines = [
        "## By module",
        "",
        "| module | in files | " + " | ".join(COLUMNS) + " |",
        "|---|---:|" + "---:|" * len(COLUMNS),
    ]
    for module, found in sorted(counts.items()):
        there = sum(found.values()) - found[Outcome.FALSE_ALARM]
        cells = " | ".join(str(found[each] or "") for each in COLUMNS)
        lines.append(f"| {module} | {there} | {cells} |")
    return "\n".join(lines) + "\n"


def _named(title: str, results: Iterable[Result]) -> str:
    lines = [f"## {title}", ""]
    for each in sorted(results, key=lambda one: (one.module, one.entry, one.path)):
        text = f"- {each.module} in `{each.path}` of `{each.entry}`"
        if each.outcome in (Outcome.WRONG, Outcome.FALSE_ALARM, Outcome.UNASKED) and each.seen:
            text += f", seen as {each.seen}"
        if each.told:
            text += f", is {each.told}"
        if each.problem:
            text += f": {_cell(each.problem)}"
        lines.append(text)
    return "\n".join(lines if len(lines) > 2 else [*lines, "None."]) + "\n"


def _clean(results: Sequence[Result], files: Mapping[str, int]) -> str:
    shown = {each.entry for each in results}
    names = [f"`{each}`" for each in sorted(set(files) - shown)]
    text = ", ".join(names) or "None."
    return f"## Packages without any module, and none was seen\n\n{text}\n"


def _everything(results: Sequence[Result]) -> str:
    lines = ["## All", "", "| package | file | module | seen | is | asked | outcome |"]
    lines.append("|---|---|---|---|---|---|---|")
    for each in sorted(results, key=lambda one: (one.entry, one.path, one.module)):
        asked = "itself" if each.by_itself else "by hand"
        lines.append(
            f"| {each.entry} | {_cell(each.path)} | {each.module} | {each.seen} | {each.told} "
            f"| {'' if each.outcome is Outcome.FALSE_ALARM else asked} | {each.outcome} |"
        )
    return "\n".join(lines) + "\n"


def _cell(text: str) -> str:
    return text.replace("|", "\\|").replace("\n", " ")[:160]
