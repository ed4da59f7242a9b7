import json
import subprocess
import sys
from dataclasses import replace
from datetime import date
from typing import Any

import pytest
from cyclonedx.schema import SchemaVersion
from cyclonedx.validation.json import JsonStrictValidator

from scanner import model
from scanner.model import (
    Activation,
    AlgorithmCall,
    AlgorithmOffer,
    Asset,
    AssetKind,
    ConditionResult,
    CryptoUse,
    ImageInfo,
    Module,
    TlsCertificate,
    TlsEndpoint,
    UseKind,
    Validation,
    ValidationStatus,
)
from scanner.report.cyclonedx import render
from tests.unit.report.nginx import NOT_READY_NGINX
from tests.unit.report.parts import DIGEST
from tests.unit.report.reports import ALL, NO_CRYPTO, READY_GO
from tests.unit.report.test_text import hostile_report

VALIDATOR = JsonStrictValidator(SchemaVersion.V1_6)
FIPS_SO = Module("openssl-fips-provider", "OpenSSL FIPS Provider", "3.0.9", "/usr/lib/fips.so")
LIBCRYPTO = Module("openssl", "OpenSSL", "3.0.13", "/usr/lib/libcrypto.so.3")
USE = CryptoUse(
    "/usr/bin/app",
    UseKind.LINKED,
    FIPS_SO,
    library=LIBCRYPTO,
    validation=Validation(ValidationStatus.ACTIVE, 4282, "FIPS 140-3", date(2030, 1, 1), level=1),
    activation=Activation.ON,
)


def document(report: model.Report) -> dict[str, Any]:
    made: dict[str, Any] = json.loads(render(report))
    return made


def components(report: model.Report) -> dict[str, dict[str, Any]]:
    return {each["name"]: each for each in document(report)["components"]}


def properties(component: dict[str, Any]) -> dict[str, list[str]]:
    found: dict[str, list[str]] = {}
    for each in component.get("properties", ()):
        found.setdefault(each["name"].removeprefix("fips-scanner:"), []).append(each["value"])
    return found


def calling(use: CryptoUse, *calls: AlgorithmCall) -> model.Report:
    return replace(READY_GO, uses=(use,), conditions=(ConditionResult("node", True, calls=calls),))


def call(algorithm: str = "AES-256-GCM", **parts: Any) -> AlgorithmCall:
    return replace(
        AlgorithmCall("/usr/bin/app", "EVP_CIPHER_fetch", algorithm, LIBCRYPTO.path, approved=True),
        **parts,
    )


NAMES = (
    *("aes-128-gcm", "AES-256-CBC", "chacha20-poly1305", "rc4", "SHA256", "shake128", "secp384r1"),
    *("x25519", "RSA 3072", "ML-KEM-768", "X25519MLKEM768", "RSA-OAEP", "AES-128-WRAP"),
    *("CTR-DRBG", "frobnicate", "TLS_AES_128_GCM_SHA256", "TLS 1.2"),
)
OF_ALL_SORTS = replace(
    calling(USE, call(), call("MD5", approved=None)),
    assets=(Asset(AssetKind.SOURCE, "/app/x.py", "call", line=7, algorithms=NAMES),),
)


@pytest.mark.parametrize("report", [*ALL.values(), hostile_report(), OF_ALL_SORTS])
def test_reports_keep_to_the_strict_schema(report: model.Report) -> None:
    text = render(report)
    assert VALIDATOR.validate_str(text) is None
    assert text.isascii()
    made = document(report)
    refs = [each["bom-ref"] for each in made.get("components", ())]
    assert len(refs) == len(set(refs))
    dependencies = {each["ref"]: each.get("dependsOn", []) for each in made["dependencies"]}
    assert set(dependencies) == {*refs, "image"}
    reached = {each for targets in dependencies.values() for each in targets}
    assert reached == set(refs)


def test_the_same_report_gives_the_same_bytes_in_another_process() -> None:
    code = (
        "from scanner.report.cyclonedx import render\n"
        "from tests.unit.report.nginx import NOT_READY_NGINX\n"
        "print(render(NOT_READY_NGINX), end='')"
    )
    run = subprocess.run(
        [sys.executable, "-c", code],
        capture_output=True,
        text=True,
        check=True,
        env={"PYTHONHASHSEED": "7"},
    )
    assert run.stdout == render(NOT_READY_NGINX)


