"""The timeline of layers: which build step brought which cryptography.

Goes by the files that the report names; a layer without any brought none that was seen.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field

from scanner.model import Report, Severity
from scanner.report.html.crypto_map import module_text
from scanner.report.html.words import Tone, size_words, status_badge
from scanner.report.page import counted
from scanner.report.views.places import instruction

_NAMES = 6


@dataclass(frozen=True, slots=True)
class ModuleSeen:
    """A module that a layer brought."""

    name: str
    word: str
    tone: Tone


@dataclass(frozen=True, slots=True)
class LayerRow:
    """One layer, and what of the report's it brought."""

    number: int
    instruction: str
    diff_id: str
    files: int
    size: str
    """`13.4 MB`."""
    share: float
    """Of the largest layer, 0 to 100."""
    modules: tuple[ModuleSeen, ...]
    more_modules: int
    rest: tuple[str, ...]
    """Besides, counted: programs, findings, inventory."""

    @property
    def brought(self) -> bool:
        return bool(self.modules or self.rest)


@dataclass(slots=True)
class _Seen:
    modules: dict[str, ModuleSeen] = field(default_factory=dict)
    programs: set[str] = field(default_factory=set)
    findings: dict[str, Severity] = field(default_factory=dict)
    assets: int = 0
    unapproved: int = 0


def layer_rows(report: Report) -> list[LayerRow]:
    """One row for each layer, lowest first."""
    seen = [_Seen() for _ in report.layers]
    _collect(report, seen)
    largest = max((layer.size for layer in report.layers), default=0) or 1
    return [
        LayerRow(
            number=at + 1,
            instruction=instruction(layer),
            diff_id=layer.diff_id,
            files=layer.files,
            size=size_words(layer.size),
            share=round(100 * layer.size / largest, 1),
            modules=tuple(found.modules[name] for name in sorted(found.modules))[:_NAMES],
            more_modules=max(0, len(found.modules) - _NAMES),
            rest=_rest(found),
        )
        for at, (layer, found) in enumerate(zip(report.layers, seen, strict=True))
    ]


def _collect(report: Report, seen: list[_Seen]) -> None:
    def layer(place: str) -> _Seen | None:
        at = report.layer_of(place)
        return seen[at] if at is not None and 0 <= at < len(seen) else None

    for use in report.uses:
        if found := layer(use.consumer):
            found.programs.add(use.consumer)
        status = status_badge(use.validation.status)
        if found := layer(use.module.path or use.consumer):
            name = module_text(use.module)
            found.modules[name] = ModuleSeen(name, status.word, status.tone)
    for finding in report.findings:
        for location in finding.locations:
            if found := layer(location):
                found.findings[finding.id] = finding.severity
    for asset in report.assets:
        if found := layer(asset.path):
            found.assets += asset.count
            found.unapproved += bool(asset.unapproved)


def _rest(found: _Seen) -> tuple[str, ...]:
    parts = []
    if found.programs:
        use = "uses" if len(found.programs) == 1 else "use"
        parts.append(f"{counted(len(found.programs), 'program')} that {use} cryptography")
    if found.findings:
        numbers = Counter(found.findings.values())
        worst = ", ".join(f"{numbers[each]} {each}" for each in Severity if numbers[each])
        parts.append(f"{counted(len(found.findings), 'finding')} ({worst})")
    if found.assets:
        unapproved = f", {found.unapproved} with what is not approved" if found.unapproved else ""
        parts.append(f"{found.assets} in the inventory{unapproved}")
    return tuple(parts)
