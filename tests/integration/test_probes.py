"""What real crypto libraries and runtimes give when asked inside of a container."""

from __future__ import annotations

import platform
import zipfile
from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import docker
import pytest

from scanner.facts import fact
from scanner.match import evaluate
from scanner.model import AlgorithmOffer, Fact, FactKind, Gap, ImageConfig, Platform
from scanner.rulebook import RuleBook
from scanner.simulate.box import Box, BoxSpec
from scanner.simulate.plan import CONFIG as OPENSSL_CONFIG
from scanner.simulate.plan import Facts, Plan, make_plan
from scanner.simulate.probes import alone, inside, offer_facts, probe_all, probe_files
from scanner.simulate.provider import read_provider
from scripts.building import build, build_context, fetch_package, fetch_wheels, one_at_a_time

pytestmark = pytest.mark.docker

LIBCRYPTO = "/usr/lib/x86_64-linux-gnu/libcrypto.so.3"
CONFIG = ImageConfig(Platform("linux", "amd64"))
LIMITS = {"mem_limit": "512m", "pids_limit": 64, "network_mode": "none"}
MUSL, OLD = "/opt/musl/libcrypto.so.3", "/opt/old/libcrypto.so.1.1.1k"
MUSL_WHEEL, OLD_WHEEL = "psycopg2-binary==2.9.13", "pymssql==2.4.6"
Given = Mapping[tuple[str, str], bool]


def library(path: str = LIBCRYPTO, libc: str = "libc.so.6") -> list[Fact]:
    return [
        fact(FactKind.MODULE_CODE, path, module="openssl", version="3.5.9", form="library"),
        fact(FactKind.ELF, path, machine="x86_64", needed=(libc,)),
    ]


def runtime(name: str, path: str) -> Fact:
    return fact(FactKind.RUNTIME, path, name=name)


def box(image: str, facts: Facts, plan: Plan, entrypoint: tuple[str, ...], **options: Any) -> Box:
    files = {**plan.files, **probe_files(facts, "amd64")}
    return Box(
        BoxSpec(
            image, plan.environment, files, entrypoint=entrypoint, options={**LIMITS, **options}
        )
    )


def asked(
    image: str, facts: Facts, rules: RuleBook, plan: Plan | None = None, **options: Any
) -> tuple[tuple[AlgorithmOffer, ...], tuple[Gap, ...]]:
    """Each probe in a container of its own."""
    used = plan or Plan()
    ask = alone(lambda command: box(image, facts, used, command, **options))
    return probe_all(facts, rules, ask, "baseline")


def given(offers: tuple[AlgorithmOffer, ...], provider: str = LIBCRYPTO) -> Given:
    return {(o.kind, o.algorithm): o.offered for o in offers if o.provider == provider}


@pytest.fixture(scope="module")
def enforced(fips_provider: Path, rules: RuleBook) -> Plan:
    """Approved algorithms only, by a FIPS provider that is put into the container."""
    provider = read_provider(fips_provider.read_bytes(), "the samples")
    plan = make_plan(Facts(library()), CONFIG, rules, own_provider=None, provider=provider)
    assert plan.switches
    return plan


# --- OpenSSL -------------------------------------------------------------------------------


