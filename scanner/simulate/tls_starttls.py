"""Asks servers of other protocols to go over to TLS: SMTP, IMAP, PostgreSQL and the like.

Sends nothing but that request, logs in nowhere, and believes no length that a server names.
"""

from __future__ import annotations

import re
import socket
import time
from collections.abc import Callable
from dataclasses import dataclass

_MAX_REPLY = 2**14
_MAX_LINES = 64
_NAME = b"scanner.internal"


class RefusedError(OSError):
    """The server does not speak the protocol, or has no TLS in it."""


class Wire:
    """A connection from which little is read, and not for long."""

    def __init__(self, connection: socket.socket, seconds: float) -> None:
        self._connection = connection
        self._deadline = time.monotonic() + seconds
        self._bytes = b""
        self._taken = 0

    def send(self, data: bytes) -> None:
        """Send all of `data`."""
        self._connection.settimeout(self._left())
        self._connection.sendall(data)

    def exactly(self, count: int) -> bytes:
        """The next bytes."""
        while len(self._bytes) < count:
            self._more()
        data, self._bytes = self._bytes[:count], self._bytes[count:]
        return data

    def until(self, pattern: re.Pattern[bytes]) -> re.Match[bytes]:
        """Read up to the end of the first match, which what came before cannot change."""
        while (match := pattern.search(self._bytes)) is None:
            self._more()
        self._bytes = self._bytes[match.end() :]
        return match

    def line(self) -> bytes:
        """The next line, without its end."""
        return self.until(_LINE)[1]

    def reply(self) -> tuple[bytes, list[bytes]]:
        """A reply of SMTP or FTP: its code, and the texts of its lines."""
        texts: list[bytes] = []
        for _ in range(_MAX_LINES):
            line = self.line()
            texts.append(line[4:])
            if line[3:4] != b"-":
                return line[:3], texts
        raise RefusedError("a reply without an end")

    def ended(self) -> None:
        """Nothing may stand between the server's consent and its first record."""
        if self._bytes:
            raise RefusedError("more was said in clear than asked for")

    def _more(self) -> None:
        if self._taken > _MAX_REPLY:
            raise RefusedError("too long a reply")
        self._connection.settimeout(self._left())
        data = self._connection.recv(4096)
        if not data:
            raise RefusedError("closed")
        self._taken += len(data)
        self._bytes += data

    def _left(self) -> float:
        left = self._deadline - time.monotonic()
        if left <= 0:
            raise TimeoutError
        return left


_LINE = re.compile(rb"^([^\n]*?)\r?\n")


def _expect(condition: bool, what: str) -> None:
    if not condition:
        raise RefusedError(what)


def _smtp(wire: Wire) -> None:
    _expect(wire.reply()[0] == b"220", "no SMTP greeting")
    wire.send(b"EHLO " + _NAME + b"\r\n")
    code, texts = wire.reply()
    offered = any(text.strip().upper() == b"STARTTLS" for text in texts)
    _expect(code == b"250" and offered, "no STARTTLS")
    wire.send(b"STARTTLS\r\n")
    _expect(wire.reply()[0] == b"220", "STARTTLS refused")


def _ftp(wire: Wire) -> None:
    _expect(wire.reply()[0] == b"220", "no FTP greeting")
    wire.send(b"AUTH TLS\r\n")
    _expect(wire.reply()[0] == b"234", "AUTH TLS refused")


def _imap(wire: Wire) -> None:
    _expect(wire.line().startswith((b"* OK", b"* PREAUTH")), "no IMAP greeting")
    wire.send(b"a STARTTLS\r\n")
    for _ in range(_MAX_LINES):
        line = wire.line()
        if not line.startswith(b"* "):
            _expect(line.upper().startswith(b"A OK"), "STARTTLS refused")
            return
    raise RefusedError("a reply without an end")


def _pop3(wire: Wire) -> None:
    _expect(wire.line().startswith(b"+OK"), "no POP3 greeting")
    wire.send(b"STLS\r\n")
    _expect(wire.line().startswith(b"+OK"), "STLS refused")


def _postgresql(wire: Wire) -> None:
    wire.send(bytes.fromhex("0000000804d2162f"))
    _expect(wire.exactly(1) == b"S", "SSLRequest refused")


_CLIENT_SSL = 0x0800
_MYSQL_CLIENT = 0x0008AA05  # of MySQL 4.1 and later: SSL, transactions, secure, named plugins


def _mysql(wire: Wire) -> None:
    header = wire.exactly(4)
    greeting = wire.exactly(min(int.from_bytes(header[:3], "little"), _MAX_REPLY))
    _expect(greeting[:1] == b"\x0a", "no greeting of MySQL")
    # The server's version ends in a zero; a number, eight bytes of salt and a filler follow.
    at = greeting.find(b"\0") + 1 + 4 + 8 + 1
    capabilities = int.from_bytes(greeting[at : at + 2], "little")
    _expect(bool(capabilities & _CLIENT_SSL), "no TLS")
    request = _MYSQL_CLIENT.to_bytes(4, "little") + (2**24).to_bytes(4, "little")
    wire.send(b"\x20\0\0\1" + request + b"\x21" + bytes(23))


