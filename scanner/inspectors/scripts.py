"""States what start scripts mention, export and run, as far as their text makes it certain.

Runs nothing and evaluates no condition.
"""

from __future__ import annotations

from collections.abc import Iterable

from scanner.facts import fact
from scanner.formats.shell import interpreter, parse_script
from scanner.image import ImageFile
from scanner.model import Fact, FactKind, FileEntry, Gap
from scanner.rulebook import RuleBook

MAX_SCRIPT = 256 << 10
MAX_NAMES = 500

_SHELLS = frozenset({"sh", "bash", "dash", "ash", "ksh", "zsh", "busybox"})
_DULL = (
    "/usr/share/doc/",
    "/usr/share/",
    "/usr/lib/python",
    "/var/lib/dpkg/",
    "/usr/lib/node_modules/npm/",
    "/etc/init.d/",
    "/etc/cron",
    "/usr/src/",
    "/proc/",
)


class ScriptInspector:
    """SCRIPT facts of executable `#!` files and of `.sh` files."""

    name = "scripts"

    def wants(self, entry: FileEntry, head: bytes) -> bool:
        if not head.startswith(b"#!"):
            # Sourced files (setenv.sh, config.sh) need no first line.
            return (
                entry.path.endswith(".sh")
                and entry.size <= MAX_SCRIPT
                and b"\0" not in head
                and not entry.path.startswith(_DULL)
            )
        return (
            entry.size <= MAX_SCRIPT
            and (entry.executable or entry.path.endswith(".sh"))
            and not entry.path.startswith(_DULL)
        )

    def inspect(self, file: ImageFile) -> Iterable[Fact | Gap]:
        program = interpreter(file.head)
        if program and program.rsplit("/", 1)[-1] not in _SHELLS:
            yield fact(
                FactKind.SCRIPT,
                file.entry.path,
                interpreter=program,
                mentions=(),
                exports=(),
                runs=(),
            )
            return
        script = parse_script(file.read(MAX_SCRIPT).decode("utf-8", "replace"))
        yield fact(
            FactKind.SCRIPT,
            file.entry.path,
            interpreter=program or "sh",
            mentions=script.mentions[:MAX_NAMES],
            exports=script.exports[:MAX_NAMES],
            runs=script.runs[:MAX_NAMES],
        )


def make(rules: RuleBook) -> ScriptInspector:  # noqa: ARG001 - one signature for all makers
    """The inspector; it needs no rules."""
    return ScriptInspector()
