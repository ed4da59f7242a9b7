"""States what the integrity checks of modules would compute over the bytes of a library.

Compares nothing: what it should be may be in another file, and `scanner.link.integrity` finds it.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterator

from scanner.facts import fact
from scanner.formats.checksums import mac_of_library, mac_of_provider, with_fipscheck_key
from scanner.formats.elf import MAGIC
from scanner.image import ImageFile
from scanner.model import Fact, FactKind, FileEntry
from scanner.rulebook import RuleBook

MAX_LIBRARY = 64 << 20

_PROVIDER = "fips.so"
_LIBRARY = re.compile(
    r"(?:lib(?:gcrypt|gnutls)|libcrypto)(?:-[0-9a-f]{8})?\.so(?:\.[0-9a-z.]{1,20})?"
)
_COMPANION = re.compile(r"lib(?:ssl|nettle|hogweed|gmp)(?:-[0-9a-f]{8})?\.so\.[0-9a-z.]{1,20}")
"""Libraries that libcrypto and libgnutls check together with themselves."""
_NSS = re.compile(r"lib(?:softokn3|freebl3|freeblpriv3|nssdbm3)\.so")
_BEGINNINGS = (
    "libgcrypt", "libgnutls", "libcrypto", "libssl", "libnettle", "libhogweed", "libgmp",
    "libsoftokn3", "libfreebl", "libnssdbm3",
)  # fmt: skip


class IntegrityInspector:
    """INTEGRITY facts."""

    name = "integrity"

    def wants(self, entry: FileEntry, head: bytes) -> bool:
        if not head.startswith(MAGIC):
            return False
        name = entry.path.rpartition("/")[2]
        if not name.startswith(_BEGINNINGS) and name != _PROVIDER:
            return False
        return not name.startswith(("libcrypto.so.3", "libssl.so.3"))

    def inspect(self, file: ImageFile) -> Iterator[Fact]:
        path = file.entry.path
        name = path.rpartition("/")[2]
        if name == _PROVIDER:
            mac = mac_of_provider(file.read(MAX_LIBRARY))
            yield fact(
                FactKind.INTEGRITY,
                path,
                form="openssl-provider",
                computed=mac.computed,
                stored=mac.stored,
                key=mac.key,
            )
        elif _NSS.fullmatch(name):
            made = hashlib.sha256()
            for chunk in file.chunks():
                made.update(chunk)
            yield fact(
                FactKind.INTEGRITY, path, form="chk", computed=made.hexdigest(), stored="", key=""
            )
        elif _LIBRARY.fullmatch(name):
            mac = mac_of_library(file.read(MAX_LIBRARY))
            if mac.key:
                yield fact(
                    FactKind.INTEGRITY,
                    path,
                    form="hmac",
                    computed=mac.computed,
                    stored=mac.stored,
                    key=mac.key,
                )
        elif _COMPANION.fullmatch(name):
            computed = with_fipscheck_key(file.read(MAX_LIBRARY))
            yield fact(FactKind.INTEGRITY, path, form="hmac", computed=computed, stored="", key="")


def make(rules: RuleBook) -> IntegrityInspector:  # noqa: ARG001 - one signature for all makers
    """The inspector; it needs no rules."""
    return IntegrityInspector()
