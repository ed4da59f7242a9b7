"""The prober against real servers: Python's `ssl`, and sockets that misbehave."""

from __future__ import annotations

import contextlib
import socket
import ssl
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from scanner.simulate.tls import Offers, ProbeLimits, probe
from scanner.simulate.tls_table import offers

from .values import CHACHA, CHACHA13, GCM, GCM13, table

CERTIFICATES = Path(__file__).parents[2] / "fixtures" / "tls"
QUICK = ProbeLimits(connect=0.5, answer=0.5, total=5.0)


@contextlib.contextmanager
def serving(handle: Callable[[socket.socket], None]) -> Iterator[int]:
    """A server on loopback that gives each connection to `handle` in a thread."""
    with socket.create_server(("127.0.0.1", 0), backlog=64) as listener:

        def accept() -> None:
            with contextlib.suppress(OSError):
                while True:
                    connection, _ = listener.accept()
                    threading.Thread(target=run, args=(connection,), daemon=True).start()

        def run(connection: socket.socket) -> None:
            with connection, contextlib.suppress(OSError):
                handle(connection)

        threading.Thread(target=accept, daemon=True).start()
        yield listener.getsockname()[1]


def tls(change: Callable[[ssl.SSLContext], None]) -> Callable[[socket.socket], None]:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(CERTIFICATES / "cert.pem", CERTIFICATES / "key.pem")
    change(context)

    def handle(connection: socket.socket) -> None:
        context.wrap_socket(connection, server_side=True)

    return handle


def everything() -> Offers:
    return offers(table())


def test_server_with_everything() -> None:
    with serving(tls(lambda context: context.set_ciphers("ALL"))) as port:
        seen = probe("127.0.0.1", port, everything())
    assert seen is not None
    assert seen.error == ""
    assert seen.port == port
    assert seen.protocols[-2:] == ("TLS 1.2", "TLS 1.3")
    assert set(seen.suites) == {GCM13, CHACHA13, GCM, CHACHA}
    assert {"secp256r1", "x25519"} <= set(seen.groups)


def test_server_with_one_suite_and_one_group_of_tls12() -> None:
    def change(context: ssl.SSLContext) -> None:
        context.maximum_version = ssl.TLSVersion.TLSv1_2
        context.set_ciphers("ECDHE-ECDSA-CHACHA20-POLY1305")
        context.set_ecdh_curve("prime256v1")

    with serving(tls(change)) as port:
        seen = probe("127.0.0.1", port, everything())
    assert seen is not None
    assert (seen.protocols, seen.suites, seen.groups) == (("TLS 1.2",), (CHACHA,), ("secp256r1",))


def test_server_of_tls13_only() -> None:
    def change(context: ssl.SSLContext) -> None:
        context.minimum_version = ssl.TLSVersion.TLSv1_3

    with serving(tls(change)) as port:
        seen = probe("127.0.0.1", port, everything())
    assert seen is not None
    assert seen.protocols == ("TLS 1.3",)
    assert seen.suites == (GCM13, CHACHA13)


def test_server_that_knows_no_such_name_is_asked_without_one() -> None:
    def change(context: ssl.SSLContext) -> None:
        def refuse(
            _socket: ssl.SSLObject, name: str | None, _context: ssl.SSLContext
        ) -> int | None:
            return ssl.ALERT_DESCRIPTION_UNRECOGNIZED_NAME if name else None

        context.sni_callback = refuse

    with serving(tls(change)) as port:
        seen = probe("127.0.0.1", port, everything())
    assert seen is not None
    assert GCM13 in seen.suites


def test_server_that_refuses_all_offers_speaks_tls_all_the_same() -> None:
    with serving(tls(lambda context: context.set_ciphers("AES256-SHA256"))) as port:
        nothing = Offers(everything().suites, (), everything().groups)
        seen = probe("127.0.0.1", port, nothing)
    assert seen is not None
    assert seen.suites == ()
    assert "nothing that was offered" in seen.error


@pytest.mark.parametrize(
    "answer", [b"HTTP/1.1 400 Bad Request\r\n\r\n", b"SSH-2.0-x\r\n", b"", b"\x16\x03"]
)
def test_what_does_not_speak_tls(answer: bytes) -> None:
    with serving(lambda connection: connection.sendall(answer)) as port:
        assert probe("127.0.0.1", port, everything(), QUICK) is None


def test_silent_server_costs_one_answer_time() -> None:
    begin = time.monotonic()
    with serving(lambda _connection: time.sleep(5)) as port:
        assert probe("127.0.0.1", port, everything(), QUICK) is None
    assert time.monotonic() - begin < 1.5


def test_closed_port() -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
    assert probe("127.0.0.1", port, everything(), QUICK) is None


def test_server_that_falls_silent_is_told_from_one_that_refuses() -> None:
    answer = tls(lambda _context: None)
    asked: list[None] = []

    def handle(connection: socket.socket) -> None:
        asked.append(None)
        if len(asked) == 1:
            answer(connection)
        else:
            time.sleep(5)

    with serving(handle) as port:
        seen = probe("127.0.0.1", port, everything(), ProbeLimits(0.3, 0.2, 1.0))
    assert seen is not None
    assert seen.suites == ()
    assert "no answer in time" in seen.error


def test_trickling_server_is_bounded() -> None:
    def handle(connection: socket.socket) -> None:
        for byte in b"\x16\x03\x03\x40\x00" + bytes(16000):
            connection.sendall(bytes([byte]))
            time.sleep(0.05)

    begin = time.monotonic()
    with serving(handle) as port:
        probe("127.0.0.1", port, everything(), QUICK)
    assert time.monotonic() - begin < 3
