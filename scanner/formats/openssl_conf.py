"""Reads OpenSSL configuration text as OpenSSL's own parser (NCONF) does.

It opens no file: included files come from callbacks, so that a caller decides what exists.
It does not say what the configuration means for a program; `scanner.link.openssl` does.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

MAX_INCLUDES = 64
MAX_DEPTH = 8
MAX_LINES = 50_000
MAX_VALUE = 65_536
"""OpenSSL's own bound for one value (MAX_CONF_VALUE_LENGTH)."""

_ESCAPES = {"r": "\r", "n": "\n", "b": "\b", "t": "\t"}
_QUOTES = "\"'`"
_BLANKS = " \t\r\n"
_PUNCTUATION = frozenset("!%&*+,-./;?@^_~|")


class ConfSyntaxError(ValueError):
    """OpenSSL refuses this text, and with it the whole configuration."""


@dataclass(frozen=True, slots=True)
class Conf:
    """Sections and their values after includes and expansion."""

    sections: Mapping[str, Mapping[str, str]]
    includes: tuple[str, ...] = ()
    """Every path that an `.include` named, in order."""
    missing: tuple[str, ...] = ()
    """Those of them that are not there. OpenSSL passes over them in silence."""
    incomplete: str = ""
    """Why the reading stopped short of what OpenSSL would read, or `""`."""

    def get(self, section: str, name: str) -> str | None:
        """A value of `section`, else of the default section, as `NCONF_get_string` finds it."""
        for where in (section, "default"):
            value = self.sections.get(where, {}).get(name)
            if value is not None:
                return value
        return None


def _nothing(_path: str) -> None:
    return None


@dataclass
class _Reader:
    read: Callable[[str], str | None]
    children: Callable[[str], tuple[str, ...] | None]
    env: Mapping[str, str]
    sections: dict[str, dict[str, str]] = field(default_factory=lambda: {"default": {}})
    section: str = "default"
    include_dir: str | None = None
    dollar_in_names: bool = False
    absolute_only: bool = False
    includes: list[str] = field(default_factory=list)
    missing: list[str] = field(default_factory=list)
    incomplete: str = ""
    lines: int = 0


def parse(
    text: str,
    *,
    read: Callable[[str], str | None] = _nothing,
    children: Callable[[str], tuple[str, ...] | None] = _nothing,
    env: Mapping[str, str] | None = None,
) -> Conf:
    """Parse configuration text.

    Args:
        text: the file's content; undecodable bytes may be replaced beforehand.
        read: text of an included file, or None where there is none.
        children: full paths of the entries of an included directory, or None where the path
            is no directory.
        env: the environment for `$ENV::NAME` and OPENSSL_CONF_INCLUDE.

    Raises:
        ConfSyntaxError: OpenSSL would reject the text.
    """
    reader = _Reader(read, children, env or {})
    _lines(reader, text, 0)
    return Conf(reader.sections, tuple(reader.includes), tuple(reader.missing), reader.incomplete)


def _lines(reader: _Reader, text: str, depth: int) -> None:
    pending = ""
    for raw in text.removeprefix("\ufeff").split("\n"):
        reader.lines += 1
        if reader.lines > MAX_LINES:
            reader.incomplete = f"more than {MAX_LINES} lines"
            return
        line = pending + raw.rstrip("\r").split("\0", 1)[0]
        # A lone backslash at the end continues the line, a doubled one does not.
        if line.endswith("\\") and not line.endswith("\\\\"):
            pending = line[:-1]
            continue
        pending = ""
        _line(reader, _without_comment(line).lstrip(_BLANKS), depth)
    if pending:
        _line(reader, _without_comment(pending).lstrip(_BLANKS), depth)


def _without_comment(line: str) -> str:
    position = 0
    quote = ""
    while position < len(line):
        char = line[position]
        if char == "\\":
            position += 1
        elif quote:
            quote = "" if char == quote else quote
        elif char in _QUOTES:
            quote = char
        elif char == "#":
            return line[:position]
        position += 1
    return line


def _name_end(reader: _Reader, line: str, start: int) -> int:
    position = start
    while position < len(line):
        char = line[position]
        if char == "\\":
            position += 2
        elif (
            (char.isascii() and char.isalnum())
            or char in _PUNCTUATION
            or (reader.dollar_in_names and char == "$")
        ):
            position += 1
        else:
            break
    return min(position, len(line))


def _line(reader: _Reader, line: str, depth: int) -> None:
    if not line:
        return
    if line[0] == "[":
        closing = _section_end(reader, line)
        if closing < 0:
            raise ConfSyntaxError(f"missing close square bracket: {line[:60]}")
        reader.section = _expand(reader, "default", line[1:closing].strip(_BLANKS))
        reader.sections.setdefault(reader.section, {})
        return
    section = reader.section
    end = _name_end(reader, line, 0)
    name = line[:end]
    if line.startswith("::", end):
        section, start = name, end + 2
        end = _name_end(reader, line, start)
        name = line[start:end]
    rest = line[end:].lstrip(_BLANKS)
    directive = next((each for each in (".include", ".pragma") if name.startswith(each)), "")
    # What follows the word itself may be blank, an equal sign, or (odd, but so) more letters.
    if directive and (len(line) - len(rest) > len(directive) or rest.startswith("=")):
        argument = rest.removeprefix("=").strip(_BLANKS)
        if directive == ".include":
            _include(reader, _expand(reader, section, argument), depth)
        else:
            _pragma(reader, argument)
        return
    if not rest.startswith("="):
        raise ConfSyntaxError(f"missing equal sign: {line[:60]}")
    values = reader.sections.setdefault(section, {})
    value = _expand(reader, section, rest[1:].strip(_BLANKS))
    values.pop(name, None)  # a repeated name moves to the end, as in OpenSSL's own list
    values[name] = value


