"""Debian's servers that ask for TLS in their own protocol, and its clients, as a scan sees them."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import docker
import pytest

from scanner.model import FactKind, ImageConfig, Platform, TlsEndpoint
from scanner.rulebook import RuleBook
from scanner.simulate import simulate
from scanner.simulate.box import Box
from scanner.simulate.compare import why_not_held
from scanner.simulate.limits import RunLimits
from scanner.simulate.onlooker import Onlooker
from scanner.simulate.processes import holding_ports, processes
from scanner.simulate.session import Session
from scanner.simulate.tls import probe
from scanner.simulate.tls_client_watch import ClientWatch
from scanner.simulate.tls_table import Approval, offers
from scripts.building import build, build_context, one_at_a_time
from tests.integration.workloads import SHORT

pytestmark = [pytest.mark.docker, pytest.mark.usefixtures("nothing_left")]

FOLDER = Path(__file__).with_name("starttls")
TAG = "fips-tests/starttls:latest"
Serve = Callable[[str, int], str]


@pytest.fixture(scope="module")
def image(engine: docker.DockerClient, base_image_of: dict[str, str]) -> str:
    texts = {name: (FOLDER / name).read_bytes() for name in ("Dockerfile", "serve")}
    with one_at_a_time("starttls"):
        base = base_image_of["debian:bookworm-slim"]
        build(engine, TAG, build_context({}, texts), arguments={"BASE": base})
    return TAG


def _opened(box: Box, port: int) -> str:
    """The address of a container, once its port is open."""
    for _ in range(100):
        state = box.state()
        assert state.running, box.log()[0].decode()
        if box.connect(state.address, port, 0.5):
            return state.address
        time.sleep(0.1)
    pytest.fail(f"port {port} did not open")


@pytest.fixture
def serve(engine: docker.DockerClient, image: str) -> Iterator[Serve]:
    """Starts a server by name, and gives its address when the port is open."""
    with Session(engine, RunLimits()) as session:

        def start(name: str, port: int) -> str:
            box = session.box(image, entrypoint=("sh", "/serve", name))
            box.__enter__()
            return _opened(box, port)

        yield start


@pytest.mark.parametrize(
    ("name", "port"), [("imap", 143), ("postgresql", 5432), ("mysql", 3306), ("ldap", 389)]
)
def test_server_with_starttls(serve: Serve, rules: RuleBook, name: str, port: int) -> None:
    address = serve(name, port)
    seen = probe(address, port, offers(rules.tls, rules.algorithms))
    assert isinstance(seen, TlsEndpoint)
    assert (seen.starttls, seen.error) == (name, "")
    assert {"TLS 1.2", "TLS 1.3"} <= set(seen.protocols)
    assert {"TLS_AES_256_GCM_SHA384", "TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256"} <= set(seen.suites)
    assert "secp256r1" in seen.groups
    assert {"rsa_pkcs1_sha256", "rsa_pss_rsae_sha256"} <= set(seen.signatures)
    (certificate,) = seen.certificates
    assert (certificate.subject, certificate.key) == ("CN=localhost", "RSA 2048")


def test_server_that_takes_few_connections_at_once(serve: Serve, rules: RuleBook) -> None:
    seen = probe(serve("smtp", 25), 25, offers(rules.tls, rules.algorithms))
    assert isinstance(seen, TlsEndpoint)
    assert (seen.starttls, seen.error) == ("smtp", "")
    assert "x25519" in seen.groups


def test_process_that_serves_one_connection_is_seen_with_its_own_environment(
    engine: docker.DockerClient, image: str, rules: RuleBook
) -> None:
    environment = {"OPENSSL_CONF": "/etc/ssl/openssl.cnf"}
    with Session(engine, RunLimits()) as session:
        box = session.box(image, environment=environment, entrypoint=("sh", "/serve", "imap"))
        with box:
            address, first = _opened(box, 143), box.state().pid
            with Onlooker(lambda: holding_ports(box, first)) as onlooker:
                assert isinstance(
                    probe(address, 143, offers(rules.tls, rules.algorithms)), TlsEndpoint
                )
            found = onlooker.with_those_gone(processes(box, first))
    (login,) = [each for each in found if each.program.endswith("/imap-login")]
    assert 143 in login.ports
    assert "no variable OPENSSL_CONF" in why_not_held(login)


LOOKS_UP = """
getent hosts api.example.com > /tmp/found
echo "ended with $?"
"""
CLIENTS = """
openssl s_client -tls1_2 -cipher CHACHA20 -connect api.example.com:443 < /dev/null
psql "host=db user=x sslmode=require"
sleep 1
"""


def test_clients_of_the_container(engine: docker.DockerClient, image: str, rules: RuleBook) -> None:
    approval = Approval(rules.tls)
    with Session(engine, RunLimits()) as session, ClientWatch(session.address) as watch:
        assert watch.resolver
        # Names do not exist in the other runs, which shows that there is something to see here.
        assert not watch.asked
        with session.box(image, entrypoint=("sh", "-c", LOOKS_UP), resolver=watch.resolver) as box:
            ended = time.monotonic() + 10
            while box.state().running and time.monotonic() < ended:
                time.sleep(0.1)
            box.finish_log()
            assert box.log()[0].strip() == b"ended with 2"
        assert watch.asked
        box = session.box(image, entrypoint=("sh", "-c", CLIENTS), resolver=watch.resolver)
        with watch.answering(), box:
            watch.follow(box.id, box.state().pid)
            deadline = time.monotonic() + 30
            while box.state().running and time.monotonic() < deadline:
                time.sleep(0.2)
        seen = {each.program: each for each in watch.clients(rules.tls, approval)}
    openssl, psql = seen["/usr/bin/openssl"], seen["/usr/lib/postgresql/15/bin/psql"]
    assert (openssl.server_name, openssl.port) == ("api.example.com", 443)
    assert openssl.protocols == ("TLS 1.2",)
    assert openssl.suites
    assert all("CHACHA20" in suite for suite in openssl.suites)
    assert set(openssl.suites) <= set(openssl.unapproved)
    assert (psql.server_name, psql.port) == ("db", 5432)
    assert "TLS_AES_256_GCM_SHA384" in psql.suites
    assert "x25519" in psql.unapproved


def test_clients_are_seen_in_runs_of_their_own(
    engine: docker.DockerClient, image: str, rules: RuleBook
) -> None:
    container = engine.containers.create(image)
    made = container.commit(conf={"Entrypoint": ["sh", "-c", CLIENTS + "exec sleep 60"]})
    container.remove()
    config = ImageConfig(Platform("linux", "amd64"), entrypoint=("sh",))
    try:
        seen = simulate(str(made.id), config, (), rules=rules, limits=replace(SHORT, ready=2.0))
    finally:
        engine.images.remove(str(made.id), force=True)
    told = {each.name: each for each in seen.conditions}
    assert {"api.example.com", "db"} == {each.server_name for each in told["baseline"].clients}
    assert {"api.example.com", "db"} == {each.server_name for each in told["enforced"].clients}
    assert told["node"].clients == ()
    (only,) = [
        each
        for each in seen.facts
        if each.kind is FactKind.TLS_CLIENT
        and each.flag("only_unapproved")
        and each.text("condition") == "baseline"
    ]
    assert only.path == "/usr/bin/openssl"


CHECKING = """
openssl fipsinstall -module /fips/fips.so -out /tmp/fips.cnf > /dev/null 2>&1
echo "tls1-prf-ems-check = $CHECK" >> /tmp/fips.cnf
cat > /tmp/openssl.cnf <<END
openssl_conf = init
.include /tmp/fips.cnf
[init]
providers = providers
alg_section = algorithms
[providers]
fips = fips_sect
base = base
[base]
activate = 1
[algorithms]
default_properties = fips=yes
END
export OPENSSL_CONF=/tmp/openssl.cnf OPENSSL_MODULES=/fips
exec openssl s_server -quiet -accept 8443 -key /tls/key.pem -cert /tls/cert.pem
"""


@pytest.mark.parametrize(("check", "completes"), [("0", True), ("1", False)])
def test_fips_provider_and_extended_master_secret(
    engine: docker.DockerClient,
    image: str,
    rules: RuleBook,
    fips_provider: Path,
    check: str,
    completes: bool,
) -> None:
    with Session(engine, RunLimits()) as session:
        box = session.box(
            image,
            entrypoint=("sh", "-c", CHECKING),
            environment={"CHECK": check},
            files={"/fips/fips.so": fips_provider.read_bytes()},
        )
        with box:
            seen = probe(_opened(box, 8443), 8443, offers(rules.tls, rules.algorithms))
    assert isinstance(seen, TlsEndpoint)
    assert seen.error == ""
    assert not [suite for suite in seen.suites if "CHACHA20" in suite]
    assert "TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256" in seen.suites
    assert seen.completes_without_ems is completes
