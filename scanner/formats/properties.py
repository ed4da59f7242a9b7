"""Reads Java `.properties` text, as `java.util.Properties.load` does.

Opens no file and follows no `include`; the names of included files are given back.
"""

from __future__ import annotations

from collections.abc import Iterator

MAX_ENTRIES = 20_000

_BLANKS = " \t\f"
_ESCAPES = {"t": "\t", "n": "\n", "r": "\r", "f": "\f"}


def parse_properties(text: str, *, limit: int = MAX_ENTRIES) -> dict[str, str]:
    """Keys and values in the order of the file; a repeated key keeps its last value.

    Args:
        text: decoded as ISO-8859-1 or UTF-8 by the caller.
        limit: entries read at most; what follows is left out.
    """
    entries: dict[str, str] = {}
    for line in _logical_lines(text):
        key, value = _split(line)
        entries[key] = value
        if len(entries) >= limit:
            break
    return entries


def _logical_lines(text: str) -> Iterator[str]:
    pending: list[str] = []
    for natural in text.replace("\r\n", "\n").replace("\r", "\n").split("\n"):
        line = natural.lstrip(_BLANKS)
        if not pending and (not line or line[0] in "#!"):
            continue
        backslashes = len(line) - len(line.rstrip("\\"))
        if backslashes % 2:
            pending.append(line[:-1])
            continue
        yield "".join((*pending, line))
        pending = []
    if pending:
        yield "".join(pending)


def _split(line: str) -> tuple[str, str]:
    position = 0
    while position < len(line) and line[position] not in "=:" + _BLANKS:
        position += 2 if line[position] == "\\" else 1
    key = line[:position]
    rest = line[position:].lstrip(_BLANKS)
    if rest[:1] in ("=", ":"):
        rest = rest[1:].lstrip(_BLANKS)
    return _unescape(key), _unescape(rest)


def _unescape(raw: str) -> str:
    if "\\" not in raw:
        return raw
    out: list[str] = []
    position = 0
    while position < len(raw):
        char = raw[position]
        position += 1
        if char != "\\" or position >= len(raw):
            out.append("" if char == "\\" else char)
            continue
        escaped = raw[position]
        position += 1
        digits = raw[position : position + 4]
        if escaped == "u" and len(digits) == 4 and _is_hex(digits):
            out.append(chr(int(digits, 16)))
            position += 4
        else:
            out.append(_ESCAPES.get(escaped, escaped))
    # Escaped surrogate pairs arrive as two halves; join them so that the text can be encoded.
    return "".join(out).encode("utf-16", "surrogatepass").decode("utf-16", "replace")


def _is_hex(digits: str) -> bool:
    return all(digit in "0123456789abcdefABCDEF" for digit in digits)
