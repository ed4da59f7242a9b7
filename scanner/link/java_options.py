"""Says which options reach a JVM of the image, and which security settings they name.

An option in a variable that nothing passes on reaches no JVM; this is where that is decided.
"""

from __future__ import annotations

import shlex
from collections.abc import Iterable
from dataclasses import dataclass

from scanner.facts import fact
from scanner.link.start import find_program, words_of_command
from scanner.link.world import World
from scanner.model import Fact, FactKind

JVM_READS = ("JDK_JAVA_OPTIONS", "JAVA_TOOL_OPTIONS", "_JAVA_OPTIONS")
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
_OPENJ9 = ("OPENJ9_JAVA_OPTIONS", "IBM_JAVA_OPTIONS")
_SECURITY = "-Djava.security.properties="
_MAX_SCRIPTS = 200


@dataclass(frozen=True, slots=True)
class JvmOptions:
    """The options in effect: what reaches the JVM, later ones winning."""

    options: tuple[str, ...]
    security_file: str
    """As resolved in the image, or `""`."""
    named_file: str
    """As the option names it, or `""`."""
    replaces: bool

    def property(self, name: str) -> str | None:
        """Value of `-Dname=…`, the last one; `""` for a bare `-Dname`; None without one."""
        for option in reversed(self.options):
            if option == f"-D{name}":
                return ""
            if option.startswith(f"-D{name}="):
                return option.partition("=")[2]
        return None


def option_facts(world: World) -> tuple[Fact, ...]:
    """JVM_OPTIONS facts: one for each variable that is set, script that sets one, and command."""
    scripts = _start_scripts(world)
    mentioned = {name for script in scripts for name in script.texts("mentions")}
    mentioned.update(_mentioned_in_command(world))
    is_openj9 = any(each.flag("openj9") for each in world.facts.of(FactKind.JAVA_RUNTIME))
    facts: list[Fact] = []
    for name, value in dict(world.config.env).items():
        reaches = _reaches(name, mentioned, is_openj9=is_openj9)
        if reaches:
            facts.append(_fact(world, name, reaches, _split(value)))
    for script in scripts:
        for setting in script.texts("exports"):
            name, _, value = setting.partition("=")
            reaches = _reaches(name, mentioned, is_openj9=is_openj9)
            if reaches:
                facts.append(_fact(world, f"{script.path}: {name}", reaches, _split(value)))
    argv = world.config.command
    if (command := _java_arguments(argv)) is not None:
        facts.append(_fact(world, "command", "yes", command))
    return tuple(facts)


def options_in_effect(facts: Iterable[Fact]) -> JvmOptions:
    """What the facts add up to for a JVM that the image's command starts."""
    reaching = [each for each in facts if each.text("reaches_jvm") != "no"]
    reaching.sort(key=_precedence)
    options = tuple(option for each in reaching for option in each.texts("options"))
    overlay = next((each for each in reversed(reaching) if each.text("security_file")), None)
    if overlay is None:
        return JvmOptions(options, "", "", replaces=False)
    named = overlay.text("security_file")
    found = named if overlay.flag("security_file_found") else ""
    return JvmOptions(options, found, named, overlay.flag("replaces"))


def _precedence(each: Fact) -> int:
    # The launcher puts its variable first, the JVM reads JAVA_TOOL_OPTIONS before the command
    # line and _JAVA_OPTIONS after it.
    name = each.text("source").rpartition(": ")[2]
    return {"JAVA_TOOL_OPTIONS": 0, "JDK_JAVA_OPTIONS": 1, "_JAVA_OPTIONS": 3}.get(name, 2)


def _reaches(name: str, mentioned: set[str], *, is_openj9: bool) -> str:
    """`yes`, `script`, `no`, or `""` for a variable that has nothing to do with a JVM."""
    if name in JVM_READS or (name in _OPENJ9 and is_openj9):
        return "yes"
    if name in PASSED_ON:
        return "script" if name in mentioned else "no"
    return ""


def _fact(world: World, source: str, reaches: str, options: tuple[str, ...]) -> Fact:
    named = next((each for each in reversed(options) if each.startswith(_SECURITY)), "")
    path = named.removeprefix(_SECURITY)
    replaces = path.startswith("=")
    path = path.removeprefix("=").removeprefix("file://").removeprefix("file:")
    if path and not path.startswith("/"):
        path = f"{world.config.working_dir or ''}/{path}"
    resolved = world.view.resolve(path) if path else None
    return fact(
        FactKind.JVM_OPTIONS,
        source=source,
        reaches_jvm=reaches,
        options=options,
        security_file=resolved or path,
        security_file_found=resolved is not None,
        replaces=replaces,
        evidence=(f"{source}={' '.join(options)}"[:300],),
    )


def _split(value: str) -> tuple[str, ...]:
    try:
        return tuple(shlex.split(value))
    except ValueError:
        return tuple(value.split())


def _java_arguments(argv: tuple[str, ...]) -> tuple[str, ...] | None:
    """Options between `java` and the main class or `-jar`, when the command names java itself."""
    words = list(argv)
    for position, word in enumerate(argv):
        if position and argv[position - 1] == "-c" and " " in word:
            words = list(_split(word))
            break
    start = next((i for i, word in enumerate(words) if word.rsplit("/", 1)[-1] == "java"), None)
    if start is None:
        return None
    options: list[str] = []
    skip = False
    for word in words[start + 1 :]:
        if skip:
            skip = False
        elif word in ("-cp", "-classpath", "--class-path", "-p", "--module-path", "--add-modules"):
            skip = True
        elif not word.startswith("-") or word in ("-jar", "-m", "--module"):
            break
        options.append(word)
    return tuple(options)


def _mentioned_in_command(world: World) -> set[str]:
    text = " ".join(world.config.command)
    return {name for name in PASSED_ON if f"${name}" in text or f"${{{name}" in text}


def _start_scripts(world: World) -> tuple[Fact, ...]:
    """Scripts that the command starts, and those they start or may source.

    A script that runs something unknown (`$CATALINA_HOME/bin/catalina.sh`, `. setenv.sh`) is
    taken to reach its neighbors.
    """
    queue: list[str] = []
    for word in words_of_command(world.config):
        program = find_program(word, world.view, world.config)
        if program is not None:
            queue.append(program)
    found: dict[str, Fact] = {}
    while queue and len(found) < _MAX_SCRIPTS:
        path = queue.pop(0)
        script = world.facts.one(FactKind.SCRIPT, path)
        if script is None or path in found:
            continue
        found[path] = script
        folder = path.rsplit("/", 1)[0]
        for word in script.texts("runs"):
            if word in (".", "source") or "$" in word:
                queue.extend(
                    each
                    for each in world.view.children(folder or "/")
                    if world.facts.one(FactKind.SCRIPT, each) is not None
                )
            program = find_program(word.strip("\"'"), world.view, world.config)
            if program is not None:
                queue.append(program)
    return tuple(found.values())
