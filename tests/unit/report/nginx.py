"""A report on an nginx image that is far from ready: one value of nearly everything."""

from datetime import date

from scanner.model import (
    Activation,
    Asset,
    AssetKind,
    ConditionResult,
    Confidence,
    CryptoUse,
    Difference,
    Effect,
    Finding,
    Gap,
    GapKind,
    ImageInfo,
    LogMatch,
    Module,
    PointsLost,
    Question,
    Severity,
    TlsEndpoint,
    UseKind,
    Validation,
    ValidationStatus,
    Verdict,
    VerdictKind,
)
from tests.unit.report.parts import DIGEST, report, scores

_OPENSSL = Module(
    "openssl",
    "OpenSSL",
    "3.0.19",
    "/usr/lib/x86_64-linux-gnu/libcrypto.so.3",
    "libssl3 3.0.19-1~deb12u2",
)
_NONE = Validation(ValidationStatus.NONE, reason="no certificate covers OpenSSL 3.0.19")


def _openssl_use(path: str) -> CryptoUse:
    return CryptoUse(
        path,
        UseKind.LINKED,
        _OPENSSL,
        validation=_NONE,
        started=path.endswith("/nginx"),
        activation=Activation.OFF,
        activation_reason="/usr/lib/ssl/openssl.cnf activates no FIPS provider",
        evidence=(f"{path} needs libcrypto.so.3",),
    )


def _tool_use(number: int) -> CryptoUse:
    return CryptoUse(
        f"/usr/lib/apt/methods/m{number}",
        UseKind.LINKED,
        Module("gnutls", "GnuTLS", "3.7.9", "/usr/lib/x86_64-linux-gnu/libgnutls.so.30"),
        validation=Validation(ValidationStatus.NONE),
        activation=Activation.HOST,
        role="tool",
    )


_PROVIDER_MISSING = Finding(
    "openssl-provider-missing",
    Question.VALIDATION,
    Severity.HIGH,
    Confidence.HIGH,
    "OpenSSL 3 is used, and the image has no FIPS provider for it",
    ("/usr/sbin/nginx", *(f"/usr/lib/nginx/modules/ngx_{n}_module.so" for n in range(39))),
    "In OpenSSL 3 the validated code is the FIPS provider (fips.so), not libcrypto. The image has\n"
    "none, so the default provider serves every call, which no certificate covers.",
    "Start from a base image that ships a validated provider for its own packages (for example\n"
    "UBI 9 with openssl-fips-provider), and activate it in openssl.cnf:\n"
    "\n"
    "    [openssl_init]\n"
    "    providers = provider_sect\n"
    "    alg_section = algorithm_sect\n"
    "\n"
    "    [algorithm_sect]\n"
    "    default_properties = fips=yes\n"
    "\n"
    "Then check it in the container: openssl list -providers names fips.\n",
    ("/usr/sbin/nginx: OpenSSL 3.0.19 (linked)",),
    ("https://docs.openssl.org/3.0/man7/fips_module/",),
    VerdictKind.NOT_READY,
)
_LEAKS = Finding(
    "run-leaks-when-enforced",
    Question.USAGE,
    Severity.CRITICAL,
    Confidence.MEDIUM,
    "Algorithms that are not approved are still accepted when only approved ones are allowed",
    ("enforced",),
    "Every crypto library that the scanner knows to be in the image was told to allow approved\n"
    "algorithms only, and the server still accepts others.",
    "Restrict the server to approved ones:\n"
    "\n"
    "    ssl_ciphers ECDHE-ECDSA-AES128-GCM-SHA256:ECDHE-RSA-AES128-GCM-SHA256:"
    "ECDHE-ECDSA-AES256-GCM-SHA384;\n"
    "    ssl_ecdh_curve secp256r1:secp384r1;\n",
    ("port 8443 still accepts TLS_ECDHE_ECDSA_WITH_CHACHA20_POLY1305_SHA256",),
    (),
    VerdictKind.NOT_READY,
)
_TOOLS = Finding(
    "tool-uses-unvalidated-crypto",
    Question.VALIDATION,
    Severity.LOW,
    Confidence.HIGH,
    "The distribution's package tools use cryptography that is not validated",
    tuple(f"/usr/lib/apt/methods/m{n}" for n in range(5)),
    "Package managers and their helpers are in the image.",
    "Remove them in the last stage:\n- copy the program and what it needs\n"
    "  into a distroless stage, or\n- say in the audit that nobody runs them.",
    verdict=VerdictKind.CONDITIONAL,
)
_IGNORED = Finding(
    "go-hash-only",
    Question.USAGE,
    Severity.INFO,
    Confidence.HIGH,
    "A Go program only hashes",
    ("/usr/local/bin/gosu",),
    "It hashes file names.",
    "Nothing to do.",
    ignored_by="waiver",
    ignored_because="MD5 of cache keys, agreed with security on 2026-10-02",
)

