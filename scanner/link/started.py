"""What is known of the start of a container: programs, scripts, variables, command lines.

Follows nothing: `scanner.link.startup` does.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from scanner.model import Fact

IMAGE = "the image's environment"
COMMAND = "the image's command"
DECIDING = (
    *("GODEBUG", "GOFIPS", "GOLANG_FIPS", "GO_OPENSSL_VERSION_OVERRIDE"),
    *("OPENSSL_CONF", "OPENSSL_MODULES", "OPENSSL_CONF_INCLUDE", "OPENSSL_FORCE_FIPS_MODE"),
    *("LD_LIBRARY_PATH", "LD_PRELOAD", "JAVA_TOOL_OPTIONS", "JDK_JAVA_OPTIONS", "JAVA_OPTS"),
    *("LIBGCRYPT_FORCE_FIPS_MODE", "GNUTLS_FORCE_FIPS_MODE", "NSS_FIPS", "NODE_OPTIONS"),
)
"""Variables that decide on FIPS: none of them is known where a script exports what a command
prints."""


@dataclass(frozen=True, slots=True)
class Setting:
    """What a variable holds when the program starts, and who says so."""

    value: str | None
    """None where it cannot be told."""
    source: str


@dataclass(frozen=True, slots=True)
class Launch:
    """A command line of the image's command or of a start script."""

    source: str
    """Path of the script, or `COMMAND`."""
    words: tuple[str | None, ...]
    """Expanded; None where that cannot be told."""
    raw: tuple[str, ...]
    mentions: frozenset[str]
    """Variables that went into it, through other variables too."""
    folder: str
    """Where it is started, or `""` where that cannot be told."""
    variables: Mapping[str, Setting]


@dataclass(frozen=True, slots=True)
class Start:
    """Everything that is known of the start of a container."""

    programs: frozenset[str]
    """What the command names, and what the scripts that it starts name in turn."""
    scripts: tuple[Fact, ...]
    """SCRIPT facts, in the order in which they are reached."""
    variables: Mapping[str, Setting]
    launches: tuple[Launch, ...]
    unread: tuple[tuple[str, str], ...]
    """Scripts on the way that were not read, and why."""

    def get(self, name: str) -> str | None:
        """The value of variable `name`, or None: not set, or not known."""
        setting = self.variables.get(name)
        return setting.value if setting is not None else None

    def unknown(self, *names: str) -> str:
        """Says which of `names` is set to something that cannot be told, and where; or `""`."""
        for name in names:
            setting = self.variables.get(name)
            if setting is not None and setting.value is None:
                return f"{name} is put together in {setting.source}"
        return ""