def _section_end(reader: _Reader, line: str) -> int:
    """Index of the closing bracket, or -1: a name holds name characters and blanks only."""
    position = 1
    while position < len(line) and line[position] != "]":
        after = _name_end(reader, line, position)
        while after < len(line) and line[after] in _BLANKS:
            after += 1
        if after == position:
            return -1
        position = after
    return position if position < len(line) else -1


def _pragma(reader: _Reader, argument: str) -> None:
    keyword, colon, value = argument.partition(":")
    keyword, value = keyword.strip(_BLANKS), value.strip(_BLANKS)
    if not (colon and keyword and value):
        raise ConfSyntaxError(f"invalid pragma: {argument[:60]}")
    if keyword == "includedir":
        reader.include_dir = value
    elif keyword in ("dollarid", "abspath"):
        switch = {"on": True, "true": True, "off": False, "false": False}.get(value.lower())
        if switch is None:
            raise ConfSyntaxError(f"invalid pragma: {argument[:60]}")
        if keyword == "dollarid":
            reader.dollar_in_names = switch
        else:
            reader.absolute_only = switch


def _include(reader: _Reader, path: str, depth: int) -> None:
    folder = reader.env.get("OPENSSL_CONF_INCLUDE", reader.include_dir)
    if folder is not None and not path.startswith("/"):
        path = f"{folder}/{path}"
    if reader.absolute_only and not path.startswith("/"):
        raise ConfSyntaxError(f"relative path in an include: {path[:60]}")
    reader.includes.append(path)
    if len(reader.includes) > MAX_INCLUDES or depth >= MAX_DEPTH:
        reader.incomplete = "includes are nested too deeply or are too many"
        return
    entries = reader.children(path)
    if entries is not None:
        # OpenSSL takes them in the order of the directory, which an image does not fix.
        chosen = sorted(e for e in entries if e.lower().endswith((".cnf", ".conf")))
        texts = [text for entry in chosen if (text := reader.read(entry)) is not None]
    else:
        text = reader.read(path)
        if text is None:
            reader.missing.append(path)
        texts = [] if text is None else [text]
    for text in texts[:MAX_INCLUDES]:
        _lines(reader, text, depth + 1)


def _expand(reader: _Reader, section: str, raw: str) -> str:
    out: list[str] = []
    position = 0
    while position < len(raw):
        char = raw[position]
        if char in _QUOTES:
            position = _quoted(raw, position, out)
        elif char == "\\":
            position += 1
            if position < len(raw):
                out.append(_ESCAPES.get(raw[position], raw[position]))
            position += 1
        elif char == "$" and (
            not reader.dollar_in_names or raw[position + 1 : position + 2] in ("{", "(")
        ):
            position = _variable(reader, section, raw, position + 1, out)
        else:
            out.append(char)
            position += 1
    value = "".join(out)
    if len(value) > MAX_VALUE:
        raise ConfSyntaxError("variable expansion too long")
    return value


def _quoted(raw: str, position: int, out: list[str]) -> int:
    quote = raw[position]
    position += 1
    while position < len(raw) and raw[position] != quote:
        if raw[position] == "\\":
            position += 1
            if position >= len(raw):
                break
        out.append(raw[position])
        position += 1
    return position + 1


def _variable(reader: _Reader, section: str, raw: str, start: int, out: list[str]) -> int:
    closing = {"{": "}", "(": ")"}.get(raw[start : start + 1], "")
    start += bool(closing)
    end = _identifier_end(reader, raw, start)
    name = raw[start:end]
    if raw.startswith("::", end):
        section, start = name, end + 2
        end = _identifier_end(reader, raw, start)
        name = raw[start:end]
    if closing:
        if raw[end : end + 1] != closing:
            raise ConfSyntaxError(f"no close brace: {raw[:60]}")
        end += 1
    value = reader.sections.get(section, {}).get(name)
    if value is None and section == "ENV":
        value = reader.env.get(name)
    if value is None:
        value = reader.sections["default"].get(name)
    if value is None:
        raise ConfSyntaxError(f"variable has no value: {section}::{name}")
    if sum(map(len, out)) + len(value) > MAX_VALUE:
        raise ConfSyntaxError("variable expansion too long")
    out.append(value)
    return end


def _identifier_end(reader: _Reader, raw: str, position: int) -> int:
    while position < len(raw) and (
        (raw[position].isascii() and raw[position].isalnum())
        or raw[position] == "_"
        or (reader.dollar_in_names and raw[position] == "$")
    ):
        position += 1
    return position
