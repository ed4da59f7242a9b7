"""Says which options reach a JVM of the image, and which security settings they name.

An option in a variable that nothing passes on reaches no JVM; this is where that is decided.
"""

from __future__ import annotations

import re
import shlex
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from scanner.facts import fact
from scanner.formats.shell_steps import WRAPPERS
from scanner.link.java_files import (
    from_files,
    java_version,
    option_files,
    reader,
    with_vm_files,
)
from scanner.link.java_passed import kept_options, with_arguments
from scanner.link.started import COMMAND, IMAGE, Launch
from scanner.link.world import World
from scanner.model import Fact, FactKind

_OF_LAUNCHER = "JDK_JAVA_OPTIONS"
JVM_READS = (_OF_LAUNCHER, "JAVA_TOOL_OPTIONS", "_JAVA_OPTIONS")
"""Variables that the launcher or the JVM itself reads; the last one listed wins."""
PASSED_ON = (
    "JAVA_OPTS",
    "JAVA_OPTIONS",
    "JAVA_ARGS",
    "JVM_OPTS",
    "JVM_ARGS",
    "JAVA_OPTS_APPEND",
    "JAVA_OPTS_ADDITIONAL",
    "CATALINA_OPTS",
    "ES_JAVA_OPTS",
    "KAFKA_OPTS",
    "SPARK_DAEMON_JAVA_OPTS",
    "MAVEN_OPTS",
    "GRADLE_OPTS",
    "JENKINS_OPTS",
    "JENKINS_JAVA_OPTS",
)
"""Variables that only a start script can bring to a JVM."""
_OPTION_NAMES = ("_OPTS", "_OPTIONS", "_ARGS")
"""Ends of the names that build tools make of an application's name: `BILLING_OPTS`."""
_OPENJ9 = ("OPENJ9_JAVA_OPTIONS", "IBM_JAVA_OPTIONS")
_SECURITY = "-Djava.security.properties="
_WITH_VALUE = frozenset(
    (
        *("-cp", "-classpath", "--class-path", "-p", "--module-path", "--add-modules"),
        *("--add-opens", "--add-exports", "--add-reads", "--upgrade-module-path", "--source"),
        *("--patch-module", "--limit-modules", "--enable-native-access"),
    )
)
_ONLY_TELLS = frozenset(("-version", "--version", "-help", "--help", "-h", "-?", "--list-modules"))
# What start scripts call the launcher when its path is put together: "$JAVA_HOME/bin/java",
# "$JAVACMD", "${_RUNJAVA}".
_JAVA = re.compile(
    r"""(?:^|.*/)java["'\\]*|[\\"']*\$\{?_?(?:RUN_?)?JAVA_?(?:CMD|BIN|EXE|PROG|COMMAND)?\}?[\\"']*""",
    re.IGNORECASE,
)
Read = Callable[[str], "tuple[str, ...] | None"]
"""The options in an option file by its name; None where they are not known."""
_BEFORE_JAVA = frozenset((*WRAPPERS, "set", "--", "env"))
_MAX_BEFORE = 12


@dataclass(frozen=True, slots=True)
class JvmOptions:
    """What one start of a JVM is given, in the order in which the JVM takes it."""

    options: tuple[str, ...] = ()
    security_file: str = ""
    """As resolved in the image, or `""`."""
    named_file: str = ""
    """As the option names it, or `""`."""
    replaces: bool = False
    untold: str = ""
    """Why there may be more options than these, or `""`."""
    launch: Launch | None = None
    """The command line, where one is known."""

    def property(self, name: str) -> str | None:
        """Value of `-Dname=…`, the last one; `""` for a bare `-Dname`; None without one."""
        for option in reversed(self.options):
            if option == f"-D{name}":
                return ""
            if option.startswith(f"-D{name}="):
                return option.partition("=")[2]
        return None


# --- command lines -------------------------------------------------------------------------


def java_launches(world: World) -> Iterator[tuple[Launch, int]]:
    """The command lines that start a JVM to run something, and where `java` stands in each."""
    for found in world.start.launches:
        at = _java_in(found)
        if at is None:
            continue
        launch = with_arguments(world, found, at)
        options, _told = options_of_line(launch.words[at + 1 :])
        if _ONLY_TELLS.isdisjoint(options):
            yield launch, at


