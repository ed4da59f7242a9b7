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

from scanner.model import TlsEndpoint
from scanner.simulate.tls import Offers, ProbeLimits, probe
from scanner.simulate.tls_exchange import Silence
from scanner.simulate.tls_table import offers

from .values import CHACHA, CHACHA13, GCM, GCM13, table

CERTIFICATES = Path(__file__).parents[2] / "fixtures" / "tls"
QUICK = ProbeLimits(connect=0.5, answer=0.5, patience=0.5, total=5.0)


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
    with serving(tls(lambda context: context.set_ciphers("ALL:@SECLEVEL=0"))) as port:
        seen = probe("127.0.0.1", port, everything())
    assert isinstance(seen, TlsEndpoint)
    assert seen.error == ""
    assert seen.port == port
    assert seen.protocols[-2:] == ("TLS 1.2", "TLS 1.3")
    assert set(seen.suites) == {GCM13, CHACHA13, GCM, CHACHA}
    assert {"secp256r1", "x25519"} <= set(seen.groups)
    assert seen.signatures == ("ecdsa_sha1", "ecdsa_secp256r1_sha256")
    assert [each.key for each in seen.certificates] == ["ECDSA P-256"]
    assert seen.starttls == ""


def test_server_with_one_suite_and_one_group_of_tls12() -> None:
    def change(context: ssl.SSLContext) -> None:
        context.maximum_version = ssl.TLSVersion.TLSv1_2
        context.set_ciphers("ECDHE-ECDSA-CHACHA20-POLY1305")
        context.set_ecdh_curve("prime256v1")

    with serving(tls(change)) as port:
        seen = probe("127.0.0.1", port, everything())
    assert isinstance(seen, TlsEndpoint)
    assert (seen.protocols, seen.suites, seen.groups) == (("TLS 1.2",), (CHACHA,), ("secp256r1",))


def test_groups_beside_the_curve_of_the_certificate() -> None:
    def change(context: ssl.SSLContext) -> None:
        context.maximum_version = ssl.TLSVersion.TLSv1_2

    with serving(tls(change)) as port:
        seen = probe("127.0.0.1", port, everything())
    assert isinstance(seen, TlsEndpoint)
    assert seen.groups == ("secp256r1", "x25519")


def test_server_of_tls13_only() -> None:
    def change(context: ssl.SSLContext) -> None:
        context.minimum_version = ssl.TLSVersion.TLSv1_3

    with serving(tls(change)) as port:
        seen = probe("127.0.0.1", port, everything())
    assert isinstance(seen, TlsEndpoint)
    assert seen.protocols == ("TLS 1.3",)
    assert seen.suites == (GCM13, CHACHA13)
    # Both are encrypted in this version.
    assert seen.signatures == ("ecdsa_secp256r1_sha256",)
    assert [each.signature for each in seen.certificates] == ["ECDSA with SHA-256"]


def test_server_that_knows_no_such_name_is_asked_without_one() -> None:
    def change(context: ssl.SSLContext) -> None:
        def refuse(
            _socket: ssl.SSLObject, name: str | None, _context: ssl.SSLContext
        ) -> int | None:
            return ssl.ALERT_DESCRIPTION_UNRECOGNIZED_NAME if name else None

        context.sni_callback = refuse

    with serving(tls(change)) as port:
        seen = probe("127.0.0.1", port, everything())
    assert isinstance(seen, TlsEndpoint)
    assert GCM13 in seen.suites


def test_server_that_refuses_all_offers_speaks_tls_all_the_same() -> None:
    with serving(tls(lambda context: context.set_ciphers("AES256-SHA256"))) as port:
        nothing = Offers(everything().suites, (), everything().groups)
        seen = probe("127.0.0.1", port, nothing)
    assert isinstance(seen, TlsEndpoint)
    assert seen.suites == ()
    assert "nothing that was offered" in seen.error


@pytest.mark.parametrize(
    "answer", [b"HTTP/1.1 400 Bad Request\r\n\r\n", b"SSH-2.0-x\r\n", b"", b"\x16\x03"]
)
def test_what_does_not_speak_tls(answer: bytes) -> None:
    with serving(lambda connection: connection.sendall(answer)) as port:
        assert probe("127.0.0.1", port, everything(), QUICK) is None


