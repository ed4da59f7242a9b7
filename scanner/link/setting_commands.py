"""States settings of servers that stand in the command or the environment, and in no file.

Only what the image's start makes certain.
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import pairwise

from scanner.facts import fact
from scanner.formats.config_model import Directive
from scanner.link.setting_files import program_at
from scanner.link.started import Launch
from scanner.link.world import World
from scanner.model import Fact, FactKind
from scanner.rules_servers import ServerRule, any_of
from scanner.server_settings import consequence, judge, values_of


def command_settings(rule: ServerRule, program: str, world: World) -> Iterator[Fact]:
    """SETTING_IN_EFFECT facts of the options and variables with which the image starts it."""
    if not any(each.flags or each.variables for each in rule.directives):
        return
    names = any_of(rule.programs)
    told: set[tuple[str, str]] = set()
    for launch in world.start.launches:
        at = program_at(launch, names)
        if at is None:
            continue
        for entry, (name, value) in _given(rule, launch, at):
            directive = rule.directives[entry]
            values = values_of(tuple(value.split()), directive)
            if not values or (name, value) in told:
                continue
            told.add((name, value))
            found = judge(directive, entry, Directive(name, values, 0), values, world.rules)
            where = launch.source if launch.source.startswith("/") else ""
            advice = directive.advice if found.unapproved else ""
            said = consequence(found.unapproved, advice)
            yield fact(
                FactKind.SETTING_IN_EFFECT,
                where,
                evidence=(f"{where or 'command'}: {name} {value}{said}",),
                software=rule.id,
                program=program,
                directive=name,
                value=value,
                line=0,
                block="",
                topic=directive.topic,
                state=found.state,
                algorithms=found.allowed.names,
                unapproved=found.unapproved,
                unknown=found.allowed.unknown,
                only_unapproved=found.only_unapproved,
                refused=found.refused,
                advice=directive.advice,
                reached="started",
                written=True,
            )


def _given(rule: ServerRule, launch: Launch, at: int) -> Iterator[tuple[int, tuple[str, str]]]:
    """Which directive is given which value, and the name under which it is."""
    for entry, directive in enumerate(rule.directives):
        for flag in directive.flags:
            yield from ((entry, (flag, value)) for value in _values(flag, launch.words[at + 1 :]))
        for name in directive.variables:
            setting = launch.variables.get(name)
            if setting is not None and setting.value:
                yield entry, (name, setting.value)


def _values(flag: str, words: tuple[str | None, ...]) -> Iterator[str]:
    """Values of `--flag value`, `--flag=value`, and `-c name=value` where `flag` is `-c name`."""
    option, _, name = flag.partition(" ")
    for word, after in pairwise((*words, None)):
        if word is None:
            continue
        if name:
            given = after if word == option else word[len(option) :] if option in word[:2] else None
            if given is not None and given.startswith(f"{name}="):
                yield given[len(name) + 1 :]
        elif word == option and after is not None:
            yield after
        elif word.startswith(f"{option}="):
            yield word[len(option) + 1 :]