def test_a_library_as_it_is_and_enforced(
    sample: Callable[[str], str], rules: RuleBook, enforced: Plan
) -> None:
    image, facts = sample("openssl-fips-not-activated"), Facts(library())
    hardened: dict[str, Any] = {"user": "1000:1000", "cap_drop": ["ALL"]}
    before, gaps = asked(image, facts, rules, **hardened)
    assert gaps == ()
    assert given(before)["setting", "fips=yes by default"] is False
    for used in (
        *(("digest", "MD5"), ("digest", "SHA2-256"), ("cipher", "ChaCha20-Poly1305")),
        *(("group", "X25519"), ("group", "P-256"), ("exchange", "ML-KEM-768")),
        *(("signature", "ML-DSA-65"), ("signature", "SLH-DSA-SHA2-128f"), ("kdf", "PBKDF2")),
        *(("key-size", "RSA-1024 with SHA-1"), ("key-size", "PBKDF2 with a 64-bit salt")),
        ("probe", "complete"),
    ):
        assert given(before)[used], used

    after, gaps = asked(image, facts, rules, enforced)
    assert gaps == ()
    now = given(after)
    assert now["setting", "fips=yes by default"]
    assert any(kind == "provider" and name.startswith("fips ") for kind, name in now)
    for refused in (
        *(("digest", "MD5"), ("cipher", "ChaCha20-Poly1305"), ("cipher", "DES-CBC")),
        *(("group", "X25519"), ("group", "P-192"), ("mac", "HMAC-MD5"), ("kdf", "SCRYPT")),
        *(("key-size", "RSA-1024 with SHA2-256"), ("key-size", "PBKDF2 with a 64-bit salt")),
    ):
        assert now[refused] is False, refused
    for kept in (
        *(("digest", "SHA2-256"), ("cipher", "AES-256-GCM"), ("group", "P-256"), ("mac", "HMAC")),
        *(("signature", "RSA with SHA2-256"), ("signature", "ECDSA"), ("kdf", "HKDF")),
        ("key-size", "RSA-1024 with SHA-1, to verify"),
    ):
        assert now[kept], kept


def test_the_own_configuration_of_an_image_counts(
    sample: Callable[[str], str], rules: RuleBook
) -> None:
    offers, gaps = asked(sample("openssl-fips-active"), Facts(library()), rules)
    assert gaps == ()
    assert given(offers)["setting", "fips=yes by default"]
    assert given(offers)["digest", "MD5"] is False
    assert given(offers)["digest", "SHA2-256"]


def test_a_wrong_provider_path_shows_that_nothing_is_given(
    sample: Callable[[str], str], rules: RuleBook, enforced: Plan
) -> None:
    lost = Plan(
        environment=enforced.environment,
        files={
            path: content
            for path, content in enforced.files.items()
            if not path.endswith("fips.so")
        },
    )
    offers, _ = asked(sample("openssl-fips-not-activated"), Facts(library()), rules, lost)
    assert given(offers)["digest", "SHA2-256"] is False
    assert given(offers)["probe", "complete"]


def test_what_is_no_libcrypto_is_a_gap(sample: Callable[[str], str], rules: RuleBook) -> None:
    image = sample("openssl-fips-not-activated")
    facts = Facts([*library("/usr/lib/libcrypto.so.99"), *library("/bin/libcrypto-is-no.so")])
    offers, gaps = asked(image, facts, rules)
    assert offers == ()
    assert len(gaps) == 2
    assert all("cannot be loaded" in gap.reason for gap in gaps)


def test_an_image_with_another_loader_is_a_gap(
    workload: Callable[..., str], rules: RuleBook
) -> None:
    """As a static program alone has none, a probe cannot be started."""
    offers, gaps = asked(workload("sleep"), Facts(library()), rules)
    assert offers == ()
    assert "ld-linux" in gaps[0].reason


@pytest.fixture(scope="module")
def others(engine: docker.DockerClient, base_image_of: dict[str, str]) -> str:
    """An image with a libcrypto for musl, and with Red Hat's 1.1.1, which has FIPS code of its own.

    Both come from Python wheels, which is also how they come into images.
    """
    musl = ("--no-deps", "--platform", "musllinux_1_2_x86_64", "--python-version", "3.11")
    (wheel,) = fetch_wheels(f"{MUSL_WHEEL}-musl", *musl, MUSL_WHEEL)
    with zipfile.ZipFile(wheel) as archive:
        (name,) = (name for name in archive.namelist() if "/libcrypto" in name)
        for_musl = archive.read(name)
    (old,) = fetch_package(OLD_WHEEL).glob("*.libs/libcrypto*")
    dockerfile = (
        f"FROM {base_image_of['debian:trixie-slim']}\n"
        "RUN apt-get update && apt-get install -y --no-install-recommends musl"
        " && rm -rf /var/lib/apt/lists/*\n"
        f"COPY musl {MUSL}\nCOPY old {OLD}\n"
    )
    tag = "fips-tests/libcryptos:latest"
    texts = {"Dockerfile": dockerfile.encode(), "musl": for_musl, "old": old.read_bytes()}
    with one_at_a_time("libcryptos"):
        build(engine, tag, build_context({}, texts))
    return tag