def _java_in(launch: Launch) -> int | None:
    for at, word in enumerate(launch.words[:_MAX_BEFORE]):
        raw = launch.raw[at] if at < len(launch.raw) and not word else ""
        if (word and _JAVA.fullmatch(word)) or (raw and _JAVA.fullmatch(raw)):
            before = launch.words[:at]
            first = (before[0] or "").rpartition("/")[2] if before else ""
            if first == "command" and "-v" in before:  # only asks where it is
                return None
            # The words of an image's command are no text in which `java` may only be spoken of.
            is_start = not before or before[0] is None or first in _BEFORE_JAVA
            return at if is_start or launch.raw == launch.words else None
    return None


def options_of_line(
    words: tuple[str | None, ...], read: Read | None = None
) -> tuple[tuple[str, ...], bool]:
    """Options up to the main class, it or `-jar` and its file last; and whether all are told.

    Args:
        words: of the command line, behind `java`.
        read: gives the options in the file that an `@FILE` names.
    """
    found: list[str] = []
    at = plain = 0
    while at < len(words):
        word = words[at]
        if word and word[0] == "@" and at >= plain:
            more = read(word[1:]) if read is not None else None
            if more is None:
                return tuple(found), False
            words = (*words[:at], *more, *words[at + 1 :])
            plain = at + len(more)  # what such a file names is not followed
            continue
        if word is None:
            return tuple(found), False
        found.append(word)
        if word in _WITH_VALUE or word in ("-jar", "-m", "--module"):
            value = words[at + 1] if at + 1 < len(words) else ""
            if value is None or value.startswith("@"):
                return tuple(found[:-1]), False
            found.append(value)
            at += 1
        if not word.startswith("-") or word in ("-jar", "-m", "--module"):
            break
        at += 1
    return tuple(found), True


# --- what reaches a JVM --------------------------------------------------------------------


def option_facts(world: World) -> tuple[Fact, ...]:
    """JVM_OPTIONS facts: one for each variable that is set, and for each command line."""
    launches = tuple(java_launches(world))
    facts: list[Fact] = []
    for name, setting in world.start.variables.items():
        reaches = _reaches(world, name, launches)
        if reaches:
            where = name if setting.source == IMAGE else f"{setting.source}: {name}"
            reaches = "unknown" if setting.value is None else reaches
            facts.append(_fact(world, where, reaches, _split(setting.value or "")))
            if setting.source != IMAGE and (own := world.config.env_get(name)) is not None:
                # A script that adds to what the image says mostly passes that on, too.
                is_kept = set(own.split()) <= set(kept_options(world, name))
                passed = _reaches(world, name, launches) if is_kept else "unknown"
                passed = reaches if reaches == "no" else passed
                facts.append(_fact(world, name, passed, _split(own)))
    for launch, at in launches:
        options, told = options_of_line(launch.words[at + 1 :], reader(world, launch.folder))
        where = "command" if launch.source == COMMAND else f"{launch.source}: java"
        dashed = tuple(each for each in options if each.startswith("-"))
        reaches = "yes" if told or dashed else "unknown"
        facts.append(_fact(world, where, reaches, options, launch.folder))
    facts.extend(
        _fact(world, file.path, "script" if file.is_read else "no", file.options)
        for file in option_files(world)
    )
    return tuple(each for at, each in enumerate(facts) if each not in facts[:at])


def options_in_effect(world: World) -> tuple[JvmOptions, ...]:
    """One for each different start of a JVM; where none is known, what any start would take."""
    launches = tuple(java_launches(world))
    if not launches:
        return (_in_effect(world, None, 0),)
    found: dict[object, JvmOptions] = {}
    for launch, at in launches:
        each = _in_effect(world, launch, at)
        found.setdefault((each.options, each.untold, launch.folder), each)
    return tuple(found.values())


