"""States what configuration files of servers and tools say of algorithms, line by line.

Does not say whether a program reads the file: that is the business of `scanner.link.settings`.
"""

from __future__ import annotations

from collections.abc import Iterable

from scanner.facts import fact
from scanner.formats.config_model import MAX_TEXT, ConfigError
from scanner.image import ImageFile
from scanner.inspectors.server_paths import ConfigPaths
from scanner.model import Fact, FactKind, FileEntry, Gap
from scanner.rulebook import RuleBook
from scanner.rules_servers import ServerRule
from scanner.server_settings import (
    INCLUDE,
    SWITCH,
    UNREAD,
    Setting,
    consequence,
    read_settings,
)

MAX_WRITTEN = 120
"""Characters of a directive that its evidence shows."""

_DULL = ("/usr/share/doc/", "/usr/share/man/", "/usr/share/vim/", "/proc/", "/var/lib/dpkg/")


class ServerInspector:
    """SERVER_SETTING facts."""

    name = "servers"

    def __init__(self, rules: RuleBook) -> None:
        self._rules = rules
        self._paths = ConfigPaths(rules.servers)

    def wants(self, entry: FileEntry, head: bytes) -> bool:
        path = entry.path
        if entry.size == 0 or path.startswith(_DULL) or not self._paths.owners(path):
            return False
        return b"\0" not in head

    def inspect(self, file: ImageFile) -> Iterable[Fact | Gap]:
        path = file.entry.path
        servers = [self._rules.servers[each] for each in sorted(self._paths.owners(path))]
        if file.entry.size > MAX_TEXT:
            reason = f"{file.entry.size:,} bytes are too many for a configuration"
            yield from (_unread(path, each, reason) for each in servers)
            return
        text = file.read(MAX_TEXT).decode("utf-8", "replace")
        for server in servers:
            try:
                yield from [
                    setting_fact(path, server, each)
                    for each in read_settings(server, text, self._rules)
                ]
            except ConfigError as error:
                yield _unread(path, server, str(error))


def setting_fact(path: str, server: ServerRule, setting: Setting) -> Fact:
    """What `setting` says, as a fact on the file `path`."""
    directive = setting.directive
    return fact(
        FactKind.SERVER_SETTING,
        path,
        evidence=(said(path, setting),) if setting.topic not in (INCLUDE, SWITCH) else (),
        software=server.id,
        directive=directive.name,
        value=directive.value,
        line=directive.line,
        block=" > ".join(directive.blocks),
        scope=".".join(map(str, directive.scope)),
        entry=setting.entry,
        topic=setting.topic,
        state=setting.state,
        algorithms=setting.allowed.names,
        unapproved=setting.unapproved,
        unknown=setting.allowed.unknown,
        only_unapproved=setting.only_unapproved,
        refused=setting.refused,
        advice=setting.advice,
    )


def said(path: str, setting: Setting) -> str:
    """The line as it is, what of it is not approved, and what to write."""
    directive = setting.directive
    written = f"{directive.name} {directive.value}".strip()
    if len(written) > MAX_WRITTEN:
        written = written[: MAX_WRITTEN - 1] + "…"
    written = f"{path}:{directive.line} {written}"
    if not setting.unapproved and setting.state != "off":
        return written
    return written + consequence(setting.unapproved, setting.advice)


def _unread(path: str, server: ServerRule, reason: str) -> Fact:
    return fact(
        FactKind.SERVER_SETTING,
        path,
        software=server.id,
        directive="",
        value=reason,
        line=0,
        block="",
        scope="",
        entry="",
        topic=UNREAD,
    )


def make(rules: RuleBook) -> ServerInspector:
    """The inspector, for the servers that the rules know."""
    return ServerInspector(rules)
