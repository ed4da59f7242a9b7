"""Reports on images that were updated, and what they are compared with."""

from dataclasses import replace
from datetime import date

from scanner.diff import Comparisons, compare_batches
from scanner.model import (
    Activation,
    Asset,
    AssetKind,
    Batch,
    Confidence,
    Failure,
    Finding,
    Gap,
    GapKind,
    GateResult,
    LayerInfo,
    PointsLost,
    PolicyResult,
    Question,
    Report,
    Severity,
    Validation,
    ValidationStatus,
    Verdict,
    VerdictKind,
)
from tests.unit.report.nginx import NOT_READY_NGINX
from tests.unit.report.parts import scores
from tests.unit.report.reports import NO_CRYPTO, READY_GO, UNDETERMINED

_BASE = LayerInfo("sha256:aa", "/bin/sh -c #(nop) ADD file:1 in /", 3000, 90 << 20)

NGINX = replace(
    NOT_READY_NGINX,
    layers=(_BASE, LayerInfo("sha256:bb", "RUN apt-get install -y nginx=1.27*", 400, 7 << 20)),
)


def _updated() -> Report:
    uses = []
    for use in NGINX.uses:
        if use.consumer.endswith("ngx_3_module.so") or use.consumer.endswith("/m4"):
            continue
        module = use.module
        if module.id == "openssl" and module.package:
            module = replace(module, version="3.0.20", package="libssl3 3.0.20-1~deb12u1")
        consumer = use.consumer.replace("python3.12", "python3.13")
        activation = Activation.ON if consumer == "/opt/agent/bin/agent" else use.activation
        uses.append(replace(use, consumer=consumer, module=module, activation=activation))
    enforced, baseline = NGINX.conditions
    port = baseline.tls[0]
    offers = replace(
        port,
        protocols=("TLS 1.1", *port.protocols),
        suites=port.suites[2:],
        unapproved=("TLS 1.1", *port.unapproved),
    )
    missing = next(each for each in NGINX.findings if each.id == "openssl-provider-missing")
    leaks = next(each for each in NGINX.findings if each.id == "run-leaks-when-enforced")
    return replace(
        NGINX,
        image=replace(NGINX.image, reference="nginx:1.28", digest="sha256:28", files=3420),
        verdict=Verdict(
            VerdictKind.NOT_READY,
            ("OpenSSL 3 is used, and the image has no FIPS provider for it",),
            36,
            scores(100, 0, 70, 20, 96),
            (
                PointsLost(Question.VALIDATION, 25, "openssl-provider-missing"),
                PointsLost(Question.ACTIVATION, 5.5, "activation-off"),
                PointsLost(Question.USAGE, 20, "setting-allows-unapproved"),
            ),
        ),
        uses=tuple(uses),
        findings=(
            replace(missing, locations=missing.locations[:2] + missing.locations[3:]),
            replace(leaks, severity=Severity.HIGH, verdict=VerdictKind.CONDITIONAL),
            Finding(
                "setting-allows-unapproved",
                Question.USAGE,
                Severity.MEDIUM,
                Confidence.HIGH,
                "A server's configuration allows what is not approved",
                ("/etc/nginx/nginx.conf:11",),
                "Clients may ask for it.",
                "ssl_protocols TLSv1.2 TLSv1.3;",
            ),
        ),
        conditions=(
            replace(enforced, exit_code=1, health="", differences=enforced.differences[1:]),
            replace(baseline, tls=(offers,), ports=("8443/tcp", "443/tcp")),
        ),
        assets=(
            NGINX.assets[0],
            replace(
                NGINX.assets[1],
                detail="TLSv1.1 TLSv1.2 TLSv1.3",
                algorithms=("TLS 1.1", "TLS 1.2", "TLS 1.3"),
                unapproved=("TLS 1.1",),
            ),
            *NGINX.assets[3:],
            *(
                Asset(AssetKind.CERTIFICATE, f"/etc/nginx/ca/{n}.pem", f"CN=ca {n}", "ca")
                for n in range(3)
            ),
        ),
        gaps=(*NGINX.gaps[1:], Gap(GapKind.TOO_LARGE, "/srv/model.bin", "larger than 256 MiB")),
        layers=(_BASE, LayerInfo("sha256:cc", "RUN apt-get install -y nginx=1.28*", 408, 7 << 20)),
    )


def _later() -> Report:
    """The same image, judged on another day and by newer rules."""
    historical = Validation(
        ValidationStatus.HISTORICAL, 4746, "FIPS 140-3", date(2026, 7, 30), "historical"
    )
    return replace(
        NGINX,
        date=date(2027, 2, 1),
        rules_digest="sha256:" + "7" * 64,
        uses=tuple(
            replace(each, validation=historical) if each.validation.certificate else each
            for each in NGINX.uses
        ),
        findings=(
            *NGINX.findings,
            Finding(
                "validation-historical",
                Question.VALIDATION,
                Severity.HIGH,
                Confidence.HIGH,
                "A module's certificate is historical",
                ("/opt/agent/bin/agent",),
                "It covers no new procurement.",
                "Update the module.",
                verdict=VerdictKind.NOT_READY,
            ),
        ),
    )


def _gated(report: Report, code: int) -> Report:
    gate = GateResult(code == 0, code)
    return replace(report, policy=PolicyResult("", report.verdict.kind, report.verdict.score, gate))


UPDATED = _updated()
LATER = _later()

_FAILED = Failure("team/broken:1", "no such image", 2)
ALL: dict[str, Comparisons] = {
    "update": compare_batches(Batch((_gated(NGINX, 1),)), Batch((_gated(UPDATED, 0),))),
    "later": compare_batches(Batch((NGINX,)), Batch((LATER,))),
    "nothing": compare_batches(Batch((READY_GO,)), Batch((READY_GO,))),
    "several": compare_batches(
        Batch((READY_GO, UNDETERMINED, NGINX)), Batch((READY_GO, NO_CRYPTO, UPDATED), (_FAILED,))
    ),
}
"""Name of a snapshot → the comparison it shows."""