Talk = Callable[[socket.socket], None]


def after(talk: Talk) -> Talk:
    """A server that speaks its own protocol first, and then TLS."""
    answer = tls(lambda _context: None)

    def handle(connection: socket.socket) -> None:
        connection.settimeout(2)
        talk(connection)
        answer(connection)

    return handle


def says(*lines: tuple[bytes, bytes]) -> Talk:
    """Says the first of each pair, and goes on when it heard the second."""

    def talk(connection: socket.socket) -> None:
        for said, heard in lines:
            connection.sendall(said)
            got = b""
            while len(got) < len(heard):
                got += connection.recv(len(heard) - len(got))
            if got != heard:
                raise OSError(got)

    return talk


EHLO = b"EHLO scanner.internal\r\n"
# MariaDB 10.11.18 of Debian, with TLS: its greeting.
MARIADB = bytes.fromhex(
    "640000000a352e352e352d31302e31312e31382d4d6172696144422d302b646562313275310005000000"
    "242739285d796d3500feff2d0200ff81150000000000001d0000005d567672563a5e493468325b006d79"
    "73716c5f6e61746976655f70617373776f726400"
)


@pytest.mark.parametrize(
    ("name", "talk"),
    [
        (
            "smtp",
            says(
                (b"220-a\r\n220 b ESMTP\r\n", EHLO),
                (b"250-b\r\n250 STARTTLS\r\n", b"STARTTLS\r\n"),
                (b"220 go\r\n", b""),
            ),
        ),
        ("ftp", says((b"220 (vsFTPd 3.0.3)\r\n", b"AUTH TLS\r\n"), (b"234 go\r\n", b""))),
        (
            "imap",
            says(
                (b"* OK [CAPABILITY IMAP4rev1] ready\r\n", b"a STARTTLS\r\n"),
                (b"* x\r\na OK go\r\n", b""),
            ),
        ),
        ("pop3", says((b"+OK ready\r\n", b"STLS\r\n"), (b"+OK go\r\n", b""))),
        ("mysql", says((MARIADB, b"\x20\0\0\1\x05\xaa\x08\0\0\0\0\1\x21" + bytes(23)))),
        ("postgresql", says((b"", b"\0\0\0\x08\4\xd2\x16\x2f"), (b"S", b""))),
        (
            "ldap",
            says(
                (b"", bytes.fromhex("301d02010177188016") + b"1.3.6.1.4.1.1466.20037"),
                (bytes.fromhex("300c02010178070a010004000400"), b""),
            ),
        ),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_starttls(name: str, talk: Talk) -> None:
    with serving(after(talk)) as port:
        seen = probe("127.0.0.1", port, everything())
    assert isinstance(seen, TlsEndpoint)
    assert (seen.starttls, seen.error) == (name, "")
    assert seen.protocols == ("TLS 1.2", "TLS 1.3")
    assert set(seen.suites) == {GCM13, CHACHA13, GCM, CHACHA}
    assert {"secp256r1", "x25519"} <= set(seen.groups)
    assert seen.signatures == ("ecdsa_secp256r1_sha256",)


def test_starttls_of_xmpp() -> None:
    def talk(connection: socket.socket) -> None:
        if connection.recv(4096)[:5] != b"<?xml":
            connection.sendall(b"<?xml version='1.0'?><stream:stream><stream:error/>")
            raise OSError
        connection.sendall(
            b"<?xml version='1.0'?><stream:stream xmlns='jabber:client'><stream:features>"
            b"<starttls xmlns='urn:ietf:params:xml:ns:xmpp-tls'/></stream:features>"
        )
        assert b"<starttls" in connection.recv(4096)
        connection.sendall(b"<proceed xmlns='urn:ietf:params:xml:ns:xmpp-tls'/>")

    with serving(after(talk)) as port:
        seen = probe("127.0.0.1", port, everything())
    assert isinstance(seen, TlsEndpoint)
    assert seen.starttls == "xmpp"
    assert GCM13 in seen.suites


@pytest.mark.parametrize(
    "greeting",
    [
        b"220 no STARTTLS here\r\n250 b\r\n",
        b"220-" + b"x" * 50_000,
        b"220-x\r\n" * 5_000,
        b"220 x\r\n250 STARTTLS\r\n220 go\r\nHELLO",
        b"* OK x\r\n" * 5_000,
        b"* OK x\r\na NO\r\n",
        b"+OK\r\n-ERR\r\n",
        b"\xff\xff\xff\0\x0a" + b"8" * 50_000,
        b"\x05\0\0\0\x0a8\0\0\0",
        b"\x30\x84\xff\xff\xff\xff\2\1\1\x78",
        b"<?xml version='1.0'?>" + b"<a>" * 20_000,
    ],
    ids=lambda greeting: repr(greeting[:12]),
)
def test_hostile_greeting_is_no_tls(greeting: bytes) -> None:
    def handle(connection: socket.socket) -> None:
        connection.sendall(greeting)
        connection.settimeout(0.2)
        while connection.recv(4096):
            pass

    begin = time.monotonic()
    with serving(handle) as port:
        assert probe("127.0.0.1", port, everything(), QUICK) is None
    assert time.monotonic() - begin < 4


def test_server_that_shuts_out_who_fails_too_often() -> None:
    answer = after(says((MARIADB, b"\x20\0\0\1\x05\xaa\x08\0\0\0\0\1\x21" + bytes(23))))
    asked: list[None] = []

    def handle(connection: socket.socket) -> None:
        asked.append(None)
        answer(connection)

    with serving(handle) as port:
        seen = probe("127.0.0.1", port, everything())
    assert isinstance(seen, TlsEndpoint)
    # Each that it takes, and for each kind one refusal: not one for each that there is.
    assert len(asked) < 40


def test_silent_server_is_not_said_to_speak_no_tls_and_costs_one_answer_time() -> None:
    begin = time.monotonic()
    with serving(lambda _connection: time.sleep(5)) as port:
        assert probe("127.0.0.1", port, everything(), QUICK) == Silence(port)
    assert 0.9 < time.monotonic() - begin < 2


def test_server_that_is_slow_at_its_first_handshake() -> None:
    """As a JVM that has yet to load its classes; the others wait for them as well."""
    answer = tls(lambda _context: None)
    begin = time.monotonic()

    def handle(connection: socket.socket) -> None:
        time.sleep(max(0.0, begin + 0.8 - time.monotonic()))
        answer(connection)

    limits = ProbeLimits(connect=0.5, answer=0.4, patience=2.0)
    with serving(handle) as port:
        seen = probe("127.0.0.1", port, everything(), limits)
    assert isinstance(seen, TlsEndpoint)
    assert set(seen.suites) == {GCM13, CHACHA13, GCM, CHACHA}
    assert seen.error == ""


def test_server_that_waits_for_the_end_of_a_line_speaks_no_tls() -> None:
    def handle(connection: socket.socket) -> None:
        got = b""
        while not got.endswith(b"\r\n"):
            got += connection.recv(4096)
        connection.sendall(b"-ERR\r\n")

    begin = time.monotonic()
    limits = ProbeLimits(connect=0.5, answer=0.3, patience=5.0)
    with serving(handle) as port:
        assert probe("127.0.0.1", port, everything(), limits) is None
    assert time.monotonic() - begin < 2


def test_server_that_closes_upon_tls_costs_one_short_try_for_each_protocol() -> None:
    asked: list[bytes] = []

    def handle(connection: socket.socket) -> None:
        asked.append(connection.recv(4096)[:1])
        if asked[-1] != b"\x16":
            time.sleep(5)

    begin = time.monotonic()
    with serving(handle) as port:
        assert probe("127.0.0.1", port, everything(), QUICK) is None
    assert time.monotonic() - begin < 3
    assert [first for first in asked if first != b"\x16"] == [b"\0", b"\x30", b"<"]


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
        seen = probe("127.0.0.1", port, everything(), ProbeLimits(0.3, 0.2, total=1.0))
    assert isinstance(seen, TlsEndpoint)
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
