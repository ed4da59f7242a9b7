"""Computes the keys of a handshake in which the prober's key share is the group's base point.

Its private key is then 1, and what both sides share is the server's own public key: anybody could
read along. So no handshake made with these keys may carry anything that matters.
"""

from __future__ import annotations

import hashlib
import hmac
import struct
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESCCM, AESGCM, ChaCha20Poly1305

_Aead = AESGCM | AESCCM | ChaCha20Poly1305

CURVES = frozenset({0x0017, 0x0018, 0x0019})
"""Codes of P-256, P-384 and P-521."""
COMPUTABLE = frozenset({*CURVES, 0x001D, 0x001E, *range(0x0100, 0x0105)})
"""Codes of the groups whose shared secret is known."""


class KeysError(Exception):
    """What came cannot be decrypted."""


@dataclass(frozen=True, slots=True)
class _Suite:
    hash: str
    key_length: int
    aead: Callable[[bytes], _Aead]


SUITES13: Mapping[int, _Suite] = {
    0x1301: _Suite("sha256", 16, AESGCM),
    0x1302: _Suite("sha384", 32, AESGCM),
    0x1303: _Suite("sha256", 32, ChaCha20Poly1305),
    0x1304: _Suite("sha256", 16, AESCCM),
    0x1305: _Suite("sha256", 16, lambda key: AESCCM(key, tag_length=8)),
}
"""The suites of TLS 1.3 that can be decrypted, by code."""

GCM12: Mapping[int, _Suite] = {
    **dict.fromkeys((0xC02B, 0xC02F), _Suite("sha256", 16, AESGCM)),
    **dict.fromkeys((0xC02C, 0xC030), _Suite("sha384", 32, AESGCM)),
}
"""The suites of TLS 1.2 in which a handshake can be completed, by code: ECDHE with AES-GCM."""


def shared_secret(group: int, public: bytes) -> bytes:
    """What both sides share, when `public` is the server's key share."""
    if group in CURVES:  # the x coordinate of an uncompressed point
        return public[1 : 1 + (len(public) - 1) // 2]
    return public


class Keys13:
    """Opens the records of a server's first flight of TLS 1.3."""

    def __init__(self, suite: int, shared: bytes, transcript: bytes) -> None:
        """`transcript` is the ClientHello and the ServerHello, without record headers."""
        known = SUITES13[suite]
        empty = bytes(hashlib.new(known.hash).digest_size)
        early = hmac.digest(empty, empty, known.hash)
        nothing = hashlib.new(known.hash).digest()
        derived = _expand(known.hash, early, b"derived", nothing, len(empty))
        secret = hmac.digest(derived, shared, known.hash)
        seen = hashlib.new(known.hash, transcript).digest()
        traffic = _expand(known.hash, secret, b"s hs traffic", seen, len(empty))
        self._aead = known.aead(_expand(known.hash, traffic, b"key", b"", known.key_length))
        self._iv = _expand(known.hash, traffic, b"iv", b"", 12)
        self._count = 0

    def open(self, header: bytes, payload: bytes) -> tuple[int, bytes]:
        """The true type of a record, and what it holds.

        Raises:
            KeysError: it was not encrypted with these keys.
        """
        nonce = _nonce(self._iv, self._count)
        self._count += 1
        try:
            inner = self._aead.decrypt(nonce, payload, header).rstrip(b"\0")
        except (InvalidTag, ValueError) as error:
            raise KeysError(str(error)) from error
        if not inner:
            raise KeysError("an empty record")
        return inner[-1], inner[:-1]


def _expand(hash_name: str, secret: bytes, label: bytes, context: bytes, length: int) -> bytes:
    label = b"tls13 " + label
    info = struct.pack("!HB", length, len(label)) + label
    info += struct.pack("!B", len(context)) + context
    # One block of output is enough for every key there is.
    return hmac.digest(secret, info + b"\1", hash_name)[:length]


def _nonce(iv: bytes, count: int) -> bytes:
    return (int.from_bytes(iv, "big") ^ count).to_bytes(len(iv), "big")


class Keys12:
    """The keys of one session of TLS 1.2 with AES-GCM."""

    def __init__(self, suite: int, premaster: bytes, seed: bytes, *, extended: bool) -> None:
        """`seed` is what the master secret is derived from: both randoms, or the transcript.

        Args:
            extended: derive an extended master secret (RFC 7627); `seed` is then the
                transcript up to the ClientKeyExchange.
        """
        self._suite = GCM12[suite]
        if extended:
            seed = hashlib.new(self._suite.hash, seed).digest()
        label = b"extended master secret" if extended else b"master secret"
        self.master = self._prf(premaster, label, seed, 48)
        self._write: _Aead | None = None
        self._salt = b""

    def start(self, client_random: bytes, server_random: bytes) -> None:
        """Derive what the client encrypts with."""
        length = self._suite.key_length
        block = self._prf(self.master, b"key expansion", server_random + client_random, 72)
        self._write = self._suite.aead(block[:length])
        self._salt = block[2 * length : 2 * length + 4]

    def finished(self, transcript: bytes) -> bytes:
        """The client's Finished message, encrypted: the payload of the first record."""
        assert self._write is not None
        seen = hashlib.new(self._suite.hash, transcript).digest()
        message = b"\x14\0\0\x0c" + self._prf(self.master, b"client finished", seen, 12)
        bound = bytes(8) + b"\x16\3\3" + struct.pack("!H", len(message))
        return bytes(8) + self._write.encrypt(self._salt + bytes(8), message, bound)

    def _prf(self, secret: bytes, label: bytes, seed: bytes, length: int) -> bytes:
        name = self._suite.hash
        out, a = b"", label + seed
        while len(out) < length:
            a = hmac.digest(secret, a, name)
            out += hmac.digest(secret, a + label + seed, name)
        return out[:length]
