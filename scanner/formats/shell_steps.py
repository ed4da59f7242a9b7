"""Says in order what shell text sets, reads in and starts, and which of it is sure to happen.

Evaluates no condition and expands nothing; what stands under a condition is only told as such.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, replace
from enum import StrEnum

from scanner.formats.shell import Command, split_commands, unquoted, variables_in


class Act(StrEnum):
    """What one step of a script does."""

    EXPORT = "export"
    """Sets a variable for whatever is started from here on; `*` does so with all that are set
    later, or with an empty value no longer."""
    LOCAL = "local"
    """Sets a variable of the shell; passed on only if it was exported before."""
    ONCE = "once"
    """Sets a variable for a single command that is not the last one."""
    UNSET = "unset"
    """Removes a variable; `*` means all."""
    SOURCE = "source"
    """Reads in another script."""
    EXEC = "exec"
    """Starts what the script is there for: with `exec`, or as its last command."""
    RUN = "run"
    """Starts another command."""


@dataclass(frozen=True, slots=True)
class Step:
    """One step; `str` and `parse` turn it into a word of a fact and back."""

    act: Act
    name: str
    """Variable, or `""`."""
    value: str
    """As written, quotes kept. Of commands: their words, with `GLUE` between."""
    sure: bool
    """No condition stands before it."""

    def __str__(self) -> str:
        return f"{self.act}{'' if self.sure else '?'} {self.name}={self.value}"

    @property
    def words(self) -> tuple[str, ...]:
        return tuple(self.value.split(GLUE))

    @classmethod
    def parse(cls, text: str) -> Step:
        """The step that `str` gave.

        Raises:
            ValueError: the text is none.
        """
        act, _, rest = text.partition(" ")
        name, _, value = rest.partition("=")
        return cls(Act(act.removesuffix("?")), name, value, not act.endswith("?"))


GLUE = "\x1f"


@dataclass(frozen=True, slots=True)
class Script:
    """What a script's text holds."""

    mentions: tuple[str, ...]
    """Names of variables it expands, in order of first appearance."""
    steps: tuple[Step, ...]
    complete: bool
    """The whole text was looked at."""


_ASSIGNMENT = re.compile(r"([A-Za-z_][A-Za-z0-9_]*)(\+?)=(.*)", re.DOTALL)
_DEFAULT = re.compile(r"\$\{([A-Za-z_][A-Za-z0-9_]*):?=")
_OPENS = {"if": "if", "while": "loop", "until": "loop"}
_KEYWORDS = frozenset(("then", "elif", "else", "do", "!", "time"))
_CLOSERS = frozenset(("fi", "done", "esac", "}"))
_PREFIXES = frozenset(("exec", "command", "builtin", "nohup", "eval", "env"))
_DECLARES = frozenset(("export", "declare", "typeset", "readonly", "local"))
_HARMLESS = frozenset(
    (
        *("cd", "set", "umask", "ulimit", "mkdir", "chown", "chmod", "echo", "true", ":"),
        *("export", "exec", "printf", "cp", "ln", "touch", "date"),
    )
)
"""Commands whose failure is no branch that an author had in mind: `cd /app && exec java`."""
WRAPPERS = {
    **dict.fromkeys(("tini", "dumb-init", "catatonit", "setpriv", "sudo", "nice", "stdbuf"), 0),
    **dict.fromkeys(("nohup", "exec", "command", "eval", "time", "ionice"), 0),
    **dict.fromkeys(("gosu", "su-exec", "setuidgid", "s6-setuidgid", "chroot"), 1),
}
"""Programs that start another one, and how many words of their own come before it."""
_WITH_VALUE = {"tini": ("-p", "-e"), "dumb-init": ("-r", "--rewrite"), "sudo": ("-u", "-g")}


def beyond(words: tuple[str, ...], *, single: bool = False) -> int:
    """Index of the program behind the wrappers, or behind a `single` one, before a command."""
    at = 0
    while at < len(words) and (base := unquoted(words[at]).rpartition("/")[2]) in WRAPPERS:
        at += 1
        while at < len(words) and words[at].startswith("-"):
            at += 2 if words[at] in _WITH_VALUE.get(base, ()) else 1
        at += WRAPPERS[base]
        if single:
            break
    return at


