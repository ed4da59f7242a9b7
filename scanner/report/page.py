"""A page of styled lines: wrapping, indenting, and columns without borders.

Knows nothing of reports. Takes content only as plain values, never as markup.
"""

from __future__ import annotations

import io
from collections.abc import Iterable, Sequence
from typing import TypeVar

from rich.console import Console
from rich.text import Text

from scanner.report.escape import visible
from scanner.report.look import Look

GAP = 2
"""Spaces between two columns."""

_BREAKS = ("/", "-._,=:")
"""Marks after which a word may be broken, the better ones first."""

Content = str | Text
_T = TypeVar("_T")


class Page:
    """Collects lines from top to bottom."""

    def __init__(self, look: Look) -> None:
        self.look = look
        self.width = max(40, look.width)
        self._lines: list[Text] = []
        self._console = Console(
            file=io.StringIO(),
            width=self.width,
            color_system="standard" if look.color else None,
            force_terminal=look.color,
            no_color=not look.color,
            legacy_windows=False,
            markup=False,
            highlight=False,
            emoji=False,
        )

    def blank(self) -> None:
        """An empty line, unless there is one already."""
        if self._lines and self._lines[-1].plain:
            self._lines.append(Text())

    def heading(self, title: str, beside: str = "") -> None:
        """The title of a section, after an empty line."""
        self.blank()
        line = Text(title, style="bold")
        if beside:
            line.append(f"  {beside}", style="dim")
        self.paragraph(line)

    def paragraph(self, content: Content, *, indent: int = 0, hanging: int = 0) -> None:
        """Wrapped text. Lines after the first are indented by `hanging` more."""
        text = _text(content)
        lines = self._hung(text, self.width - indent, hanging)
        for line in lines:
            self._add(indent, line)

    def labeled(self, label: Content, content: Sequence[Content], *, indent: int, at: int) -> None:
        """`label`, and beside it in column `at` the content, each on lines of its own."""
        margin = _text(label)
        margin.pad_right(max(1, at - indent - margin.cell_len))
        for each in content:
            for line in self.wrap(_text(each), self.width - at):
                self._add(indent, Text.assemble(margin, line))
                margin = Text(" " * (at - indent))

    def line(self, content: Content, *, indent: int) -> None:
        """One line that is never wrapped: it is to be pasted or searched."""
        self._add(indent, _text(content))

    def columns(
        self, cells: Sequence[Sequence[Content]], widths: Sequence[int], *, indent: int
    ) -> None:
        """Cells side by side, each a list of contents that are wrapped to its width."""
        wrapped = [
            [line for each in cell for line in self.wrap(_text(each), width)]
            for cell, width in zip(cells, widths, strict=True)
        ]
        for row in range(max((len(each) for each in wrapped), default=0)):
            line = Text()
            at = 0
            for lines, width in zip(wrapped, widths, strict=True):
                if row < len(lines) and lines[row].plain:
                    line.pad_right(at - line.cell_len)
                    line.append_text(lines[row])
                at += width + GAP
            self._add(indent, line)

    def wrap(self, text: Text, width: int) -> list[Text]:
        """`text` in lines of at most `width` columns; a path breaks after a slash."""
        width = max(8, width)
        if text.cell_len <= width and "\n" not in text.plain:
            return [text]
        lines: list[Text] = []
        for line in text.split("\n", allow_blank=True):
            lines += self._folded(line, width)
        return lines

    def result(self) -> str:
        """Everything, ending with one line break."""
        while self._lines and not self._lines[-1].plain:
            self._lines.pop()
        for line in self._lines:
            self._console.print(line, soft_wrap=True)
        file = self._console.file
        assert isinstance(file, io.StringIO)
        return file.getvalue()

    def _hung(self, text: Text, width: int, hanging: int) -> list[Text]:
        lines = self.wrap(text, width)
        if len(lines) == 1 or not hanging:
            return lines
        first = lines[0]
        rest = text[len(first.plain) :]
        assert isinstance(rest, Text)
        strip = len(rest.plain) - len(rest.plain.lstrip(" "))
        margin = Text(" " * hanging)
        return [
            first,
            *(Text.assemble(margin, line) for line in self.wrap(rest[strip:], width - hanging)),
        ]

    def _folded(self, line: Text, width: int) -> list[Text]:
        found: list[Text] = []
        current = Text()
        for word in _words(line):
            for piece in _pieces(word, width):
                if current.plain and current.cell_len + _bare_width(piece) > width:
                    found.append(current)
                    current = Text()
                current.append_text(piece)
        found.append(current)
        for each in found:
            each.rstrip()
        return found

    def _add(self, indent: int, line: Text) -> None:
        line = Text.assemble(" " * indent, line) if indent and line.plain else line.copy()
        line.rstrip()
        # Whoever writes on the page has made content visible; this is for what was forgotten.
        shown = visible(line.plain, len(line.plain))
        self._lines.append(line if shown == line.plain else Text(shown))


def shared(items: Sequence[_T], limit: int) -> tuple[Sequence[_T], int]:
    """The first of `items`, and how many more there are. Never says "and 1 more"."""
    if len(items) <= limit + 1:
        return items, 0
    return items[:limit], len(items) - limit


def counted(number: int, one: str, many: str = "") -> str:
    """`1 use`, `3 uses`."""
    return f"{number} {one if number == 1 else many or one + 's'}"


def _text(content: Content) -> Text:
    return Text(content) if isinstance(content, str) else content.copy()


def _words(line: Text) -> Iterable[Text]:
    """The words of a line, each with the spaces after it."""
    plain = line.plain
    start = 0
    for at in range(1, len(plain)):
        if plain[at - 1] == " " and plain[at] != " ":
            yield line[start:at]
            start = at
    if start < len(plain):
        yield line[start:]


def _pieces(word: Text, width: int) -> Iterable[Text]:
    """`word`, or where it is too wide its parts, which end after a mark of `_BREAKS`."""
    while _bare_width(word) > width:
        end = width
        while end > 1 and word[:end].cell_len > width:
            end -= 1
        breaks = (max(word.plain.rfind(mark, 1, end) for mark in marks) for marks in _BREAKS)
        end = next((at + 1 for at in breaks if at + 1 > end // 3), end)
        yield word[:end]
        word = word[end:]
    yield word


def _bare_width(word: Text) -> int:
    bare = word.copy()
    bare.rstrip()
    return bare.cell_len
