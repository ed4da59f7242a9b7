"""FIPS providers built for simulation: they load with musl and with an old GNU C library."""

from __future__ import annotations

import hashlib
import shutil
from collections.abc import Iterator
from datetime import date
from pathlib import Path

import docker
import pytest

from scanner.model import Effect, GapKind
from scanner.rulebook import RuleBook
from scanner.scan import ScanOptions, scan
from scanner.simulate.native.build_provider import TARGETS
from scanner.simulate.openssl_conf import enforced_config
from scanner.simulate.provider import Libc, import_provider, provider_section, read_provider
from scripts import build_provider
from scripts.building import (
    build,
    build_context,
    fetch_package,
    fetch_wheels,
    one_at_a_time,
    run,
)

pytestmark = [
    pytest.mark.docker,
    pytest.mark.xdist_group("provider"),
    pytest.mark.usefixtures("nothing_left"),
]

DAY = date(2026, 11, 23)
SERVER = Path(__file__).with_name("provider") / "server.c"
OPENSSL = "psycopg-binary==3.3.9"
"""Brings OpenSSL 3 as built for musl, and for the GNU C library 2.17."""
DOCKERFILE = b"""\
FROM scratch
COPY root /
EXPOSE 8443
ENTRYPOINT ["/app/server"]
"""


@pytest.fixture(scope="module")
def providers(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, Path]]:
    """The builds for this machine, kept where a scan finds them."""
    built = {name: build_provider.provider(TARGETS[name]) for name in ("amd64-musl", "amd64-glibc")}
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("XDG_CACHE_HOME", str(tmp_path_factory.mktemp("cache")))
        for path in built.values():
            import_provider(path.read_bytes())
        yield built


def server_image(engine: docker.DockerClient, name: str, system: dict[str, Path]) -> str:
    """An image with a small TLS server, an OpenSSL 3 and the C library's files `system`."""
    target = TARGETS[f"amd64-{name}"]
    places = ["musllinux_1_2_x86_64"]
    if name == "glibc":
        places = ["manylinux2014_x86_64", "manylinux_2_17_x86_64"]
    options = [option for place in places for option in ("--platform", place)]
    (wheel,) = fetch_wheels(
        f"openssl3-{name}", "--no-deps", "--python-version", "3.13", *options, OPENSSL
    )
    folder = build_provider.FOLDER / "images" / name
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    shutil.unpack_archive(wheel, folder / "wheel", "zip")
    libraries = [
        next((folder / "wheel" / "psycopg_binary.libs").glob(f"{each}-*.so.3"))
        for each in ("libssl", "libcrypto")
    ]
    zig = fetch_package(build_provider.ZIG) / "ziglang" / "zig"
    run(
        [
            *(str(zig), "cc", "-target", target.triple, "-O1", "-s", "-fPIE", "-pie"),
            *("-Wall", "-Wextra", "-Werror", "-Wl,-rpath,/app", "-Wl,--allow-shlib-undefined"),
            *("-o", str(folder / "server"), str(SERVER), *map(str, libraries)),
        ]
    )
    files = {f"root/app/{path.name}": path for path in (folder / "server", *libraries)}
    files |= {f"root/{place}": path for place, path in system.items()}
    tag = f"fips-tests/provider-{name}:latest"
    build(engine, tag, build_context(files, {"Dockerfile": DOCKERFILE}))
    return tag


@pytest.fixture(scope="module")
def musl_image(engine: docker.DockerClient) -> str:
    with one_at_a_time("provider-images"):
        packages = build_provider.fetch_packages(build_provider.SUITE, "musl")
        assert packages is not None
        loader = build_provider.unpacked(packages[0]) / "usr/lib/x86_64-linux-musl/libc.so"
        return server_image(engine, "musl", {"lib/ld-musl-x86_64.so.1": loader})


@pytest.fixture(scope="module")
def old_image(engine: docker.DockerClient) -> str:
    """Has the GNU C library 2.31, which is older than any distribution's provider allows."""
    with one_at_a_time("provider-images"):
        packages = build_provider.fetch_packages("bullseye", "libc6", "zlib1g")
        if packages is None:
            pytest.skip("the Debian archive of this machine no longer has Debian 11")
        folder = "lib/x86_64-linux-gnu"
        system = {
            f"{folder}/{path.name}": path.resolve()
            for package in packages
            for path in (build_provider.unpacked(package) / folder).glob("*.so*")
        }
        loader = system[f"{folder}/libc-2.31.so"].with_name("ld-2.31.so")
        system["lib64/ld-linux-x86-64.so.2"] = loader
        return server_image(engine, "glibc", system)


def test_what_was_built_says_what_it_needs_and_what_it_is(providers: dict[str, Path]) -> None:
    for name, path in providers.items():
        provider = read_provider(path.read_bytes(), name)
        assert f"{provider.architecture}-{provider.libc}" == name
        assert provider.glibc <= (2, 17)
        assert provider.for_simulation
        assert not provider.refused_by(Libc(provider.libc, (2, 17)))


@pytest.mark.parametrize(("image", "libc"), [("musl_image", "musl"), ("old_image", "glibc")])
def test_enforced_takes_effect(
    request: pytest.FixtureRequest,
    providers: dict[str, Path],
    rules: RuleBook,
    image: str,
    libc: str,
) -> None:
    # The run on a node alone would tell nothing of a provider.
    options = ScanOptions(conditions=("baseline", "enforced"))
    reference = f"docker:{request.getfixturevalue(image)}"
    report = scan(reference, rules=rules, today=DAY, options=options)
    (enforced,) = (each for each in report.conditions if each.name == "enforced")
    assert enforced.ran, enforced.reason
    digest = hashlib.sha256(providers[f"amd64-{libc}"].read_bytes()).hexdigest()[:12]
    (switch,) = (each for each in enforced.switches if "OPENSSL_CONF" in each)
    assert f"built for simulation, not a validated module (sha256 {digest}" in switch
    assert f"{switch}: /.fips-scanner/fips.so is loaded by the running program" in enforced.verified
    assert GapKind.NO_PROVIDER not in {gap.kind for gap in report.gaps}
    assert any(
        each.effect is Effect.RESTRICTS and "CHACHA20" in each.detail
        for each in enforced.differences
    )


@pytest.mark.parametrize(("image", "libc"), [("musl_image", "musl"), ("old_image", "glibc")])
def test_self_tests_pass_and_md5_is_refused(
    request: pytest.FixtureRequest,
    engine: docker.DockerClient,
    providers: dict[str, Path],
    image: str,
    libc: str,
) -> None:
    provider = read_provider(providers[f"amd64-{libc}"].read_bytes(), libc)
    written = enforced_config(provider_section(provider, "/given/fips.so"), "", "")
    texts = {"given/fips.so": provider.content, "given/openssl.cnf": written.encode()}
    said = {}
    for config in ("/given/openssl.cnf", "/none"):
        container = engine.containers.create(
            request.getfixturevalue(image),
            ["once"],
            environment={"OPENSSL_CONF": config},
            network_mode="none",
            mem_limit="256m",
            pids_limit=32,
        )
        try:
            with build_context({}, texts) as archive:
                container.put_archive("/", archive)
            container.start()
            container.wait(timeout=20)
            said[config] = container.logs().decode()
        finally:
            container.remove(force=True)
    assert said["/given/openssl.cnf"] == "fips active\nMD5 refused\nSHA2-256 served\n"
    assert said["/none"] == "fips inactive\nMD5 served\nSHA2-256 served\n"
