"""Reads Erlang terms: RabbitMQ's `advanced.config` is a list of them, `[{app, [{key, value}]}]`.

Gives back keys and values; a term's functions and binaries mean nothing here.
"""

from __future__ import annotations

import re

from scanner.formats.config_model import MAX_DEPTH, Collector, ConfigError, Directive

_TOKEN = re.compile(
    r"%[^\n]*|(?P<word>'(?:[^'\\]|\\.)*'|\"(?:[^\"\\]|\\.)*\"|[^\s\[\]{}(),|#\"'%]+)"
    r"|(?P<mark>[\[\]{},])"
)
_MAX_ITEMS = 50_000

Term = str | list["Term"] | tuple["Term", ...]


def parse_erlang(text: str) -> tuple[Directive, ...]:
    """Every key whose value is a word or a list of words, all keys joined by dots."""
    reader = _Terms(text)
    out = Collector()
    for term, line in reader.terms():
        _walk(out, term, (), line, reader.lines, 0)
    return out.done()


class _Terms:
    """Terms of a text, and the lines on which tuples begin."""

    def __init__(self, text: str) -> None:
        self._text = text
        self.lines: dict[int, int] = {}

    def terms(self) -> list[tuple[Term, int]]:
        top: list[Term] = []
        stack: list[tuple[str, list[Term], int]] = []
        line, position = 1, 0
        for count, found in enumerate(_TOKEN.finditer(self._text)):
            if count > _MAX_ITEMS:
                raise ConfigError("it has too many terms")
            line += self._text.count("\n", position, found.start())
            position = found.start()
            items = stack[-1][1] if stack else top
            if found["word"]:
                items.append(_plain(found["word"]))
            elif found["mark"] in ("[", "{"):
                if len(stack) >= MAX_DEPTH:
                    raise ConfigError("it is nested too deeply")
                stack.append((found["mark"], [], line))
            elif found["mark"] in ("]", "}") and stack:
                opened, inner, start = stack.pop()
                term: Term = tuple(inner) if opened == "{" else inner
                self.lines[id(term)] = start
                (stack[-1][1] if stack else top).append(term)
        if stack:
            raise ConfigError("a bracket is not closed")
        return [(each, 1) for each in top]


def _plain(word: str) -> str:
    return word[1:-1] if word[0] in "\"'" else word


def _walk(
    out: Collector,
    term: Term,
    keys: tuple[str, ...],
    line: int,
    lines: dict[int, int],
    depth: int,
) -> None:
    if depth > MAX_DEPTH or isinstance(term, str):
        return
    line = lines.get(id(term), line)
    if isinstance(term, list):
        words = tuple(_word(each) for each in term if _is_word(each))
        if words and keys:
            out.add(Directive(".".join(keys), words, line))
        for each in term:
            if not isinstance(each, str):
                _walk(out, each, keys, line, lines, depth + 1)
    elif len(term) == 2 and isinstance(term[0], str):
        if isinstance(term[1], str):
            out.add(Directive(".".join((*keys, term[0])), (term[1],), line))
        else:
            _walk(out, term[1], (*keys, term[0]), line, lines, depth + 1)


def _is_word(term: Term) -> bool:
    """A word, or a cipher suite as a tuple of three or four."""
    return isinstance(term, str) or (
        isinstance(term, tuple) and len(term) > 2 and all(isinstance(each, str) for each in term)
    )


def _word(term: Term) -> str:
    return term if isinstance(term, str) else "_".join(str(each) for each in term)
