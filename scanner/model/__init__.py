"""The values that flow through a scan, from an image reference to a report.

Everything here is frozen and plain: no object of docker, pyelftools, lief or testcontainers
crosses a module border, and nothing here opens a file or decides a verdict.
"""

from scanner.model.assets import Asset, AssetKind
from scanner.model.facts import Fact, FactKind, Gap, GapKind, Value
from scanner.model.image import FileEntry, FileKind, HealthCheck, ImageConfig, ImageInfo, Platform
from scanner.model.inside import AlgorithmCall, AlgorithmOffer, ProgramActivity, StepResult
from scanner.model.report import PointsLost, Report, Verdict
from scanner.model.runs import ConditionResult, Difference, Effect, LogMatch
from scanner.model.tls import TlsCertificate, TlsClient, TlsEndpoint
from scanner.model.uses import (
    Activation,
    CryptoUse,
    Finding,
    Module,
    UseKind,
    Validation,
    ValidationStatus,
)
from scanner.model.words import Confidence, Question, Severity, VerdictKind

__all__ = [
    "Activation",
    "AlgorithmCall",
    "AlgorithmOffer",
    "Asset",
    "AssetKind",
    "ConditionResult",
    "Confidence",
    "CryptoUse",
    "Difference",
    "Effect",
    "Fact",
    "FactKind",
    "FileEntry",
    "FileKind",
    "Finding",
    "Gap",
    "GapKind",
    "HealthCheck",
    "ImageConfig",
    "ImageInfo",
    "LogMatch",
    "Module",
    "Platform",
    "PointsLost",
    "ProgramActivity",
    "Question",
    "Report",
    "Severity",
    "StepResult",
    "TlsCertificate",
    "TlsClient",
    "TlsEndpoint",
    "UseKind",
    "Validation",
    "ValidationStatus",
    "Value",
    "Verdict",
    "VerdictKind",
]