@pytest.mark.skipif(platform.machine() != "x86_64", reason="the wheels are for x86_64")
def test_a_library_for_musl(others: str, rules: RuleBook) -> None:
    facts = Facts(library(MUSL, "libc.musl-x86_64.so.1"))
    offers, gaps = asked(others, facts, rules)
    assert gaps == ()
    told = given(offers, MUSL)
    assert ("library", "OpenSSL 3.5.7 9 Jun 2026") in told
    assert told["digest", "MD5"]
    assert told["exchange", "ML-KEM-768"]
    assert told["probe", "complete"]


@pytest.mark.skipif(platform.machine() != "x86_64", reason="the wheels are for x86_64")
def test_openssl_1_1_and_a_library_that_aborts(others: str, rules: RuleBook) -> None:
    facts = Facts(library(OLD))
    offers, gaps = asked(others, facts, rules)
    assert gaps == ()
    told = given(offers, OLD)
    for used in (
        *(("digest", "MD5"), ("cipher", "AES-256-CBC"), ("cipher", "CHACHA20-POLY1305")),
        *(("signature", "RSA with SHA2-256"), ("group", "P-256"), ("group", "X25519")),
        *(("kdf", "PBKDF2"), ("mac", "HMAC-MD5"), ("key-size", "RSA-1024 with SHA-1")),
    ):
        assert told[used], used
    assert ("kdf", "SCRYPT") not in told  # there under another interface: not asked, not denied

    offers, gaps = asked(others, facts, rules, Plan(environment={"OPENSSL_FORCE_FIPS_MODE": "1"}))
    assert offers == ()
    assert "it crashed when it was loaded: Aborted" in gaps[0].reason
    assert "FATAL FIPS SELFTEST FAILURE" in gaps[0].reason


# --- runtimes ------------------------------------------------------------------------------


def test_python_falls_back_to_hashes_of_its_own(
    sample: Callable[[str], str], rules: RuleBook, enforced: Plan
) -> None:
    python = "/usr/bin/python3.11"
    image, facts = sample("python-md5-wheel"), Facts([runtime("python", python)])
    before = given(asked(image, facts, rules)[0], python)
    with box(image, facts, enforced, ("sleep", "60")) as running:
        offers, gaps = probe_all(facts, rules, inside(running), "enforced")
    after = given(offers, python)
    assert gaps == ()
    assert before["digest", "md5"]
    assert ("builtin-digest", "md5") not in before
    assert after["setting", "FIPS mode"]
    assert after["digest", "md5"] is False
    assert after["builtin-digest", "md5"]
    assert after["digest", "sha256"]
    assert ("builtin-digest", "sha256") not in after
    assert before["tls", "TLS_CHACHA20_POLY1305_SHA256"]
    assert ("tls", "TLS_CHACHA20_POLY1305_SHA256") not in after
    assert after["tls", "TLS_AES_256_GCM_SHA384"]


def test_node_and_the_openssl_inside_of_it(
    sample: Callable[[str], str], rules: RuleBook, enforced: Plan
) -> None:
    node = "/usr/local/bin/node"
    image, facts = sample("node-service"), Facts([runtime("node", node)])
    before = given(asked(image, facts, rules)[0], node)
    offers, gaps = asked(image, facts, rules, enforced)
    after = given(offers, node)
    assert gaps == ()
    assert before["digest", "md5"]
    assert before["group", "X25519"]
    assert before["setting", "FIPS mode"] is False
    assert after["setting", "FIPS mode"]
    assert after["digest", "md5"] is False
    assert after["cipher", "chacha20-poly1305"] is False
    assert after["group", "X25519"] is False
    assert after["group", "prime256v1"]
    assert after["digest", "sha256"]
    # An interface that makes its keys outside of any provider, whatever the mode.
    assert ("group", "prime192v1") not in after or not after["group", "prime192v1"]
    assert after["createECDH", "prime192v1"]