def test_another_report_is_another_document() -> None:
    other = replace(READY_GO, date=date(2026, 11, 24))
    assert document(READY_GO)["serialNumber"] != document(other)["serialNumber"]
    assert document(READY_GO)["metadata"]["timestamp"] == "2026-11-23T00:00:00+00:00"


def test_an_image_of_a_registry_is_named_by_its_manifest() -> None:
    image = document(READY_GO)["metadata"]["component"]
    assert image["purl"] == (
        f"pkg:oci/gateway@{DIGEST}?arch=amd64&repository_url=docker.io/team/gateway&tag=2.4"
    )
    assert image["hashes"] == [{"alg": "SHA-256", "content": DIGEST.removeprefix("sha256:")}]


@pytest.mark.parametrize(
    ("reference", "where"),
    [
        ("docker:nginx", "docker.io/library/nginx"),
        ("nginx:1.27", "docker.io/library/nginx&tag=1.27"),
        ("registry:localhost:5000/nginx:a.b", "localhost:5000/nginx&tag=a.b"),
        (f"team/nginx@{DIGEST}", "docker.io/team/nginx"),
    ],
)
def test_a_registry_is_told_with_its_image(reference: str, where: str) -> None:
    image = replace(READY_GO.image, reference=reference)
    purl = document(replace(READY_GO, image=image))["metadata"]["component"]["purl"]
    assert purl == f"pkg:oci/nginx@{DIGEST}?arch=amd64&repository_url={where}"


@pytest.mark.parametrize(
    ("reference", "purl"),
    [
        ("docker:nginx:1.27", f"pkg:docker/nginx@{DIGEST}?arch=amd64"),
        ("localhost:5000/team/app", f"pkg:docker/localhost:5000/team/app@{DIGEST}?arch=amd64"),
        ("docker-archive:app.tar", None),
        ("dir:/srv/rootfs", None),
        ("Not A Name", None),
    ],
)
def test_an_image_that_only_an_engine_knows_is_named_by_its_id(
    reference: str, purl: str | None
) -> None:
    image = document(replace(READY_GO, image=ImageInfo(reference, DIGEST, "linux/amd64")))
    assert image["metadata"]["component"].get("purl") == purl
    assert "hashes" not in image["metadata"]["component"]


@pytest.mark.parametrize(
    ("os", "package", "purl"),
    [
        ("debian 12", "libssl3 3.0.1+x", "pkg:deb/debian/libssl3@3.0.1%2Bx?distro=debian-12"),
        ("rhel 9.4", "openssl 1:3.0.7-1", "pkg:rpm/redhat/openssl@3.0.7-1?distro=rhel-9.4&epoch=1"),
        ("wolfi 20230201", "openssl 3.3", "pkg:apk/wolfi/openssl@3.3?distro=wolfi-20230201"),
        ("plan9 4", "openssl 3.3", None),
    ],
)
def test_a_module_of_a_package_has_its_url(os: str, package: str, purl: str | None) -> None:
    use = replace(USE, module=replace(FIPS_SO, package=package))
    report = replace(READY_GO, uses=(use,), image=replace(READY_GO.image, os=os))
    assert components(report)["OpenSSL FIPS Provider"].get("purl") == purl


def test_a_program_depends_on_the_library_and_that_on_the_module() -> None:
    made = document(calling(USE, call()))
    names = {each["bom-ref"]: each["name"] for each in made["components"]} | {"image": "image"}
    depends = {
        names[each["ref"]]: {names[to] for to in each.get("dependsOn", ())}
        for each in made["dependencies"]
    }
    assert "/usr/bin/app" in depends["image"]
    assert depends["/usr/bin/app"] == {"OpenSSL", "AES-256-GCM"}
    assert depends["OpenSSL"] == {"OpenSSL FIPS Provider"}
    assert depends["OpenSSL FIPS Provider"] == {"AES-256-GCM"}


def level(report: model.Report, name: str = "AES-256-GCM") -> list[str] | None:
    found: list[str] | None = components(report)[name]["cryptoProperties"][
        "algorithmProperties"
    ].get("certificationLevel")
    return found


def test_what_a_validated_module_in_approved_mode_computed_is_certified() -> None:
    assert level(calling(USE, call())) == ["fips140-3-l1"]


