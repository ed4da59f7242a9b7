"""What TLS clients offer: real ones of Python, and bytes that are no ClientHello."""

from __future__ import annotations

import contextlib
import random
import socket
import ssl
import struct
import time

import pytest

from scanner.model import TlsClient
from scanner.simulate.tls_client_hello import (
    ClientOffer,
    client,
    client_facts,
    hello_in,
    read_client_hello,
)
from scanner.simulate.tls_client_watch import ClientWatch, dns_answer, wants_address
from scanner.simulate.tls_messages import TLS12, TLS13, NotTlsError, client_hello
from scanner.simulate.tls_table import Approval

from .values import CHACHA, CHACHA13, GCM, GCM13, table

APPROVAL = Approval(table())


def sent_by_python(context: ssl.SSLContext, name: str) -> bytes:
    outgoing = ssl.MemoryBIO()
    session = context.wrap_bio(ssl.MemoryBIO(), outgoing, server_hostname=name)
    with pytest.raises(ssl.SSLWantReadError):
        session.do_handshake()
    return outgoing.read()


def named(offer: ClientOffer) -> TlsClient:
    return client(offer, 443, "/usr/bin/x", table(), APPROVAL)


def test_client_of_python() -> None:
    context = ssl.create_default_context()
    context.set_ciphers("ECDHE-ECDSA-AES128-GCM-SHA256:ECDHE-ECDSA-CHACHA20-POLY1305")
    body = hello_in(sent_by_python(context, "api.example.com"))
    assert body is not None
    seen = named(read_client_hello(body))
    assert seen.server_name == "api.example.com"
    assert seen.protocols == ("TLS 1.2", "TLS 1.3")
    assert {GCM13, CHACHA13, GCM, CHACHA} <= set(seen.suites)
    assert {"secp256r1", "x25519"} <= set(seen.groups)
    assert "ecdsa_secp256r1_sha256" in seen.signatures
    assert {CHACHA13, CHACHA, "x25519"} <= set(seen.unapproved)
    assert not {GCM, GCM13, "secp256r1", "TLS 1.2"} & set(seen.unapproved)
    (stated,) = client_facts([seen], "baseline")
    assert stated.path == "/usr/bin/x"
    assert not stated.flag("only_unapproved")


@pytest.mark.parametrize(
    ("suites", "groups", "only"),
    [
        ([0xCCA9, 0x1303], [0x17], True),
        ([0xC02B], [0x1D], True),
        ([0xC02B], [0x1D, 0x17], False),
        ([0xC02B, 0xCCA9], [0x17], False),
    ],
)
def test_nothing_approved_is_offered(suites: list[int], groups: list[int], only: bool) -> None:
    body = hello_in(client_hello(TLS12, suites, groups))
    assert body is not None
    (stated,) = client_facts([named(read_client_hello(body))], "enforced")
    assert stated.flag("only_unapproved") is only


def test_what_clients_make_up_is_left_out() -> None:
    offer = client_hello(TLS13, [0x1A1A, 0x1301, 0x00FF, 0x5600], [0xDADA, 0x17])
    body = hello_in(offer)
    assert body is not None
    seen = read_client_hello(body)
    assert (seen.suites, seen.groups) == ((0x1301,), (0x17,))


def test_hello_in_pieces_and_in_several_records() -> None:
    offer = client_hello(TLS13, [0x1301], [0x17], share=0x17, server_name="x")
    for cut in range(len(offer)):
        assert hello_in(offer[:cut]) is None
    whole = hello_in(offer)
    message = offer[5:]
    records = b"".join(
        struct.pack("!BHH", 22, 0x0301, len(part)) + part
        for part in (message[:1], message[1:70], message[70:])
    )
    assert hello_in(records) == whole


