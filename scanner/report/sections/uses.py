"""The table of crypto uses: which program, which module, validated or not, switched on or not.

Puts uses together that differ in the program only. The package tools of the distribution take
one line, since the image's command does not start them.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from rich.cells import cell_len
from rich.text import Text

from scanner.model import Activation, CryptoUse, UseKind, Validation, ValidationStatus
from scanner.report.escape import visible
from scanner.report.order import main_first
from scanner.report.page import GAP, Content, Page, counted, shared

_PROGRAMS = 3
_NOTE = 400
_WIDEST = (22, 19, 9)
"""Columns that module, validation and mode may take; the programs get the rest."""
_HEADER = ("program", "module", "validation", "FIPS mode")

_STATUS: dict[ValidationStatus, tuple[str, str]] = {
    ValidationStatus.NONE: ("not validated", "red"),
    ValidationStatus.HISTORICAL: ("historical", "red"),
    ValidationStatus.ENVIRONMENT_MISMATCH: ("for another OS", "red"),
    ValidationStatus.IN_PROCESS: ("in process", "yellow"),
    ValidationStatus.INTERIM_EXPIRED: ("interim, expired", "yellow"),
    ValidationStatus.UNKNOWN: ("unknown", "yellow"),
    ValidationStatus.ACTIVE: ("active", "green"),
}
"""Worst first."""
_MODES: dict[Activation, tuple[str, str]] = {
    Activation.NONE: ("has none", "red"),
    Activation.OFF: ("off", "red"),
    Activation.UNKNOWN: ("unknown", "yellow"),
    Activation.HOST: ("as host", "green"),
    Activation.ON: ("on", "green"),
}
"""Worst first."""
_AS_HOST = "as host: on where the node's /proc/sys/crypto/fips_enabled reads 1"
_KINDS: dict[UseKind, str] = {
    UseKind.LINKED: "linked",
    UseKind.STATIC: "in the program",
    UseKind.BUNDLED: "brought along",
    UseKind.LOADED: "loaded at run time",
    UseKind.BUILTIN: "built in",
}


_STARTED = " *"
_STARTED_MEANS = "* named by the image's command, or by a script that it starts"


@dataclass(frozen=True, slots=True)
class _Group:
    """Uses that differ in the program only."""

    uses: tuple[CryptoUse, ...]

    @property
    def first(self) -> CryptoUse:
        return self.uses[0]


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
    groups = _grouped(found)
    cells = [_cells(group.first) for group in groups]
    others = [
        min(limit, max(_wide(name), *(_wide(line) for row in cells for line in row[column])))
        for column, (limit, name) in enumerate(zip(_WIDEST, _HEADER[1:], strict=True))
    ]
    widths = (page.width - 2 - sum(others) - len(others) * GAP, *others)
    page.columns([[Text(name, style="dim")] for name in _HEADER], widths, indent=2)
    notes = [_notes(group.uses) for group in groups]
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


def _programs(page: Page, group: _Group) -> list[Content]:
    started = {use.consumer for use in group.uses if use.started}
    paths = main_first((use.consumer for use in group.uses), started)
    shown, more = shared(paths, len(paths) if page.look.verbose else _PROGRAMS)
    names: list[Content] = [visible(path) + (_STARTED if path in started else "") for path in shown]
    if more:
        names.append(Text(f"and {more} more", style="dim"))
    return names


def _cells(use: CryptoUse) -> tuple[list[Content], list[Content], list[Content]]:
    status, status_style = _STATUS[use.validation.status]
    mode, mode_style = _MODES[use.activation]
    return (
        [_module_name(use), Text(_how(use), style="dim")],
        [Text(status, style=status_style), Text(_certificate(use.validation), style="dim")],
        [Text(mode, style=mode_style)],
    )


def _wide(content: Content) -> int:
    return cell_len(str(content))


def _grouped(found: Iterable[CryptoUse]) -> list[_Group]:
    groups: dict[tuple[object, ...], list[CryptoUse]] = {}
    for use in sorted(found, key=lambda each: (each.consumer, each.kind.value)):
        key = (
            use.module.id,
            use.module.name,
            use.module.version,
            use.module.path if use.module.path != use.consumer else "",
            use.library,
            use.kind,
            use.purpose,
            use.validation.status,
            use.validation.certificate,
            use.activation,
        )
        groups.setdefault(key, []).append(use)
    result = [_Group(tuple(each)) for each in groups.values()]
    result.sort(key=_rank)
    return result


def _rank(group: _Group) -> tuple[bool, int, int, str, str, str]:
    use = group.first
    return (
        not any(each.started for each in group.uses),
        list(_STATUS).index(use.validation.status),
        list(_MODES).index(use.activation),
        use.module.name,
        use.module.version,
        use.consumer,
    )


def _module_name(use: CryptoUse) -> str:
    return visible(f"{use.module.name} {use.module.version}".strip())


def _how(use: CryptoUse) -> str:
    only = ", hashes only" if use.purpose == "hash-only" else ""
    return f"{_KINDS[use.kind]}{only}"


def _certificate(validation: Validation) -> str:
    number = f"#{validation.certificate}" if validation.certificate is not None else ""
    if validation.status is ValidationStatus.ACTIVE and validation.sunset:
        return f"{number} to {validation.sunset}".strip()
    return number


def _notes(group: Sequence[CryptoUse]) -> list[str]:
    """What is to be known of all the uses of a group alike."""
    use = group[0]
    notes = []
    if use.library and use.library.path != use.module.path:
        library = f"{use.library.name} {use.library.version}".strip()
        notes.append(f"through {library}, {use.library.path}")
    if use.module.path and use.module.path != use.consumer:
        package = f" ({use.module.package})" if use.module.package else ""
        notes.append(f"in {use.module.path}{package}")
    reasons = {each.activation_reason for each in group}
    if len(reasons) == 1:
        notes.append(f"mode: {use.activation_reason}" if use.activation_reason else "")
    reasons = {each.validation.reason for each in group}
    told = (ValidationStatus.ACTIVE, ValidationStatus.NONE)  # by the table alone
    if len(reasons) == 1 and use.validation.status not in told:
        notes.append(use.validation.reason)
    return [visible(each, _NOTE) for each in notes if each]


def _tools(page: Page, tools: Sequence[CryptoUse]) -> None:
    modules = sorted({_module_name(use) for use in tools})
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
