"""Expands shell words as far as their text and the given variables tell.

Runs no command: what would need one, or an argument of the script, cannot be told.
"""

from __future__ import annotations

import re
from collections.abc import Mapping

from scanner.formats.shell import end_of_group

MAX_VALUE = 64 << 10
MAX_DEPTH = 8

_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
_SET_BY_THE_SHELL = frozenset(
    (
        *("HOME", "PWD", "OLDPWD", "HOSTNAME", "UID", "EUID", "PPID", "RANDOM", "SECONDS"),
        *("LINENO", "SHELL", "USER", "LOGNAME", "IFS", "OPTARG", "OPTIND", "BASH_SOURCE"),
        *("MACHTYPE", "OSTYPE", "HOSTTYPE", "FUNCNAME"),
    )
)


def expand(
    raw: str, values: Mapping[str, str | None], *, unset: str | None = "", depth: int = 0
) -> str | None:
    """What the shell makes of `raw`, quotes removed; None where that cannot be told.

    Args:
        raw: one word as written.
        values: variables that are set; None stands for a value that cannot be told. A name
            that is missing is not set.
        unset: what a name that is not set stands for; None for what cannot be told.
    """
    if depth > MAX_DEPTH:
        return None
    out: list[str] = []
    length = at = 0
    in_double = False
    while at < len(raw):
        char = raw[at]
        piece: str | None = char
        end = at + 1
        if char == "'" and not in_double:
            end = end_of_group(raw, at)
            piece = raw[at + 1 : end - 1]
        elif char == '"':
            in_double, piece = not in_double, ""
        elif char == "\\" and end < len(raw):
            piece = raw[end] if not in_double or raw[end] in '$`"\\' else raw[at : end + 1]
            end += 1
        elif char == "`":
            return None
        elif char == "$" and end < len(raw):
            piece, end = _parameter(raw, at, values, unset, depth)
        if piece is None:
            return None
        out.append(piece)
        length += len(piece)
        if length > MAX_VALUE:
            return None
        at = end
    return "".join(out)


def _parameter(
    raw: str, at: int, values: Mapping[str, str | None], unset: str | None, depth: int
) -> tuple[str | None, int]:
    """What stands for the `$` at `at`, and the index behind it."""
    following = raw[at + 1]
    if following == "{":
        end = end_of_group(raw, at)
        return _braced(raw[at + 2 : end - 1], values, unset, depth), end
    if found := _NAME.match(raw, at + 1):
        return _value(found[0], values, unset), found.end()
    if following in "(@*#?!$-0123456789'\"":
        return (None, at + 2) if following not in "\"'" else ("", at + 1)
    return "$", at + 1


def _value(name: str, values: Mapping[str, str | None], unset: str | None) -> str | None:
    if name in values:
        return values[name]
    return None if name in _SET_BY_THE_SHELL else unset


def _braced(
    inner: str, values: Mapping[str, str | None], unset: str | None, depth: int
) -> str | None:
    found = _NAME.match(inner)
    if found is None:
        return None
    name, rest = found[0], inner[found.end() :]
    if not rest:
        return _value(name, values, unset)
    value = _value(name, values, "")
    colon = rest.startswith(":")
    operator, word = rest[colon : colon + 1], rest[colon + 1 :]
    if operator not in ("-", "=", "+", "?") or value is None:
        return None
    has_value = value != "" if colon else name in values
    if operator == "+":
        return expand(word, values, unset=unset, depth=depth + 1) if has_value else ""
    if has_value or operator == "?":
        return value
    return expand(word, values, unset=unset, depth=depth + 1)
