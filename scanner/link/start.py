"""States how a container of the image starts: its command, its environment, its user.

Only what the image configuration and the file tree say; nothing is run.
"""

from __future__ import annotations

import re

from scanner.facts import fact
from scanner.image.view import ImageView
from scanner.link.world import Linked, World
from scanner.model import Fact, FactKind, FileKind, ImageConfig

DEFAULT_PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
"""What an engine sets when the image sets no PATH (moby, `system.DefaultPathEnv`)."""

SHELLS = frozenset({"sh", "bash", "dash", "ash", "zsh", "ksh"})
WRAPPERS = frozenset(
    {"tini", "dumb-init", "catatonit", "env", "exec", "su-exec", "gosu", "setpriv"}
)

_MAX_STARTED = 500
"""Programs that one command may lead to; real ones lead to a few dozen."""


def link(world: World) -> Linked:
    """ENV and COMMAND facts of the image configuration."""
    facts: list[Fact] = [
        fact(FactKind.ENV, name=name, value=value) for name, value in dict(world.config.env).items()
    ]
    argv = world.config.command
    if argv:
        facts.append(
            fact(
                FactKind.COMMAND,
                argv=argv,
                program=find_program(argv[0], world.view, world.config) or "",
                user=world.config.user,
                evidence=(" ".join(argv),),
            )
        )
    return Linked(tuple(facts))


def find_program(name: str, view: ImageView, config: ImageConfig) -> str | None:
    """The file that an engine would execute for `name`, or None when the image has none.

    Looks where `execvp` would: through PATH for a bare name, from the working directory for a
    relative one.
    """
    if "/" in name:
        absolute = name if name.startswith("/") else f"{config.working_dir or '/'}/{name}"
        return _executable(absolute, view)
    search = config.env_get("PATH")
    for folder in (DEFAULT_PATH if search is None else search).split(":"):
        found = _executable(f"{folder or config.working_dir or '/'}/{name}", view)
        if found is not None:
            return found
    return None


def _executable(path: str, view: ImageView) -> str | None:
    resolved = view.resolve(path)
    if resolved is None:
        return None
    entry = view.entry(resolved)
    is_file = entry is not None and entry.kind in (FileKind.FILE, FileKind.HARDLINK)
    return resolved if is_file and entry is not None and entry.executable else None


def words_of_command(config: ImageConfig) -> tuple[str, ...]:
    """Every word of the command that may name a program.

    That is the first one, what wrappers start, and the words of a `sh -c` line.
    """
    words: list[str] = []
    argv = config.command
    for position, word in enumerate(argv):
        base = word.rsplit("/", 1)[-1]
        before = argv[position - 1].rsplit("/", 1)[-1] if position else ""
        if position == 0 or before in WRAPPERS or base in SHELLS | WRAPPERS:
            words.append(word)
        elif before == "-c" or before == "--":
            words.extend(word.split())
    return tuple(dict.fromkeys(words))


def started_programs(world: World) -> frozenset[str]:
    """What the image's command names, and what the scripts that it starts name in turn."""
    started: set[str] = set()
    todo = list(words_of_command(world.config))
    while todo:
        program = find_program(todo.pop(), world.view, world.config)
        if program is None or program in started:
            continue
        started.add(program)
        script = world.facts.one(FactKind.SCRIPT, program)
        if script is not None and len(started) < _MAX_STARTED:
            todo.extend(script.texts("runs"))
    return frozenset(started)


def set_at_start(name: str, world: World) -> tuple[tuple[str, str], ...]:
    """Every value that variable `name` is given on the way to the program, and where.

    First the image's environment, then start scripts, then the command itself: a later one
    wins, where it is reached at all. A value from a script is as written, `$` included.
    """
    found: list[tuple[str, str]] = []
    value = world.config.env_get(name)
    if value is not None:
        found.append((value, "the image's environment"))
    for path in sorted(started_programs(world)):
        script = world.facts.one(FactKind.SCRIPT, path)
        for each in script.texts("exports") if script else ():
            key, separator, text = each.partition("=")
            if separator and key == name:
                found.append((text, path))
    given = re.compile(rf"(?:^|[\s;&|(]){re.escape(name)}=(\"[^\"]*\"|'[^']*'|[^\s;&|)]*)")
    for word in world.config.command:
        found.extend((each.strip("\"'"), "the image's command") for each in given.findall(word))
    return tuple(found)
