"""The algorithm audit sees what real programs ask OpenSSL for, and changes nothing of it."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from types import MappingProxyType

import docker
import pytest

from scanner.facts import fact
from scanner.model import AlgorithmCall, FactKind, ImageConfig, Platform
from scanner.rulebook import RuleBook
from scanner.simulate.audit import audit_for, call_facts, read_calls
from scanner.simulate.box import Box
from scanner.simulate.engine import engine as scanner_engine
from scanner.simulate.native import helper
from scanner.simulate.plan import Facts
from scanner.simulate.session import Session
from tests.integration.workloads import SHORT

pytestmark = [pytest.mark.docker, pytest.mark.usefixtures("nothing_left")]

CONFIG = ImageConfig(Platform("linux", "amd64"))
JVM = replace(SHORT, memory=512 * 2**20, pids=128)
FACTS = Facts((fact(FactKind.ELF, "/bin/app", linkage="dynamic"),))


@contextmanager
def audited(
    image: str,
    *command: str,
    node: bytes | None = None,
    files: Mapping[str, bytes] = MappingProxyType({}),
) -> Iterator[Box]:
    audit = audit_for(FACTS, CONFIG)
    assert audit.useful
    with scanner_engine() as client, Session(client, SHORT) as session:
        image_id = str(client.images.get(image).id)
        with session.box(
            image_id,
            environment=audit.environment({}, CONFIG),
            files={**audit.files, **files},
            shared=audit.shared,
            entrypoint=command,
            node_helper=node,
        ) as box:
            yield box


def calls_of(box: Box, rules: RuleBook) -> tuple[AlgorithmCall, ...]:
    calls, gaps = read_calls(box, FACTS, rules)
    assert gaps == ()
    return calls


def ended(box: Box) -> str:
    """Its output, once it has ended."""
    deadline = time.monotonic() + 15
    while box.state().running:
        assert time.monotonic() < deadline
        time.sleep(0.05)
    box.finish_log()
    return box.log()[0].decode()


def seen(calls: tuple[AlgorithmCall, ...], algorithm: str) -> set[tuple[str, str, int]]:
    """API, caller's file and refusals of the calls for `algorithm`."""
    return {
        (each.api, each.caller.rpartition("/")[2].partition("+")[0].partition(".")[0], each.failed)
        for each in calls
        if each.algorithm.upper() == algorithm
    }


def test_openssl_in_fips_mode_refuses_and_goes_on(
    sample: Callable[[str], str], rules: RuleBook
) -> None:
    script = "openssl md5 /etc/passwd; openssl sha256 /etc/passwd"
    with audited(sample("openssl-fips-active"), "sh", "-c", script) as box:
        output = ended(box)
        calls = calls_of(box, rules)
    assert "unsupported" in output
    assert "SHA2-256(/etc/passwd)=" in output
    assert ("EVP_DigestInit_ex", "openssl", 1) in seen(calls, "MD5")
    assert ("EVP_MD_fetch", "openssl", 0) in seen(calls, "SHA256")
    [refused] = [each for each in calls if each.algorithm == "MD5"]
    assert refused.approved is False
    assert refused.program == "/usr/bin/openssl"
    assert refused.library.endswith("/x86_64-linux-gnu/libcrypto.so.3")
    facts = call_facts(calls, "enforced", rules)
    # A name that was looked up and found computes nothing.
    assert not any(each.text("api") == "EVP_get_digestbyname" for each in facts)
    assert "EVP_get_digestbyname" in {each.api for each in calls}


PYTHON = """
import hashlib, hmac, os, ssl, threading
hashlib.md5(b"x"); hashlib.md5(b"x", usedforsecurity=False)
ssl.create_default_context()
def work():
    for _ in range(500): hmac.new(b"k", b"x", "sha256")
threads = [threading.Thread(target=work) for _ in range(4)]
for each in threads: each.start()
for each in threads: each.join()
if os.fork() == 0:
    os.closerange(0, 256)
    hashlib.new("sha512", b"x")
    os._exit(0)
os.wait()
os.kill(os.getpid(), 9)
"""


def test_python_is_seen_through_modules_of_its_own_scope_and_after_a_kill(
    sample: Callable[[str], str], rules: RuleBook
) -> None:
    script = 'python3 -c "$0"; echo $?'
    with audited(sample("python-md5-wheel"), "sh", "-c", script, PYTHON) as box:
        assert "137\n" in ended(box)
        calls = calls_of(box, rules)
    assert seen(calls, "MD5") == {
        ("EVP_MD_fetch", "_hashlib", 0),
        ("EVP_MD_fetch(-fips)", "_hashlib", 0),
    }
    [mac] = [each for each in calls if each.algorithm == "HMAC-SHA2-256"]
    assert (mac.count, mac.failed, mac.approved) == (2000, 0, True)
    assert ("EVP_MD_fetch", "_hashlib", 0) in seen(calls, "SHA512")
    # libssl fetches two dozen algorithms for a context; the program asked for none of them.
    assert not any("libssl" in each.caller or "libcrypto" in each.caller for each in calls)
    assert {each.algorithm for each in calls if "_ssl" in each.caller} == {"TLS"}
    told = [each for each in call_facts(calls, "enforced", rules) if each.text("approved") == "no"]
    assert [each.text("api") for each in told] == ["EVP_MD_fetch"]


