"""TLS handshake messages as bytes: builds ClientHellos and reads what a server answers.

Written out by hand so that what is offered does not depend on the TLS library of this machine.
No socket is opened here, and nothing is kept secret with it.
"""

from __future__ import annotations

import os
import struct
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from scanner.simulate.tls_keys import COMPUTABLE, SUITES13, Keys13, KeysError, shared_secret

SSL3, TLS10, TLS11, TLS12, TLS13 = 0x0300, 0x0301, 0x0302, 0x0303, 0x0304
PROTOCOLS: Mapping[int, str] = {
    SSL3: "SSL 3.0",
    TLS10: "TLS 1.0",
    TLS11: "TLS 1.1",
    TLS12: "TLS 1.2",
    TLS13: "TLS 1.3",
}
"""Names of the protocol versions, ascending."""

CHANGE_CIPHER, ALERT, HANDSHAKE, ENCRYPTED = 20, 21, 22, 23
SERVER_HELLO, NEW_TICKET, CERTIFICATE, SERVER_KEY_EXCHANGE = 2, 4, 11, 12
CERTIFICATE_REQUEST, SERVER_HELLO_DONE, CERTIFICATE_VERIFY, FINISHED = 13, 14, 15, 20
MAX_RECORD = 2**14 + 2048
MAX_MESSAGE = 2**17
MAX_CERTIFICATES = 10

# The random of a ServerHello that is a HelloRetryRequest (RFC 8446, 4.1.3).
_RETRY_RANDOM = bytes.fromhex("cf21ad74e59a6111be1d8c021e65b891c2a211167abb8c5e079e09e2c8a8339c")

# All that a server may need to sign with: a missing one would look like a refused suite.
_SIGNATURES = (
    *(0x0804, 0x0805, 0x0806, 0x0809, 0x080A, 0x080B, 0x0807, 0x0808),  # RSA-PSS, EdDSA
    *(0x0403, 0x0503, 0x0603, 0x0303, 0x0203),  # ECDSA
    *(0x0401, 0x0501, 0x0601, 0x0301, 0x0201),  # RSA PKCS #1
    *(0x0402, 0x0502, 0x0602, 0x0302, 0x0202),  # DSA
    *(0x081A, 0x081B, 0x081C, 0x0904, 0x0905, 0x0906),  # Brainpool, ML-DSA
)

# Base points: valid public keys whose private key is 1. No handshake is completed with them.
_P256 = bytes.fromhex(
    "046b17d1f2e12c4247f8bce6e563a440f277037d812deb33a0f4a13945d898c296"
    "4fe342e2fe1a7f9b8ee7eb4a7c0f9e162bce33576b315ececbb6406837bf51f5"
)
_P384 = bytes.fromhex(
    "04aa87ca22be8b05378eb1c71ef320ad746e1d3b628ba79b9859f741e082542a385502f25dbf55296c3a545e38"
    "72760ab73617de4a96262c6f5d9e98bf9292dc29f8f41dbd289a147ce9da3113b5f0b8c00a60b1ce1d7e819d7a"
    "431d7c90ea0e5f"
)
_P521 = bytes.fromhex(
    "0400c6858e06b70404e9cd9e3ecb662395b4429c648139053fb521f828af606b4d3dbaa14b5e77efe75928fe1d"
    "c127a2ffa8de3348b3c1856a429bf97e7e31c2e5bd66011839296a789a3bc0045c8a5fb42c7d1bd998f5444957"
    "9b446817afbd17273e662c97ee72995ef42640c550b9013fad0761353c7086a272c24088be94769fd16650"
)
_X25519 = (9).to_bytes(32, "little")
_X448 = (5).to_bytes(56, "little")

