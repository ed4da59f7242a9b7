"""What was seen from inside a container: its programs, and the algorithms they ask for."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class ProgramActivity:
    """What one program was seen to do with cryptography while it ran."""

    program: str
    """Its path in the container; `""` for what the engine starts there."""
    read_flag: bool = False
    """Whether it read the kernel's FIPS flag."""
    opened: tuple[str, ...] = ()
    """Crypto libraries, modules and configuration files that it opened, in order of path."""
    missing: tuple[str, ...] = ()
    """Those that it looked for and that are not there."""
    kernel_crypto: tuple[str, ...] = ()
    """Algorithms that it asked the kernel for."""
    started: tuple[str, ...] = ()
    """Programs that it started, with arguments and user: `/usr/bin/openssl md5 x (uid 33)`."""


@dataclass(frozen=True, slots=True)
class AlgorithmCall:
    """An algorithm that a program asked a crypto library for while it ran."""

    program: str
    """Path of the program."""
    api: str
    """The function that was called: `EVP_MD_fetch`, or a runtime's own word for it."""
    algorithm: str
    """As the program named it."""
    library: str = ""
    """Path of the library that was asked."""
    caller: str = ""
    """Path of the file whose code called, and an offset in it: `/usr/sbin/nginx+0x1a2b`."""
    count: int = 1
    failed: int = 0
    """How many of these calls were refused."""
    approved: bool | None = None
    """None where no rule knows the algorithm."""


@dataclass(frozen=True, slots=True)
class AlgorithmOffer:
    """Whether a crypto library or a runtime of the image gives an algorithm when asked for it."""

    provider: str
    """Path of the library, or of the interpreter that was asked."""
    kind: str
    """`digest`, `cipher`, `mac`, `kdf`, `signature`, `group`, `key-size`, `tls` …"""
    algorithm: str
    offered: bool
    approved: bool | None = None
    """None where no rule knows the algorithm."""


@dataclass(frozen=True, slots=True)
class StepResult:
    """One step of a smoke test in one run."""

    name: str
    """As the user called it, or what it does: `GET http://:8080/health`."""
    passed: bool
    detail: str = ""
    """What was seen instead of what was expected."""
    seconds: float = 0.0
    log: str = ""
    """The end of its output, where it failed."""
