"""Bytes of servers, as `openssl s_server` of OpenSSL 3.5.9 sent them."""

from __future__ import annotations

import struct

import pytest

from scanner.simulate.tls_messages import (
    KEY_SHARES,
    SSL3,
    TLS10,
    TLS12,
    TLS13,
    NotTlsError,
    ServerFlight,
    client_hello,
    read_server_hello,
)

RETRY = bytes.fromhex(
    "1603030058020000540303cf21ad74e59a6111be1d8c021e65b891c2a211167abb8c5e079e09e2c8a8339c20beb3d5"
    "9eaf18ee84ce303a890b67f756b115cb134d17eb101239dd45d9723ce5130100000c002b0002030400330002001714"
    "0303000101"
)
HELLO13 = bytes.fromhex(
    "160303009b020000970303aa1a7819a7389063c3754986dfa44bbb441b0d71692e0edde381eaaaf079cf8220b30f40"
    "a13172b2ae6dabeff2d4c2bd703134ab3e384139a3eb24c16c6c423e3f130100004f002b0002030400330045001700"
    "4104144b81f7f34cd800283c65c997bd847381843b1386f54928fd202ccd97dc41c27591d7bcaa65b92712d34d5694"
    "85c27b655b88ddd58950068d7f92fa7962e2d5"
)
HELLO12 = bytes.fromhex(
    "160303005d020000590303274b5ea0b3065f364a011c3e3e19ae688b4e2564a1c56c3c444f574e475244012065eaa5"
    "ae30a2c608754667e6452ad4dcf5a9c8334a0f55f892eaf65f68933f6fc02b000011ff01000100000b000403000102"
    "00170000"
)
KEY_EXCHANGE12 = bytes.fromhex(
    "16030300940c00009003001741043b29c711a9e3fea4951baed8e8f2a6781208594cf53d208691a102f4f3fc556010"
    "e286e4ee196fc0212b2e2c7f9c08318c1e4d274be403daf554fcccad3e4545040300473045022071ab30b155839b86"
    "853594949a1df825e99b31407686fa06f6cfc9b81dbbf4e1022100a6abb39f0993e566030349f46da4648d4b658d27"
    "8fefeb7929f71ea272a3d15016030300040e000000"
)
ALERT = bytes.fromhex("15030300020228")


def test_short_retry_request_names_the_group() -> None:
    flight = ServerFlight()
    flight.feed(RETRY)
    assert flight.done
    assert flight.hello is not None
    assert flight.hello.retry
    assert (flight.hello.version, flight.hello.suite, flight.hello.group) == (TLS13, 0x1301, 0x17)


def test_hello_of_tls13() -> None:
    flight = ServerFlight()
    flight.feed(HELLO13)
    assert flight.hello is not None
    assert not flight.hello.retry
    assert (flight.hello.version, flight.hello.group) == (TLS13, 0x17)


def test_tls12_flight_byte_by_byte_ends_with_its_key_exchange() -> None:
    flight = ServerFlight()
    for byte in HELLO12 + KEY_EXCHANGE12:
        assert not flight.done or byte is not None
        flight.feed(bytes([byte]))
    assert flight.done
    assert flight.hello is not None
    assert (flight.hello.version, flight.hello.suite) == (TLS12, 0xC02B)
    assert flight.exchange_group == 0x17


def test_message_split_over_records() -> None:
    body = HELLO12[5:]
    flight = ServerFlight()
    for part in (body[:7], body[7:40], body[40:]):
        flight.feed(struct.pack("!BHH", 22, 0x0303, len(part)) + part)
    assert flight.hello is not None
    assert flight.hello.suite == 0xC02B


def test_alert() -> None:
    flight = ServerFlight()
    flight.feed(ALERT)
    assert flight.done
    assert flight.alert == 40


def test_hello_of_an_old_server_without_extensions() -> None:
    hello = read_server_hello(b"\3\0" + bytes(32) + b"\0" + b"\0\x05" + b"\0")
    assert (hello.version, hello.suite, hello.group) == (SSL3, 5, None)


@pytest.mark.parametrize(
    "data",
    [
        b"HTTP/1.1 400 Bad Request\r\n",
        b"SSH-2.0-OpenSSH_9.2p1\r\n",
        b"\x16\x02\x00\x00\x10",
        b"\x16\x03\x03\xff\xff",
        b"\x16\x03\x03\x00\x04\x02\xff\xff\xff",
        b"\x16\x03\x03\x00\x05\x02\x00\x00\x01\x00",
    ],
    ids=["http", "ssh", "version", "record too long", "message too long", "hello too short"],
)
def test_what_is_not_tls(data: bytes) -> None:
    with pytest.raises(NotTlsError):
        ServerFlight().feed(data)


@pytest.mark.parametrize("cut", range(len(HELLO13) - 5))
def test_cut_hello_is_refused_and_never_crashes(cut: int) -> None:
    body = HELLO13[9 : 9 + cut]
    try:
        read_server_hello(body)
    except NotTlsError:
        assert cut < 38 + 32
    else:
        assert cut >= 38 + 32


CURVES = {
    0x17: (
        2**256 - 2**224 + 2**192 + 2**96 - 1,
        "5ac635d8aa3a93e7b3ebbd55769886bc651d06b0cc53b0f63bce3c3e27d2604b",
    ),
    0x18: (
        2**384 - 2**128 - 2**96 + 2**32 - 1,
        "b3312fa7e23ee7e4988e056be3f82d19181d9c6efe8141120314088f5013875ac656398d8a2ed19d2a85c8edd3ec2aef",
    ),
    0x19: (
        2**521 - 1,
        "51953eb9618e1c9a1f929a21a0b68540eea2da725b99b315f3b8b489918ef109e156193951ec7e937b1652c0bd3bb1bf07"
        "3573df883d2c34f1ef451fd46b503f00",
    ),
}


@pytest.mark.parametrize("group", CURVES)
def test_key_shares_are_points_of_their_curves(group: int) -> None:
    prime, b = CURVES[group]
    share = KEY_SHARES[group]
    half = (len(share) - 1) // 2
    x, y = int.from_bytes(share[1 : 1 + half]), int.from_bytes(share[1 + half :])
    assert share[0] == 4
    assert (y * y - x**3 + 3 * x - int(b, 16)) % prime == 0


def test_client_hello_has_consistent_lengths_and_offers_only_what_it_is_told() -> None:
    record = client_hello(TLS13, [0x1303], [0x1D], share=0x1D, server_name="localhost")
    kind, version, length = struct.unpack_from("!BHH", record)
    assert (kind, version, length) == (22, TLS10, len(record) - 5)
    assert int.from_bytes(record[6:9]) == length - 4
    at = 9 + 2 + 32
    at += 1 + record[at]
    assert record[at : at + 4] == b"\x00\x02\x13\x03"
    assert b"localhost" in record
    assert b"\x00\x2b\x00\x03\x02\x03\x04" in record


def test_ssl3_hello_has_no_extensions() -> None:
    record = client_hello(SSL3, [4], [])
    assert record[9:11] == b"\x03\x00"
    assert len(record) == 5 + 4 + 2 + 32 + 1 + 4 + 2
