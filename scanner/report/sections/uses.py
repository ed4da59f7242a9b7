"""The table of crypto uses: which program, which module, validated or not, switched on or not.

Puts uses together that differ in the program only. The package tools of the distribution take
one line, since the image's command does not start them.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from rich.cells import cell_len
from rich.text import Text

from scanner.model import Activation, CryptoUse, ValidationStatus
from scanner.report.escape import visible
from scanner.report.order import main_first
from scanner.report.page import GAP, Content, Page, counted, shared
from scanner.report.views.uses import (
    MODES,
    STATUS,
    Group,
    certificate,
    grouped,
    how,
    module_name,
    notes_of,
)

_PROGRAMS = 3
_WIDEST = (22, 19, 9)
"""Columns that module, validation and mode may take; the programs get the rest."""
_HEADER = ("program", "module", "validation", "FIPS mode")

_AS_HOST = "as host: on where the node's /proc/sys/crypto/fips_enabled reads 1"


_STARTED = " *"
_STARTED_MEANS = "* named by the image's command, or by a script that it starts"


def uses(page: Page, found: Sequence[CryptoUse]) -> None:
    """The section. Says so when nothing uses cryptography."""
    workload = [use for use in found if use.role == "workload"]
    tools = [use for use in found if use.role != "workload"]
    page.heading("What uses cryptography")
    if not found:
        page.paragraph("No program was found that does.", indent=2)
        return
    if workload:
        _table(page, workload)
    if tools and page.look.verbose:
        page.blank()
        page.paragraph("Package tools, which the image's command does not start:", indent=2)
        _table(page, tools)
    elif tools:
        if workload:
            page.blank()
        _tools(page, tools)


def _table(page: Page, found: Iterable[CryptoUse]) -> None:
    groups = grouped(found)
    cells = [_cells(group.first) for group in groups]
    others = [
        min(limit, max(_wide(name), *(_wide(line) for row in cells for line in row[column])))
        for column, (limit, name) in enumerate(zip(_WIDEST, _HEADER[1:], strict=True))
    ]
    widths = (page.width - 2 - sum(others) - len(others) * GAP, *others)
    page.columns([[Text(name, style="dim")] for name in _HEADER], widths, indent=2)
    notes = [notes_of(group.uses) for group in groups]
    for number, (group, row) in enumerate(zip(groups, cells, strict=True)):
        if number and (notes[number - 1] or notes[number]):
            page.blank()
        page.columns((_programs(page, group), *row), widths, indent=2)
        for note in notes[number]:
            page.paragraph(Text(note, style="dim"), indent=4, hanging=2)
    if any(use.started for group in groups for use in group.uses):
        page.paragraph(Text(_STARTED_MEANS, style="dim"), indent=2)
    if any(group.first.activation is Activation.HOST for group in groups):
        page.paragraph(Text(_AS_HOST, style="dim"), indent=2)


def _programs(page: Page, group: Group) -> list[Content]:
    started = {use.consumer for use in group.uses if use.started}
    paths = main_first((use.consumer for use in group.uses), started)
    shown, more = shared(paths, len(paths) if page.look.verbose else _PROGRAMS)
    names: list[Content] = [visible(path) + (_STARTED if path in started else "") for path in shown]
    if more:
        names.append(Text(f"and {more} more", style="dim"))
    return names


def _cells(use: CryptoUse) -> tuple[list[Content], list[Content], list[Content]]:
    status, status_style = STATUS[use.validation.status]
    mode, mode_style = MODES[use.activation]
    return (
        [module_name(use), Text(how(use), style="dim")],
        [Text(status, style=status_style), Text(certificate(use.validation), style="dim")],
        [Text(mode, style=mode_style)],
    )


def _wide(content: Content) -> int:
    return cell_len(str(content))


def _tools(page: Page, tools: Sequence[CryptoUse]) -> None:
    modules = sorted({module_name(use) for use in tools})
    shown, more = shared(modules, 4)
    names = ", ".join(shown) + (f" and {more} more" if more else "")
    programs = len({use.consumer for use in tools})
    validated = sum(use.validation.status is ValidationStatus.ACTIVE for use in tools)
    state = (
        "none validated"
        if not validated
        else "all validated"
        if validated == len(tools)
        else "some validated"
    )
    text = (
        f"and {counted(programs, 'package tool')} that the image's command does not start, with "
        f"{names}; {state}"
    )
    page.paragraph(Text(text, style="dim"), indent=2)
