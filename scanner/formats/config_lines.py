"""Reads configurations of one setting a line: words, assignments, sections, Apache, HAProxy.

Gives back what is written; knows no directive and follows no include.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator

from scanner.formats.config_model import MAX_DEPTH, Collector, ConfigError, Directive

_BLANKS = " \t\r\f\v"


def parse_words(text: str) -> tuple[Directive, ...]:
    """`name value value`, with `#` or `;` before comments: Redis, OpenVPN, OpenLDAP, GnuPG."""
    out = Collector()
    for line, content in _logical(text):
        words = split_words(content)
        if words:
            out.add(Directive(words[0], tuple(words[1:]), line))
    return out.done()


def parse_assignments(text: str) -> tuple[Directive, ...]:
    """`name = value`, `name: value` or `name value`; quotes around a value are no part of it."""
    return _assignments(_logical(text), sections=False)


def parse_folded(text: str) -> tuple[Directive, ...]:
    """The same, where a line that begins with a blank goes on with the one before: Postfix."""
    return _assignments(_folded(text), sections=False)


def parse_ini(text: str) -> tuple[Directive, ...]:
    """The same under `[section]` lines: MySQL, Grafana, Samba."""
    return _assignments(_logical(text), sections=True)


_CONDITION = re.compile(
    r"</?\s*If(?:Module|Define|Version|File|Directive|Section)\b", re.IGNORECASE
)


def parse_apache(text: str) -> tuple[Directive, ...]:
    """Words, sections in `<Name argument>`, and lines that end with a backslash.

    What stands under a condition (`<IfModule …>`) is taken as if it were written without.
    """
    out = Collector()
    blocks: list[str] = []
    scope: list[int] = []
    for line, content in _logical(text, comments="#"):
        if _CONDITION.match(content):
            continue
        if content.startswith("</"):
            if blocks:
                blocks.pop()
                scope.pop()
        elif content.startswith("<"):
            if len(blocks) >= MAX_DEPTH:
                raise ConfigError("its sections are nested too deeply")
            blocks.append(content.strip("<>").strip()[:200])
            scope.append(out.block())
        elif words := split_words(content):
            out.add(Directive(words[0], tuple(words[1:]), line, tuple(blocks), tuple(scope)))
    return out.done()


_HAPROXY_SECTION = re.compile(
    r"(?:global|defaults|frontend|backend|listen|peers|resolvers|userlist|mailers|program|cache"
    r"|http-errors|ring|log-forward|fcgi-app|crt-store|traces|acme)\b"
)


def parse_haproxy(text: str) -> tuple[Directive, ...]:
    """Words under section lines that stand at the margin or are known by their first word."""
    out = Collector()
    block: tuple[str, ...] = ()
    scope: tuple[int, ...] = ()
    for line, content in _logical(text, comments="#"):
        words = split_words(content)
        if words and _HAPROXY_SECTION.fullmatch(words[0]):
            block, scope = (" ".join(words)[:200],), (out.block(),)
        elif words:
            out.add(Directive(words[0], tuple(words[1:]), line, block, scope))
    return out.done()


def split_words(text: str) -> list[str]:
    """Words as a shell splits them, quotes and backslashes taken away; `#` begins a comment."""
    words: list[str] = []
    current: list[str] | None = None
    position = 0
    while position < len(text):
        char = text[position]
        if char in _BLANKS:
            if current is not None:
                words.append("".join(current))
            current = None
        elif char == "#" and current is None:
            break
        elif char in "\"'":
            current = current or []
            end = position + 1
            while end < len(text) and text[end] != char:
                end += 2 if text[end] == "\\" and char == '"' else 1
            current.append(text[position + 1 : end].replace('\\"', '"'))
            position = end
        elif char == "\\" and position + 1 < len(text):
            position += 1
            current = [*(current or []), text[position]]
        else:
            current = current or []
            current.append(char)
        position += 1
    if current is not None:
        words.append("".join(current))
    return words


def _logical(text: str, comments: str = "#;") -> Iterator[tuple[int, str]]:
    """Lines that are no comment, joined where one ends with a backslash, and their numbers."""
    pending: list[str] = []
    start = 0
    for number, natural in enumerate(text.split("\n"), 1):
        line = natural.strip(_BLANKS)
        if not pending and (not line or line[0] in comments):
            continue
        start = start if pending else number
        if line.endswith("\\"):
            pending.append(line[:-1])
            continue
        yield start, " ".join((*pending, line)).strip(_BLANKS)
        pending = []
    if pending:
        yield start, " ".join(pending).strip(_BLANKS)


_SECTION = re.compile(r"\[\s*([^\]]{1,200}?)\s*\]")


def _assignments(lines: Iterable[tuple[int, str]], *, sections: bool) -> tuple[Directive, ...]:
    out = Collector()
    blocks: tuple[str, ...] = ()
    scope: tuple[int, ...] = ()
    for line, content in lines:
        section = _SECTION.match(content) if sections else None
        if section is not None:
            blocks, scope = (section[1],), (out.block(),)
            continue
        name, value = _name_and_value(content)
        out.add(Directive(name, (value,) if value else (), line, blocks, scope))
    return out.done()


def _name_and_value(content: str) -> tuple[str, str]:
    name, equals, value = content.partition("=")
    if not equals or "'" in name or '"' in name:
        name, colon, value = content.partition(": ")
        if not colon or " " in name:
            name, _, value = content.partition(" ")
    return " ".join(name.split()), _unquoted(value)


def _folded(text: str) -> Iterator[tuple[int, str]]:
    """Lines that are no comment, joined with those that follow and begin with a blank."""
    start = 0
    parts: list[str] = []
    for number, natural in enumerate(text.split("\n"), 1):
        line = natural.strip(_BLANKS)
        if not line or line[0] in "#;":
            continue
        if parts and natural[:1] in _BLANKS:
            parts.append(line)
            continue
        if parts:
            yield start, " ".join(parts)
        start, parts = number, [line]
    if parts:
        yield start, " ".join(parts)


def _unquoted(raw: str) -> str:
    raw = raw.strip(_BLANKS)
    if raw[:1] in ("'", '"'):
        end = raw.find(raw[0], 1)
        return raw[1:end] if end > 0 else raw[1:]
    return re.split(r"\s[#;]", raw, maxsplit=1)[0].rstrip(_BLANKS)
