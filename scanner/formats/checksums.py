"""Reads what integrity files say of a library, and computes what its bytes give.

The libraries' own checks are followed: OpenSSL's `verify_integrity`, fipscheck, libgcrypt's
`hmac256_check` and NSS's `shvfy.c`. Says nothing of which file belongs to which.
"""

from __future__ import annotations

import hashlib
import hmac
import io
import re
import struct
from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import dsa, utils

from scanner.formats.elf import Elf, ElfError, read_elf

MAX_ENTRIES = 32
MAC_SIZE = 32

KEYS: Mapping[str, bytes] = MappingProxyType(
    {
        # FIPS_KEY_STRING of OpenSSL 3's Configure; Red Hat's builds keep it.
        "openssl": bytes.fromhex(
            "f4556650ac31d35461610bac4ed81b1a181b2d8a43ea2854cbae22ca74560813"
        ),
        # Of fipscheck; OpenSSL 1.1.1 of the Red Hat family and GnuTLS took it over.
        "fipscheck": b"orboDeJITITejsirpADONivirpUkvarP",
        "libgcrypt": b"What am I, a doctor or a moonshuttle conductor?",
    }
)
"""Keys that are no secret: each is compiled into the library that checks itself with it."""

_HEX = re.compile(r"[0-9a-fA-F]{64}")
_CHK_MAGIC = b"\xf1\xc5"
_CHK_DSA = 1
_CHK_HMAC_SHA256 = 0x80000004
_NOTE = struct.pack("<II4s4s", 4, MAC_SIZE, b"\xca\xfe\x2a\x8e", b"FDO\0")


@dataclass(frozen=True, slots=True)
class Mac:
    """A library's checksum with the key that its own bytes hold."""

    key: str
    """Name in `KEYS`, or `""` where the bytes hold none of them."""
    computed: str
    """In hexadecimal; `""` where no key is known."""
    stored: str = ""
    """What the file itself says it should be, or `""`."""


def mac_of_provider(content: bytes) -> Mac:
    """The checksum of OpenSSL 3's `fips.so`, and the one that Red Hat's builds carry inside."""
    key = KEYS["openssl"]
    if key not in content:
        return Mac("", "")
    place = _section(content, ".rodata1")
    if place is None:
        return Mac("openssl", _hmac(key, content))
    return Mac("openssl", _hmac(key, content, zeroed=place), content[place : place + 32].hex())


def mac_of_library(content: bytes) -> Mac:
    """The checksum of a library that looks for a `.hmac` file, or carries it inside."""
    name = next((each for each in ("fipscheck", "libgcrypt") if KEYS[each] in content), "")
    if not name:
        return Mac("", "")
    key = KEYS[name]
    if b"libgcrypt" in content:
        if (place := _section(content, ".rodata1")) is not None:
            return Mac(name, _hmac(key, content, zeroed=place), content[place : place + 32].hex())
        if (inside := _note(content)) is not None:
            end, stored = inside
            return Mac(name, _hmac(key, _without_sections(content)[:end]), stored)
    return Mac(name, _hmac(key, content))


def _hmac(key: bytes, content: bytes, *, zeroed: int | None = None) -> str:
    if zeroed is None:
        return hmac.new(key, content, hashlib.sha256).hexdigest()
    made = hmac.new(key, digestmod=hashlib.sha256)
    view = memoryview(content)
    made.update(view[:zeroed])
    made.update(bytes(MAC_SIZE))
    made.update(view[zeroed + MAC_SIZE :])
    return made.hexdigest()


def with_fipscheck_key(content: bytes) -> str:
    """The checksum of a library that another one vouches for, with the usual key."""
    return _hmac(KEYS["fipscheck"], content)


def _elf(content: bytes) -> Elf | None:
    try:
        return read_elf(io.BytesIO(content))
    except ElfError:
        return None


def _section(content: bytes, name: str) -> int | None:
    """Where a section of just one checksum begins."""
    elf = _elf(content)
    found = elf.section(name) if elf else None
    if found is None or found.size != MAC_SIZE or found.offset + MAC_SIZE > len(content):
        return None
    return found.offset


def _note(content: bytes) -> tuple[int, str] | None:
    """Where the segments end, and the checksum in libgcrypt's note."""
    elf = _elf(content)
    found = elf.section(".note.fdo.integrity") if elf else None
    if elf is None or found is None or found.size != len(_NOTE) + MAC_SIZE:
        return None
    note = content[found.offset : found.offset + found.size]
    if not note.startswith(_NOTE):
        return None
    end = max((each.offset + each.file_size for each in elf.segments), default=0)
    return end, note[len(_NOTE) :].hex()


def _without_sections(content: bytes) -> bytes:
    """The file with an ELF header that tells of no sections: `objcopy` moves their table."""
    header = bytearray(content[:64])
    table, counts = (
        (slice(40, 48), slice(58, 64)) if content[4] == 2 else (slice(32, 36), slice(46, 52))
    )
    for part in (table, counts):
        header[part] = bytes(part.stop - part.start)
    return bytes(header) + content[64:]


# --- files beside the library --------------------------------------------------------------


def read_hmac(text: str) -> tuple[str, ...]:
    """What a `.hmac` file says: one checksum, or GnuTLS's `path=checksum` for each library."""
    first, _, _ = text.partition("\n")
    if _HEX.fullmatch(first.strip()):
        return (first.strip().lower(),)
    said: list[str] = []
    path = ""
    for line in text.splitlines()[: 4 * MAX_ENTRIES]:
        name, _, value = (part.strip() for part in line.partition("="))
        if name == "path":
            path = value
        elif name == "hmac" and path.startswith("/") and _HEX.fullmatch(value):
            said.append(f"{path}={value.lower()}")
            path = ""
    return tuple(said[:MAX_ENTRIES])


def read_chk(content: bytes) -> tuple[str, ...]:
    """What NSS's `.chk` file holds, in hexadecimal; nothing where its form is unknown.

    `dsa` with prime, order, base, public value and signature, or `hmac` with key and checksum.
    """
    if len(content) < 12 or content[:2] != _CHK_MAGIC:
        return ()
    offset, kind = struct.unpack(">II", content[4:12])
    names = {_CHK_DSA: ("dsa", 5), _CHK_HMAC_SHA256: ("hmac", 2)}
    if kind not in names:
        return ()
    name, count = names[kind]
    items: list[str] = []
    for _ in range(count):
        (size,) = struct.unpack(">I", content[offset : offset + 4].ljust(4, b"\0"))
        item = content[offset + 4 : offset + 4 + size]
        if not size or len(item) != size:
            return ()
        items.append(item.hex())
        offset += 4 + size
    return (name, *items)


def signed(said: tuple[str, ...], digest: str) -> bool | None:
    """Whether a `.chk` file's signature is one of a library's SHA-256.

    None where it is no DSA signature, or one of another hash.
    """
    if len(said) != 6 or said[0] != "dsa":
        return None
    prime, order, base, public = (int(each, 16) for each in said[1:5])
    if order.bit_length() != 256:
        return None  # older ones sign another hash
    signature = said[5]
    half = len(signature) // 2
    made = utils.encode_dss_signature(int(signature[:half], 16), int(signature[half:], 16))
    try:
        numbers = dsa.DSAPublicNumbers(public, dsa.DSAParameterNumbers(prime, order, base))
        numbers.public_key().verify(made, bytes.fromhex(digest), utils.Prehashed(hashes.SHA256()))
    except InvalidSignature:
        return False
    except (ValueError, UnsupportedAlgorithm):
        return None
    return True