def _in_effect(world: World, launch: Launch | None, at: int) -> JvmOptions:
    variables = launch.variables if launch else world.start.variables
    is_openj9 = any(each.flag("openj9") for each in world.facts.of(FactKind.JAVA_RUNTIME))
    untold = ""

    def given(name: str) -> tuple[str, ...]:
        nonlocal untold
        setting = variables.get(name)
        if setting is None:
            return ()
        if setting.value is None:
            untold = untold or f"{name} is put together in {setting.source}"
            return kept_options(world, name)
        return _split(setting.value)

    read = reader(world, launch.folder if launch else "")
    line, told = options_of_line(launch.words[at + 1 :], read) if launch else ((), True)
    if launch and not told:
        # It may be cut off before words that are known all the same.
        line = (*passed_on(world, launch), *line)
    # The launcher puts its own variable first on the line; the JVM takes JAVA_TOOL_OPTIONS
    # before the line and _JAVA_OPTIONS after it.
    own = tuple(each for name in _OPENJ9 if is_openj9 for each in given(name))
    launcher = options_of_line(given(_OF_LAUNCHER), read)[0] if _launcher_reads(world) else ()
    options = (
        *(*own, *given("JAVA_TOOL_OPTIONS"), *launcher),
        *(*from_files(world, launch), *line, *given("_JAVA_OPTIONS")),
    )
    options = with_vm_files(options, read)
    if launch and not told:
        untold = untold or f"the options of java are put together in {launch.source}"
    named, resolved, replaces = _security_file(world, options, launch.folder if launch else None)
    return JvmOptions(options, resolved, named, replaces, untold, launch)


def _launcher_reads(world: World) -> bool:
    """Whether the launcher reads its variable, as that of Java 9 and later does."""
    return not 0 < java_version(world) < 9


def _reaches(world: World, name: str, launches: tuple[tuple[Launch, int], ...]) -> str:
    """`yes`, `script`, `unknown`, `no`, or `""` for a variable that is nothing to a JVM."""
    if name == _OF_LAUNCHER and not _launcher_reads(world):
        return "no"
    if name in JVM_READS:
        return "yes"
    if name in _OPENJ9:
        is_openj9 = any(each.flag("openj9") for each in world.facts.of(FactKind.JAVA_RUNTIME))
        return "yes" if is_openj9 else ""
    if name not in PASSED_ON:
        return ""
    if any(name in launch.mentions for launch, _ in launches):
        return "script"
    if any(name in script.texts("mentions") for script in world.start.scripts):
        # A line that is put together may take it up on ways that the text does not show.
        told = [options_of_line(each.words[at + 1 :])[1] for each, at in launches]
        return "no" if told and all(told) else "unknown"
    return "no"


def passed_on(world: World, launch: Launch) -> tuple[str, ...]:
    """What certainly goes into a command line through variables that only scripts pass on."""
    found: list[str] = []
    for name in sorted(launch.mentions):
        if name in JVM_READS or not (name in PASSED_ON or name.endswith(_OPTION_NAMES)):
            continue
        if (setting := launch.variables.get(name)) is not None:
            kept = kept_options(world, name)
            found.extend(kept if setting.value is None else _split(setting.value))
    return tuple(found)


def _security_file(
    world: World, options: tuple[str, ...], folder: str | None
) -> tuple[str, str, bool]:
    """The overlay as named and as resolved in the image, and whether it replaces."""
    named = next((each for each in reversed(options) if each.startswith(_SECURITY)), "")
    path = named.removeprefix(_SECURITY)
    replaces = path.startswith("=")
    path = path.removeprefix("=").removeprefix("file://").removeprefix("file:")
    if path and not path.startswith("/"):
        path = f"{folder or world.config.working_dir or ''}/{path}"
    return path, (world.view.resolve(path) or "") if path else "", replaces


def _fact(
    world: World, source: str, reaches: str, options: tuple[str, ...], folder: str | None = None
) -> Fact:
    named, resolved, replaces = _security_file(world, options, folder)
    return fact(
        FactKind.JVM_OPTIONS,
        source=source,
        reaches_jvm=reaches,
        options=options,
        security_file=resolved or named,
        security_file_found=bool(resolved),
        replaces=replaces,
        evidence=(f"{source}={' '.join(options)}"[:300],),
    )


def _split(value: str) -> tuple[str, ...]:
    try:
        return tuple(shlex.split(value))
    except ValueError:
        return tuple(value.split())
