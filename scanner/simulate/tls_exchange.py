"""One connection to a TLS server: sends an offer and reads what comes back for it.

Knows how to wait and when to stop; what an answer means is for the caller to say.
"""

from __future__ import annotations

import socket
import time
from collections.abc import Callable
from dataclasses import dataclass
from enum import Enum, auto

from scanner.simulate.tls_messages import Hello, NotTlsError, ServerFlight

_MAX_FLIGHT = 2**18
_LINES = b"\r\n\r\n"

Connect = Callable[[float], socket.socket]
"""Opens a connection to the server within so many seconds. Raises OSError."""


class Outcome(Enum):
    """How one offer ended."""

    HELLO = auto()
    ALERT = auto()
    CLOSED = auto()
    """Closed or reset without an answer: how some servers refuse."""
    TIMEOUT = auto()
    UNREACHABLE = auto()
    NOT_TLS = auto()
    LATE = auto()
    """Not asked: the total time was used up."""


@dataclass(frozen=True, slots=True)
class Answer:
    """What came back for one offer."""

    outcome: Outcome
    hello: Hello | None = None
    exchange_group: int | None = None
    signature: int | None = None
    certificates: tuple[bytes, ...] = ()
    heard: bytes = b""
    """How it began, where it is not TLS."""


@dataclass(frozen=True, slots=True)
class Silence:
    """A port that took a connection, and of which it is not known whether it speaks TLS."""

    port: int


def exchange(
    connection: socket.socket,
    offer: bytes,
    seconds: float,
    flight: ServerFlight,
    patience: float = 0.0,
) -> Answer:
    """Send one ClientHello and read the server's flight as far as it can be read.

    Args:
        patience: how much longer to wait for a server that says nothing.
    """
    heard = b""
    try:
        connection.settimeout(seconds)
        connection.sendall(offer)
        outcome = _patiently(connection, seconds, flight, patience)
    except NotTlsError as error:
        outcome, heard = Outcome.NOT_TLS, error.args[0]
    except TimeoutError:
        outcome = Outcome.TIMEOUT
    except OSError:
        outcome = Outcome.CLOSED
    if flight.hello is not None and (flight.alert is None or flight.exchange_group is not None):
        return Answer(
            Outcome.HELLO,
            flight.hello,
            flight.exchange_group,
            flight.signature,
            flight.certificates,
        )
    if flight.alert is not None:
        return Answer(Outcome.ALERT)
    return Answer(outcome, heard=heard)


def _patiently(
    connection: socket.socket, seconds: float, flight: ServerFlight, patience: float
) -> Outcome:
    try:
        outcome = receive(connection, seconds, flight)
    except TimeoutError:
        outcome = Outcome.TIMEOUT
    if outcome is Outcome.TIMEOUT and patience > 0 and flight.hello is None:
        # Who waits for the end of a line has it now, and says at once what it makes of that. A
        # slow TLS server looks at no more before it has answered the offer.
        connection.sendall(_LINES)
        return receive(connection, patience, flight)
    return outcome


def receive(connection: socket.socket, seconds: float, flight: ServerFlight) -> Outcome:
    """Feed `flight` until it is done; says why it ended otherwise.

    Raises:
        NotTlsError: what came is not TLS.
        OSError: the connection broke, or was too slow.
    """
    deadline = time.monotonic() + seconds
    received = 0
    while not flight.done and received < _MAX_FLIGHT:
        left = deadline - time.monotonic()
        if left <= 0:
            return Outcome.TIMEOUT
        connection.settimeout(left)
        data = connection.recv(2**15)
        if not data:
            break
        received += len(data)
        flight.feed(data)
    return Outcome.CLOSED
