"""A report as a policy left it: waivers of every state, a baseline, layers, and a failed gate."""

from datetime import date

from scanner.model import (
    Activation,
    Confidence,
    CryptoUse,
    Finding,
    Gap,
    GapKind,
    GateResult,
    GateRules,
    ImageInfo,
    LayerInfo,
    Module,
    PointsLost,
    PolicyResult,
    Question,
    Severity,
    UseKind,
    Validation,
    ValidationStatus,
    Verdict,
    VerdictKind,
    Waiver,
    WaiverResult,
    WaiverState,
)
from tests.unit.report.parts import DIGEST, report, scores

_LIBRARY = Waiver(
    "library-without-known-user",
    "/usr/lib/**/libexslt.so*",
    "nothing loads it; gone with the next base image",
    "@team/base-images",
    date(2026, 12, 15),
    line=12,
)
_GAP = Waiver(
    "gap:packed", "/opt/agent/*", "the vendor's statement is filed", "compliance", date(2027, 3, 1)
)
_EXPIRED = Waiver(
    "private-key-in-image",
    "server.key",
    "a key for tests",
    "db-team",
    date(2026, 10, 31),
    "team/orders:*",
    18,
)
_UNMATCHED = Waiver(
    "go-no-fips", "/usr/bin/gosu", "hashes only", "db-team", date(2027, 1, 31), line=24
)


def _because(waiver: Waiver) -> str:
    return f"accepted until {waiver.expires} by {waiver.owner}: {waiver.reason}"


_HBA = "/var/lib/postgresql/data/pg_hba.conf"