_SUITES = tuple(
    f"TLS_ECDHE_{key}_WITH_{cipher}"
    for key in ("ECDSA", "RSA")
    for cipher in ("AES_128_GCM_SHA256", "AES_256_GCM_SHA384", "AES_128_CBC_SHA256")
)
_CHACHA = "TLS_ECDHE_ECDSA_WITH_CHACHA20_POLY1305_SHA256"
_CAMELLIA = "TLS_ECDHE_ECDSA_WITH_CAMELLIA_256_CBC_SHA384"
_STATIC_RSA = "TLS_RSA_WITH_AES_128_CBC_SHA"

NOT_READY_NGINX = report(
    ImageInfo("nginx:1.27", DIGEST, "linux/amd64", "debian 12", layers=7, files=3412),
    Verdict(
        VerdictKind.NOT_READY,
        (
            "Algorithms that are not approved are still accepted when only approved ones are "
            "allowed",
            "OpenSSL 3 is used, and the image has no FIPS provider for it",
        ),
        31,
        scores(100, 0, 60, 3, 96),
        (
            PointsLost(Question.VALIDATION, 21.5, "openssl-provider-missing"),
            PointsLost(Question.VALIDATION, 3.5, "tool-uses-unvalidated-crypto"),
            PointsLost(Question.ACTIVATION, 8, "activation-off"),
            PointsLost(Question.USAGE, 24.25, "run-leaks-when-enforced"),
            PointsLost(Question.COMPATIBILITY, 0.8, "log-misconfigured"),
            PointsLost(None, 12.5, "verdict:not-ready"),
        ),
    ),
    uses=(
        _openssl_use("/usr/sbin/nginx"),
        *(_openssl_use(f"/usr/lib/nginx/modules/ngx_{n}_module.so") for n in range(39)),
        CryptoUse(
            "/opt/agent/bin/agent",
            UseKind.LOADED,
            Module("openssl-fips-provider", "OpenSSL FIPS Provider", "3.0.7", "/opt/fips.so"),
            library=Module("openssl", "OpenSSL", "3.0.19", "/opt/agent/lib/libcrypto.so.3"),
            validation=Validation(
                ValidationStatus.INTERIM_EXPIRED,
                4746,
                "FIPS 140-3",
                date(2026, 7, 30),
                "interim certificate #4746 passed its sunset on 2026-07-30; check with NIST",
            ),
            activation=Activation.HOST,
            activation_reason="follows the node's fips_enabled",
        ),
        CryptoUse(
            "/opt/agent/python/lib/python3.12/site-packages/cryptography/hazmat/_rust.abi3.so",
            UseKind.STATIC,
            Module("openssl", "OpenSSL", "4.0.3"),
            validation=_NONE,
            activation=Activation.UNKNOWN,
            purpose="hash-only",
        ),
        CryptoUse(
            "/opt/agent/lib/libsodium.so.23",
            UseKind.BUNDLED,
            Module("libsodium", "libsodium", "1.0.19"),
            validation=Validation(ValidationStatus.NONE),
            activation=Activation.NONE,
        ),
        *(_tool_use(n) for n in range(5)),
    ),
    findings=(_TOOLS, _PROVIDER_MISSING, _IGNORED, _LEAKS),
    conditions=(
        ConditionResult(
            "enforced",
            True,
            "running",
            ready_seconds=0.52,
            health="healthy",
            ports=("8443/tcp", "443/tcp"),
            tls=(
                TlsEndpoint(
                    8443,
                    ("TLS 1.2", "TLS 1.3"),
                    (*_SUITES[1:], _CHACHA, _STATIC_RSA),
                    ("secp256r1", "secp384r1", "secp521r1", "x25519_mlkem768"),
                    (_CHACHA, _STATIC_RSA, "x25519_mlkem768"),
                ),
            ),
            log_matches=(
                LogMatch(
                    "openssl-unsupported",
                    "OpenSSL refused an algorithm that the FIPS provider does not have",
                    "2026/11/23 22:41:07 [crit] 7#7: error:0308010C:digital envelope routines::"
                    "unsupported",
                    3,
                ),
            ),
            differences=(
                Difference("tls-suite", Effect.LEAKS, "leaks", _CHACHA, _CHACHA),
                Difference("tls-suite", Effect.RESTRICTS, "gone", _CAMELLIA),
                Difference("tls-group", Effect.RESTRICTS, "gone", "x25519"),
                Difference("tls-suite", Effect.CHANGES, "gone", _SUITES[0]),
                Difference(
                    "port",
                    Effect.BREAKS,
                    "9113/tcp is no longer listened on",
                    "9113/tcp",
                    log=("exporter: cannot make a digest", "exporter: gave up\x1b[2J"),
                ),
                Difference("health", Effect.FLAKY, "unhealthy; not so when it was run once more"),
                Difference("exit", Effect.NEVER_WORKED, "it exited with 2"),
            ),
            switches=("OpenSSL configuration with the FIPS provider 3.5.9", "NSS_FIPS=1"),
            verified=("MD5 is refused and SHA-256 works in the container",),
        ),
        ConditionResult(
            "baseline",
            True,
            "running",
            ready_seconds=0.4,
            health="healthy",
            ports=("8443/tcp", "443/tcp", "9113/tcp"),
            tls=(
                TlsEndpoint(
                    8443,
                    ("TLS 1.2", "TLS 1.3"),
                    (*_SUITES, _CHACHA, _CAMELLIA, _STATIC_RSA),
                    ("secp256r1", "secp384r1", "secp521r1", "x25519", "x25519_mlkem768"),
                    (_CHACHA, _CAMELLIA, _STATIC_RSA, "x25519", "x25519_mlkem768"),
                    "the port closed after 60 s",
                ),
            ),
        ),
    ),
    assets=(
        Asset(
            AssetKind.SETTING,
            "/etc/nginx/nginx.conf",
            "ssl_ciphers",
            "HIGH:!aNULL (in http > server)",
            line=12,
            algorithms=(
                "TLS_AES_128_GCM_SHA256",
                "TLS_CHACHA20_POLY1305_SHA256",
                "TLS_ECDHE_RSA_WITH_CHACHA20_POLY1305_SHA256",
            ),
            unapproved=(
                "TLS_CHACHA20_POLY1305_SHA256",
                "TLS_ECDHE_RSA_WITH_CHACHA20_POLY1305_SHA256",
            ),
        ),
        Asset(
            AssetKind.SETTING,
            "/etc/nginx/nginx.conf",
            "ssl_protocols",
            "TLSv1.2 TLSv1.3",
            line=11,
            algorithms=("TLS 1.2", "TLS 1.3"),
        ),
        Asset(AssetKind.PRIVATE_KEY, "/etc/nginx/tls.key", "RSA 2048", "pem"),
        Asset(
            AssetKind.CERTIFICATE,
            "/etc/ssl/certs/ca-certificates.crt",
            "CN=ACCVRAIZ1",
            "ca-bundle, until 2030-12-31",
            count=142,
            algorithms=("RSA 4096", "RSA with SHA-1"),
            own=False,
        ),
    ),
    gaps=(
        Gap(GapKind.PACKED, "/opt/agent/bin/helper", "packed with UPX; its code was not seen"),
        Gap(
            GapKind.NOT_SUPPORTED,
            "baseline",
            "port 9113 listens inside the container only, so TLS was not looked at",
            caps=False,
        ),
    ),
)
