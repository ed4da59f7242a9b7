"""Reads what a shell script certainly mentions, sets and starts, without running it.

It is no shell: conditions, functions and expansions are not evaluated, so what it gives back is
what the text holds, not what one run does.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

MAX_LINES = 20_000

_VARIABLE = re.compile(r"\$(?:\{[#!]?)?([A-Za-z_][A-Za-z0-9_]*)")
_ASSIGNMENT = re.compile(r"([A-Za-z_][A-Za-z0-9_]*)\+?=(.*)", re.DOTALL)
_HEREDOC = re.compile(r"(?<!<)<<(-?)\s*(\\?)(['\"]?)([A-Za-z_][A-Za-z0-9_]*)\3")
_KEYWORDS = frozenset(("if", "then", "elif", "else", "while", "until", "do", "!", "{", "time"))
_PREFIXES = frozenset(("exec", "command", "builtin", "nohup", "eval", "env"))
_CLOSERS = frozenset(("fi", "done", "esac", "}", "in", "case", "for", "select", "function"))
_PLAIN = re.compile(r"""[^\\'"`$#;&|\n() \t]+""")
_SEPARATORS = (";;", "&&", "||", ";", "|", "&", "\n", "(", ")")


@dataclass(frozen=True, slots=True)
class Script:
    """What a script's text holds, each in order of first appearance."""

    mentions: tuple[str, ...]
    """Names of variables it expands."""
    exports: tuple[str, ...]
    """`NAME=value` it exports, or sets in front of a command; the value as written."""
    runs: tuple[str, ...]
    """First words of commands, as written, where they are plain words."""


def interpreter(head: bytes) -> str:
    """Program named on the `#!` line, `env` looked through; `""` when there is none."""
    if not head.startswith(b"#!"):
        return ""
    words = head[2:256].split(b"\n", 1)[0].decode("utf-8", "replace").split()
    if words and words[0].rsplit("/", 1)[-1] == "env":
        words = [word for word in words[1:] if not word.startswith("-") and "=" not in word]
    return words[0] if words else ""


def parse_script(text: str) -> Script:
    """Mentions, exports and commands of shell text."""
    mentions: dict[str, None] = {}
    exports: dict[str, None] = {}
    runs: dict[str, None] = {}
    assigned: dict[str, str] = {}
    for words in _Commands(_without_heredocs(text)).yielded:
        for word in words:
            mentions.update(dict.fromkeys(_VARIABLE.findall(_without_single_quotes(word))))
        _look_at(words, assigned, exports, runs)
    return Script(tuple(mentions), tuple(exports), tuple(runs))


def _look_at(
    words: list[str], assigned: dict[str, str], exports: dict[str, None], runs: dict[str, None]
) -> None:
    rest = list(words)
    before: list[str] = []
    while rest:
        setting = _ASSIGNMENT.fullmatch(rest[0])
        if rest[0] in _KEYWORDS or rest[0] in _PREFIXES:
            del rest[0]
        elif setting:
            name, value = setting[1], _unquoted(setting[2])
            assigned[name] = value
            before.append(f"{name}={value}")
            del rest[0]
        else:
            break
    if not rest:
        return
    exports.update(dict.fromkeys(before))
    first = _unquoted(rest[0])
    if first in ("export", "declare", "typeset"):
        if first != "export" and not any(word.startswith("-") and "x" in word for word in rest):
            return
        for word in rest[1:]:
            setting = _ASSIGNMENT.fullmatch(word)
            if setting:
                assigned[setting[1]] = _unquoted(setting[2])
                exports[f"{setting[1]}={assigned[setting[1]]}"] = None
            elif word in assigned:
                exports[f"{word}={assigned[word]}"] = None
    elif first not in _CLOSERS:
        runs[first] = None


class _Commands:
    """Splits text into simple commands; `yielded` holds their words, quotes kept.

    Patterns of a `case` are left out.
    """

    def __init__(self, text: str) -> None:
        self.yielded: list[list[str]] = []
        self._words: list[str] = []
        self._word = ""
        self._depth = 0
        self._cases = 0
        self._in_pattern = False
        position = 0
        while position < len(text):
            position = self._step(text, position)
        self._end_word()
        self._end_command()

    def _step(self, text: str, position: int) -> int:
        """Take what begins at `position`; returns where the next thing begins."""
        if plain := _PLAIN.match(text, position):
            self._word += plain[0]
            return plain.end()
        char = text[position]
        if char == "\\":
            if text[position + 1 : position + 2] != "\n":
                self._word += text[position : position + 2]
            return position + 2
        if char in "'\"`" or text.startswith(("${", "$("), position):
            end = _end_of_group(text, position)
            self._word += text[position:end]
            return end
        if char == "#" and not self._word:
            return _find(text, "\n", position)
        separator = next((each for each in _SEPARATORS if text.startswith(each, position)), "")
        if separator or char in " \t":
            self._end_word()
            self._separate(separator)
            return position + (len(separator) or 1)
        self._word += char
        return position + 1

    def _end_word(self) -> None:
        if not self._word:
            return
        self._words.append(self._word)
        self._word = ""
        if self._words[-1] == "in" and self._words[0] == "case":
            self._end_command()
            self._in_pattern = True
            self._cases += 1
        elif self._words == ["esac"]:
            self._in_pattern = False
            self._cases = max(0, self._cases - 1)

    def _separate(self, separator: str) -> None:
        if separator == "(":
            self._depth += not self._words and not self._in_pattern
        elif separator == ")" and self._depth == 0:
            # The end of a pattern, or of the brackets behind a function's name.
            self._words = []
            self._in_pattern = False
        elif separator == ")":
            self._depth -= 1
        if separator not in ("", "(") and not self._in_pattern:
            self._end_command()
            self._in_pattern = separator == ";;" and self._cases > 0

    def _end_command(self) -> None:
        if self._words:
            self.yielded.append(self._words)
            self._words = []


def _end_of_group(text: str, start: int) -> int:
    """Index after the quoted or bracketed group that begins at `start`."""
    if text[start] == "'":
        return _find(text, "'", start + 1) + 1
    if text[start] == "$":
        opening = text[start + 1]
        closing = {"{": "}", "(": ")"}[opening]
        position, depth = start + 2, 1
    else:
        opening, closing = "", text[start]
        position, depth = start + 1, 1
    while position < len(text) and depth:
        char = text[position]
        if char == "\\":
            position += 1
        elif char == closing:
            depth -= 1
        elif char == opening:
            depth += 1
        elif closing in ")}" and char == "'":
            position = _find(text, "'", position + 1)
        position += 1
    return min(position, len(text))


def _find(text: str, what: str, start: int) -> int:
    found = text.find(what, start)
    return len(text) if found < 0 else found


def _without_heredocs(text: str) -> str:
    kept: list[str] = []
    ending = ""
    for line in text.replace("\r\n", "\n").split("\n", MAX_LINES)[:MAX_LINES]:
        if ending:
            if line.lstrip("\t") == ending:
                ending = ""
            continue
        kept.append(line)
        opened = None if line.lstrip().startswith("#") else _HEREDOC.search(line)
        if opened:
            ending = opened[4]
    return "\n".join(kept)


def _without_single_quotes(word: str) -> str:
    # Inside double quotes a single quote is a plain character.
    return word if '"' in word else re.sub(r"'[^']*'", "", word)


def _unquoted(word: str) -> str:
    return word[1:-1] if len(word) >= 2 and word[0] == word[-1] and word[0] in "'\"" else word
