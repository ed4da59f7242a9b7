"""States what start scripts mention, set and start, as far as their text makes it certain.

Runs nothing and evaluates no condition.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from scanner.facts import fact
from scanner.formats.shell import interpreter
from scanner.formats.shell_steps import Script, parse_script
from scanner.formats.supervisor import SUPERVISORD, parse_supervisor
from scanner.image import ImageFile
from scanner.model import Fact, FactKind, FileEntry, Gap
from scanner.rulebook import RuleBook

MAX_SCRIPT = 256 << 10
MAX_NAMES = 500
MAX_STEPS = 3000

_SHELLS = frozenset({"sh", "bash", "dash", "ash", "ksh", "zsh", "busybox"})
_DULL = (
    "/usr/share/doc/",
    "/usr/lib/python",
    "/usr/lib/node_modules/npm/",
    "/etc/cron",
    "/usr/src/",
)
_SUPERVISED = (".conf", ".ini")
_SECTIONS = (b"[program:", b"[supervisord]")
_NEVER_STARTED = ("/var/lib/dpkg/", "/proc/")
_SOURCED = (
    *(".sh", ".envsh", ".env", "/profile", "/envvars", "/environment", "bashrc"),
    *("/bin/standalone.conf", "/bin/domain.conf", "/bin/appclient.conf"),  # WildFly's
)
"""Ends of names of files that scripts read in; they need no first line and no permission."""
_SOURCED_FOLDERS = ("/etc/default/", "/etc/sysconfig/", "/etc/profile.d/", "/etc/conf.d/")


class ScriptInspector:
    """SCRIPT facts of executable `#!` files and of files that scripts read in."""

    name = "scripts"

    def wants(self, entry: FileEntry, head: bytes) -> bool:
        path = entry.path
        if path.startswith(_NEVER_STARTED):
            return False
        if head.startswith(b"#!") and entry.executable:
            # One that is too large, or seems dull, is noted: a command may lead to it.
            return True
        if path.endswith(_SUPERVISED) and any(each in head for each in _SECTIONS):
            return True
        is_sourced = path.endswith(_SOURCED) or path.startswith(_SOURCED_FOLDERS)
        return is_sourced and b"\0" not in head and not path.startswith((*_DULL, "/usr/share/"))

    def inspect(self, file: ImageFile) -> Iterable[Fact | Gap]:
        path = file.entry.path
        program = interpreter(file.head)
        if path.endswith(_SUPERVISED) and not path.endswith(_SOURCED):
            yield from _supervised(file)
            return
        if program and program.rsplit("/", 1)[-1] not in _SHELLS:
            yield _fact(path, program)
            return
        if file.entry.size > MAX_SCRIPT:
            yield _fact(path, program, f"{file.entry.size:,} bytes are too many for a script")
            return
        if path.startswith(_DULL):
            yield _fact(path, program, "scripts in its folder are not looked into")
            return
        script = parse_script(file.read(MAX_SCRIPT).decode("utf-8", "replace"))
        yield _steps(path, program or "sh", script)


def _supervised(file: ImageFile) -> Iterator[Fact]:
    path = file.entry.path
    if file.entry.size > MAX_SCRIPT:
        yield _fact(path, SUPERVISORD, f"{file.entry.size:,} bytes are too many")
        return
    script = parse_supervisor(file.read(MAX_SCRIPT).decode("utf-8", "replace"))
    if script is None:
        yield _fact(path, SUPERVISORD, "it is not of supervisord's form")
    else:
        yield _steps(path, SUPERVISORD, script)


def _steps(path: str, program: str, script: Script) -> Fact:
    is_whole = script.complete and len(script.steps) <= MAX_STEPS
    return fact(
        FactKind.SCRIPT,
        path,
        interpreter=program,
        mentions=script.mentions[:MAX_NAMES],
        steps=tuple(str(each) for each in script.steps[:MAX_STEPS]),
        unread="" if is_whole else "it is too long",
    )


def _fact(path: str, program: str, unread: str = "") -> Fact:
    return fact(
        FactKind.SCRIPT,
        path,
        interpreter=program or "sh",
        mentions=(),
        steps=(),
        unread=unread,
    )


def make(rules: RuleBook) -> ScriptInspector:  # noqa: ARG001 - one signature for all makers
    """The inspector; it needs no rules."""
    return ScriptInspector()