def _ldap(wire: Wire) -> None:
    name = b"1.3.6.1.4.1.1466.20037"
    operation = b"\x77" + bytes([len(name) + 2]) + b"\x80" + bytes([len(name)]) + name
    wire.send(b"\x30" + bytes([len(operation) + 3]) + b"\2\1\1" + operation)
    tag, length = wire.exactly(2)
    if length & 0x80:
        length = int.from_bytes(wire.exactly(min(length & 0x7F, 4)), "big")
    _expect(tag == 0x30 and length <= _MAX_REPLY, "no answer of LDAP")
    # An ExtendedResponse whose result is success.
    _expect(
        re.match(rb"\x02\x01\x01\x78.{1,5}?\x0a\x01\x00", wire.exactly(length), re.DOTALL)
        is not None,
        "refused",
    )


_FEATURES = re.compile(rb"</(?:stream:)?features>|<(?:stream:)?features\s*/>|</stream:stream>")
_XMPP_TLS = b"urn:ietf:params:xml:ns:xmpp-tls"
_PROCEED = re.compile(rb"<(\w+)[^>]*" + re.escape(_XMPP_TLS) + rb"[^>]*>")


def _xmpp(wire: Wire) -> None:
    wire.send(
        b"<?xml version='1.0'?><stream:stream to='localhost' xmlns='jabber:client' "
        b"xmlns:stream='http://etherx.jabber.org/streams' version='1.0'>"
    )
    features = wire.until(_FEATURES)
    _expect(_XMPP_TLS in features.string[: features.end()], "no STARTTLS")
    wire.send(b"<starttls xmlns='" + _XMPP_TLS + b"'/>")
    _expect(wire.until(_PROCEED)[1] == b"proceed", "STARTTLS refused")


@dataclass(frozen=True, slots=True)
class StartTls:
    """A protocol in which TLS can be asked for."""

    name: str
    _ask: Callable[[Wire], None]
    counts_failures: bool = False
    """Whether servers shut out a client who fails too often: MySQL does after a hundred times."""

    def ask(self, connection: socket.socket, seconds: float) -> None:
        """Have the server go over to TLS: the next bytes may be a ClientHello.

        Raises:
            OSError: it does not speak this protocol, or has no TLS in it, or is too slow.
        """
        wire = Wire(connection, seconds)
        self._ask(wire)
        wire.ended()


SMTP, FTP = StartTls("smtp", _smtp), StartTls("ftp", _ftp)
IMAP, POP3 = StartTls("imap", _imap), StartTls("pop3", _pop3)
POSTGRESQL, MYSQL = (
    StartTls("postgresql", _postgresql),
    StartTls("mysql", _mysql, counts_failures=True),
)
LDAP, XMPP = StartTls("ldap", _ldap), StartTls("xmpp", _xmpp)

_PORTS = {
    21: FTP,
    25: SMTP,
    110: POP3,
    143: IMAP,
    389: LDAP,
    587: SMTP,
    3306: MYSQL,
    5222: XMPP,
    5432: POSTGRESQL,
}
_SILENT = (POSTGRESQL, LDAP, XMPP)
"""Those in which the server waits for the client to speak."""


def usual(port: int) -> StartTls | None:
    """The protocol that is usually spoken on `port`."""
    return _PORTS.get(port)


def candidates(heard: bytes, port: int, *, closed: bool) -> tuple[StartTls, ...]:
    """The protocols that a server may speak, the likeliest first.

    Args:
        heard: how its answer to a ClientHello began; `b""` where it said nothing.
        closed: whether it closed the connection upon it, as those do that wait for the client.
    """
    likely = usual(port)
    if not heard:
        tried = (likely, *_SILENT) if closed else (likely,)
        return tuple(dict.fromkeys(each for each in tried if each is not None))
    if heard.startswith(b"220"):
        return (FTP, SMTP) if likely is FTP or b"ftp" in heard.lower() else (SMTP, FTP)
    if heard.startswith((b"* OK", b"* PREAUTH")):
        return (IMAP,)
    if heard.startswith(b"+OK"):
        return (POP3,)
    if heard[3:5] == b"\0\x0a":
        return (MYSQL,)
    if heard[:1] == b"\x30":  # slapd says that it disconnects
        return (LDAP,)
    if heard.startswith((b"<?xml", b"<stream")):
        return (XMPP,)
    if heard[:1] == b"E" and likely is POSTGRESQL:
        return (POSTGRESQL,)
    return ()
