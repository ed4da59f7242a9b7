"""Finds out whether a server goes on with TLS 1.2 sessions without extended master secret.

Completes handshakes for that, which is the only way to know: a FIPS module refuses when it is to
derive the keys, and no ServerHello tells before. Sends no data in them.
"""

from __future__ import annotations

import os
import struct
from collections.abc import Sequence
from dataclasses import dataclass
from enum import Enum, auto

from scanner.simulate.tls_exchange import Connect, Outcome, receive
from scanner.simulate.tls_keys import GCM12, Keys12, shared_secret
from scanner.simulate.tls_messages import (
    CHANGE_CIPHER,
    HANDSHAKE,
    KEY_SHARES,
    TLS12,
    NotTlsError,
    ServerFlight,
    client_hello,
)

GROUPS = (0x0017, 0x0018, 0x0019, 0x001D)
"""Codes of the groups with which a handshake can be completed."""


class End(Enum):
    """How an attempt at a handshake ended."""

    COMPLETED = auto()
    REFUSED = auto()
    UNKNOWN = auto()


@dataclass(frozen=True, slots=True)
class Sessions:
    """What a server does without extended master secret; None where that was not found out."""

    completes: bool | None = None
    """Whether it completes a handshake without it."""
    resumes: bool | None = None
    """Whether it then resumes that session."""


@dataclass(frozen=True, slots=True)
class _Session:
    suite: int
    identifier: bytes
    ticket: bytes


@dataclass(frozen=True, slots=True)
class SessionAsker:
    """Asks one server."""

    connect: Connect
    suites: Sequence[int]
    """Codes of suites of `GCM12` that the server accepts."""
    groups: Sequence[int]
    """Codes of groups of `GROUPS` that the server accepts."""
    server_name: str
    seconds: float

    def ask(self) -> Sessions:
        """Complete a handshake with it, one without, and resume the latter."""
        # Where not even the usual handshake comes to its end, the other one tells nothing.
        if self._handshake(extended=True)[0] is not End.COMPLETED:
            return Sessions()
        end, session = self._handshake(extended=False)
        if end is not End.COMPLETED:
            return Sessions(completes=False if end is End.REFUSED else None)
        return Sessions(True, None if session is None else self._resumes(session))

    def _handshake(self, *, extended: bool) -> tuple[End, _Session | None]:
        offer = client_hello(
            TLS12,
            self.suites,
            self.groups,
            server_name=self.server_name,
            extended_master_secret=extended,
            ticket=b"",
        )
        flight = ServerFlight()
        try:
            with self.connect(self.seconds) as connection:
                connection.sendall(offer)
                receive(connection, self.seconds, flight)
                reply = _reply(offer, flight)
                if reply is None:
                    return End.REFUSED if flight.alert is not None else End.UNKNOWN, None
                flight.done = False
                connection.sendall(reply)
                ended = receive(connection, self.seconds, flight)
        except NotTlsError:
            return End.UNKNOWN, None
        except OSError as error:
            # Some servers close the connection without a word when their module refuses.
            broken = isinstance(error, ConnectionError) and flight.exchange_public
            return End.REFUSED if broken else End.UNKNOWN, None
        if not flight.changed:
            unsure = flight.wants_certificate or ended is Outcome.TIMEOUT
            return (End.UNKNOWN if unsure else End.REFUSED), None
        return End.COMPLETED, _session(flight)

    def _resumes(self, session: _Session) -> bool | None:
        offer = client_hello(
            TLS12,
            (session.suite,),
            self.groups,
            server_name=self.server_name,
            extended_master_secret=False,
            session=session.identifier,
            ticket=session.ticket,
        )
        flight = ServerFlight()
        try:
            with self.connect(self.seconds) as connection:
                connection.sendall(offer)
                receive(connection, self.seconds, flight)
        except (NotTlsError, OSError):
            return None
        return flight.changed and not flight.certificates


def _reply(offer: bytes, flight: ServerFlight) -> bytes | None:
    """What completes the handshake; None when the server chose what cannot be computed."""
    hello, group = flight.hello, flight.exchange_group
    if hello is None or hello.suite not in GCM12 or group not in GROUPS:
        return None
    messages = [b"\x0b\0\0\3\0\0\0"] if flight.wants_certificate else []
    public = KEY_SHARES[group]
    messages.append(struct.pack("!BxHB", 16, len(public) + 1, len(public)) + public)
    transcript = offer[5:] + bytes(flight.messages) + b"".join(messages)
    client_random = offer[11:43]
    extended = hello.extended_master_secret
    keys = Keys12(
        hello.suite,
        shared_secret(group, flight.exchange_public),
        transcript if extended else client_random + hello.random,
        extended=extended,
    )
    keys.start(client_random, hello.random)
    records = [_record(HANDSHAKE, each) for each in messages]
    records += [_record(CHANGE_CIPHER, b"\1"), _record(HANDSHAKE, keys.finished(transcript))]
    return b"".join(records)


def _record(kind: int, data: bytes) -> bytes:
    return struct.pack("!BHH", kind, TLS12, len(data)) + data


def _session(flight: ServerFlight) -> _Session | None:
    """The session to resume; None when the server keeps none."""
    assert flight.hello is not None
    if not flight.ticket and not flight.hello.session:
        return None
    # With a ticket, the client makes up an identifier, which the server gives back (RFC 5077).
    identifier = os.urandom(32) if flight.ticket else flight.hello.session
    return _Session(flight.hello.suite, identifier, flight.ticket)
