"""Reads configuration files of supervisord as the steps that it takes.

Starts nothing and expands nothing. Syntax: http://supervisord.org/configuration.html.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from configparser import Error, RawConfigParser, SectionProxy

from scanner.formats.shell_steps import Act, Script, Step, parse_script

SUPERVISORD = "supervisord"
"""The program that reads such files: what a SCRIPT fact names as their interpreter."""
_FROM_ENVIRONMENT = re.compile(r"%\(ENV_(\w{1,100})\)s")
_ASSIGNMENT = re.compile(r"""\s{0,8}(\w{1,100})\s{0,8}=\s{0,8}("[^"]*"|'[^']*'|[^,]*)(?:,|\Z)""")
_PROGRAMS = ("program:", "eventlistener:", "fcgi-program:")


def parse_supervisor(text: str) -> Script | None:
    """What a configuration sets, includes and starts; None when it is none."""
    parser = RawConfigParser(
        strict=False, allow_no_value=True, delimiters=("=", ":"), inline_comment_prefixes=(";",)
    )
    try:
        parser.read_string(text)
    except Error:
        return None
    steps = [step for name in parser.sections() for step in _section(parser[name])]
    return Script((), tuple(steps), complete=True)


def _section(section: SectionProxy) -> Iterator[Step]:
    name = section.name
    if name == "supervisord":
        yield from _variables(section, Act.EXPORT)
    elif name == "include":
        for pattern in (section.get("files") or "").split():
            yield Step(Act.SOURCE, "", pattern, sure=True)
    elif name.startswith(_PROGRAMS) and (section.get("autostart") or "true") != "false":
        yield from _variables(section, Act.ONCE)
        command = parse_script(_FROM_ENVIRONMENT.sub(r"${\1}", section.get("command") or ""))
        yield from command.steps


def _variables(section: SectionProxy, act: Act) -> Iterator[Step]:
    for found in _ASSIGNMENT.finditer(section.get("environment") or ""):
        value = _FROM_ENVIRONMENT.sub(r"${\1}", found[2].strip())
        yield Step(act, found[1], value, sure=True)
