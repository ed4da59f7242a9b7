"""The closed vocabularies of a report: how bad, how sure, which question, which answer."""

from __future__ import annotations

from enum import StrEnum


class Severity(StrEnum):
    """How much a finding matters, worst first."""

    CRITICAL = "critical"
    HIGH = "high"
    MEDIUM = "medium"
    LOW = "low"
    INFO = "info"

    @property
    def rank(self) -> int:
        """0 for the worst; grows as severity falls."""
        return list(Severity).index(self)


class Confidence(StrEnum):
    """How sure the scanner is that what a finding says is so."""

    HIGH = "high"
    MEDIUM = "medium"
    LOW = "low"


class Question(StrEnum):
    """The five questions asked of an image; every finding answers one."""

    MODULE = "module"
    VALIDATION = "validation"
    ACTIVATION = "activation"
    USAGE = "usage"
    COMPATIBILITY = "compatibility"


class VerdictKind(StrEnum):
    """What an image may be told to be."""

    READY = "ready"
    CONDITIONAL = "conditional"
    NOT_READY = "not-ready"
    NO_CRYPTO = "no-crypto"
    UNDETERMINED = "undetermined"