# An all-zero encapsulation key passes ML-KEM's modulus check.
KEY_SHARES: Mapping[int, bytes] = {
    0x0017: _P256,
    0x0018: _P384,
    0x0019: _P521,
    0x001D: _X25519,
    0x001E: _X448,
    **{0x0100 + n: b"\0" * (size - 1) + b"\2" for n, size in enumerate((256, 384, 512, 768, 1024))},
    0x0200: bytes(800),
    0x0201: bytes(1184),
    0x0202: bytes(1568),
    0x11EB: _P256 + bytes(1184),
    0x11EC: bytes(1184) + _X25519,
    0x11ED: _P384 + bytes(1568),
}
"""A well-formed key share for each group that has one here, by the group's code."""


@dataclass(frozen=True, slots=True)
class Hello:
    """What a ServerHello or a HelloRetryRequest chose."""

    version: int
    suite: int
    group: int | None = None
    """The group of its key share, or the one that a retry asks for."""
    retry: bool = False
    share: bytes = b""
    """The server's key share of TLS 1.3."""
    random: bytes = b""
    session: bytes = b""
    extended_master_secret: bool = False


class NotTlsError(Exception):
    """The bytes are not TLS records, or not what a server may send."""


def client_hello(
    version: int,
    suites: Sequence[int],
    groups: Sequence[int] = (),
    *,
    share: int | None = None,
    server_name: str = "",
    signatures: Sequence[int] = (),
    extended_master_secret: bool = True,
    session: bytes = b"",
    ticket: bytes | None = None,
) -> bytes:
    """A ClientHello in one record.

    Args:
        version: the one protocol version offered.
        suites: codes of the cipher suites offered.
        groups: codes of the groups offered.
        share: for TLS 1.3, the group to send a key share for; without one the server answers
            with a HelloRetryRequest.
        server_name: for the server name extension; empty for none.
        signatures: codes of the schemes in which the server may sign the handshake, but for
            which its certificates may be chosen freely; empty for all.
        extended_master_secret: whether to offer it, in TLS 1.2 and below.
        session: the session to resume.
        ticket: of that session; empty to ask for one.
    """
    extensions = b""
    if server_name:
        name = server_name.encode("idna")
        extensions += _extension(0, _vector16(b"\0" + _vector16(name)))
    if version >= TLS10:
        if groups:
            extensions += _extension(10, _vector16(_codes(groups)))
        extensions += _extension(11, b"\1\0")  # uncompressed points
        extensions += _extension(0xFF01, b"\0")  # renegotiation info
    if TLS10 <= version <= TLS12 and extended_master_secret:
        # FIPS modules may refuse the TLS 1.2 key derivation without it (RFC 7627).
        extensions += _extension(23, b"")
    if version >= TLS12:
        extensions += _extension(13, _vector16(_codes(signatures or _SIGNATURES)))
    if signatures:
        extensions += _extension(50, _vector16(_codes(_SIGNATURES)))
    if ticket is not None:
        extensions += _extension(35, ticket)
    if version == TLS13:
        extensions += _extension(43, b"\2" + struct.pack("!H", TLS13))
        extensions += _extension(45, b"\1\1")
        key = KEY_SHARES.get(share) if share is not None else None
        entry = b"" if key is None else struct.pack("!H", share) + _vector16(key)
        extensions += _extension(51, _vector16(entry))
    legacy = min(version, TLS12)
    body = struct.pack("!H", legacy) + os.urandom(32)
    if version == TLS13:
        session = os.urandom(32)
    body += bytes([len(session)]) + session
    body += _vector16(_codes(suites)) + b"\1\0"
    if extensions:
        body += _vector16(extensions)
    message = b"\1" + len(body).to_bytes(3, "big") + body
    # TLS 1.0 in the record header: what servers of every age accept (RFC 8446, 5.1).
    return struct.pack("!BHH", HANDSHAKE, min(legacy, TLS10), len(message)) + message


def _codes(codes: Iterable[int]) -> bytes:
    return b"".join(struct.pack("!H", code) for code in codes)


def _vector16(data: bytes) -> bytes:
    return struct.pack("!H", len(data)) + data


