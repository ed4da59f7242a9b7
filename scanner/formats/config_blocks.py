"""Reads configurations of statements and blocks in braces: nginx, BIND, strongSwan, Dovecot, Caddy.

Gives back what is written; knows no directive and follows no include.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from scanner.formats.config_model import MAX_DEPTH, Collector, ConfigError, Directive

_BLANKS = " \t\r\f\v"
_MARKS = ("{", "}", ";", "\n", "=")
_LUA_PART = re.compile(r"--[^\n]*|\"(?:[^\"\\\n]|\\.)*\"|'(?:[^'\\\n]|\\.)*'|[{}]")
_LUA = re.compile(r"[a-z_]+_by_lua_block")
"""Blocks of OpenResty that hold a program in another language."""


@dataclass(frozen=True, slots=True)
class Token:
    """A word, or one of `{`, `}`, `;`, `=` and the end of a line."""

    text: str
    line: int
    quoted: bool = False


@dataclass(frozen=True, slots=True)
class Dialect:
    """What differs between the syntaxes of this family."""

    comments: tuple[str, ...] = ("#",)
    ends_at_line: bool = False
    """Whether the end of a line ends a statement, too."""
    equals: bool = False
    """Whether `name = value` is written."""
    marks: str = "{};"
    glued: bool = True
    """Whether a mark ends a word that it touches; else it needs a blank before it."""


NGINX = Dialect()
BRACES = Dialect(("#", "//"), ends_at_line=True, equals=True, marks="{};=")
CADDY = Dialect(ends_at_line=True, marks="{}", glued=False)


def parse_nginx(text: str) -> tuple[Directive, ...]:
    """Statements that end with a semicolon."""
    return _Parser(text, NGINX).run()


def parse_braces(text: str) -> tuple[Directive, ...]:
    """Blocks in braces, statements that end at a semicolon or with the line; `=` may be there."""
    return _Parser(text, BRACES).run()


def parse_caddyfile(text: str) -> tuple[Directive, ...]:
    """Blocks in braces and one statement a line, as Caddy reads them."""
    return _Parser(text, CADDY).run()


def _tokens(text: str, dialect: Dialect) -> Iterator[Token]:
    position, line, size = 0, 1, len(text)
    while position < size:
        char = text[position]
        if char == "\n":
            if dialect.ends_at_line:
                yield Token("\n", line)
            line += 1
            position += 1
        elif char in _BLANKS:
            position += 1
        elif text.startswith(dialect.comments, position):
            end = text.find("\n", position)
            position = size if end < 0 else end
        elif "//" in dialect.comments and text.startswith("/*", position):
            end = text.find("*/", position)
            line += text.count("\n", position, size if end < 0 else end)
            position = size if end < 0 else end + 2
        elif char in dialect.marks and (dialect.glued or char == "}" or _opens(text, position)):
            yield Token(char, line)
            position += 1
        elif char in "\"'`":
            word, position, lines = _quoted(text, position)
            yield Token(word, line, quoted=True)
            line += lines
        else:
            word, position, lines = _bare(text, position, dialect)
            if word:
                yield Token(word, line)
            line += lines


def _quoted(text: str, start: int) -> tuple[str, int, int]:
    quote, position, out = text[start], start + 1, []
    while position < len(text) and text[position] != quote:
        if text[position] == "\\" and quote != "`" and position + 1 < len(text):
            position += 1
        out.append(text[position])
        position += 1
    return "".join(out), position + 1, text.count("\n", start, position)


def _bare(text: str, start: int, dialect: Dialect) -> tuple[str, int, int]:
    position, out, lines = start, [], 0
    while position < len(text):
        char = text[position]
        if char in _BLANKS or char == "\n":
            break
        if char == "\\" and position + 1 < len(text):
            position += 1
            if text[position] == "\n":  # the statement goes on in the next line
                lines += 1
                position += 1
                break
            out.append(text[position])
        elif char == "$" and text.startswith("${", position):
            end = text.find("}", position)
            end = len(text) - 1 if end < 0 else end
            out.append(text[position : end + 1])
            position = end
        elif dialect.glued and char in dialect.marks:
            break
        else:
            out.append(char)
        position += 1
    return "".join(out), position, lines


def _opens(text: str, position: int) -> bool:
    """Whether a brace begins a block and not a placeholder: a blank follows it."""
    return text[position + 1 : position + 2] in ("", "\n", *_BLANKS)


class _Parser:
    """Turns tokens into directives with their blocks."""

    def __init__(self, text: str, dialect: Dialect) -> None:
        self._text = text
        self._dialect = dialect
        self._out = Collector()
        self._blocks: list[str] = []
        self._scope: list[int] = []
        self._words: list[Token] = []
        self._brackets = 0

    def run(self) -> tuple[Directive, ...]:
        for token in _tokens(_without_programs(self._text), self._dialect):
            if token.quoted or token.text not in _MARKS:
                self._words.append(token)
                if self._dialect.equals and not token.quoted:
                    self._brackets += token.text.count("[") - token.text.count("]")
            elif token.text == "{":
                self._open()
            elif token.text == "}":
                self._close()
            elif token.text == ";" or (token.text == "\n" and self._brackets <= 0):
                self._end()
        self._end()
        return self._out.done()

    def _open(self) -> None:
        if len(self._blocks) >= MAX_DEPTH:
            raise ConfigError("its blocks are nested too deeply")
        self._blocks.append(" ".join(each.text for each in self._words)[:200])
        self._scope.append(self._out.block())
        self._words = []
        self._brackets = 0

    def _close(self) -> None:
        self._end()
        if self._blocks:
            self._blocks.pop()
            self._scope.pop()

    def _end(self) -> None:
        if self._words:
            name, *values = self._words
            self._out.add(
                Directive(
                    name.text,
                    tuple(each.text for each in values),
                    name.line,
                    tuple(self._blocks),
                    tuple(self._scope),
                )
            )
        self._words = []
        self._brackets = 0


def _without_programs(text: str) -> str:
    """`text` with the programs of OpenResty's `…_by_lua_block` taken out, lines kept."""
    if "_by_lua_block" not in text:
        return text
    out: list[str] = []
    position = 0
    for found in _LUA.finditer(text):
        start = text.find("{", found.end())
        if start < 0 or found.start() < position:
            continue
        end = _balanced(text, start)
        out.append(text[position : start + 1])
        out.append("\n" * text.count("\n", start, end))
        position = end
    out.append(text[position:])
    return "".join(out)


def _balanced(text: str, start: int) -> int:
    """Where the brace at `start` is closed; those in strings and comments of Lua do not count."""
    depth = 0
    for found in _LUA_PART.finditer(text, start):
        if found[0] == "{":
            depth += 1
        elif found[0] == "}":
            depth -= 1
            if depth == 0:
                return found.start()
    return len(text)
