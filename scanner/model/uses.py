"""Who uses which module in which state, and what the rules say of it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from typing import Literal

from scanner.model.words import Confidence, Question, Severity, VerdictKind


class UseKind(StrEnum):
    """How a program reaches a module."""

    LINKED = "linked"
    STATIC = "static"
    BUNDLED = "bundled"
    LOADED = "loaded"
    BUILTIN = "builtin"


@dataclass(frozen=True, slots=True)
class Module:
    """A cryptographic module, or a library that may contain or load one."""

    id: str
    """The name of its file in `rules/modules/`."""
    name: str
    version: str = ""
    path: str = ""
    package: str = ""
    """`name version` in the operating system's package database, or `""`."""


class ValidationStatus(StrEnum):
    """The CMVP state of a module on the day of the scan."""

    ACTIVE = "active"
    INTERIM_EXPIRED = "interim-expired"
    HISTORICAL = "historical"
    IN_PROCESS = "in-process"
    ENVIRONMENT_MISMATCH = "environment-mismatch"
    NONE = "none"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True)
class Validation:
    """What CMVP says of a module version on the day of the scan."""

    status: ValidationStatus
    certificate: int | None = None
    standard: str = ""
    sunset: date | None = None
    reason: str = ""
    """One sentence for people: why this status."""
    caveat: str = ""
    """Under which conditions the certificate holds, in NIST's words."""
    level: int | None = None
    """The overall security level of the certificate, 1 to 4."""


class Activation(StrEnum):
    """Whether a module's approved mode is on for a use."""

    ON = "on"
    HOST = "host"
    """Follows the host: on where `/proc/sys/crypto/fips_enabled` reads 1."""
    OFF = "off"
    UNKNOWN = "unknown"
    NONE = "none"
    """The module has no approved mode."""


@dataclass(frozen=True, slots=True)
class CryptoUse:
    """One program and one module that serves it: the unit that is judged."""

    consumer: str
    kind: UseKind
    module: Module
    """The module asked about. For OpenSSL 3 with a FIPS provider this is the provider."""
    library: Module | None = None
    """The library through which the module is reached, where that is another file."""
    validation: Validation = Validation(ValidationStatus.UNKNOWN)
    activation: Activation = Activation.UNKNOWN
    activation_reason: str = ""
    role: Literal["workload", "tool"] = "workload"
    """`tool`: part of the distribution's package management, not reached from the entrypoint."""
    started: bool = False
    """Whether the image's command, or a script that it starts, names the consumer."""
    purpose: Literal["crypto", "hash-only", "unknown"] = "crypto"
    evidence: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Finding:
    """What a rule says of an image, with every place it says it of."""

    id: str
    question: Question
    severity: Severity
    confidence: Confidence
    title: str
    locations: tuple[str, ...]
    why: str
    fix: str
    evidence: tuple[str, ...] = ()
    references: tuple[str, ...] = ()
    verdict: VerdictKind | None = None
    """The best verdict an image with this finding may have; None leaves it open."""
    rule_severity: Severity | None = None
    """The severity that the rule gives, where a policy gave another."""
    ignored_by: Literal["", "waiver", "override", "baseline"] = ""
    """What keeps the gate from counting it. Verdict and score count it all the same."""
    ignored_because: str = ""
    """The reason that was given for that, with who gave it and until when."""