@pytest.mark.parametrize(
    "report",
    [
        calling(replace(USE, activation=Activation.HOST), call()),
        calling(replace(USE, activation=Activation.OFF), call()),
        calling(
            replace(USE, validation=replace(USE.validation, status=ValidationStatus.HISTORICAL)),
            call(),
        ),
        calling(replace(USE, validation=replace(USE.validation, level=None)), call()),
        # somebody else computes it too
        calling(USE, call(), call(program="/usr/bin/other")),
        calling(USE, call(), call(library="/opt/libcrypto.so.3")),
        # a library that gives it when asked shows nothing of who serves it
        replace(
            READY_GO,
            uses=(USE,),
            conditions=(
                ConditionResult(
                    "node",
                    True,
                    offers=(AlgorithmOffer(LIBCRYPTO.path, "cipher", "AES-256-GCM", True),),
                ),
            ),
        ),
    ],
)
def test_nothing_else_is_certified(report: model.Report) -> None:
    assert level(report) is None


@pytest.mark.parametrize(
    ("switches", "certified"),
    [
        (("the image's own OpenSSL configuration /etc/ssl/openssl.cnf",), ["fips140-3-l1"]),
        (("OPENSSL_CONF with FIPS provider 3.5.9 (sha256 0b02caa81b50…)",), None),
    ],
)
def test_a_module_that_the_scanner_put_there_certifies_nothing(
    switches: tuple[str, ...], certified: list[str] | None
) -> None:
    run = ConditionResult("enforced", True, switches=switches, calls=(call(),))
    assert level(replace(READY_GO, uses=(USE,), conditions=(run,))) == certified


def test_what_a_library_says_of_itself_is_no_algorithm() -> None:
    def offer(kind: str, name: str) -> AlgorithmOffer:
        return AlgorithmOffer(LIBCRYPTO.path, kind, name, offered=True)

    offers = (
        *(offer("library", "OpenSSL 3.5.9"), offer("provider", "fips 3.5.9")),
        *(offer("probe", "complete"), offer("tls", "TLS 1.3"), offer("digest", "SHA2-256")),
        offer("tls", "TLS_AES_128_GCM_SHA256"),
    )
    calls = (call("TLSv1.3", approved=None), call("TLS"))
    run = ConditionResult("node", True, offers=offers, calls=calls)
    made = components(replace(READY_GO, uses=(), conditions=(run,)))
    assert set(made) == {"SHA2-256", "AES-128-GCM"}


def test_what_a_library_gives_when_enforced_is_not_what_the_image_has() -> None:
    offers = (AlgorithmOffer(LIBCRYPTO.path, "digest", "SHA2-256", offered=True),)
    run = ConditionResult("enforced", True, offers=offers)
    report = replace(READY_GO, uses=(), conditions=(run,))
    assert "components" not in document(report)


def test_what_no_certificate_covers_has_none() -> None:
    use = replace(USE, validation=Validation(ValidationStatus.NONE))
    assert level(calling(use, call())) == ["none"]


def test_an_algorithm_that_is_not_approved_is_certified_by_nothing() -> None:
    assert level(calling(USE, call("MD5", approved=False)), "MD5") is None
    assert level(calling(USE, call("MD5", approved=None)), "MD5") is None


def test_a_refused_call_shows_no_algorithm() -> None:
    assert "MD5" not in components(calling(USE, call("MD5", count=2, failed=2)))


def test_cipher_suites_have_their_code_in_the_order_of_the_wire() -> None:
    tls = components(READY_GO)["TLS 1.3 (port 8443)"]["cryptoProperties"]["protocolProperties"]
    assert (tls["type"], tls["version"]) == ("tls", "1.3")
    assert [(each["name"], each["identifiers"]) for each in tls["cipherSuites"]] == [
        ("TLS_AES_128_GCM_SHA256", ["0x13", "0x01"]),
        ("TLS_AES_256_GCM_SHA384", ["0x13", "0x02"]),
    ]


def test_what_is_accepted_only_when_enforced_is_no_part_of_the_image() -> None:
    suites = ("TLS_AES_128_GCM_SHA256", "TLS_AES_256_GCM_SHA384")
    report = replace(
        READY_GO,
        conditions=(
            ConditionResult("baseline", True, tls=(TlsEndpoint(443, ("TLS 1.3",), suites[:1]),)),
            ConditionResult("enforced", True, tls=(TlsEndpoint(443, ("TLS 1.3",), suites[1:]),)),
        ),
    )
    protocol = components(report)["TLS 1.3 (port 443)"]
    made = protocol["cryptoProperties"]["protocolProperties"]
    assert [each["name"] for each in made["cipherSuites"]] == [suites[0]]
    assert properties(protocol)["accepted-when-enforced"] == [suites[1]]