WAIVED_POSTGRES = report(
    ImageInfo(
        "registry:ghcr.io/team/orders:4.2",
        DIGEST,
        "linux/amd64",
        "debian 12",
        3,
        3100,
        manifest_digest=DIGEST,
    ),
    Verdict(
        VerdictKind.NOT_READY,
        ("Cryptography is linked from a library without a CMVP certificate",),
        22,
        scores(100, 10, 20, 40, 100),
        (
            PointsLost(Question.VALIDATION, 27, "module-not-validated"),
            PointsLost(Question.USAGE, 12, "setting-hba-md5"),
            PointsLost(None, 4, "verdict:not-ready"),
        ),
    ),
    uses=(
        CryptoUse(
            "/usr/lib/postgresql/15/bin/postgres",
            UseKind.LINKED,
            Module("openssl", "OpenSSL", "3.0.19", "/usr/lib/libcrypto.so.3", "libssl3 3.0.19-1"),
            validation=Validation(ValidationStatus.NONE, reason="no certificate covers it"),
            activation=Activation.OFF,
            activation_reason="no FIPS provider",
            started=True,
        ),
    ),
    findings=(
        Finding(
            "module-not-validated",
            Question.VALIDATION,
            Severity.HIGH,
            Confidence.HIGH,
            "Cryptography is linked from a library without a CMVP certificate",
            ("/usr/lib/postgresql/15/bin/postgres", "/usr/lib/postgresql/15/bin/psql"),
            "No certificate covers this build and version.",
            "Take the library from a distribution whose build is validated, or rebuild the program "
            "on a validated module.\n`fips-scanner explain` with a certificate (cmvp-4985) says "
            "what each one covers.",
            ("/usr/lib/postgresql/15/bin/psql: OpenSSL 3.0.19 (linked); no certificate covers it",),
            ("https://csrc.nist.gov/projects/cryptographic-module-validation-program",),
            VerdictKind.NOT_READY,
        ),
        Finding(
            "private-key-in-image",
            Question.USAGE,
            Severity.HIGH,
            Confidence.MEDIUM,
            "A private key lies in the image",
            ("/var/lib/postgresql/data/server.key",),
            "Everybody who can pull the image has this key.",
            "Give the key to the container when it starts.",
            ("/var/lib/postgresql/data/server.key: RSA 2048",),
            rule_severity=Severity.MEDIUM,
        ),
        Finding(
            "setting-hba-md5",
            Question.USAGE,
            Severity.LOW,
            Confidence.MEDIUM,
            "PostgreSQL accepts passwords that are stored as MD5",
            (_HBA,),
            "Whoever has a password that is stored as MD5 logs in with MD5.",
            "Store all passwords for SCRAM, then demand it:\n\n"
            "    host all all all scram-sha-256\n",
            (
                f"{_HBA}:85 local all all md5 allows MD5",
                f"{_HBA}:87 host all all 127.0.0.1/32 md5 allows MD5",
            ),
        ),
        Finding(
            "library-without-known-user",
            Question.USAGE,
            Severity.MEDIUM,
            Confidence.MEDIUM,
            "A library reaches unvalidated cryptography, and no program was seen to load it",
            ("/usr/lib/x86_64-linux-gnu/libexslt.so.0.8.20",),
            "No program of the image names it.",
            "Remove the package if nothing needs it.",
            ignored_by="waiver",
            ignored_because=_because(_LIBRARY),
        ),
        Finding(
            "openssl-provider-missing",
            Question.VALIDATION,
            Severity.HIGH,
            Confidence.HIGH,
            "OpenSSL 3 is used, and the image has no FIPS provider for it",
            ("/usr/bin/openssl",),
            "The validated code is the FIPS provider.",
            "Start from a base image that ships one.",
            ignored_by="baseline",
            ignored_because="known from last-release.json of 2026-11-01",
        ),
        Finding(
            "env-openssl-conf",
            Question.ACTIVATION,
            Severity.INFO,
            Confidence.LOW,
            "OPENSSL_CONF is set in the image",
            ("",),
            "It decides what OpenSSL loads.",
            "Look at the file that it names.",
            ("OPENSSL_CONF=/etc/ssl/fips.cnf",),
            ignored_by="override",
            ignored_because="switched off: all of our images set it",
        ),
    ),
    gaps=(
        Gap(
            GapKind.PACKED,
            "/opt/agent/bin/helper",
            "packed with UPX; its code was not seen",
            ignored_because=_because(_GAP),
        ),
    ),
    layers=(
        LayerInfo(f"sha256:{'1a' * 32}", "", 2900, 74_000_000),
        LayerInfo(
            f"sha256:{'2b' * 32}",
            "RUN |1 PG=15 /bin/sh -c apt-get update && apt-get install -y postgresql-$PG "
            "# buildkit",
            190,
            41_000_000,
        ),
        LayerInfo(f"sha256:{'3c' * 32}", f"/bin/sh -c #(nop) COPY dir:{'4d' * 32} in / ", 10, 9000),
    ),
    origins={
        "/opt/agent/bin/helper": 2,
        "/usr/bin/openssl": 0,
        "/usr/lib/postgresql/15/bin/postgres": 1,
        "/usr/lib/postgresql/15/bin/psql": 1,
        "/usr/lib/x86_64-linux-gnu/libexslt.so.0.8.20": 0,
        _HBA: 2,
        "/var/lib/postgresql/data/server.key": 2,
    },
    target="aks-ubuntu2204",
    policy=PolicyResult(
        ".fips-scanner.yaml",
        VerdictKind.NOT_READY,
        41,
        GateResult(
            False,
            1,
            (
                "the waiver of private-key-in-image for server.key expired on 2026-10-31: db-team "
                "renews it or removes it (line 18)",
                "2 findings at or above high: module-not-validated, private-key-in-image",
                "the accepted score is 41, below 60",
                "the verdict is not-ready, not conditional or better",
            ),
        ),
        GateRules(Severity.HIGH, 60, VerdictKind.CONDITIONAL),
        (
            WaiverResult(_LIBRARY, WaiverState.HOLDS, 1),
            WaiverResult(_GAP, WaiverState.HOLDS, 1),
            WaiverResult(_EXPIRED, WaiverState.EXPIRED, 1),
            WaiverResult(_UNMATCHED, WaiverState.UNMATCHED),
        ),
        "last-release.json of 2026-11-01",
    ),
)
