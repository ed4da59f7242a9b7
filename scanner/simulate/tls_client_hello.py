"""Reads what a TLS client offers from its first bytes, and names it by the rules.

Answers nothing, and trusts no length.
"""

from __future__ import annotations

import struct
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

from scanner.facts import fact
from scanner.model import Fact, FactKind, TlsClient
from scanner.rulebook import TlsTable
from scanner.simulate.tls_messages import HANDSHAKE, MAX_RECORD, NotTlsError, extensions_of
from scanner.simulate.tls_table import Approval

MAX_HELLO = 2**15
_CLIENT_HELLO = 1
_SIGNALS = frozenset({0x00FF, 0x5600})
"""Codes among the cipher suites that are none: renegotiation and fallback."""
_MAX_NAME = 255
_NO_GROUP = ("TLS_DHE_", "TLS_DH_", "TLS_RSA_", "TLS_PSK_")
"""How the names of suites begin that need none of the groups that a client lists."""


@dataclass(frozen=True, slots=True)
class ClientOffer:
    """What one ClientHello offers, by code and in the client's order."""

    versions: tuple[int, ...]
    suites: tuple[int, ...]
    groups: tuple[int, ...] = ()
    signatures: tuple[int, ...] = ()
    server_name: str = ""


def hello_in(data: bytes) -> bytes | None:
    """The body of the ClientHello that `data` begins with; None while it is not complete.

    Raises:
        NotTlsError: it begins with something else.
    """
    message = b""
    at = 0
    while at < len(data):
        if data[at] != HANDSHAKE or (len(data) > at + 1 and data[at + 1] != 3):
            raise NotTlsError(data[:64])
        if len(data) < at + 5:
            return None
        length = struct.unpack_from("!H", data, at + 3)[0]
        if not 0 < length <= MAX_RECORD:
            raise NotTlsError(data[:64])
        message += data[at + 5 : at + 5 + length]
        at += 5 + length
        if message and message[0] != _CLIENT_HELLO:
            raise NotTlsError(data[:64])
        whole = 4 + int.from_bytes(message[1:4], "big")
        if whole > MAX_HELLO:
            raise NotTlsError(data[:64])
        if len(message) >= max(whole, 4):
            return message[4:whole]
    return None


def read_client_hello(body: bytes) -> ClientOffer:
    """What the body of a ClientHello message offers.

    Raises:
        NotTlsError: it is cut short.
    """
    try:
        legacy = struct.unpack_from("!H", body)[0]
        at = 35 + body[34]
        length = struct.unpack_from("!H", body, at)[0]
        suites = _codes(body[at + 2 : at + 2 + length])
        at += 2 + length
        at += 1 + body[at]
    except (struct.error, IndexError) as error:
        raise NotTlsError(body[:64]) from error
    versions: tuple[int, ...] = (legacy,)
    groups: tuple[int, ...] = ()
    signatures: tuple[int, ...] = ()
    name = ""
    for kind, data in extensions_of(body, at):
        if kind == 0 and len(data) > 5:
            name = data[5 : 5 + _MAX_NAME].decode("ascii", "replace")
        elif kind == 10:
            groups = _codes(data[2:])
        elif kind == 13:
            signatures = _codes(data[2:])
        elif kind == 43:
            versions = _codes(data[1:])
    return ClientOffer(
        tuple(sorted(versions)),
        tuple(code for code in suites if code not in _SIGNALS),
        groups,
        signatures,
        name,
    )


def _codes(data: bytes) -> tuple[int, ...]:
    """16-bit codes, without those that some clients make up to keep servers tolerant."""
    codes = struct.unpack_from(f"!{len(data) // 2}H", data)
    return tuple(code for code in codes if code & 0x0F0F != 0x0A0A or code >> 8 != code & 0xFF)


def client(
    offer: ClientOffer, port: int, program: str, table: TlsTable, approval: Approval
) -> TlsClient:
    """`offer` in names; a code that no rule knows is its own name."""
    protocols = _names(offer.versions, table.protocol)
    suites = _names(offer.suites, table.suite)
    groups = _names(offer.groups, table.group)
    signatures = _names(offer.signatures, table.signature)
    unapproved = (
        *(name for name in protocols if not approval.protocol(name)),
        *(name for name in suites if not approval.suite(name)),
        *(name for name in groups if not approval.group(name)),
        *(name for name in signatures if not approval.signature(name)),
    )
    return TlsClient(
        program, offer.server_name, port, protocols, suites, groups, signatures, unapproved
    )


def _names(codes: Sequence[int], find: Callable[[str | int], object]) -> tuple[str, ...]:
    return tuple(str(getattr(find(code), "name", f"0x{code:04x}")) for code in codes)


def client_facts(clients: Iterable[TlsClient], condition: str) -> list[Fact]:
    """What the container offered as a client, on the program where it is known."""
    return [
        fact(
            FactKind.TLS_CLIENT,
            each.program,
            condition=condition,
            port=each.port,
            server_name=each.server_name,
            suites=each.suites,
            groups=each.groups,
            unapproved=each.unapproved,
            only_unapproved=_only_unapproved(each),
            evidence=(f"ClientHello for {each.server_name or f'port {each.port}'}",),
        )
        for each in clients
    ]


def _only_unapproved(seen: TlsClient) -> bool:
    """Whether no handshake of approved parts can come of what it offers."""
    bad = frozenset(seen.unapproved)
    suites = [name for name in seen.suites if name not in bad]
    if seen.groups and bad.issuperset(seen.groups):
        suites = [name for name in suites if name.startswith(_NO_GROUP)]
    return not suites or bad.issuperset(seen.protocols)