def _extension(kind: int, data: bytes) -> bytes:
    return struct.pack("!H", kind) + _vector16(data)


class ServerFlight:
    """Puts a server's bytes back together: records, then messages, split as the server likes."""

    def __init__(self, offer: bytes = b"") -> None:
        """Give the ClientHello as `offer` to read what TLS 1.3 encrypts as well.

        It must have been sent with the base point of a group as its only key share.
        """
        self._offer = offer[5:]
        self._bytes = bytearray()
        self._handshake = bytearray()
        self._keys: Keys13 | None = None
        self.messages = bytearray()
        """All messages so far, as a transcript has them."""
        self.hello: Hello | None = None
        self.alert: int | None = None
        self.exchange_group: int | None = None
        """The named group of a ServerKeyExchange up to TLS 1.2."""
        self.exchange_public: bytes = b""
        """The server's public key of that group."""
        self.signature: int | None = None
        """The scheme in which the server signed."""
        self.certificates: tuple[bytes, ...] = ()
        self.wants_certificate = False
        self.ticket: bytes = b""
        self.changed = False
        """Whether it went over to encryption, up to TLS 1.2."""
        self.done = False
        """Whether all that can be read has been."""

    def feed(self, data: bytes) -> None:
        """Take more bytes.

        Raises:
            NotTlsError: they cannot be a server's answer to a ClientHello.
        """
        self._bytes += data
        while len(self._bytes) >= 1:
            if self._bytes[0] not in (ALERT, HANDSHAKE) and self.hello is None:
                raise NotTlsError(bytes(self._bytes[:64]))
            if len(self._bytes) < 5:
                if len(self._bytes) > 1 and self._bytes[1] != 3:
                    raise NotTlsError(bytes(self._bytes[:64]))
                return
            kind, version, length = struct.unpack_from("!BHH", self._bytes)
            if version >> 8 != 3 or length > MAX_RECORD:
                raise NotTlsError(bytes(self._bytes[:64]))
            if len(self._bytes) < 5 + length:
                return
            header, payload = bytes(self._bytes[:5]), bytes(self._bytes[5 : 5 + length])
            del self._bytes[: 5 + length]
            self._record(kind, header, payload)
            if self.done:
                return

    def _record(self, kind: int, header: bytes, payload: bytes) -> None:
        if kind == ENCRYPTED and self._keys is not None:
            try:
                kind, payload = self._keys.open(header, payload)
            except KeysError:
                self.done = True
                return
        elif kind == CHANGE_CIPHER and self._keys is not None:
            return  # only for the eyes of old middleboxes
        if kind == ALERT and len(payload) >= 2:
            self.alert = payload[1]
            self.done = True
        elif kind == HANDSHAKE:
            self._handshake += payload
            self._read_messages()
        else:  # what follows is encrypted
            self.changed = kind == CHANGE_CIPHER
            self.done = True

    def _read_messages(self) -> None:
        while len(self._handshake) >= 4 and not self.done:
            kind = self._handshake[0]
            length = int.from_bytes(self._handshake[1:4], "big")
            if length > MAX_MESSAGE:
                raise NotTlsError(bytes(self._handshake[:64]))
            if len(self._handshake) < 4 + length:
                return
            self.messages += self._handshake[: 4 + length]
            body = bytes(self._handshake[4 : 4 + length])
            del self._handshake[: 4 + length]
            self._message(kind, body)

    def _message(self, kind: int, body: bytes) -> None:
        if kind == SERVER_HELLO:
            self.hello = read_server_hello(body)
            if self.hello.version == TLS13:
                self._keys = self._keys_for(self.hello)
                self.done = self._keys is None
        elif kind == CERTIFICATE and self.hello is not None:
            self.certificates = read_certificates(body, self.hello.version)
        elif kind == SERVER_KEY_EXCHANGE:
            self._key_exchange(body)
        elif kind == CERTIFICATE_REQUEST:
            self.wants_certificate = True
        elif kind == NEW_TICKET:
            self.ticket = body[6:]
        elif kind == CERTIFICATE_VERIFY and len(body) >= 2:
            self.signature = struct.unpack_from("!H", body)[0]
            self.done = True
        elif kind in (SERVER_HELLO_DONE, FINISHED):
            self.done = True

    def _keys_for(self, hello: Hello) -> Keys13 | None:
        known = hello.suite in SUITES13 and hello.group in COMPUTABLE and hello.share
        if hello.group is None or not known or not self._offer or hello.retry:
            return None
        shared = shared_secret(hello.group, hello.share)
        return Keys13(hello.suite, shared, self._offer + bytes(self.messages))

    def _key_exchange(self, body: bytes) -> None:
        signed = self.hello is not None and self.hello.version == TLS12
        at = 0
        if body[:1] == b"\3" and len(body) >= 4:  # a named curve
            self.exchange_group = struct.unpack_from("!H", body, 1)[0]
            at = 4 + body[3]
            self.exchange_public = body[4:at]
        if not _is_signature(body, at):
            at = _after_vectors(body, 3)  # the prime, the base and the public key
        if signed and _is_signature(body, at):
            self.signature = struct.unpack_from("!H", body, at)[0]


