"""Credentials for registries, from the Docker configuration file and its helpers.

Never shows a secret: errors name the registry only.
"""

from __future__ import annotations

import base64
import warnings
from dataclasses import dataclass, field
from typing import Any

from scanner.errors import RegistryError


@dataclass(frozen=True, slots=True)
class Credentials:
    """A login, or an identity token that stands for one."""

    username: str = ""
    password: str = field(default="", repr=False)
    identity_token: str = field(default="", repr=False)

    @property
    def basic(self) -> str:
        """The value of an `Authorization` header, or `""`."""
        if not self.username:
            return ""
        pair = f"{self.username}:{self.password}".encode()
        return f"Basic {base64.b64encode(pair).decode()}"


def find_credentials(host: str) -> Credentials:
    """What the user's Docker configuration holds for `host`; empty when nothing.

    Raises:
        RegistryError: the configuration or a credential helper fails.
    """
    from docker import auth
    from docker.errors import DockerException

    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # the SDK warns of a missing helper, then fails too
            found: Any = auth.resolve_authconfig(auth.load_config(), host) or {}
    except (DockerException, ValueError, OSError):
        raise RegistryError(
            f"the Docker configuration has unusable credentials for '{host}': log in "
            "again, or mend the credential helper"
        ) from None
    fields = {str(key).lower(): value for key, value in found.items() if isinstance(value, str)}
    return Credentials(
        fields.get("username", ""), fields.get("password", ""), fields.get("identitytoken", "")
    )
