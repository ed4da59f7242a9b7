"""Says which options in a variable reach a JVM although scripts add to it what cannot be told.

Counts only what no script on the way takes out again; a condition that may do so counts as done.
"""

from __future__ import annotations

from dataclasses import replace

from scanner.formats.shell import unquoted, variables_in
from scanner.formats.shell_steps import Act, Step
from scanner.link.started import Launch
from scanner.link.world import World
from scanner.model import Fact

_SETS = frozenset((Act.EXPORT, Act.LOCAL))
_STARTS = frozenset((Act.SOURCE, Act.EXEC, Act.RUN))
_ARGUMENTS = frozenset(('"$@"', "$@"))
_SPECIAL = frozenset("$`\\'\"")


def kept_options(world: World, name: str) -> tuple[str, ...]:
    """The options that variable `name` holds in any case: the image's, and what scripts add."""
    known = (world.config.env_get(name) or "").split()
    for script in _on_the_way(world):
        for step in map(Step.parse, script.texts("steps")):
            if step.name != name or step.act not in _SETS:
                continue
            added = _plain_options(step.value) if step.sure else []
            known = [*known, *added] if name in variables_in(step.value) else added
    return tuple(each for each in known if each.startswith("-"))


def with_arguments(world: World, launch: Launch, at: int) -> Launch:
    """`launch`, with what its script put into `"$@"` before, as Gradle's start scripts do it.

    Args:
        world: the image.
        launch: a command line.
        at: where the program stands in it.
    """
    if len(launch.raw) != at + 2 or launch.raw[-1] not in _ARGUMENTS:
        return launch
    made = [e for e in world.start.launches if e.source == launch.source and _sets_arguments(e)]
    if not made:
        return launch
    words = made[-1].words[2:] if made[-1].raw[0] == "set" else (None,)
    mentions = launch.mentions.union(*(each.mentions for each in made))
    return replace(launch, words=(*launch.words[: at + 1], *words), mentions=mentions)


def _sets_arguments(launch: Launch) -> bool:
    return launch.raw[:2] == ("set", "--") or launch.raw[0].startswith('"set -- ')


def _plain_options(value: str) -> list[str]:
    words = unquoted(value).split()
    return [each for each in words if each.startswith("-") and _SPECIAL.isdisjoint(each)]


def _on_the_way(world: World) -> list[Fact]:
    """The scripts that the command or another script names; not those that only lie beside."""
    named = {each.rpartition("/")[2] for each in world.config.command}
    for script in world.start.scripts:
        for step in map(Step.parse, script.texts("steps")):
            if step.act in _STARTS:
                named.update(each.strip("\"'").rpartition("/")[2] for each in step.words)
    return [each for each in world.start.scripts if each.path.rpartition("/")[2] in named]
