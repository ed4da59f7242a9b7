"""Reads a Dockerfile into its stages: what each is built on, and copies from.

Understands `FROM`, `ARG` and `--from=`; of all other instructions only where they end.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

from scanner.errors import UsageError


class DockerfileError(UsageError):
    """A mistake in a Dockerfile; the text begins with its line."""

    def __init__(self, line: int, message: str) -> None:
        super().__init__(f"{line}: {message}")


_DIRECTIVE = re.compile(r"#\s*([A-Za-z][A-Za-z0-9]*)\s*=(.*)")
_HEREDOC = re.compile(r"<<(-?)\s*([\"']?)([A-Za-z_][A-Za-z0-9_.-]*)\2")
_TAKES_HEREDOCS = ("RUN", "COPY", "ADD")
_MOST_LINES = 100_000


@dataclass(frozen=True, slots=True)
class Instruction:
    """One instruction, its continued lines in one."""

    name: str
    """In capital letters."""
    flags: tuple[tuple[str, str], ...]
    """`--name=value`, in order; without a value, `""`."""
    words: tuple[str, ...]
    line: int

    def flag(self, name: str) -> str:
        """The value of a flag, or `""`."""
        return dict(self.flags).get(name, "")


@dataclass(slots=True)
class Stage:
    """A stage: from one `FROM` to the next."""

    base: str
    """As written, with its variables."""
    platform: str
    name: str
    """In small letters; `""` where it has none."""
    line: int
    copies: list[tuple[str, int]] = field(default_factory=list)
    """What files are copied from, and on which line that stands."""


@dataclass(frozen=True, slots=True)
class Dockerfile:
    """The parts of a Dockerfile that tell of images."""

    arguments: tuple[tuple[str, str | None], ...]
    """Each `ARG` before the first stage, with its default."""
    stages: tuple[Stage, ...]
    escape: str


def parse_dockerfile(text: str) -> Dockerfile:
    """What `text` says.

    Raises:
        DockerfileError: it is no Dockerfile.
    """
    lines = re.split(r"\r\n|\n", text)
    if len(lines) > _MOST_LINES:
        raise DockerfileError(_MOST_LINES, "it has more lines than any Dockerfile")
    escape = _escape(lines)
    arguments: list[tuple[str, str | None]] = []
    stages: list[Stage] = []
    for each in _instructions(lines, escape):
        if each.name == "FROM":
            stages.append(_stage(each))
        elif each.name == "ARG" and not stages:
            for word in each.words:
                name, equals, default = _unquoted(word).partition("=")
                arguments.append((name, default if equals else None))
        elif stages and each.name == "COPY" and each.flag("from"):
            stages[-1].copies.append((each.flag("from"), each.line))
    if not stages:
        raise DockerfileError(1, "it has no FROM, so it is no Dockerfile")
    return Dockerfile(tuple(arguments), tuple(stages), escape)


def _escape(lines: Sequence[str]) -> str:
    """The character that continues a line: `# escape=` may name another one at the very top."""
    for line in lines:
        directive = _DIRECTIVE.match(line.strip())
        if not directive:
            break
        value = directive[2].strip()
        if directive[1].lower() == "escape" and value in ("\\", "`"):
            return value
    return "\\"


def _instructions(lines: Sequence[str], escape: str) -> Iterator[Instruction]:
    at = 0
    while at < len(lines):
        first = at
        parts: list[str] = []
        while at < len(lines):
            line = lines[at]
            at += 1
            # Comments and empty lines do not end what is continued over them.
            if not line.strip() or line.lstrip().startswith("#"):
                if parts:
                    continue
                break
            if not parts:
                first = at
            bare = line.rstrip()
            if not bare.endswith(escape):
                parts.append(line)
                break
            parts.append(bare[: -len(escape)])
        text = "".join(parts).strip()
        if not text:
            continue
        name = text.split(None, 1)[0].upper()
        if name in _TAKES_HEREDOCS:
            at = _behind_heredocs(text, lines, at)
        yield _instruction(name, text, first)


def _behind_heredocs(text: str, lines: Sequence[str], at: int) -> int:
    """The index of the line behind the documents that the instruction `text` begins."""
    for indented, _, word in _HEREDOC.findall(text):
        while at < len(lines):
            line = lines[at].lstrip("\t") if indented else lines[at]
            at += 1
            if line == word:
                break
    return at


def _instruction(name: str, text: str, line: int) -> Instruction:
    words = text.split()[1:]
    flags: list[tuple[str, str]] = []
    while words and words[0].startswith("--"):
        flag, _, value = words.pop(0)[2:].partition("=")
        flags.append((flag.lower(), _unquoted(value)))
    return Instruction(name, tuple(flags), tuple(words), line)


def _stage(told: Instruction) -> Stage:
    words = [_unquoted(each) for each in told.words]
    is_named = len(words) == 3 and words[1].lower() == "as"
    if len(words) != 1 and not is_named:
        raise DockerfileError(told.line, "FROM takes an image, and perhaps 'AS' and a name")
    name = words[2].lower() if is_named else ""
    return Stage(words[0], told.flag("platform"), name, told.line)


def _unquoted(word: str) -> str:
    if len(word) > 1 and word[0] == word[-1] and word[0] in "\"'":
        return word[1:-1]
    name, equals, value = word.partition("=")
    if equals and len(value) > 1 and value[0] == value[-1] and value[0] in "\"'":
        return f"{name}={value[1:-1]}"
    return word