def parse_script(text: str) -> Script:
    """Mentions and steps of shell text."""
    commands, complete = split_commands(text)
    words = [word for each in commands for word in each.words]
    mentions = dict.fromkeys(name for word in words for name in variables_in(word))
    return Script(tuple(mentions), tuple(_steps(commands)), complete)


@dataclass(frozen=True, slots=True)
class _Told:
    """A command without its keywords, and what stands around it."""

    words: tuple[str, ...]
    sure: bool
    function: str
    piped: bool


def _steps(commands: tuple[Command, ...]) -> Iterator[Step]:
    told = tuple(_without_keywords(commands))
    called = _called(told)
    last = _last(told)
    seen: set[Step] = set()
    for position, each in enumerate(told):
        sure = each.sure and (not each.function or each.function in called)
        for step in _of_command(replace(each, sure=sure), position in last):
            if step.act is Act.RUN and step in seen:
                continue
            seen.add(step)
            yield step


def _without_keywords(commands: tuple[Command, ...]) -> Iterator[_Told]:
    blocks: list[tuple[str, bool]] = []
    function, before_harmless = "", True
    for each in commands:
        function = each.function or function
        conditional = each.after == "||" or (each.after == "&&" and not before_harmless)
        words = each.words
        while words:
            first = words[0]
            if first in _OPENS:
                blocks.append((_OPENS[first], False))
            elif first == "function" and len(words) > 1:
                function, words = words[1], words[1:]
            elif first == "{":
                blocks.append((f"function {function}" if function else "brace", not conditional))
                function = ""
            elif first in _CLOSERS:
                if blocks:
                    blocks.pop()
                words = ()  # what follows are redirections
            elif first not in _KEYWORDS:
                break
            words = words[1:]
        if not words:
            continue
        if words[0] in ("for", "select", "case"):
            blocks.append((words[0], False))
            if words[0] != "case" and len(words) > 1:
                yield _Told((f"{words[1]}=$(loop)",), False, _innermost(blocks), False)
            before_harmless = False
            continue
        sure = not conditional and not each.nested and all(sure for _, sure in blocks)
        before_harmless = sure and (words[0] in _HARMLESS or bool(_ASSIGNMENT.fullmatch(words[0])))
        yield _Told(words, sure, _innermost(blocks), each.after == "|")


def _innermost(blocks: list[tuple[str, bool]]) -> str:
    names = (kind.removeprefix("function ") for kind, _ in reversed(blocks) if " " in kind)
    return next(names, "")


def _called(told: tuple[_Told, ...]) -> frozenset[str]:
    """Functions that are sure to be called."""
    called: set[str] = set()
    for _ in range(5):
        before = len(called)
        called.update(
            each.words[0]
            for each in told
            if each.sure and (not each.function or each.function in called)
        )
        if len(called) == before:
            break
    return frozenset(called)


def _last(told: tuple[_Told, ...]) -> frozenset[int]:
    """Positions of the commands that the script ends with: several in a pipe."""
    function = ""
    found: list[int] = []
    for _ in range(5):
        inside = [at for at, each in enumerate(told) if each.function == function]
        if not inside:
            break
        found = [inside[-1]]
        while told[found[-1]].piped and found[-1] - 1 in inside:
            found.append(found[-1] - 1)
        function = told[inside[-1]].words[0]
    return frozenset(found)


# --- one command ---------------------------------------------------------------------------


