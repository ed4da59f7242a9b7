"""Reads the certificates that a server sent, and names what of them is not approved.

Verifies no signature and no chain, and never fails: what cannot be read is called so.
"""

from __future__ import annotations

from collections.abc import Sequence

from scanner.model import TlsCertificate
from scanner.rules_algorithms import AlgorithmTable
from scanner.x509 import UNREAD, read_certificate


def read_chain(chain: Sequence[bytes], algorithms: AlgorithmTable) -> tuple[TlsCertificate, ...]:
    """The certificates of a chain, the leaf first, from their DER form."""
    return tuple(_read(der, algorithms, is_leaf=index == 0) for index, der in enumerate(chain))


def _read(der: bytes, algorithms: AlgorithmTable, *, is_leaf: bool) -> TlsCertificate:
    found = read_certificate(der, algorithms)
    if found is None:
        return TlsCertificate("", UNREAD, UNREAD)
    # Nobody checks the signature that a root made on itself.
    is_checked = is_leaf or not found.is_root
    return TlsCertificate(
        found.subject,
        found.key.name,
        found.signature.name,
        found.not_after,
        (*found.key.faults, *(found.signature.faults if is_checked else ())),
    )