def _is_signature(body: bytes, at: int) -> bool:
    """Whether a scheme and a signature fill the rest of `body`."""
    return 0 < at <= len(body) - 4 and at + 4 + struct.unpack_from("!H", body, at + 2)[0] == len(
        body
    )


def _after_vectors(body: bytes, count: int) -> int:
    at = 0
    for _ in range(count):
        if at + 2 > len(body):
            return 0
        at += 2 + struct.unpack_from("!H", body, at)[0]
    return at


def read_certificates(body: bytes, version: int) -> tuple[bytes, ...]:
    """The first certificates of a Certificate message, as DER; what is cut short is left out."""
    at = 3
    if version == TLS13:
        at += 1 + body[0] if body else 0
    found: list[bytes] = []
    while at + 3 <= len(body) and len(found) < MAX_CERTIFICATES:
        length = int.from_bytes(body[at : at + 3], "big")
        at += 3
        if at + length > len(body):
            break
        found.append(body[at : at + length])
        at += length
        if version == TLS13 and at + 2 <= len(body):
            at += 2 + struct.unpack_from("!H", body, at)[0]
    return tuple(found)


def read_server_hello(body: bytes) -> Hello:
    """The body of a ServerHello message, HelloRetryRequests included.

    Raises:
        NotTlsError: too short or inconsistent.
    """
    if len(body) < 38 or len(body) < 38 + body[34]:
        raise NotTlsError(body[:64])
    version = struct.unpack_from("!H", body)[0]
    random = body[2:34]
    at = 35 + body[34]
    session = body[35:at]
    suite = struct.unpack_from("!H", body, at)[0]
    group: int | None = None
    share = b""
    extended = False
    for kind, data in extensions_of(body, at + 3):
        if kind == 43 and len(data) == 2:
            version = struct.unpack("!H", data)[0]
        elif kind == 51 and len(data) >= 2:
            group = struct.unpack_from("!H", data)[0]
            share = data[4:]
        elif kind == 23:
            extended = True
    retry = random == _RETRY_RANDOM
    return Hello(version, suite, group, retry, share, random, session, extended)


def extensions_of(body: bytes, at: int) -> Iterable[tuple[int, bytes]]:
    """The extensions that begin at `at` and go on to the end of a hello."""
    # A HelloRetryRequest is short, and so are hellos of old servers without any extensions.
    end = at + 2 + struct.unpack_from("!H", body, at)[0] if len(body) >= at + 2 else len(body)
    at += 2
    while at + 4 <= min(end, len(body)):
        kind, length = struct.unpack_from("!HH", body, at)
        yield kind, body[at + 4 : at + 4 + length]
        at += 4 + length