def _of_command(told: _Told, is_last: bool) -> Iterator[Step]:
    words, sure = told.words, told.sure
    is_exec, is_eval = False, False
    before: list[Step] = []
    while words:
        first = words[0]
        if first == "command" and words[1:2] in (("-v",), ("-V",)):
            break
        if first in _PREFIXES:
            is_exec, is_eval = is_exec or first == "exec", is_eval or first == "eval"
            words = words[1:]
            if first == "env":
                words, unset = _env_options(words)
                before.extend(Step(Act.UNSET, name, "", sure) for name in unset)
        elif found := _ASSIGNMENT.fullmatch(first):
            before.append(_assigned(found, sure))
            words = words[1:]
        else:
            break
    if not words:
        yield from before
        return
    is_main = is_exec or is_last
    for step in before:
        act = Act.UNSET if step.act is Act.UNSET else Act.EXPORT
        yield replace(step, act=act if is_main else Act.ONCE)
    yield from _defaults(words, sure)
    first = unquoted(words[0])
    if first in _DECLARES:
        yield from _declared(words, sure)
    elif first in ("unset", "read"):
        gone = Act.UNSET if first == "unset" else Act.LOCAL
        for word in words[1:]:
            if not word.startswith("-") and "$" not in word:
                yield Step(gone, word, "" if first == "unset" else "$(read)", sure)
    elif first == "set" and (value := _exports_all(words[1:])) is not None:
        yield Step(Act.EXPORT, "*", value, sure)
    elif first in (".", "source"):
        yield Step(Act.SOURCE, "", GLUE.join(words[1:]), sure)
    else:
        kept = words if _is_kept_whole(words, is_main) else words[: beyond(words) + 1]
        kept = ("eval", *kept) if is_eval and len(kept) > 1 else kept
        yield Step(Act.EXEC if is_main else Act.RUN, "", GLUE.join(kept), sure)


def _is_kept_whole(words: tuple[str, ...], is_main: bool) -> bool:
    """Whether the command's options matter: what it ends with, and whatever may start a JVM."""
    first = unquoted(words[0])
    if first in ("echo", "printf", "[", "[[", "test", "which", "command", "grep"):
        return False
    return is_main or first == "cd" or any("java" in word.lower() for word in words[:12])


def _assigned(found: re.Match[str], sure: bool) -> Step:
    name, more, value = found.groups()
    return Step(Act.LOCAL, name, f"${{{name}}}{value}" if more else value, sure)


def _env_options(words: tuple[str, ...]) -> tuple[tuple[str, ...], list[str]]:
    unset: list[str] = []
    while words and words[0].startswith("-"):
        option, words = words[0], words[1:]
        if option in ("-i", "-", "--ignore-environment"):
            unset.append("*")
        elif option in ("-u", "--unset") and words:
            unset.append(unquoted(words[0]))
            words = words[1:]
        elif option.startswith("--unset="):
            unset.append(option.partition("=")[2])
        elif option in ("-C", "--chdir", "-S"):
            words = words[1:] if option != "-S" else words
    return words, unset


def _exports_all(options: tuple[str, ...]) -> str | None:
    """What `set -a` and `set +a` put in force, each by its short or long name."""
    found, named_by = None, ""
    for option in options:
        if named_by:
            is_set, is_it = named_by.startswith("-"), option == "allexport"
            named_by = ""
        elif option == "--" or option[:1] not in ("-", "+"):
            break
        else:
            is_set, is_it = option.startswith("-"), "a" in option
            named_by = option if option.endswith("o") else ""
        if is_it:
            found = "a" if is_set else ""
    return found


def _declared(words: tuple[str, ...], sure: bool) -> Iterator[Step]:
    options = [word for word in words[1:] if word.startswith("-")]
    is_export = words[0] == "export" or any("x" in word for word in options)
    act = Act.EXPORT if is_export else Act.LOCAL
    for word in words[1:]:
        if found := _ASSIGNMENT.fullmatch(word):
            yield replace(_assigned(found, sure), act=act)
        elif is_export and word.lstrip('"').startswith(("$(", "`")):
            # What a command prints: `export $(cat /app/.env)`.
            yield Step(Act.EXPORT, "?", word, sure)
        elif is_export and not word.startswith("-") and "$" not in word:
            yield Step(Act.EXPORT, word, f"${{{word}}}", sure)


def _defaults(words: tuple[str, ...], sure: bool) -> Iterator[Step]:
    """`: "${NAME:=value}"` sets what was not set."""
    for word in words:
        for found in _DEFAULT.finditer(word):
            end = word.find("}", found.end())
            if end > 0:
                value = word[found.end() : end]
                yield Step(Act.LOCAL, found[1], f"${{{found[1]}:-{value}}}", sure)
