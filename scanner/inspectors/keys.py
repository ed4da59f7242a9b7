"""States which private keys lie in a file: kind, size and encryption.

A key's bytes never leave this module, and nothing is computed from them.
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import islice

from scanner.facts import fact
from scanner.formats.pem import blocks
from scanner.formats.private_keys import KeyKind, of_block, of_der
from scanner.inspectors.samples import is_sample
from scanner.model import Fact, FactKind
from scanner.rules_algorithms import AlgorithmTable
from scanner.x509 import named_key

MAX_KEYS = 100
"""Stated of one file; more are alike."""

_LABEL = "PRIVATE KEY"
# What asks for a password-based scheme that a FIPS module does not have cannot read the key.
_NOT_ASKED_FOR = frozenset({"PBES2", "SHA-1"})


def keys_in(path: str, content: bytes, algorithms: AlgorithmTable) -> Iterator[Fact]:
    """What is stated of the private keys in a PEM or DER file."""
    if content[:1] == b"\x30":
        if (kind := of_der(content)) is not None:
            yield _fact(path, "der", kind, algorithms)
        return
    if _LABEL.encode() not in content:
        return
    found = ((each.label, of_block(each)) for each in blocks(content, _LABEL))
    told = ((label, kind) for label, kind in found if kind is not None)
    for label, kind in islice(told, MAX_KEYS):
        form = "openssh" if label.startswith("OPENSSH") else "pem"
        yield _fact(path, form, kind, algorithms)


def _fact(path: str, form: str, kind: KeyKind, algorithms: AlgorithmTable) -> Fact:
    named = named_key(kind.algorithm, kind.bits, kind.curve, algorithms)
    # PEM's own encryption hides the size with the key.
    is_told = bool(kind.bits or kind.curve or kind.algorithm not in ("", "RSA", "DSA", "EC"))
    key = named.name if is_told else ""
    scheme = " with ".join((kind.scheme[0], " and ".join(kind.scheme[1:]))) if kind.scheme else ""
    return fact(
        FactKind.PRIVATE_KEY,
        path,
        evidence=(f"{path}: {key or 'key'}{f', encrypted by {scheme}' if scheme else ''}",),
        form=form,
        key=key,
        encrypted=scheme or ("unknown" if kind.encrypted else ""),
        unapproved=(*(named.faults if is_told else ()), *_refused(kind, algorithms)),
        sample=is_sample(path),
    )


def _refused(kind: KeyKind, algorithms: AlgorithmTable) -> Iterator[str]:
    """Parts of the key's encryption that are not approved."""
    for part in kind.scheme:
        if part not in _NOT_ASKED_FOR and algorithms.approved(part) is False:
            yield f"encrypted by {part}"
