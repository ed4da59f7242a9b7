"""Small rule books and observations for tests of the simulated run."""

from __future__ import annotations

from scanner.facts import fact
from scanner.model import (
    Confidence,
    Fact,
    FactKind,
    ImageConfig,
    Platform,
    Question,
    Severity,
    Value,
)
from scanner.rulebook import (
    AlgorithmTable,
    Enforce,
    LogRule,
    ModuleRule,
    RuleBook,
    RuntimeRule,
    Scoring,
    TlsGroup,
    TlsProtocol,
    TlsSignature,
    TlsSuite,
    TlsTable,
)
from scanner.rules_model import LogExamples
from scanner.simulate.watch import Observation

LIBCRYPTO = "/usr/lib/x86_64-linux-gnu/libcrypto.so.3"
CHACHA = "TLS_ECDHE_ECDSA_WITH_CHACHA20_POLY1305_SHA256"
CHACHA13 = "TLS_CHACHA20_POLY1305_SHA256"
GCM = "TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256"
GCM13 = "TLS_AES_128_GCM_SHA256"


def table() -> TlsTable:
    protocols = (("SSL 3.0", 0x300), ("TLS 1.0", 0x301), ("TLS 1.1", 0x302))
    approved = (("TLS 1.2", 0x303), ("TLS 1.3", 0x304))
    suites = (
        (GCM13, 0x1301, "TLS 1.3", True),
        (CHACHA13, 0x1303, "TLS 1.3", False),
        ("TLS_RSA_WITH_3DES_EDE_CBC_SHA", 0x000A, "TLS 1.0", False),
        (GCM, 0xC02B, "TLS 1.2", True),
        (CHACHA, 0xCCA9, "TLS 1.2", False),
    )
    groups = (("secp256r1", 0x17, True), ("x25519", 0x1D, False), ("X25519MLKEM768", 0x11EC, False))
    both = ("TLS 1.2", "TLS 1.3")
    signatures = (
        ("ecdsa_sha1", 0x203, ("TLS 1.2",), False),
        ("rsa_pkcs1_sha256", 0x401, ("TLS 1.2",), True),
        ("ecdsa_secp256r1_sha256", 0x403, both, True),
        ("rsa_pss_rsae_sha256", 0x804, both, True),
        ("ed25519", 0x807, both, True),
    )
    return TlsTable(
        protocols=tuple(
            TlsProtocol(name=name, code=hex(code), approved=pair in approved)
            for pair in (*protocols, *approved)
            for name, code in (pair,)
        ),
        suites=tuple(
            TlsSuite(name=name, code=hex(code), protocols=(protocol,), approved=approved)
            for name, code, protocol, approved in suites
        ),
        groups=tuple(TlsGroup(name=n, code=hex(c), approved=approved) for n, c, approved in groups),
        signatures=tuple(
            TlsSignature(name=n, code=hex(c), protocols=versions, approved=approved)
            for n, c, versions, approved in signatures
        ),
    )


def log_rule(id_: str, pattern: str, **others: object) -> LogRule:
    values: dict[str, object] = {
        "meaning": "FIPS mode refused an algorithm",
        "fix": "use another one",
        "runtime": "go",
        "effect": "breaks",
        "fips_specific": "yes",
        "confidence": Confidence.HIGH,
        "source": "test",
        "examples": LogExamples(match=(), no_match=()),
    }
    return LogRule.model_validate({"id": id_, "pattern": pattern, **values, **others})


GO_ONLY = log_rule("go-only", r"is not allowed in FIPS 140-only mode")
UNSUPPORTED = log_rule("unsupported", "0308010C", runtime="openssl-3", fips_specific="no")


def rules() -> RuleBook:
    gcrypt = Enforce(env={"LIBGCRYPT_FORCE_FIPS_MODE": "1"})
    java = Enforce(
        env={"JAVA_TOOL_OPTIONS": "-Djava.security.properties=/run/x -Dapproved_only=true"},
        files={"/run/x": "keystore.type=bcfks\n"},
    )
    return RuleBook(
        modules={
            "libgcrypt": ModuleRule(
                id="libgcrypt",
                name="Libgcrypt",
                approved_mode="flag",
                libraries=(r"libgcrypt\.so\.20.*",),
                enforce=gcrypt,
            )
        },
        runtimes={"java": RuntimeRule(id="java", name="Java", enforce=java)},
        checks={},
        certificates=(),
        constants=(),
        tls=table(),
        algorithms=AlgorithmTable(),
        logs=(GO_ONLY, UNSUPPORTED),
        scoring=Scoring(
            weights=dict.fromkeys(Question, 20.0),
            severity_share=dict.fromkeys(Severity, 0.5),
            gap_share=0.5,
        ),
        os_tools=frozenset(),
        digest="",
    )


def config(*env: tuple[str, str]) -> ImageConfig:
    return ImageConfig(Platform("linux", "amd64"), env=env, cmd=("/app",))


def openssl_use(program: str = "/usr/sbin/nginx", role: str = "workload") -> Fact:
    return fact(
        FactKind.USE,
        program,
        module="openssl",
        module_version="3.0.20",
        role=role,
        library=LIBCRYPTO,
    )


def openssl_state(**attributes: Value) -> Fact:
    values: dict[str, Value] = {
        "library": LIBCRYPTO,
        "version": "3.0.20",
        "activation": "off",
        "config": "/etc/ssl/openssl.cnf",
        "config_found": True,
    }
    return Fact(FactKind.OPENSSL_STATE, LIBCRYPTO, {**values, **attributes})


def go_build(
    path: str = "/app", version: str = "1.27.3", experiments: tuple[str, ...] = ()
) -> Fact:
    return fact(
        FactKind.GO_BUILD, path, go_version=version, toolchain="upstream", experiments=experiments
    )


def command(program: str = "/app") -> Fact:
    return fact(FactKind.COMMAND, argv=(program,), program=program)


def seen(**attributes: object) -> Observation:
    values: dict[str, object] = {"exit_code": None, "seconds": 1.0, "ready_seconds": 0.2}
    return Observation(**{**values, **attributes})  # type: ignore[arg-type]
