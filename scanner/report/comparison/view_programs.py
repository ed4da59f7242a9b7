"""What is shown of libraries and programs: alike changes together, each told once."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from scanner.diff.model import Field, Kind, LibraryChange, UseChange
from scanner.report.comparison.view_values import MARKS, Item, Section, Tone, arrow, caused
from scanner.report.page import counted

_OF_LIBRARIES = ("version", "path", "package", "library")
"""What the section on libraries tells."""
_GOOD = ("active", "on", "host")


def libraries(changes: Sequence[LibraryChange]) -> Section | None:
    """The section; nothing when no library changed."""
    items = [_library(each) for each in changes]
    return Section("Libraries", tuple(items)) if items else None


def _library(change: LibraryChange) -> Item:
    fields = {each.name: each for each in change.fields}
    version, package, path = (fields.get(name) for name in ("version", "package", "path"))
    if change.kind is Kind.CHANGED:
        text = arrow(version) if version else "of the same version"
        notes = [arrow(each) for each in (package, path) if each]
        notes += [change.path] if not path else []
    else:
        side = "new" if change.kind is Kind.ADDED else "old"
        text = str(getattr(version, side, ""))
        notes = [str(getattr(package, side))] if package else []
        notes.append(change.path)
    uses = {Kind.REMOVED: "was used by", Kind.ADDED: "used by"}.get(change.kind, "used by")
    notes.append(f"{uses} {counted(change.users, 'program')}")
    return Item(MARKS[change.kind], change.name, text, notes=tuple(notes))


def programs(changes: Sequence[UseChange], told: Iterable[LibraryChange]) -> Section | None:
    """The section. Leaves out what follows from a library's version, which `told` tells."""
    known = {each.module for each in told if each.kind is Kind.CHANGED}
    groups: dict[tuple[object, ...], list[UseChange]] = {}
    for each in changes:
        fields = _shown(each, known)
        if fields:
            key = (each.role, each.kind, each.name, fields, each.causes)
            groups.setdefault(key, []).append(each)
    items = [_item(group, _shown(group[0], known)) for group in groups.values()]
    items.sort(key=lambda item: (_ORDER[item.mark], item.label.endswith(_TOOLS), item.label))
    workload = [each for each in items if not each.label.endswith(_TOOLS)]
    tools = [each for each in items if each.label.endswith(_TOOLS)]
    return Section("Programs", (*workload, *tools)) if items else None


_TOOLS = " (package tools)"
_ORDER = {"~": 0, "+": 1, "-": 2}


def _shown(change: UseChange, known: Iterable[str]) -> tuple[Field, ...]:
    if change.kind is not Kind.CHANGED:
        wanted = ("version", "validation", "approved mode")
        return tuple(each for each in change.fields if each.name in wanted)
    # A package's name and a path of a module that nobody else tells of are told here.
    hidden = _OF_LIBRARIES if change.module in known else ("path", "package", "library")
    return tuple(each for each in change.fields if each.name not in (*hidden, "program"))


def _item(group: Sequence[UseChange], fields: Sequence[Field]) -> Item:
    first = group[0]
    side = "old" if first.kind is Kind.REMOVED else "new"
    if first.kind is Kind.CHANGED:
        text = "; ".join(f"{each.name} {arrow(each)}" for each in fields)
    else:
        values = {each.name: str(getattr(each, side)) for each in fields}
        status = values.get("validation", "")
        parts = [
            values.get("version", ""),
            "not validated" if status == "none" else status,
            f"approved mode {values['approved mode']}" if "approved mode" in values else "",
        ]
        text = ", ".join(each for each in parts if each)
    consumers = tuple(dict.fromkeys(each.consumer for each in group))
    return Item(
        mark=MARKS[first.kind],
        label=first.name + (_TOOLS if first.role == "tool" else ""),
        text=text,
        tone=_tone(first.kind, fields),
        lists=((counted(len(consumers), "program"), consumers),),
        causes=caused(first.causes),
    )


def _tone(kind: Kind, fields: Sequence[Field]) -> Tone:
    if kind is not Kind.CHANGED:
        return ""
    found = {
        (each.old.partition(" ")[0] in _GOOD, each.new.partition(" ")[0] in _GOOD)
        for each in fields
        if each.name in ("validation", "approved mode")
    }
    return "bad" if (True, False) in found else "good" if (False, True) in found else ""