def test_bytes_that_are_no_client_hello() -> None:
    good = client_hello(TLS13, [0x1301], [0x17], share=0x17, server_name="x")
    for bad in (
        b"GET / HTTP/1.1\r\n\r\n",
        b"\x16\x03\x01\xff\xff",
        b"\x16\x03\x01\0\0",
        b"\x16\x00",
    ):
        with pytest.raises(NotTlsError):
            hello_in(bad)
    chance = random.Random(1)
    for _ in range(3000):
        changed = bytearray(good)
        for _ in range(chance.randint(1, 4)):
            changed[chance.randrange(len(changed))] = chance.randrange(256)
        with contextlib.suppress(NotTlsError):
            body = hello_in(bytes(changed))
            if body is not None:
                named(read_client_hello(body))


def query(name: bytes, kind: int) -> bytes:
    labels = b"".join(bytes([len(part)]) + part for part in name.split(b"."))
    return b"\xab\xcd\1\0\0\1\0\0\0\0\0\0" + labels + b"\0" + struct.pack("!HH", kind, 1)


def test_names_lead_here() -> None:
    answer = dns_answer(query(b"db.example.com", 1), "192.0.2.9")
    assert answer[:2] == b"\xab\xcd"
    assert answer[3] & 15 == 0
    assert answer[-4:] == socket.inet_aton("192.0.2.9")
    six = dns_answer(query(b"db.example.com", 28), "192.0.2.9")
    assert (six[3] & 15, six[6:8]) == (0, b"\0\0")
    assert dns_answer(query(b"9.2.0.192.in-addr.arpa", 12), "192.0.2.9")[3] & 15 == 3
    assert wants_address(query(b"db", 28))
    assert not wants_address(query(b"9.2.0.192.in-addr.arpa", 12))
    unknown = dns_answer(query(b"db.example.com", 1), "")
    assert (unknown[3] & 15, unknown[6:8]) == (3, b"\0\0")


@pytest.mark.parametrize(
    "question", [b"", b"\0" * 12, query(b"a", 1)[:-3], query(b"a", 1)[:14], b"\xff" * 512]
)
def test_what_is_no_query_gets_no_answer(question: bytes) -> None:
    assert dns_answer(question, "192.0.2.9") == b""


def test_connection_is_read_and_closed() -> None:
    with ClientWatch("127.77.0.1") as watch, watch.answering():
        watch.follow("no such container", 1)
        with socket.create_connection(("127.77.0.1", 8443), timeout=5) as connection:
            connection.sendall(client_hello(TLS12, [0xCCA9], [0x17], server_name="x.example"))
            assert connection.recv(1) == b""
        with socket.create_connection(("127.77.0.1", 5432), timeout=5) as connection:
            connection.sendall(bytes.fromhex("0000000804d2162f"))
            assert connection.recv(9) == b"S"
            connection.sendall(client_hello(TLS13, [0x1301], [0x17], share=0x17))
            assert connection.recv(1) == b""
        with socket.create_connection(("127.77.0.1", 9443), timeout=5) as connection:
            connection.sendall(b"GET / HTTP/1.1\r\n\r\n")
            assert connection.recv(1) == b""
        seen = watch.clients(table(), APPROVAL)
        assert {(each.port, each.server_name) for each in seen} == {(8443, "x.example"), (5432, "")}
        with watch.answering():
            assert watch.clients(table(), APPROVAL) == ()
    with pytest.raises(OSError, match="refused"):
        socket.create_connection(("127.77.0.1", 8443), timeout=1)


def test_ports_that_are_taken_are_told() -> None:
    with socket.create_server(("127.77.0.2", 8443)), ClientWatch("127.77.0.2") as watch:
        (gap,) = watch.gaps("baseline")
        assert "port" in gap.reason
        assert not gap.caps
    (gap,) = ClientWatch("").gaps("baseline")
    assert "no address" in gap.reason


def test_silent_client_does_not_hold_up_the_end() -> None:
    begin = time.monotonic()
    with ClientWatch("127.77.0.3"), socket.create_connection(("127.77.0.3", 8443), timeout=5):
        time.sleep(0.1)
    assert time.monotonic() - begin < 5