def test_a_certificate_refers_to_its_algorithm() -> None:
    sent = TlsCertificate("CN=x", "ECDSA P-256", "RSA with SHA-256", "2027-01-31")
    endpoint = TlsEndpoint(443, ("TLS 1.2",), certificates=(sent,))
    report = replace(READY_GO, conditions=(ConditionResult("baseline", True, tls=(endpoint,)),))
    made = components(report)
    certificate = made["CN=x"]["cryptoProperties"]["certificateProperties"]
    assert certificate["notValidAfter"] == "2027-01-31T00:00:00+00:00"
    signature = made["RSA with SHA2-256"]
    assert certificate["signatureAlgorithmRef"] == signature["bom-ref"]
    assert signature["cryptoProperties"]["oid"] == "1.2.840.113549.1.1.11"
    assert "ECDSA-P-256" in made


def test_of_many_certificates_none_is_named_as_the_one() -> None:
    bundle = components(NOT_READY_NGINX)["CN=ACCVRAIZ1"]
    made = bundle["cryptoProperties"]["certificateProperties"]
    assert "subjectName" not in made
    assert "notValidAfter" not in made
    assert properties(bundle)["count"] == ["142"]


def test_of_a_private_key_there_is_type_and_size() -> None:
    key = components(NOT_READY_NGINX)["/etc/nginx/tls.key"]
    made = dict(key["cryptoProperties"]["relatedCryptoMaterialProperties"])
    assert made.pop("algorithmRef")
    assert made == {"type": "private-key", "size": 2048, "format": "pem"}


def test_what_could_not_be_looked_at_is_told() -> None:
    told = properties(document(NO_CRYPTO)["metadata"]["component"])
    assert told["verdict"] == ["no-crypto"]
    assert told["gap"][0].startswith("not-run: dir:/srv/rootfs")


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("aes-128-gcm", {"primitive": "ae", "mode": "gcm", "nistQuantumSecurityLevel": 1}),
        (
            "AES-256-CBC",
            {"primitive": "block-cipher", "mode": "cbc", "classicalSecurityLevel": 256},
        ),
        ("chacha20-poly1305", {"primitive": "ae"}),
        ("rc4", {"primitive": "stream-cipher"}),
        ("SHA256", {"primitive": "hash", "parameterSetIdentifier": "256"}),
        ("shake128", {"primitive": "xof", "parameterSetIdentifier": "128"}),
        ("secp384r1", {"primitive": "key-agree", "curve": "nist/P-384"}),
        ("x25519", {"curve": "other/Curve25519", "nistQuantumSecurityLevel": 0}),
        ("RSA 3072", {"primitive": "signature", "classicalSecurityLevel": 128}),
        ("ML-KEM-768", {"primitive": "kem", "nistQuantumSecurityLevel": 3}),
        ("X25519MLKEM768", {"primitive": "combiner"}),
        ("RSA-OAEP", {"primitive": "pke", "padding": "oaep"}),
        ("AES-128-WRAP", {"primitive": "other"}),
        ("CTR-DRBG", {"primitive": "drbg"}),
        ("frobnicate", {"primitive": "unknown"}),
    ],
)
def test_an_algorithm_is_described_as_far_as_it_is_known(
    name: str, expected: dict[str, Any]
) -> None:
    asset = Asset(AssetKind.SOURCE, "/app/x.py", "call", line=7, algorithms=(name,))
    made = [
        each
        for each in document(replace(NO_CRYPTO, assets=(asset,)))["components"]
        if each["type"] == "cryptographic-asset"
    ]
    assert len(made) == 1
    found = made[0]["cryptoProperties"]["algorithmProperties"]
    assert expected.items() <= found.items()
    assert made[0]["evidence"]["occurrences"] == [
        {"additionalContext": "call", "line": 7, "location": "/app/x.py"}
    ]
    if "nistQuantumSecurityLevel" not in expected and name in ("chacha20-poly1305", "frobnicate"):
        assert "nistQuantumSecurityLevel" not in found
