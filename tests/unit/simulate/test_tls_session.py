"""Handshakes without extended master secret with servers of Python's `ssl`."""

from __future__ import annotations

import contextlib
import socket
import ssl

import pytest

from scanner.simulate.tls_keys import GCM12
from scanner.simulate.tls_messages import NotTlsError, ServerFlight
from scanner.simulate.tls_session import GROUPS, SessionAsker, Sessions

from .test_tls import CERTIFICATES, Talk, serving, tls


def ask(handle: Talk, groups: tuple[int, ...] = (0x17,)) -> Sessions:
    with serving(handle) as port:

        def connect(seconds: float) -> socket.socket:
            return socket.create_connection(("127.0.0.1", port), timeout=seconds)

        return SessionAsker(connect, tuple(GCM12), groups, "localhost", 1.0).ask()


def accepting(*changes: ssl.Options) -> Talk:
    def configure(context: ssl.SSLContext) -> None:
        context.maximum_version = ssl.TLSVersion.TLSv1_2
        for change in changes:
            context.options |= change

    return tls(configure)


@pytest.mark.parametrize("curve", ["prime256v1", "secp384r1", "secp521r1", ""])
def test_handshake_is_completed_and_the_session_resumed(curve: str) -> None:
    def configure(context: ssl.SSLContext) -> None:
        context.maximum_version = ssl.TLSVersion.TLSv1_2
        if curve:
            context.set_ecdh_curve(curve)

    # Without a curve it takes X25519, which stands first.
    assert ask(tls(configure), GROUPS[::-1]) == Sessions(completes=True, resumes=True)


def test_server_without_tickets() -> None:
    seen = ask(accepting(ssl.OP_NO_TICKET))
    assert seen.completes
    # Its cache forgets a session with a connection that ends without farewell, at some moment.
    assert seen.resumes is not None


def test_server_that_wants_a_certificate_tells_nothing() -> None:
    def configure(context: ssl.SSLContext) -> None:
        context.maximum_version = ssl.TLSVersion.TLSv1_2
        context.verify_mode = ssl.CERT_REQUIRED

    assert ask(tls(configure)) == Sessions()


def test_server_that_refuses_only_without_it() -> None:
    """As FIPS modules do: after the ClientKeyExchange, with an alert."""
    answer = accepting()

    def handle(connection: socket.socket) -> None:
        hello = connection.recv(4096, socket.MSG_PEEK)
        if b"\0\x17\0\0" in hello:
            answer(connection)
            return
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(CERTIFICATES / "cert.pem", CERTIFICATES / "key.pem")
        context.maximum_version = ssl.TLSVersion.TLSv1_2
        incoming, outgoing = ssl.MemoryBIO(), ssl.MemoryBIO()
        session = context.wrap_bio(incoming, outgoing, server_side=True)
        incoming.write(connection.recv(4096))
        with contextlib.suppress(ssl.SSLWantReadError):
            session.do_handshake()
        connection.sendall(outgoing.read())
        connection.recv(4096)
        connection.sendall(bytes.fromhex("15030300020250"))  # internal error

    assert ask(handle) == Sessions(completes=False)


@pytest.mark.parametrize(
    "answer", [b"", b"HTTP/1.1 400\r\n\r\n", b"\x16\x03\x03\xff\xff", b"\x15\x03\x03\0\2\2\x28"]
)
def test_what_completes_no_handshake_at_all(answer: bytes) -> None:
    assert ask(lambda connection: connection.sendall(answer)) == Sessions()


def test_key_exchange_that_is_cut_short() -> None:
    flight = ServerFlight()
    for body in (b"", b"\3", b"\3\0\x17\xff", b"\3\0\x17\x41\4", b"\0\0\0\0\0\0"):
        message = b"\x0c" + len(body).to_bytes(3, "big") + body
        with contextlib.suppress(NotTlsError):
            flight.feed(b"\x16\3\3" + len(message).to_bytes(2, "big") + message)
    assert flight.signature is None
