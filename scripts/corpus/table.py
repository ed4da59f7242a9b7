"""Writes docs/precision.md: tables by module, and every miss and false alarm by its name.

Keeps what is measured apart from what is not; averages nothing and decides nothing.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable, Mapping, Sequence

from scripts.corpus.compare import Outcome, Result
from scripts.corpus.entries import Entry, Kind

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

Written by `make corpus`; do not edit. Public packages of many versions, whose content is labelled:
wheels, npm packages, Debian packages, programs in Go. The scanner inspects them as `fips-scanner
scan --static` does. Files without a label must show no module: all that is seen there is a false
alarm.

A label is of one of three kinds:

- **asked**: the program said so itself when it ran, in a container without network: its library's
  version function was called, or its command run.
- **documented**: an independent source says so, which was looked at and is named: the lock file in
  a source distribution, a build script, a package's list of what it was built with.
- **read**: only the file's own bytes say so. The scanner goes by the same bytes, so this is no
  evidence. It is shown, and counts for nothing.

There are two sets. The **corpus** guards against going back, and is no independent estimate: rules
and labels were both corrected with it until they agreed, and some labels were added after the
scanner had reported the module. Its misses come from labels of which the source was looked at only
since. The **held-out set** was labelled, and the labels committed, before the scanner saw any of
its packages. Its first scan is the estimate: a small one, of packages that were picked by hand, and
of machine code alone. In both, where a package's files hold no module, mostly no source says so.
"""
EXPLAINED = """\
The columns up to “missed” count labels that were asked or documented. “read” counts the others, and
how many of them were seen.
"""


def page(
    entries: Sequence[Entry],
    results: Sequence[Result],
    files: Mapping[str, int],
    absent: Mapping[str, str],
    first_scan: str = "",
) -> str:
    """The page as Markdown.

    Args:
        entries: of both sets.
        results: of all entries.
        files: how many files each entry has.
        absent: entries that could not be had, and why.
        first_scan: what the one scan of the held-out set gave, which no later one can measure.
    """
    held_out = [each for each in entries if each.held_out]
    corpus = [each for each in entries if not each.held_out]
    parts = [
        INTRODUCTION,
        "## The held-out set\n",
        first_scan,
        *_set(held_out, results, files),
        "## The corpus\n",
        *_set(corpus, results, files),
        "## All labels of the held-out set\n\n" + _everything(held_out, results),
        "## All labels of the corpus\n\n" + _everything(corpus, results),
    ]
    if absent:
        lines = [f"- `{name}`: {_cell(why)}" for name, why in sorted(absent.items())]
        parts.append("## Packages that could not be had\n\n" + "\n".join(lines) + "\n")
    return "\n".join(filter(None, parts))


def _set(
    entries: Sequence[Entry], results: Sequence[Result], files: Mapping[str, int]
) -> Iterable[str]:
    names = {each.id for each in entries}
    mine = [each for each in results if each.entry in names]
    yield _totals(mine, {name: count for name, count in files.items() if name in names})
    yield _by_module(mine)
    for outcome, title in (
        (Outcome.MISSED, "Misses"),
        (Outcome.FALSE_ALARM, "False alarms"),
        (Outcome.WRONG, "Wrong versions"),
        (Outcome.UNVERSIONED, "Versions that the scanner does not name"),
        (Outcome.UNASKED, "Versions that could not be asked for"),
    ):
        yield _named(title, [each for each in mine if each.outcome is outcome])
    yield _clean([each for each in entries if each.id in files], mine)


def _measured(result: Result) -> bool:
    return result.kind in (Kind.ASKED, Kind.DOCUMENTED)


