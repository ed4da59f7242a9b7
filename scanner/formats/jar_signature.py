"""Says whether the entries of a signed Java archive are those that were signed.

Recomputes the digests in the manifest and of the manifest; who signed is not looked at. Pure in
the archive given.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import re
from collections.abc import Iterator
from dataclasses import dataclass

from scanner.formats.jar import Jar

MAX_NAMED = 5
"""Entries that are named of those that differ."""
_DIGESTS = {"SHA-256": "sha256", "SHA-384": "sha384", "SHA-512": "sha512", "SHA1": "sha1"}
_DIGEST = re.compile(r"(SHA-256|SHA-384|SHA-512|SHA1|SHA-1)-Digest")
_OF_MANIFEST = re.compile(r"(SHA-256|SHA-384|SHA-512|SHA1|SHA-1)-Digest-Manifest")
_MANIFEST = "META-INF/MANIFEST.MF"
_PART_OF_SIGNATURE = re.compile(r"META-INF/(?:MANIFEST\.MF|[^/]+\.(?:SF|RSA|DSA|EC)|SIG-[^/]*)?")


@dataclass(frozen=True, slots=True)
class SignedEntries:
    """What the entries of an archive give, and what its manifest says they should."""

    computed: str
    """A digest over the digests of all entries, in hexadecimal."""
    stored: str
    """The same over what was signed; `""` where the archive is not signed."""
    differing: tuple[str, ...]
    """The first entries that are others, were added or are missing."""


def signed_entries(jar: Jar) -> SignedEntries:
    """Compares the entries of `jar` with what was signed.

    Raises:
        JarTooLargeError: it has more than is looked into.
    """
    files = dict(jar.contents(_is_signature_file)) if jar.signed else {}
    manifest = files.get(_MANIFEST)
    if manifest is None:
        return SignedEntries("", "", ())
    said = dict(_sections(manifest))
    differing = [] if _manifest_is_signed(manifest, files) else [_MANIFEST]
    found: dict[str, str] = {}
    for name, content in jar.contents(lambda name: _PART_OF_SIGNATURE.fullmatch(name) is None):
        expected = said.get(name)
        # Folders are not signed, and what is no code may be put beside the signature.
        if name.endswith("/") or (expected is None and name.startswith("META-INF/")):
            continue
        algorithm = expected[0] if expected else "sha256"
        found[name] = hashlib.new(algorithm, content, usedforsecurity=False).hexdigest()
    stored = {name: digest for name, (_algorithm, digest) in said.items()}
    differing.extend(
        name for name in sorted(found.keys() | stored.keys()) if found.get(name) != stored.get(name)
    )
    computed, expected_all = _over(found), _over(stored)
    if differing and computed == expected_all:  # the manifest itself was changed
        computed = _over({_MANIFEST: hashlib.sha256(manifest).hexdigest()})
    return SignedEntries(computed, expected_all, tuple(differing[:MAX_NAMED]))


def _is_signature_file(name: str) -> bool:
    return name == _MANIFEST or (name.startswith("META-INF/") and name.endswith(".SF"))


def _over(digests: dict[str, str]) -> str:
    text = "".join(f"{name}\0{digest}\n" for name, digest in sorted(digests.items()))
    return hashlib.sha256(text.encode("utf-8", "replace")).hexdigest()


def _sections(manifest: bytes) -> Iterator[tuple[str, tuple[str, str]]]:
    """Of each entry that the manifest speaks of: its name, the algorithm and its digest."""
    text = manifest.decode("utf-8", "replace").replace("\r\n", "\n").replace("\r", "\n")
    for section in text.replace("\n ", "").split("\n\n")[1:]:
        pairs = [line.partition(": ") for line in section.split("\n")]
        fields = {key: value for key, _, value in pairs}
        told = _digest_of(fields, _DIGEST)
        if (name := fields.get("Name")) and told:
            yield name, told


def _digest_of(fields: dict[str, str], wanted: re.Pattern[str]) -> tuple[str, str] | None:
    for key, value in fields.items():
        if match := wanted.fullmatch(key):
            algorithm = _DIGESTS["SHA1" if match[1] == "SHA-1" else match[1]]
            try:
                return algorithm, base64.b64decode(value.strip(), validate=True).hex()
            except binascii.Error:
                return algorithm, ""
    return None


def _manifest_is_signed(manifest: bytes, files: dict[str, bytes]) -> bool:
    """Whether one of the signature files is about this manifest as a whole."""
    for name, content in files.items():
        if name == _MANIFEST:
            continue
        text = content.decode("utf-8", "replace").replace("\r\n", "\n").replace("\r", "\n")
        pairs = [
            line.partition(": ") for line in text.replace("\n ", "").split("\n\n")[0].split("\n")
        ]
        told = _digest_of({key: value for key, _, value in pairs}, _OF_MANIFEST)
        if told and hashlib.new(told[0], manifest, usedforsecurity=False).hexdigest() == told[1]:
            return True
    return False
