"""The values that flow through a scan, from an image reference to a report.

Everything here is frozen and plain: no object of docker, pyelftools, lief or testcontainers
crosses a module border, and nothing here opens a file or decides a verdict.
"""

from scanner.model.assets import Asset, AssetKind
from scanner.model.facts import Fact, FactKind, Gap, GapKind, Value
from scanner.model.image import (
    FileEntry,
    FileKind,
    HealthCheck,
    ImageConfig,
    ImageInfo,
    LayerInfo,
    Platform,
)
from scanner.model.inside import AlgorithmCall, AlgorithmOffer, ProgramActivity, StepResult
from scanner.model.policy import (
    GENERIC,
    GateResult,
    GateRules,
    Override,
    Policy,
    PolicyResult,
    Waiver,
    WaiverResult,
    WaiverState,
)
from scanner.model.report import Batch, Failure, PointsLost, Report, Verdict
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
    "GENERIC",
    "Activation",
    "AlgorithmCall",
    "AlgorithmOffer",
    "Asset",
    "AssetKind",
    "Batch",
    "ConditionResult",
    "Confidence",
    "CryptoUse",
    "Difference",
    "Effect",
    "Fact",
    "FactKind",
    "Failure",
    "FileEntry",
    "FileKind",
    "Finding",
    "Gap",
    "GapKind",
    "GateResult",
    "GateRules",
    "HealthCheck",
    "ImageConfig",
    "ImageInfo",
    "LayerInfo",
    "LogMatch",
    "Module",
    "Override",
    "Platform",
    "PointsLost",
    "Policy",
    "PolicyResult",
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
    "Waiver",
    "WaiverResult",
    "WaiverState",
]
