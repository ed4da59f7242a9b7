"""Compares who uses which module, in which state, and the libraries that hold the modules."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from itertools import zip_longest

from scanner.diff.causes import Causes
from scanner.diff.model import Cause, Field, Kind, LibraryChange, UseChange
from scanner.diff.places import paired
from scanner.model import CryptoUse, Module, Report

_VALIDATION = "validation"
_IDENTITY = ("version", "path", "package", "library")
"""What tells one build of a module from another."""


def compare_uses(old: Report, new: Report, causes: Causes) -> tuple[UseChange, ...]:
    """Uses that came, went or changed, in order of program."""
    was, now = _by_consumer(old.uses), _by_consumer(new.uses)
    pairing = paired(was, now)
    found = [
        *(change for pair in pairing.pairs for change in _of_program(*pair, was, now, causes)),
        *(_one(use, Kind.REMOVED, causes) for each in pairing.removed for use in was[each]),
        *(_one(use, Kind.ADDED, causes) for each in pairing.added for use in now[each]),
    ]
    found.sort(key=lambda each: (each.role, each.consumer, each.module, each.kind))
    return tuple(found)


def _of_program(
    old: str,
    new: str,
    was: Mapping[str, list[CryptoUse]],
    now: Mapping[str, list[CryptoUse]],
    causes: Causes,
) -> Iterator[UseChange]:
    before, after = _by_module(was[old]), _by_module(now[new])
    for module in sorted({*before, *after}):
        uses = zip_longest(before.get(module, ()), after.get(module, ()))
        for one, other in uses:
            if one is None:
                yield _one(other, Kind.ADDED, causes)
            elif other is None:
                yield _one(one, Kind.REMOVED, causes)
            elif change := _changed(one, other, causes):
                yield change


def _changed(old: CryptoUse, new: CryptoUse, causes: Causes) -> UseChange | None:
    before, after = _told(old), _told(new)
    fields = tuple(
        Field(name, before[name], after[name]) for name in after if before[name] != after[name]
    )
    if old.consumer != new.consumer and fields:
        fields = (Field("program", old.consumer, new.consumer), *fields)
    if not fields:
        return None
    names = {each.name for each in fields}
    found: dict[Cause, None] = {}
    if names - {_VALIDATION}:
        found |= dict.fromkeys(causes.of_what_is_seen())
    if _VALIDATION in names:
        same = not names.intersection(_IDENTITY)
        found |= dict.fromkeys(causes.of_validation(same_module=same))
    return _change(new, Kind.CHANGED, fields, tuple(found))


def _one(use: CryptoUse, kind: Kind, causes: Causes) -> UseChange:
    told = [(name, value) for name, value in _told(use).items() if value]
    fields = tuple(
        Field(name, *((value, "") if kind is Kind.REMOVED else ("", value))) for name, value in told
    )
    return _change(use, kind, fields, causes.of_what_is_seen())


def _change(
    use: CryptoUse, kind: Kind, fields: tuple[Field, ...], causes: tuple[Cause, ...]
) -> UseChange:
    module = use.module
    return UseChange(kind, use.consumer, module.id, module.name, fields, use.role, causes)


def _told(use: CryptoUse) -> dict[str, str]:
    validation = use.validation
    number = f" #{validation.certificate}" if validation.certificate is not None else ""
    until = f" to {validation.sunset}" if validation.sunset else ""
    library = f"{use.library.name} {use.library.version}".strip() if use.library else ""
    return {
        "version": use.module.version,
        "path": use.module.path if use.module.path != use.consumer else "",
        "package": use.module.package,
        "library": library,
        "reached": use.kind.value,
        _VALIDATION: f"{validation.status}{number}{until}",
        "approved mode": use.activation.value,
        "role": use.role,
        "started": "yes" if use.started else "",
        "purpose": use.purpose,
    }


def _by_consumer(uses: Iterable[CryptoUse]) -> dict[str, list[CryptoUse]]:
    groups: dict[str, list[CryptoUse]] = {}
    for each in uses:
        groups.setdefault(each.consumer, []).append(each)
    return groups


def _by_module(uses: Iterable[CryptoUse]) -> dict[str, list[CryptoUse]]:
    groups: dict[str, list[CryptoUse]] = {}
    for each in sorted(uses, key=lambda each: (each.module.path, each.kind, each.module.version)):
        groups.setdefault(each.module.id, []).append(each)
    return groups


def compare_libraries(old: Report, new: Report) -> tuple[LibraryChange, ...]:
    """Files with modules that came, went, or hold another version, in order of path."""
    was, now = _libraries(old.uses), _libraries(new.uses)
    found = []
    for module in sorted({id_ for id_, _ in (*was, *now)}):
        before = {path: each for (id_, path), each in was.items() if id_ == module}
        after = {path: each for (id_, path), each in now.items() if id_ == module}
        pairing = paired(before, after)
        for path, other in pairing.pairs:
            if fields := _fields(before[path][0], after[other][0]):
                found.append(_library(*after[other], Kind.CHANGED, fields))
        for path in pairing.removed:
            fields = _fields(before[path][0], None)
            found.append(_library(*before[path], Kind.REMOVED, fields))
        found += (
            _library(*after[path], Kind.ADDED, _fields(None, after[path][0]))
            for path in pairing.added
        )
    found.sort(key=lambda each: (each.path, each.module, each.kind))
    return tuple(found)


def _library(
    module: Module, users: frozenset[str], kind: Kind, fields: tuple[Field, ...]
) -> LibraryChange:
    return LibraryChange(kind, module.path, module.id, module.name, fields, len(users))


def _fields(old: Module | None, new: Module | None) -> tuple[Field, ...]:
    names = ("version", "package", "path") if old and new else ("version", "package")
    pairs = ((n, str(getattr(old, n, "")), str(getattr(new, n, ""))) for n in names)
    return tuple(Field(*each) for each in pairs if each[1] != each[2])


def _libraries(uses: Iterable[CryptoUse]) -> dict[tuple[str, str], tuple[Module, frozenset[str]]]:
    """Module and path → what it is, and the programs that reach it through a file of its own."""
    modules: dict[tuple[str, str], Module] = {}
    users: dict[tuple[str, str], set[str]] = {}
    for use in uses:
        for module in (use.module, use.library):
            if module and module.path and module.path != use.consumer:
                key = (module.id, module.path)
                modules.setdefault(key, module)
                users.setdefault(key, set()).add(use.consumer)
    return {key: (module, frozenset(users[key])) for key, module in modules.items()}
