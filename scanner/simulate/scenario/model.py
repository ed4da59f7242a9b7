"""What a user wants a container to be given, to wait for and to be asked in every run.

Plain values: they are read elsewhere, and carried out elsewhere.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Final

from scanner.model import ImageConfig
from scanner.simulate.http import Request

CONDITIONS: Final = ("baseline", "node", "enforced")
TIMEOUT = 10.0
"""Seconds of a step that does not say how long it may take."""
_SHORTEST_SECRET = 6
"""Characters. Shorter values, such as `true` or a port, are part of many words."""


@dataclass(frozen=True, slots=True)
class HttpStep:
    """A request, and the answer that is expected."""

    name: str
    request: Request
    status: int | None = None
    """None: any that says success or sends elsewhere, 200 to 399."""
    body: str = ""
    """A regular expression that is found in it."""
    conditions: tuple[str, ...] = CONDITIONS
    timeout: float = TIMEOUT


@dataclass(frozen=True, slots=True)
class ExecStep:
    """A program of the image that is run in the container, and how it is expected to end."""

    name: str
    command: tuple[str, ...]
    exit_code: int = 0
    output: str = ""
    """A regular expression that is found in it."""
    conditions: tuple[str, ...] = CONDITIONS
    timeout: float = TIMEOUT


Step = HttpStep | ExecStep


@dataclass(frozen=True, slots=True)
class WaitFor:
    """What shows that a container is ready: one of these."""

    log: str = ""
    """A regular expression that is found in its output."""
    port: int = 0
    request: Request | None = None
    """A request that is answered with success."""

    def __str__(self) -> str:
        if self.request is not None:
            return f"an answer to {self.request}"
        return f"port {self.port}" if self.port else f"a line of output like `{self.log}`"


@dataclass(frozen=True, slots=True)
class Scenario:
    """How containers of an image are started, and what they are asked to do."""

    environment: Mapping[str, str] = field(default_factory=dict, repr=False)
    """Its values may be secrets: they belong into containers and nowhere else."""
    files: Mapping[str, bytes] = field(default_factory=dict, repr=False)
    """By absolute path in the container."""
    programs: Mapping[str, bytes] = field(default_factory=dict, repr=False)
    """Those that are executable."""
    command: tuple[str, ...] | None = None
    """Instead of the image's CMD; None leaves it."""
    wait_for: WaitFor | None = None
    steps: tuple[Step, ...] = ()

    def applied_to(self, config: ImageConfig) -> ImageConfig:
        """`config` as if the image were made with this environment and command."""
        kept = [each for each in config.env if each[0] not in self.environment]
        env = (*kept, *self.environment.items())
        cmd = config.cmd if self.command is None else self.command
        return replace(config, env=env, cmd=cmd)

    def start(self, config: ImageConfig) -> tuple[str, ...]:
        """What runs instead of the image's entrypoint and command; empty for just those."""
        return () if self.command is None else config.entrypoint + self.command

    def hidden(self, text: str) -> str:
        """`text` with the values of the environment replaced by their names."""
        # Longer ones first: one value may be a part of another.
        for name, value in sorted(self.environment.items(), key=lambda each: -len(each[1])):
            if len(value) >= _SHORTEST_SECRET:
                text = text.replace(value, f"<{name}>")
        return text

    def hidden_bytes(self, content: bytes) -> bytes:
        """The same, for a container's output."""
        if not any(len(value) >= _SHORTEST_SECRET for value in self.environment.values()):
            return content
        text = content.decode("utf-8", "surrogateescape")
        return self.hidden(text).encode("utf-8", "surrogateescape")
