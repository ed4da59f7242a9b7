"""Follows how a container of the image starts: which programs, with which environment.

Reads the command and the start scripts that it leads to, in one walk. Runs nothing; what stands
under a condition, or is put together while the container runs, is told as not known.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from scanner.formats.shell import unquoted, variables_in
from scanner.formats.shell_expand import expand
from scanner.formats.shell_steps import WRAPPERS, Act, Step, beyond, parse_script
from scanner.image.view import ImageView
from scanner.link.programs import file_at, find_program
from scanner.link.started import COMMAND, DECIDING, IMAGE, Launch, Setting, Start
from scanner.link.supervisors import services
from scanner.model import Fact, FactKind, ImageConfig

if TYPE_CHECKING:
    from scanner.link.world import FactIndex

_SHELLS = frozenset({"sh", "bash", "dash", "ash", "zsh", "ksh"})
_ARGUMENTS = frozenset({'"$@"', "$@", "$*", '"$*"', '"${@}"', "${@}"})
_MAX_STARTED = 500
"""Programs that one command may lead to; real ones lead to a few dozen."""
_MAX_STEPS = 50_000
_MAX_DEPTH = 20
_MAX_LAUNCHES = 500


def follow(facts: FactIndex, view: ImageView, config: ImageConfig) -> Start:
    """The start of a container with this configuration and these scripts."""
    walk = _Walk(facts, view, config)
    walk.command(config.command, COMMAND, sure=True, depth=0)
    return Start(
        frozenset(walk.programs),
        tuple(walk.scripts.values()),
        walk.variables,
        tuple(walk.launches),
        tuple(walk.unread.items()),
    )


class _Scope:
    """What one shell knows besides the environment."""

    def __init__(self, source: str, arguments: tuple[str, ...] | None, folder: str) -> None:
        self.source = source
        self.arguments = arguments
        self.folder = folder
        self.own: dict[str, str | None] = {}


class _Walk:
    """Goes through the command and the scripts in the order in which a shell would."""

    def __init__(self, facts: FactIndex, view: ImageView, config: ImageConfig) -> None:
        self._facts = facts
        self._view = view
        self._config = config
        self._steps = 0
        self._made_of: dict[str, frozenset[str]] = {}
        self._exports_all = False
        self.programs: set[str] = set()
        self.scripts: dict[str, Fact] = {}
        self.variables = {name: Setting(value, IMAGE) for name, value in config.env}
        self.launches: list[Launch] = []
        self.unread: dict[str, str] = {}

    # --- commands --------------------------------------------------------------------------

    def command(self, argv: tuple[str, ...], source: str, *, sure: bool, depth: int) -> None:
        """A command whose words are known: the image's own, or a script's arguments."""
        folder = self._config.working_dir or "/"
        scope = _Scope(source, None, folder)
        at = 0
        while at < len(argv):
            word, base = argv[at], argv[at].rpartition("/")[2]
            program = self._program(word)
            if base == "env":
                at = self._env(argv, at + 1, scope, sure)
            elif base == "busybox":  # the next word is what it works as
                at += 1
            elif base in WRAPPERS:
                at += max(1, beyond(argv[at:], single=True))
            elif base in _SHELLS:
                self._shell(argv[at + 1 :], source, sure, depth)
                return
            else:
                script = self._facts.one(FactKind.SCRIPT, program) if program else None
                if script is not None:
                    self._script(script, argv[at + 1 :], sure, depth + 1)
                else:
                    self._launch(argv[at:], argv[at:], frozenset(), scope)
                self._services(base, argv[at + 1 :], sure, depth)
                return

    def _env(self, argv: tuple[str, ...], at: int, scope: _Scope, sure: bool) -> int:
        while at < len(argv):
            word = argv[at]
            name, equals, value = word.partition("=")
            if word in ("-i", "-", "--ignore-environment"):
                self._unset("*", scope, sure)
            elif word in ("-u", "--unset"):
                at += 1
                self._unset(argv[at] if at < len(argv) else "", scope, sure)
            elif word.startswith("--unset="):
                self._unset(value, scope, sure)
            elif not word.startswith("-"):
                if not equals:
                    break
                self._export(name, value, scope, sure)
            at += 1
        return at

    def _shell(self, words: tuple[str, ...], source: str, sure: bool, depth: int) -> None:
        at = 0
        while at < len(words) and words[at].startswith(("-", "+")):
            is_text = not words[at].startswith("--") and words[at].endswith("c")
            at += 2 if words[at] in ("-o", "+o", "--rcfile") else 1
            if is_text:
                break
        else:
            if at < len(words) and (path := self._path(words[at], self._config.working_dir or "/")):
                self._read(path, words[at + 1 :], sure, depth)
            return
        if at < len(words):
            text = parse_script(words[at])
            if not text.complete:
                self.unread[source] = "its command is too long"
            scope = _Scope(source, words[at + 2 :], self._config.working_dir or "/")
            self._run(text.steps, scope, sure, depth + 1)

    def _read(self, path: str, arguments: tuple[str, ...], sure: bool, depth: int) -> None:
        """A script that a shell is given, whatever its permissions."""
        script = self._facts.one(FactKind.SCRIPT, path)
        if script is None:
            self.unread.setdefault(path, "a shell is told to read it, and nothing marks it as one")
            return
        self.programs.add(path)
        self._script(script, arguments, sure, depth + 1)

    def _program(self, name: str) -> str | None:
        program = find_program(name, self._view, self._config)
        if program is not None and len(self.programs) < _MAX_STARTED:
            self.programs.add(program)
        return program

    # --- scripts ---------------------------------------------------------------------------

    def _script(
        self, script: Fact, arguments: tuple[str, ...] | None, sure: bool, depth: int
    ) -> None:
        if self._enter(script, depth):
            scope = _Scope(script.path, arguments, self._config.working_dir or "/")
            self._run(_steps_of(script), scope, sure, depth)

    def _enter(self, script: Fact, depth: int) -> bool:
        if script.text("unread"):
            self.unread.setdefault(script.path, script.text("unread"))
        is_new = script.path not in self.scripts
        if is_new and (depth > _MAX_DEPTH or len(self.scripts) >= _MAX_STARTED):
            self.unread.setdefault(script.path, "too many scripts lead to it")
            return False
        self.scripts.setdefault(script.path, script)
        return is_new

    def _run(self, steps: tuple[Step, ...], scope: _Scope, sure: bool, depth: int) -> None:
        for step in steps:
            self._steps += 1
            if self._steps > _MAX_STEPS:
                self.unread.setdefault(scope.source, "the start scripts are too long together")
                return
            self._take(step, scope, sure and step.sure, depth)

    def _take(self, step: Step, scope: _Scope, sure: bool, depth: int) -> None:
        if step.act is Act.UNSET:
            self._unset(step.name, scope, sure)
        elif step.act is Act.LOCAL:
            self._assign(step, scope, sure)
        elif step.act is Act.EXPORT and step.name == "*":
            self._exports_all = bool(step.value)
        elif step.act is Act.EXPORT and step.name == "?":
            self.variables.update(dict.fromkeys(DECIDING, Setting(None, scope.source)))
        elif step.act in (Act.EXPORT, Act.ONCE):
            is_known = step.name in self.variables or step.name in scope.own
            if is_known or step.value != f"${{{step.name}}}":
                value = self._expand(step, scope)
                self._export(step.name, value, scope, sure and step.act is Act.EXPORT)
        elif step.act is Act.SOURCE:
            self._source(step.words, scope, sure, depth)
        else:
            self._start(step, scope, sure, depth)

    def _source(self, words: tuple[str, ...], scope: _Scope, sure: bool, depth: int) -> None:
        """What `.` reads in; a name that cannot be told is taken for the neighbors'."""
        name = self._word(words[0], scope) if words else None
        if name is None:
            self._neighbors(scope, depth, sourced=True)
            return
        path = self._path(name, scope.folder)
        if path is None:
            return
        script = self._facts.one(FactKind.SCRIPT, path)
        if script is None:
            self.unread.setdefault(path, f"{scope.source} reads it in")
        elif self._enter(script, depth + 1):
            inner = _Scope(path, scope.arguments, scope.folder)
            inner.own = scope.own
            self._run(_steps_of(script), inner, sure, depth + 1)

    def _start(self, step: Step, scope: _Scope, sure: bool, depth: int) -> None:
        raw = step.words
        at = beyond(raw)
        if raw[at : at + 1] and raw[at] in _ARGUMENTS:
            if scope.arguments:
                is_main = sure and step.act is Act.EXEC
                self.command(scope.arguments, scope.source, sure=is_main, depth=depth + 1)
            return
        for word in raw[:at]:
            self._program(unquoted(word))
        if at >= len(raw):
            return
        if unquoted(raw[at]) == "cd":
            self._change_folder(raw[at + 1 :], scope, sure)
            return
        if unquoted(raw[at]).rpartition("/")[2] == "env":
            told = tuple(self._word(each, scope) or "$" for each in raw)
            at = self._env(told, at + 1, scope, sure and step.act is Act.EXEC)
        name = self._word(raw[at], scope) if at < len(raw) else ""
        program = self._program(name) if name else None
        script = self._facts.one(FactKind.SCRIPT, program) if program else None
        is_main = sure and step.act is Act.EXEC
        if script is not None:
            self._script(script, None, is_main, depth + 1)
        elif name is None:
            self._neighbors(scope, depth, sourced=False)
        self._launch_raw(raw, scope)
        base = name.rpartition("/")[2] if name else ""
        self._services(base, [self._word(each, scope) for each in raw[at + 1 :]], is_main, depth)

    def _services(self, base: str, words: Sequence[str | None], sure: bool, depth: int) -> None:
        """What a supervisor starts, each with the environment that it has itself."""
        for each in services(base, words, self._facts):
            self._script(each, None, sure, depth + 1)

    def _change_folder(self, words: tuple[str, ...], scope: _Scope, sure: bool) -> None:
        target = self._word(words[0], scope) if words else None
        if not sure or not target or (not target.startswith("/") and not scope.folder):
            scope.folder = ""
        else:
            scope.folder = target if target.startswith("/") else f"{scope.folder}/{target}"

    def _neighbors(self, scope: _Scope, depth: int, *, sourced: bool) -> None:
        """Scripts beside one that runs something unknown (`$CATALINA_HOME/bin/catalina.sh`)."""
        if not scope.source.startswith("/"):
            return
        for each in self._view.children(scope.source.rpartition("/")[0] or "/"):
            script = self._facts.one(FactKind.SCRIPT, each)
            if script is not None and self._enter(script, depth + 1):
                self.programs.update(() if sourced else (each,))
                inner = _Scope(each, None, scope.folder)
                inner.own = scope.own if sourced else {}
                self._run(_steps_of(script), inner, False, depth + 1)

    # --- variables -------------------------------------------------------------------------

    def _values(self, scope: _Scope) -> dict[str, str | None]:
        return {name: each.value for name, each in self.variables.items()} | scope.own

    def _word(self, raw: str, scope: _Scope) -> str | None:
        return expand(raw, self._values(scope)) if _has_special(raw) else raw

    def _expand(self, step: Step, scope: _Scope) -> str | None:
        names = variables_in(step.value)
        inner = (self._made_of.get(name, frozenset()) for name in names)
        made_of = frozenset(names).union(*inner) - {step.name}
        if made_of or step.name not in names:
            already = self._made_of.get(step.name, frozenset())
            self._made_of[step.name] = made_of | (already if step.name in names else frozenset())
        if not _has_special(step.value):
            return step.value
        # A variable that nobody sets is a knob for whoever runs the image: what is handed on to
        # programs is then not known. `X=/lib:$X` is no such case.
        unset = None if step.act is not Act.LOCAL else ""
        return expand(step.value, {step.name: "", **self._values(scope)}, unset=unset)

    def _assign(self, step: Step, scope: _Scope, sure: bool) -> None:
        value = self._expand(step, scope)
        if self._exports_all or step.name in self.variables:
            self._export(step.name, value, scope, sure)
            return
        if not sure and value != scope.own.get(step.name):
            value = None
        scope.own[step.name] = value

    def _export(self, name: str, value: str | None, scope: _Scope, sure: bool) -> None:
        standing = self.variables.get(name)
        if not sure and standing is not None and standing.value == value:
            return
        scope.own.pop(name, None)
        self.variables[name] = Setting(value if sure else None, scope.source)

    def _unset(self, name: str, scope: _Scope, sure: bool) -> None:
        for each in list(self.variables) if name == "*" else [name]:
            if not sure and each in self.variables:
                self.variables[each] = Setting(None, scope.source)
            elif sure:
                self.variables.pop(each, None)
                scope.own.pop(each, None)

    # --- launches --------------------------------------------------------------------------

    def _path(self, name: str, folder: str) -> str | None:
        if name.startswith("/"):
            return file_at(name, self._view)
        return file_at(f"{folder}/{name}", self._view) if folder else None

    def _launch_raw(self, raw: tuple[str, ...], scope: _Scope) -> None:
        is_eval = raw[:1] == ("eval",)
        raw = raw[1:] if is_eval else raw
        values = self._values(scope)
        words: list[str | None] = []
        names: set[str] = set()
        for each in raw:
            if each in _ARGUMENTS and scope.arguments is not None:
                words.extend(scope.arguments)
                continue
            names.update(variables_in(each))
            told = expand(each, values) if _has_special(each) else each
            if told is None:
                words.append(None)
            elif is_eval:
                # What is left of the quotes is for the second reading.
                plain = told.replace('"', "").replace("'", "").replace("\\", "")
                words.extend(plain.split() or ([] if words else [""]))
            else:
                words.extend([told] if each.startswith(("'", '"')) else told.split())
        inner = (self._made_of.get(name, frozenset()) for name in names)
        self._launch(tuple(words), raw, frozenset(names).union(*inner), scope)

    def _launch(
        self,
        words: tuple[str | None, ...],
        raw: tuple[str, ...],
        mentions: frozenset[str],
        scope: _Scope,
    ) -> None:
        if len(self.launches) < _MAX_LAUNCHES and words:
            self.launches.append(
                Launch(scope.source, words, raw, mentions, scope.folder, dict(self.variables))
            )


def _has_special(raw: str) -> bool:
    return any(char in raw for char in "$`'\"\\")


def _steps_of(script: Fact) -> tuple[Step, ...]:
    return tuple(Step.parse(each) for each in script.texts("steps"))
