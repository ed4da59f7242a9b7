"""Crypto uses put together that differ in the program only, and the words for their states.

Lays nothing out.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from scanner.model import Activation, CryptoUse, UseKind, Validation, ValidationStatus
from scanner.report.escape import visible

_NOTE = 400
STATUS: dict[ValidationStatus, tuple[str, str]] = {
    ValidationStatus.NONE: ("not validated", "red"),
    ValidationStatus.HISTORICAL: ("historical", "red"),
    ValidationStatus.ENVIRONMENT_MISMATCH: ("for another OS", "red"),
    ValidationStatus.IN_PROCESS: ("in process", "yellow"),
    ValidationStatus.INTERIM_EXPIRED: ("interim, expired", "yellow"),
    ValidationStatus.UNKNOWN: ("unknown", "yellow"),
    ValidationStatus.ACTIVE: ("active", "green"),
}
"""Worst first."""
MODES: dict[Activation, tuple[str, str]] = {
    Activation.NONE: ("has none", "red"),
    Activation.OFF: ("off", "red"),
    Activation.UNKNOWN: ("unknown", "yellow"),
    Activation.HOST: ("as host", "green"),
    Activation.ON: ("on", "green"),
}
"""Worst first."""
KINDS: dict[UseKind, str] = {
    UseKind.LINKED: "linked",
    UseKind.STATIC: "in the program",
    UseKind.BUNDLED: "brought along",
    UseKind.LOADED: "loaded at run time",
    UseKind.BUILTIN: "built in",
}


@dataclass(frozen=True, slots=True)
class Group:
    """Uses that differ in the program only."""

    uses: tuple[CryptoUse, ...]

    @property
    def first(self) -> CryptoUse:
        """Stands for all of them."""
        return self.uses[0]


def grouped(found: Iterable[CryptoUse]) -> list[Group]:
    """What the image starts first, then the worst."""
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
    result = [Group(tuple(each)) for each in groups.values()]
    result.sort(key=_rank)
    return result


def _rank(group: Group) -> tuple[bool, int, int, str, str, str]:
    use = group.first
    return (
        not any(each.started for each in group.uses),
        list(STATUS).index(use.validation.status),
        list(MODES).index(use.activation),
        use.module.name,
        use.module.version,
        use.consumer,
    )


def module_name(use: CryptoUse) -> str:
    """`OpenSSL 3.0.19`."""
    return visible(f"{use.module.name} {use.module.version}".strip())


def how(use: CryptoUse) -> str:
    """How the module is reached, and whether for hashes only."""
    only = ", hashes only" if use.purpose == "hash-only" else ""
    return f"{KINDS[use.kind]}{only}"


def certificate(validation: Validation) -> str:
    """`#4985 to 2030-03-11`."""
    number = f"#{validation.certificate}" if validation.certificate is not None else ""
    if validation.status is ValidationStatus.ACTIVE and validation.sunset:
        return f"{number} to {validation.sunset}".strip()
    return number


def notes_of(group: Sequence[CryptoUse]) -> list[str]:
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
