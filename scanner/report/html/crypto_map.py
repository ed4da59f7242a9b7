"""The crypto map: programs, the files through which they reach cryptography, and the modules.

Places boxes and lines; the table of uses beside it says the same in words.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from scanner.model import Activation, CryptoUse, Module, ValidationStatus
from scanner.report.escape import visible
from scanner.report.html.words import Tone, fitted, mode_badge, status_badge, use_tone
from scanner.report.order import main_first
from scanner.report.views.uses import KINDS, Group, certificate, grouped, module_name

ROWS = 16
"""Groups of programs that are drawn; all of them are in the table."""

WIDTH = 960
_NAMED = 8
"""Programs of a group that are named where a pointer rests on it."""
_LEFT, _MIDDLE, _RIGHT = (0, 290), (365, 240), (680, 280)
"""Where a column begins, and how wide its boxes are."""
_LOW, _HIGH = 46, 64
_BETWEEN = 14
_TOP = 30
"""Below the names of the columns."""
_BOLD, _PLAIN = 6.9, 6.3
"""Width of a character of names and of the lines below them, on the safe side."""

_LINES = {
    Activation.ON: "solid",
    Activation.HOST: "long",
    Activation.UNKNOWN: "dotted",
    Activation.OFF: "dashed",
    Activation.NONE: "dashed",
}


@dataclass(frozen=True, slots=True)
class Box:
    """A box of the drawing, with lines of text that fit."""

    x: float
    y: float
    width: float
    height: float
    title: str
    lines: tuple[str, ...]
    tone: Tone | None
    full: str
    """What it is in full."""


@dataclass(frozen=True, slots=True)
class Line:
    """From one box to another."""

    path: str
    tone: Tone
    style: str


@dataclass(frozen=True, slots=True)
class CryptoMap:
    """The drawing."""

    height: float
    boxes: tuple[Box, ...]
    lines: tuple[Line, ...]
    more: int
    """Groups of programs that are not drawn."""
    columns: tuple[tuple[str, int], ...] = (
        ("Program", _LEFT[0]),
        ("reached through", _MIDDLE[0]),
        ("Module", _RIGHT[0]),
    )
    width: int = WIDTH


def crypto_map(uses: Sequence[CryptoUse]) -> CryptoMap | None:
    """The map of `uses`; None where there is nothing to draw."""
    groups = grouped(uses)
    if not groups:
        return None
    drawn = groups[:ROWS]
    left = _Column(_LEFT, _LOW)
    middle = _Column(_MIDDLE, _LOW)
    right = _Column(_RIGHT, _HIGH)
    for at, group in enumerate(drawn):
        height = _TOP + at * (_LOW + _BETWEEN) + _LOW / 2
        left.add(("program", at), height)
        if through := _through(group.first):
            middle.add(through, height)
        right.add(_module_key(group.first), height)
    for column in (left, middle, right):
        column.settle()
    boxes: dict[tuple[object, ...], Box] = {}
    lines: list[Line] = []
    for at, group in enumerate(drawn):
        use = group.first
        start = boxes.setdefault(("program", at), _program_box(left, ("program", at), group))
        end = boxes.setdefault(_module_key(use), _module_box(right, use))
        tone, style = use_tone(use), _LINES[use.activation]
        if through := _through(use):
            stop = boxes.setdefault(through, _through_box(middle, through))
            lines.append(_line(start, stop, tone, style))
            lines.append(_line(stop, end, tone, style))
        else:
            lines.append(_line(start, end, tone, style))
    height = max(box.y + box.height for box in boxes.values()) + 4
    # Two groups that share a library and a module share the line between them.
    return CryptoMap(
        height, tuple(boxes.values()), tuple(dict.fromkeys(lines)), len(groups) - len(drawn)
    )


class _Column:
    """Boxes of one column, each as near as it can be to what it is connected with."""

    def __init__(self, place: tuple[int, int], height: int) -> None:
        self.x, self.width = place
        self.height = height
        self._wishes: dict[tuple[object, ...], list[float]] = {}
        self._tops: dict[tuple[object, ...], float] = {}

    def add(self, key: tuple[object, ...], wish: float) -> None:
        self._wishes.setdefault(key, []).append(wish)

    def settle(self) -> None:
        free = float(_TOP)
        middles = {key: sum(each) / len(each) for key, each in self._wishes.items()}
        for key in sorted(middles, key=lambda key: middles[key]):
            top = max(free, middles[key] - self.height / 2)
            self._tops[key] = top
            free = top + self.height + _BETWEEN

    def box(
        self,
        key: tuple[object, ...],
        title: str,
        lines: Sequence[str],
        *,
        tone: Tone | None,
        full: str,
    ) -> Box:
        room = self.width - (36 if tone else 20)
        fit = tuple(fitted(visible(each), int(room / _PLAIN)) for each in lines if each)
        top = self._tops[key]
        name = fitted(visible(title), int(room / _BOLD))
        return Box(self.x, top, self.width, self.height, name, fit, tone, visible(full))


def _program_box(column: _Column, key: tuple[object, ...], group: Group) -> Box:
    started = {use.consumer for use in group.uses if use.started}
    paths = main_first((use.consumer for use in group.uses), started)
    about = [f"and {len(paths) - 1} more"] if paths[1:] else []
    about += ["started by the image"] if started else []
    about += ["hashes only"] if group.first.purpose == "hash-only" else []
    return column.box(key, paths[0], [", ".join(about)], tone=None, full=", ".join(paths[:_NAMED]))


def _through(use: CryptoUse) -> tuple[object, ...] | None:
    """The file between a program and its module, if there is one."""
    library = use.library if use.library and use.library.path != use.module.path else None
    if library and library.path:
        return ("file", library.path, module_text(library))
    if use.module.path and use.module.path != use.consumer and not use.library:
        return ("file", use.module.path, KINDS[use.kind])
    return None


def _through_box(column: _Column, key: tuple[object, ...]) -> Box:
    _, path, about = map(str, key)
    return column.box(key, path.rpartition("/")[2], [about], tone=None, full=path)


def _module_key(use: CryptoUse) -> tuple[object, ...]:
    module = use.module
    own = module.path if module.path != use.consumer else ""
    return (
        "module",
        *(module.id, module.name, module.version, own),
        *(use.validation.status, use.validation.certificate, use.activation),
    )


def _module_box(column: _Column, use: CryptoUse) -> Box:
    number = certificate(use.validation)
    status = status_badge(use.validation.status).word
    if use.validation.status is ValidationStatus.ACTIVE:
        status = "validated"
    lines = (f"{status} {number}".strip(), f"approved mode: {mode_badge(use.activation).word}")
    full = ", ".join(filter(None, (module_name(use), use.module.path)))
    return column.box(_module_key(use), module_name(use), lines, tone=use_tone(use), full=full)


def _line(start: Box, end: Box, tone: Tone, style: str) -> Line:
    x, y = start.x + start.width, start.y + start.height / 2
    to, at = end.x, end.y + end.height / 2
    bend = (to - x) / 2
    path = f"M{x:g} {y:g}C{x + bend:g} {y:g} {to - bend:g} {at:g} {to:g} {at:g}"
    return Line(path, tone, style)


def module_text(module: Module) -> str:
    """`OpenSSL 3.0.19`."""
    return f"{module.name} {module.version}".strip()
