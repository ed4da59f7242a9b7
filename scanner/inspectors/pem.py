"""Looks for certificates and private keys in PEM and DER files, and in texts that hold them.

Reads a file once for both; what is stated of them is decided in `certificates` and `keys`.
"""

from __future__ import annotations

from collections.abc import Iterator

from scanner.formats.pem import MARK
from scanner.image import ImageFile
from scanner.inspectors.certificates import certificates_in
from scanner.inspectors.keys import keys_in
from scanner.model import Fact, FileEntry, Gap
from scanner.rulebook import RuleBook
from scanner.rules_algorithms import AlgorithmTable

MAX_FILE = 8 << 20

_DER = (".der", ".crt", ".cer", ".cert", ".p7b", ".p7c", ".spc", ".key", ".p8", ".pk8")
_TEXT = (
    ".pem", ".crt", ".cer", ".key", ".yaml", ".yml", ".conf", ".cnf", ".cfg", ".ini", ".env",
    ".toml", ".properties", ".ovpn", ".kubeconfig",
)  # fmt: skip
"""In which a block may stand behind the first bytes that are shown to all inspectors."""
_TEXT_SIZE = 256 << 10


class PemInspector:
    """CERTIFICATE and PRIVATE_KEY facts."""

    name = "pem"

    def __init__(self, algorithms: AlgorithmTable) -> None:
        self._algorithms = algorithms

    def wants(self, entry: FileEntry, head: bytes) -> bool:
        if head[:1] == b"\x30" and entry.path.endswith(_DER):
            return entry.size <= MAX_FILE
        if b"\0" in head[:256]:
            return False
        if MARK in head:
            return entry.size <= MAX_FILE
        return len(head) < entry.size <= _TEXT_SIZE and entry.path.endswith(_TEXT)

    def inspect(self, file: ImageFile) -> Iterator[Fact | Gap]:
        content = file.read(MAX_FILE)
        if content[:1] != b"\x30" and MARK not in content:
            return
        yield from certificates_in(file.entry.path, content, self._algorithms)
        yield from keys_in(file.entry.path, content, self._algorithms)


def make(rules: RuleBook) -> PemInspector:
    """The inspector; it judges by the algorithms of `rules`."""
    return PemInspector(rules.algorithms)
