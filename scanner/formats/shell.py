"""Splits shell text into simple commands, without running it.

It is no shell: it evaluates nothing and says nothing of what the commands mean.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

MAX_LINES = 20_000

_VARIABLE = re.compile(r"\$(?:\{[#!]?)?([A-Za-z_][A-Za-z0-9_]*)")
_HEREDOC = re.compile(r"(?<!<)<<(-?)\s*(\\?)(['\"]?)([A-Za-z_][A-Za-z0-9_]*)\3")
_PLAIN = re.compile(r"""[^\\'"`$#;&|\n() \t]+""")
_SEPARATORS = (";;", "&&", "||", ";", "|", "&", "\n", "(", ")")


def interpreter(head: bytes) -> str:
    """Program named on the `#!` line, `env` looked through; `""` when there is none.

    So is s6-overlay's `with-contenv`, which starts the program with the container's environment.
    """
    if not head.startswith(b"#!"):
        return ""
    words = head[2:256].split(b"\n", 1)[0].decode("utf-8", "replace").split()
    if words and words[0].rsplit("/", 1)[-1] in ("env", "with-contenv"):
        words = [word for word in words[1:] if not word.startswith("-") and "=" not in word]
    return words[0] if words else ""


@dataclass(frozen=True, slots=True)
class Command:
    """One simple command as the text has it."""

    words: tuple[str, ...]
    """With keywords in front, and with their quotes."""
    after: str
    """The separator before it: `&&`, `||`, `|`, `;` or a line's end."""
    nested: bool
    """It stands in a subshell."""
    function: str
    """Name of the function whose body begins here, or `""`."""


def split_commands(text: str) -> tuple[tuple[Command, ...], bool]:
    """The simple commands of shell text in order, and whether all of the text was looked at."""
    kept, complete = _without_heredocs(text)
    return tuple(_Commands(kept).yielded), complete


def variables_in(word: str) -> list[str]:
    """Names of the variables that a word expands."""
    return _VARIABLE.findall(_without_single_quotes(word))


def unquoted(word: str) -> str:
    """`word` without the one pair of quotes around it."""
    return word[1:-1] if len(word) >= 2 and word[0] == word[-1] and word[0] in "'\"" else word


class _Commands:
    """Splits text into simple commands; `yielded` holds their words, quotes kept.

    Patterns of a `case` are left out.
    """

    def __init__(self, text: str) -> None:
        self.yielded: list[Command] = []
        self._after = ""
        self._function = ""
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
            end = end_of_group(text, position)
            self._word += text[position:end]
            return end
        if char == "#" and not self._word:
            return _find(text, "\n", position)
        if char == "&" and (self._word.endswith(("<", ">")) or text.startswith("&>", position)):
            self._word += char  # a redirection, as in `2>&1`
            return position + 1
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
            if not self._in_pattern and len(self._words) == 1 and "=" not in self._words[0]:
                self._function = self._words[0]
            self._words = []
            self._in_pattern = False
        elif separator == ")":
            self._end_command()
            self._depth -= 1
        if separator not in ("", "(") and not self._in_pattern:
            self._end_command()
            # A line may end behind `&&`.
            self._after = self._after if separator == "\n" else separator
            self._in_pattern = separator == ";;" and self._cases > 0

    def _end_command(self) -> None:
        if self._words:
            self.yielded.append(
                Command(tuple(self._words), self._after, self._depth > 0, self._function)
            )
            self._words, self._after, self._function = [], "", ""


def end_of_group(text: str, start: int) -> int:
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


def _without_heredocs(text: str) -> tuple[str, bool]:
    kept: list[str] = []
    ending = ""
    lines = text.replace("\r\n", "\n").split("\n", MAX_LINES)
    for line in lines[:MAX_LINES]:
        if ending:
            if line.lstrip("\t") == ending:
                ending = ""
            continue
        kept.append(line)
        opened = None if line.lstrip().startswith("#") else _HEREDOC.search(line)
        if opened:
            ending = opened[4]
    return "\n".join(kept), len(lines) <= MAX_LINES


def _without_single_quotes(word: str) -> str:
    # Inside double quotes a single quote is a plain character.
    return word if '"' in word else re.sub(r"'[^']*'", "", word)
