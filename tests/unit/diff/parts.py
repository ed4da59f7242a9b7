"""Small reports to compare."""

from dataclasses import replace
from typing import Any

from scanner.model import (
    Activation,
    Asset,
    AssetKind,
    ConditionResult,
    Confidence,
    CryptoUse,
    Finding,
    ImageInfo,
    Module,
    Question,
    Report,
    Severity,
    TlsEndpoint,
    UseKind,
    Validation,
    ValidationStatus,
    Verdict,
    VerdictKind,
)
from tests.unit.report.parts import report, scores

_VERDICT = Verdict(VerdictKind.NOT_READY, (), 30, scores(100, 0, 0, 0, 0))


def made(digest: str = "sha256:1", reference: str = "app:1", **parts: Any) -> Report:
    image = ImageInfo(reference, digest, "linux/amd64", parts.pop("os", "debian 12"))
    rest = {name: parts.pop(name) for name in ("date", "rules_digest") if name in parts}
    return replace(report(image, _VERDICT, **parts), **rest)


def use(
    consumer: str = "/usr/bin/app",
    version: str = "3.0.19",
    status: ValidationStatus = ValidationStatus.NONE,
    mode: Activation = Activation.OFF,
    module: str = "openssl",
) -> CryptoUse:
    return CryptoUse(
        consumer,
        UseKind.LINKED,
        Module(module, module, version, f"/usr/lib/lib{module}.so.3", f"lib{module} {version}-1"),
        validation=Validation(status),
        activation=mode,
    )


def finding(
    *places: str,
    id_: str = "unvalidated",
    severity: Severity = Severity.HIGH,
    question: Question = Question.VALIDATION,
    **parts: Any,
) -> Finding:
    return replace(
        Finding(id_, question, severity, Confidence.HIGH, "t", places, "why", "fix"), **parts
    )


def setting(*unapproved: str, line: int = 1, name: str = "ssl_protocols") -> Asset:
    return Asset(AssetKind.SETTING, "/etc/a.conf", name, "", line, unapproved=unapproved)


def run(*unapproved: str, name: str = "enforced", **parts: Any) -> ConditionResult:
    port = TlsEndpoint(443, ("TLS 1.2",), unapproved, (), unapproved)
    return ConditionResult(name, True, "running", tls=(port,), **parts)