def test_java_and_its_providers(sample: Callable[[str], str], rules: RuleBook) -> None:
    home = "/usr/lib/jvm/java-17-openjdk-amd64"
    java = f"{home}/bin/java"
    facts = Facts(
        [
            fact(FactKind.JAVA_RUNTIME, f"{home}/release", home=home),
            fact(FactKind.ELF, java, machine="x86_64"),
        ]
    )
    offers, gaps = asked(sample("java-bouncycastle"), facts, rules)
    told = given(offers, java)
    assert gaps == ()
    assert told["provider", "01 SUN 17.0"]
    for used in (
        *(("digest", "MD5"), ("digest", "SHA-256"), ("cipher", "AES-GCM"), ("cipher", "DES-CBC")),
        *(("signature", "SHA256withRSA"), ("key-size", "RSA-1024 with SHA2-256")),
        *(("group", "secp256r1"), ("group", "X25519"), ("tls", "TLS_AES_128_GCM_SHA256")),
        *(("tls", "TLS 1.3"), ("setting", "keystores are pkcs12"), ("probe", "complete")),
    ):
        assert told[used], used
    assert told["group", "secp192r1"] is False
    approved = {each.algorithm: each.approved for each in offers}
    assert approved["SHA-256"]
    assert approved["MD5"] is False
    assert approved["TLS 1.3"]
    assert approved["TLS_AES_128_GCM_SHA256"]


def test_a_default_provider_beside_the_fips_provider_is_found(
    sample: Callable[[str], str], rules: RuleBook, enforced: Plan
) -> None:
    """Red Hat's and others' way to have both, without that approved algorithms are required."""
    text = enforced.files[OPENSSL_CONFIG].decode()
    both = text.replace("base = fips_scanner_base", "default = fips_scanner_base").replace(
        "default_properties = fips=yes", "default_properties = ?fips=yes"
    )
    assert both != text
    plan = replace(enforced, files={**enforced.files, OPENSSL_CONFIG: both.encode()})
    image, facts = sample("openssl-fips-not-activated"), Facts(library())
    check = rules.checks["openssl-unapproved-beside-fips"]
    for used, expected in ((plan, [LIBCRYPTO]), (enforced, [])):
        offers, gaps = asked(image, facts, rules, used)
        made = offer_facts(offers, "enforced", rules)
        assert gaps == ()
        assert [match.location for match in evaluate(check, made)] == expected


@pytest.fixture(scope="module")
def scripted(engine: docker.DockerClient, base_image_of: dict[str, str]) -> str:
    """An image with Debian's Ruby, PHP and Perl."""
    tag = "fips-tests/scripted:latest"
    dockerfile = (
        f"FROM {base_image_of['debian:bookworm-slim']}\n"
        "RUN apt-get update && apt-get install -y --no-install-recommends "
        "ruby php-cli libnet-ssleay-perl && rm -rf /var/lib/apt/lists/*\n"
    )
    with one_at_a_time("scripted"):
        build(engine, tag, build_context({}, {"Dockerfile": dockerfile.encode()}))
    return tag


@pytest.mark.parametrize(
    ("name", "path", "md5", "sha256"),
    [
        ("ruby", "/usr/bin/ruby3.1", "MD5", "SHA256"),
        ("php", "/usr/bin/php8.2", "md5", "sha256"),
        ("perl", "/usr/bin/perl", "MD5", "SHA256"),
    ],
)
def test_runtimes_have_hashes_of_their_own_beside_openssl(
    name: str,
    path: str,
    md5: str,
    sha256: str,
    scripted: str,
    rules: RuleBook,
    enforced: Plan,
) -> None:
    facts = Facts([runtime(name, path), fact(FactKind.COMMAND, argv=(name,), program=path)])
    before, gaps = asked(scripted, facts, rules)
    assert gaps == ()
    after, gaps = asked(scripted, facts, rules, enforced)
    assert gaps == ()
    as_it_is, now = given(before, path), given(after, path)
    assert as_it_is["digest", md5]
    assert now["digest", md5] is False
    assert now["digest", sha256]
    assert now["builtin-digest", md5]
    assert any(kind == "library" and "OpenSSL 3" in told for kind, told in now)
    if name != "perl":
        assert as_it_is["group", "secp256k1"]
        assert now["group", "secp256k1"] is False
        assert now["group", "prime256v1"]
        assert as_it_is["key-size", "RSA-1024 with SHA2-256"]
        assert now["key-size", "RSA-1024 with SHA2-256"] is False
