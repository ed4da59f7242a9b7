"""Where cryptography shows in an image besides the modules that programs use."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class AssetKind(StrEnum):
    """Sorts of assets, in the order in which they are shown."""

    CODE = "code"
    """Algorithms that are compiled into a program by its own toolchain."""
    SETTING = "setting"
    POLICY = "policy"
    PRIVATE_KEY = "private-key"
    CERTIFICATE = "certificate"
    KEYSTORE = "keystore"
    PACKAGE = "package"
    SOURCE = "source"
    """A call in source code or bytecode."""
    INTEGRITY = "integrity"


@dataclass(frozen=True, slots=True)
class Asset:
    """One place where cryptography shows, as far as files tell. No judgment."""

    kind: AssetKind
    path: str
    name: str
    """What it is: a directive, a subject, the name of a package, an API."""
    detail: str = ""
    line: int = 0
    """0 where there is none."""
    count: int = 1
    algorithms: tuple[str, ...] = ()
    """By the names of the algorithm tables, or as written where no table knows them."""
    unapproved: tuple[str, ...] = ()
    """Of these."""
    own: bool = True
    """False for what came with a dependency, the distribution, or as a sample."""