TWO = """
import psycopg2, socket, ssl, threading
context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
context.load_cert_chain("/cert.pem", "/key.pem")
listener = socket.create_server(("127.0.0.1", 5432))
listener.settimeout(5)
def serve():
    plain = listener.accept()[0]
    plain.recv(8)
    plain.sendall(b"S")
    with context.wrap_socket(plain, server_side=True) as tls:
        print("server", tls.version(), flush=True)
        tls.recv(1000)
threading.Thread(target=serve).start()
try:
    psycopg2.connect("host=127.0.0.1 user=app dbname=app sslmode=require")
except psycopg2.OperationalError as error:
    print(error, flush=True)
"""
TLS = Path(__file__).parents[1] / "fixtures" / "tls"


def test_two_openssls_in_one_process_stay_apart(
    sample: Callable[[str], str], rules: RuleBook
) -> None:
    files = {f"/{name}": (TLS / name).read_bytes() for name in ("cert.pem", "key.pem")}
    with audited(sample("python-md5-wheel"), "python3", "-c", TWO, files=files) as box:
        output = ended(box)
        calls = calls_of(box, rules)
    assert "server TLSv1.3" in output
    negotiated = {
        each.api: (
            each.library.rpartition("/")[2],
            each.caller.rpartition("/")[2].partition("+")[0],
        )
        for each in calls
        if each.algorithm == "TLSv1.3"
    }
    server, client = negotiated["SSL_do_handshake(server)"], negotiated["SSL_connect"]
    assert server == ("libssl.so.3", "_ssl.cpython-311-x86_64-linux-gnu.so")
    assert client[0].startswith("libssl-")
    assert client[1].startswith("libpq-")


def test_nginx_under_another_user_tells_what_was_negotiated(
    sample: Callable[[str], str], rules: RuleBook
) -> None:
    with audited(sample("nginx-openssl"), "/usr/sbin/nginx") as box:
        client = "openssl s_client -tls1_3 -groups P-256 -connect localhost:8443 </dev/null"
        deadline = time.monotonic() + 15
        while not ((done := box.run(["sh", "-c", client])) and b"TLS_AES_256" in done[1]):
            assert time.monotonic() < deadline, done
            time.sleep(0.2)
        calls = calls_of(box, rules)
    nginx = [each for each in calls if each.program == "/usr/sbin/nginx"]
    served = {each.algorithm: each.approved for each in nginx if each.api.endswith("(server)")}
    assert served == {"TLSv1.3": True, "TLS_AES_256_GCM_SHA384": True, "secp256r1": True}
    assert "HIGH:!aNULL:!MD5" in {each.algorithm for each in nginx}


def test_what_has_no_openssl_runs_as_before(
    engine: docker.DockerClient, base_image_of: dict[str, str], rules: RuleBook
) -> None:
    line = "cd / && ls -d etc tmp && (echo a; echo b) | sort -r && exec chroot / id -u"
    with audited(base_image_of["debian:bookworm-slim"], "sh", "-c", line) as box:
        assert ended(box) == "etc\ntmp\nb\na\n0\n"
        assert box.state().exit_code == 0
        assert calls_of(box, rules) == ()


def test_on_a_node_programs_that_shed_it_are_named(
    sample: Callable[[str], str], rules: RuleBook
) -> None:
    line = "openssl sha256 /etc/passwd; env -u LD_PRELOAD /usr/bin/openssl sha1 /etc/passwd; "
    shed = "cp /usr/bin/openssl /tmp/other; env -u LD_PRELOAD /tmp/other sha1 /etc/passwd"
    image = sample("openssl-fips-active")
    with audited(image, "sh", "-c", line + shed, node=helper("amd64")) as box:
        assert ended(box).count("(/etc/passwd)= ") == 3
        calls, [gap] = read_calls(box, FACTS, rules)
    assert ("EVP_MD_fetch", "openssl", 0) in seen(calls, "SHA256")
    # Of one that ran with it too, and once without, nothing shows the latter.
    assert gap.reason.endswith("not seen: /tmp/other")


def test_libgcrypt_ends_a_program_after_its_refusal_was_noted(
    base_image_of: dict[str, str], rules: RuleBook
) -> None:
    line = "LIBGCRYPT_FORCE_FIPS_MODE=1 apt-cache gencaches; echo $?"
    with audited(base_image_of["debian:bookworm-slim"], "sh", "-c", line) as box:
        output = ended(box)
        calls = calls_of(box, rules)
    assert "134\n" in output
    [md5] = [each for each in calls if each.algorithm == "MD5"]
    assert (md5.program, md5.approved, md5.failed) == ("/usr/bin/apt-cache", False, md5.count)
    assert "/libgcrypt.so.20" in md5.library
    assert "/libapt-pkg.so" in md5.caller


def test_a_jvm_tells_what_it_was_asked_for(sample: Callable[[str], str], rules: RuleBook) -> None:
    home = "/usr/lib/jvm/java-17-openjdk-amd64"
    java = Facts((fact(FactKind.JAVA_RUNTIME, f"{home}/release", home=home),))
    audit = audit_for(java, CONFIG)
    with scanner_engine() as client, Session(client, JVM) as session:
        image_id = str(client.images.get(sample("java-bouncycastle")).id)
        with session.box(image_id, environment=audit.environment({}, CONFIG)) as box:
            deadline = time.monotonic() + 15
            while b"listening on" not in box.log()[0]:
                assert time.monotonic() < deadline
                time.sleep(0.1)
            calls, gaps = read_calls(box, java, rules)
    assert gaps == ()
    assert {each.program for each in calls} == {f"{home}/bin/java"}
    told = {(each.api, each.algorithm, each.library, each.approved) for each in calls}
    assert ("java MessageDigest", "SHA-256", "SUN", True) in told
    assert ("java Signature", "SHA256withRSA", "SunRsaSign", True) in told
