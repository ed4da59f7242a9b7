"""Simulated runs of real containers: what breaks, what leaks, and what proves nothing."""

from __future__ import annotations

import io
import tarfile
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import docker
import pytest

from scanner.errors import EngineError, ImageNotFoundError, UsageError
from scanner.facts import fact
from scanner.model import Effect, Fact, FactKind, GapKind, HealthCheck
from scanner.rulebook import RuleBook
from scanner.simulate import engine_available, simulate
from scanner.simulate.engine import EngineInfo
from scanner.simulate.provider import read_provider
from tests.integration.workloads import GO_FACTS, config, effects, kinds, run, started

pytestmark = [pytest.mark.docker, pytest.mark.usefixtures("nothing_left")]


LIBCRYPTO = "/usr/lib/x86_64-linux-gnu/libcrypto.so.3"


def test_engine_is_there(engine: docker.DockerClient) -> None:
    info = engine_available()
    assert isinstance(info, EngineInfo)
    assert info.os == "linux"
    assert info.cpus >= 1


@pytest.mark.parametrize(
    ("host", "words"),
    [
        ("unix:///nonexistent/docker.sock", "no container engine found"),
        ("tcp://127.0.0.1:1", "does not answer"),
    ],
)
def test_no_engine_is_said_in_one_line(
    host: str, words: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DOCKER_HOST", host)
    error = engine_available()
    assert isinstance(error, EngineError)
    assert words in str(error)
    assert "\n" not in str(error)


def test_unknown_image(engine: docker.DockerClient, rules: RuleBook) -> None:
    with pytest.raises(ImageNotFoundError, match="not in the container engine"):
        run("fips-tests/none:none", rules)


# --- Go ------------------------------------------------------------------------------------


def test_go_program_that_needs_md5_breaks(workload: Callable[[str], str], rules: RuleBook) -> None:
    result = run(workload("md5-later"), rules, facts=GO_FACTS)
    baseline, _, enforced = result.conditions
    assert baseline.exit_code is None
    assert baseline.ports == ("8080/tcp",)
    assert enforced.switches == ("GODEBUG=fips140=only",)
    assert enforced.exit_code == 2
    assert enforced.verified
    assert ("exit", "breaks") in effects(enforced)
    assert ("log", "breaks") in effects(enforced)
    assert any("MD5" in match.line for match in enforced.log_matches)
    assert [gap for gap in result.gaps if gap.caps] == []


def test_go_tls_server_is_restricted(workload: Callable[[str], str], rules: RuleBook) -> None:
    result = run(workload("tls-deaf"), rules, facts=GO_FACTS)
    baseline, _, enforced = result.conditions
    (before,), (after,) = baseline.tls, enforced.tls
    assert before.port == 8443
    assert "TLS_CHACHA20_POLY1305_SHA256" in before.suites
    assert "TLS_CHACHA20_POLY1305_SHA256" in before.unapproved
    assert "x25519" in before.groups
    assert after.protocols == ("TLS 1.2", "TLS 1.3")
    assert "TLS_AES_128_GCM_SHA256" in after.suites
    assert not {"TLS_CHACHA20_POLY1305_SHA256", "x25519"} & {*after.suites, *after.groups}
    assert ("tls-suite", "restricts") in effects(enforced)
    assert not {"breaks", "leaks"} & {effect for _, effect in effects(enforced)}
    made = [each for each in result.facts if each.kind is FactKind.TLS_ENDPOINT]
    assert [each.text("condition") for each in made] == ["baseline", "node", "enforced"]
    assert made[2].texts("unapproved_suites") == ()


def test_server_whose_crypto_no_switch_reaches_leaks(
    workload: Callable[[str], str], rules: RuleBook
) -> None:
    *_, enforced = run(workload("tls"), rules).conditions
    assert enforced.switches == ()
    leaks = {each.condition for each in enforced.differences if each.effect is Effect.LEAKS}
    assert {"TLS_CHACHA20_POLY1305_SHA256", "x25519"} <= leaks


# --- little or nothing to see ----------------------------------------------------------------


@pytest.mark.parametrize(
    ("behavior", "exit_code", "words"),
    [
        ("md5", 0, "exit code 0"),
        ("exit", 3, "exit code 3"),
        ("sleep", None, "listened on no port"),
    ],
)
def test_nothing_observed_is_said(
    behavior: str,
    exit_code: int | None,
    words: str,
    workload: Callable[[str], str],
    rules: RuleBook,
) -> None:
    result = run(workload(behavior), rules)
    assert [each.exit_code for each in result.conditions] == [exit_code] * 3
    (gap,) = result.gaps
    assert gap.kind is GapKind.NOTHING_OBSERVED
    assert words in gap.reason


def test_port_on_loopback_is_seen_and_cannot_be_asked(
    workload: Callable[[str], str], rules: RuleBook
) -> None:
    result = run(workload("loopback"), rules)
    assert [each.ports for each in result.conditions] == [("8080/tcp",)] * 3
    assert kinds(result) == {GapKind.NOT_SUPPORTED}


def test_program_that_is_not_there(engine: docker.DockerClient, rules: RuleBook) -> None:
    empty = io.BytesIO()
    tarfile.open(fileobj=empty, mode="w").close()
    engine.api.import_image_from_data(
        empty.getvalue(), repository="fips-tests/hollow", changes=['CMD ["/nothing"]']
    )
    try:
        result = run("fips-tests/hollow", rules)
    finally:
        engine.images.remove("fips-tests/hollow")
    assert [each.ran for each in result.conditions] == [False] * 3
    (gap,) = result.gaps
    assert gap.kind is GapKind.NOT_RUN
    assert "/nothing" in gap.reason
    assert "\n" not in gap.reason


# --- OpenSSL -------------------------------------------------------------------------------


def openssl_facts(program: str = "/usr/sbin/nginx") -> tuple[Fact, ...]:
    return (
        fact(
            FactKind.OPENSSL_STATE,
            LIBCRYPTO,
            library=LIBCRYPTO,
            version="3.0.20",
            activation="off",
            config="/usr/lib/ssl/openssl.cnf",
            config_found=True,
        ),
        fact(
            FactKind.USE,
            program,
            module="openssl",
            module_version="3.0.20",
            role="workload",
            library=LIBCRYPTO,
        ),
        started(program),
    )


NGINX = replace(
    config(), exposed_ports=("8443/tcp",), healthcheck=HealthCheck(("CMD", "sh"), interval=2.0)
)
"""The check itself is the image's; that there is one makes a run wait for its verdict."""


@pytest.mark.slow
def test_nginx_with_the_provider_of_this_machine(
    sample: Callable[[str], str], fips_provider: Path, rules: RuleBook
) -> None:
    image = sample("nginx-openssl")
    result = simulate(image, NGINX, openssl_facts(), rules=rules, provider=fips_provider)
    baseline, _, enforced = result.conditions
    assert result.gaps == ()
    assert any("fips.so is loaded" in each for each in enforced.verified)
    (before,), (after,) = baseline.tls, enforced.tls
    assert any("CHACHA20" in name for name in before.suites)
    assert not any("CHACHA20" in name or "CAMELLIA" in name for name in after.suites)
    assert "x25519" in before.groups
    assert "x25519" not in after.groups
    assert not {"breaks", "leaks"} & {effect for _, effect in effects(enforced)}


@pytest.mark.slow
def test_without_a_provider_nothing_is_concluded(
    sample: Callable[[str], str],
    rules: RuleBook,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    monkeypatch.setattr("scanner.simulate.provider._system_folders", lambda: iter(()))
    result = simulate(sample("nginx-openssl"), NGINX, openssl_facts(), rules=rules)
    *_, enforced = result.conditions
    assert GapKind.NO_PROVIDER in kinds(result)
    assert enforced.verified == ()
    assert enforced.differences == ()
    (run_fact,) = [
        each
        for each in result.facts
        if each.kind is FactKind.RUN and each.text("condition") == "enforced"
    ]
    assert not run_fact.flag("verified")


@pytest.mark.slow
def test_provider_that_cannot_be_loaded_proves_nothing(
    sample: Callable[[str], str], fips_provider: Path, rules: RuleBook, tmp_path: Path
) -> None:
    broken = tmp_path / "fips.so"
    broken.write_bytes(fips_provider.read_bytes()[: 2**20])
    result = simulate(sample("nginx-openssl"), NGINX, openssl_facts(), rules=rules, provider=broken)
    *_, enforced = result.conditions
    assert GapKind.NOT_VERIFIED in kinds(result)
    assert {effect for _, effect in effects(enforced)} <= {"changes"}


def test_file_that_is_no_provider(
    engine: docker.DockerClient, rules: RuleBook, tmp_path: Path
) -> None:
    file = tmp_path / "fips.so"
    file.write_bytes(b"\x7fELF")
    with pytest.raises(UsageError, match="not a FIPS provider"):
        simulate("any", config(), (), rules=rules, provider=file)


@pytest.mark.slow
def test_module_mac_is_what_fipsinstall_wrote(
    engine: docker.DockerClient, sample: Callable[[str], str], fips_provider: Path
) -> None:
    container = engine.containers.create(sample("openssl-fips-active"))
    try:
        stream, _ = container.get_archive("/etc/ssl/fipsmodule.cnf")
        packed = io.BytesIO(b"".join(stream))
    finally:
        container.remove()
    with tarfile.open(fileobj=packed) as archive:
        file = archive.extractfile("fipsmodule.cnf")
        assert file is not None
        text = file.read().decode()
    provider = read_provider(fips_provider.read_bytes(), "sample")
    assert f"module-mac = {provider.module_mac}\n" in text
    assert provider.version.startswith("3.")
