"""Reads the files in which options for a JVM stand: `@argfiles`, and one option a line.

Pure in the text; follows no file that an option names.
"""

from __future__ import annotations

import re

MAX_OPTIONS = 5000

_BLANKS = " \t\r\n\f"
_ESCAPES = {"n": "\n", "t": "\t", "r": "\r", "f": "\f"}
# `8:-X…`, `8-13:-X…`, `9-:-X…`: for which versions of Java a line of jvm.options counts.
_FOR_VERSIONS = re.compile(r"(\d{1,3})(-?)(\d{0,3}):(?=-)")


def argument_file(text: str) -> tuple[str, ...]:
    """The options of an `@argfile`, as the launcher of Java 9 and later reads it."""
    words: list[str] = []
    word: list[str] = []
    is_open = False
    quote = ""
    at = 0
    while at < len(text) and len(words) < MAX_OPTIONS:
        char = text[at]
        at += 1
        if quote:
            if char == quote:
                quote = ""
            elif char == "\\" and at < len(text):
                at = _escaped(text, at, word)
            else:
                word.append(char)
        elif char in "\"'":
            quote, is_open = char, True
        elif char in _BLANKS:
            if is_open:
                words.append("".join(word))
            word, is_open = [], False
        elif char == "#":
            # The launcher drops what stands before it in the word as well.
            word, is_open = [], False
            at = _end_of_line(text, at)
        else:
            word.append(char)
            is_open = True
    if is_open:
        words.append("".join(word))
    return tuple(words)


def _escaped(text: str, at: int, word: list[str]) -> int:
    """Where reading goes on behind a backslash in quotes; it joins a line with the next one."""
    if text[at] in "\r\n":
        while at < len(text) and text[at] in _BLANKS:
            at += 1
        return at
    word.append(_ESCAPES.get(text[at], text[at]))
    return at + 1


def _end_of_line(text: str, at: int) -> int:
    end = text.find("\n", at)
    return len(text) if end < 0 else end


def option_lines(text: str) -> tuple[str, ...]:
    """The lines of a `jvm.options` file that hold an option, as they stand."""
    lines = (line.strip() for line in text.splitlines())
    return tuple(line for line in lines if line and line[0] != "#")[:MAX_OPTIONS]


def for_version(lines: tuple[str, ...], version: int) -> tuple[str, ...]:
    """Of such lines those that count for a version of Java; all of them for 0, not known."""
    found: list[str] = []
    for line in lines:
        told = _FOR_VERSIONS.match(line)
        if told is None:
            found.append(line)
            continue
        first = int(told[1])
        last = int(told[3]) if told[3] else (999 if told[2] else first)
        if not version or first <= version <= last:
            found.append(line[told.end() :])
    return tuple(found)