def _totals(results: Sequence[Result], files: Mapping[str, int]) -> str:
    measured = [each for each in results if _measured(each)]
    asked = sum(each.kind is Kind.ASKED for each in measured)
    outcomes = Counter(each.outcome for each in measured)
    missed = outcomes[Outcome.MISSED]
    read = [each for each in results if each.kind is Kind.READ]
    seen = sum(each.outcome is not Outcome.MISSED for each in read)
    alarms = sum(each.outcome is Outcome.FALSE_ALARM for each in results)
    return (
        f"{len(files)} packages and systems with {sum(files.values()):,} files.\n\n"
        f"Measured: {len(measured)} times a module in a file, {asked} of them asked and "
        f"{len(measured) - asked} documented. {len(measured) - missed} were seen, {missed} missed; "
        f"of those seen, {outcomes[Outcome.WRONG]} with a wrong version and "
        f"{outcomes[Outcome.UNVERSIONED]} without the version that they have. "
        f"False alarms: {alarms}.\n\n"
        f"Not measured: {len(read)} labels that were only read, {seen} of them seen.\n"
    )


def _by_module(results: Sequence[Result]) -> str:
    found: dict[str, list[Result]] = {}
    for each in results:
        found.setdefault(each.module, []).append(each)
    lines = [
        EXPLAINED,
        "| module | asked | documented | " + " | ".join(COLUMNS) + " | read | of these seen |",
        "|---|" + "---:|" * (len(COLUMNS) + 4),
    ]
    for module, mine in sorted(found.items()):
        kinds = Counter(each.kind for each in mine)
        counts = Counter(each.outcome for each in mine if each.kind is not Kind.READ)
        seen = sum(each.kind is Kind.READ and each.outcome is not Outcome.MISSED for each in mine)
        cells = [kinds[Kind.ASKED], kinds[Kind.DOCUMENTED], *(counts[each] for each in COLUMNS)]
        cells += [kinds[Kind.READ], seen]
        lines.append(f"| {module} | " + " | ".join(str(each or "") for each in cells) + " |")
    return "\n".join(lines) + "\n"


def _named(title: str, results: Iterable[Result]) -> str:
    lines = [f"### {title}", ""]
    for each in sorted(results, key=lambda one: (one.module, one.entry, one.path)):
        text = f"- {each.module} in `{each.path}` of `{each.entry}`"
        if each.kind:
            text += f" ({each.kind})"
        if each.outcome in (Outcome.WRONG, Outcome.FALSE_ALARM, Outcome.UNASKED) and each.seen:
            text += f", seen as {each.seen}"
        if each.told:
            text += f", is {each.told}"
        if each.problem:
            text += f": {_cell(each.problem)}"
        lines.append(text)
    return "\n".join(lines if len(lines) > 2 else [*lines, "None."]) + "\n"


def _clean(entries: Collection[Entry], results: Sequence[Result]) -> str:
    shown = {each.entry for each in results}
    clean = [each for each in entries if each.id not in shown]
    lines = ["### Packages without any module, and none was seen", ""]
    lines += [f"- `{each.id}`: {each.nothing}" for each in clean if each.nothing]
    assumed = ", ".join(f"`{each.id}`" for each in clean if not each.nothing)
    if assumed:
        lines += ["", f"Assumed, with no source looked at: {assumed}."]
    return "\n".join(lines if len(lines) > 2 else [*lines, "None."]) + "\n"


def _everything(entries: Sequence[Entry], results: Sequence[Result]) -> str:
    names = {each.id for each in entries}
    lines = ["| package | file | module | seen | is | kind | what says so | outcome |"]
    lines.append("|---|---|---|---|---|---|---|---|")
    for each in sorted(results, key=lambda one: (one.entry, one.path, one.module)):
        if each.entry in names:
            cells = (each.entry, _cell(each.path), each.module, each.seen, each.told,
                     each.kind or "", _cell(each.source), each.outcome)  # fmt: skip
            lines.append(f"| {' | '.join(cells)} |")
    return "\n".join(lines) + "\n"


def _cell(text: str) -> str:
    return text.replace("|", "\\|").replace("\n", " ")[:160]
