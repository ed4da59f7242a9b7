"""Reports made by hand, as real scans give them."""

from datetime import date

from scanner.model import (
    Activation,
    ConditionResult,
    Confidence,
    CryptoUse,
    Difference,
    Effect,
    Finding,
    Gap,
    GapKind,
    ImageInfo,
    Module,
    PointsLost,
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
from tests.unit.report.gated import WAIVED_POSTGRES
from tests.unit.report.nginx import NOT_READY_NGINX
from tests.unit.report.parts import DIGEST, report, scores

READY_GO = report(
    ImageInfo(
        "team/gateway:2.4",
        DIGEST,
        "linux/amd64",
        "",
        layers=1,
        files=7,
        manifest_digest=DIGEST,
    ),
    Verdict(
        VerdictKind.READY,
        (
            "every use of cryptography is served by a validated module in approved mode, "
            "and the container ran as before under FIPS conditions",
        ),
        100,
        scores(100, 100, 100, 100, 100),
    ),
    uses=(
        CryptoUse(
            "/gateway",
            UseKind.STATIC,
            Module("go-fips140", "Go Cryptographic Module", "v1.0.0", "/gateway"),
            validation=Validation(
                ValidationStatus.ACTIVE,
                5247,
                "FIPS 140-3",
                date(2031, 4, 26),
                "until 2031-04-26",
                level=1,
            ),
            activation=Activation.ON,
            activation_reason="built with GOFIPS140=v1.0.0, which sets fips140=on",
            evidence=("build setting GOFIPS140=v1.0.0-c2097c7c", "DefaultGODEBUG fips140=on"),
        ),
    ),
    conditions=(
        ConditionResult(
            "baseline",
            True,
            "running",
            ready_seconds=0.21,
            ports=("8443/tcp",),
            tls=(
                TlsEndpoint(
                    8443,
                    ("TLS 1.2", "TLS 1.3"),
                    (
                        "TLS_AES_128_GCM_SHA256",
                        "TLS_AES_256_GCM_SHA384",
                        "TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256",
                        "TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384",
                    ),
                    ("secp256r1", "secp384r1"),
                ),
            ),
        ),
        ConditionResult(
            "enforced",
            True,
            "running",
            ready_seconds=0.24,
            ports=("8443/tcp",),
            tls=(
                TlsEndpoint(
                    8443,
                    ("TLS 1.2", "TLS 1.3"),
                    (
                        "TLS_AES_128_GCM_SHA256",
                        "TLS_AES_256_GCM_SHA384",
                        "TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256",
                        "TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384",
                    ),
                    ("secp256r1", "secp384r1"),
                ),
            ),
            switches=("GODEBUG=fips140=only",),
            verified=("GODEBUG is in the environment of the process that listens",),
        ),
    ),
)

UNDETERMINED = report(
    ImageInfo(
        "docker-archive:app.tar",
        "sha256:0011223344556677",
        "linux/arm64",
        "ubuntu 22.04",
        layers=3,
        files=901,
    ),
    Verdict(
        VerdictKind.UNDETERMINED,
        (
            "nothing was found against it, but not everything was looked at",
            "docker-archive:app.tar: not run: no container engine found: start Docker, or name one "
            "with DOCKER_HOST; what it does under FIPS conditions is unknown",
        ),
        72,
        scores(80, 100, 100, 100, None),
        (
            PointsLost(Question.COMPATIBILITY, 20, "gap:no-engine"),
            PointsLost(Question.MODULE, 4, "gap:too-large"),
        ),
    ),
    uses=(
        CryptoUse(
            "/usr/bin/app",
            UseKind.LINKED,
            Module("openssl-fips-provider", "OpenSSL FIPS Provider", "3.0.5", "/usr/lib/fips.so"),
            library=Module("openssl", "OpenSSL", "3.0.2", "/usr/lib/libcrypto.so.3"),
            validation=Validation(ValidationStatus.ACTIVE, 4794, "FIPS 140-3", date(2029, 9, 10)),
            activation=Activation.ON,
            activation_reason="/etc/ssl/openssl.cnf activates fips and demands fips=yes",
        ),
        CryptoUse(
            "/usr/bin/legacy",
            UseKind.LINKED,
            Module("libgcrypt", "libgcrypt", "1.9.4", "/usr/lib/libgcrypt.so.20"),
            validation=Validation(
                ValidationStatus.HISTORICAL, 3902, "FIPS 140-2", date(2026, 9, 21), "historical"
            ),
            activation=Activation.OFF,
        ),
        CryptoUse(
            "/usr/bin/other",
            UseKind.BUILTIN,
            Module("nss", "NSS", ""),
            validation=Validation(ValidationStatus.ENVIRONMENT_MISMATCH, 4774, "FIPS 140-3"),
            activation=Activation.OFF,
        ),
        CryptoUse(
            "/usr/bin/symcrypt",
            UseKind.LINKED,
            Module("symcrypt", "SymCrypt", "103.8"),
            validation=Validation(ValidationStatus.IN_PROCESS),
            activation=Activation.UNKNOWN,
        ),
    ),
    gaps=(
        Gap(
            GapKind.NO_ENGINE,
            "docker-archive:app.tar",
            "not run: no container engine found: start Docker, or name one with DOCKER_HOST; what "
            "it does under FIPS conditions is unknown",
        ),
        *(
            Gap(GapKind.TOO_LARGE, f"/var/data/blob{n}.bin", "larger than 256 MiB; not inspected")
            for n in range(6)
        ),
        Gap(GapKind.UNREADABLE, "/etc/odd", "cannot be read; not inspected", caps=False),
    ),
)

NO_CRYPTO = report(
    ImageInfo("dir:/srv/rootfs", "", "linux/amd64", "alpine 3.23.0", files=512),
    Verdict(
        VerdictKind.NO_CRYPTO,
        ("no file of the image holds or loads known cryptography",),
        80,
        scores(100, 100, 100, 100, None),
        (PointsLost(Question.COMPATIBILITY, 20, "gap:not-run"),),
    ),
    gaps=(
        Gap(
            GapKind.NOT_RUN,
            "dir:/srv/rootfs",
            "not run: inspected only, as asked for; what it does under FIPS conditions is unknown",
            requested=True,
        ),
    ),
)

BROKEN_WHEN_ENFORCED = report(
    ImageInfo("team/legacy@" + DIGEST, DIGEST, "linux/amd64", "rhel 9.4", layers=4, files=5000),
    Verdict(
        VerdictKind.CONDITIONAL,
        ("The container fails when only approved algorithms are allowed",),
        64,
        scores(100, 100, 100, 50, 0),
        (
            PointsLost(Question.USAGE, 10, "run-breaks-when-enforced"),
            PointsLost(Question.COMPATIBILITY, 26, "run-breaks-when-enforced"),
        ),
    ),
    findings=(
        Finding(
            "run-breaks-when-enforced",
            Question.COMPATIBILITY,
            Severity.MEDIUM,
            Confidence.HIGH,
            "The container fails when only approved algorithms are allowed",
            ("enforced", ""),
            "It ends.",
            "Replace MD5:\n\n```\nimport hashlib\n    hashlib.sha256(data)\n```\n",
            verdict=VerdictKind.CONDITIONAL,
        ),
    ),
    conditions=(
        ConditionResult(
            "baseline", True, "", exit_code=None, ready_seconds=12.04, ports=("80/tcp",)
        ),
        ConditionResult(
            "node", False, "the engine cannot mount over /proc/sys/crypto/fips_enabled"
        ),
        ConditionResult(
            "enforced",
            True,
            "",
            exit_code=1,
            differences=(
                Difference(
                    "exit", Effect.BREAKS, "it exited with 1; in the baseline: running", "running"
                ),
                Difference("health", Effect.CHANGES, "the image's own health check says nothing"),
            ),
            switches=("LIBGCRYPT_FORCE_FIPS_MODE=1",),
        ),
    ),
)

ALL: dict[str, Report] = {
    "ready-go": READY_GO,
    "not-ready-nginx": NOT_READY_NGINX,
    "undetermined-no-engine": UNDETERMINED,
    "no-crypto-static": NO_CRYPTO,
    "conditional-breaks": BROKEN_WHEN_ENFORCED,
    "waived-postgres": WAIVED_POSTGRES,
}
"""Name of a snapshot → the report it shows."""
