"""States which keystores lie in an image: format, protection, and the certificates that show.

Needs no password and tries none.
"""

from __future__ import annotations

from collections.abc import Iterator

from scanner.facts import fact
from scanner.formats.keystore import JCEKS, JKS, Keystore, KeystoreError, read_der, read_jks
from scanner.image import ImageFile
from scanner.inspectors.certificates import certificate_facts
from scanner.inspectors.samples import is_sample
from scanner.model import Fact, FactKind, FileEntry, Gap, GapKind
from scanner.rulebook import RuleBook
from scanner.rules_algorithms import AlgorithmTable
from scanner.x509 import read_certificate

MAX_FILE = 16 << 20

_DER = (".p12", ".pfx", ".pkcs12", ".keystore", ".truststore", ".jks", ".ks", ".bcfks", ".fks")
_BOUNCY = {".bks": "bks", ".uber": "uber", ".ubr": "uber"}
_BOUNCY_SUFFIXES = tuple(_BOUNCY)
_JAVA = frozenset({JKS, JCEKS})
_NSS = {
    "cert9.db": "nss-sql",
    "key4.db": "nss-sql",
    "cert8.db": "nss-dbm",
    "key3.db": "nss-dbm",
}
_MAGIC = {"nss-sql": b"SQLite format 3\0", "nss-dbm": b"\x00\x06\x15\x61"}
_PROPRIETARY = "Sun's own, by SHA-1 and XOR"
_KEPT = frozenset({"PBES2", "SHA-1"})
"""Of a scheme, what no module is asked for by itself."""


class KeystoreInspector:
    """KEYSTORE and CERTIFICATE facts."""

    name = "keystores"

    def __init__(self, algorithms: AlgorithmTable) -> None:
        self._algorithms = algorithms

    def wants(self, entry: FileEntry, head: bytes) -> bool:
        path, start = entry.path, head[:4]
        if start[:1] == b"\x30":
            return path.endswith(_DER) or path.endswith("/cacerts")
        if start[:2] == b"\0\0":
            return path.endswith(_BOUNCY_SUFFIXES)
        if path.endswith(".db"):
            form = _NSS.get(path.rpartition("/")[2])
            return form is not None and head.startswith(_MAGIC[form])
        return start in _JAVA

    def inspect(self, file: ImageFile) -> Iterator[Fact | Gap]:
        path = file.entry.path
        name = path.rpartition("/")[2]
        if form := _NSS.get(name) or _BOUNCY.get(f".{name.rpartition('.')[2]}"):
            # Bouncy Castle's own formats derive their keys by PKCS12KDF from SHA-1.
            refused = () if form.startswith("nss") else ("PKCS12KDF",)
            holds_keys = not name.startswith("cert")
            yield _fact(path, Keystore(form, secrets=int(holds_keys)), "", refused)
            return
        content = file.read(MAX_FILE)
        try:
            store = read_jks(content) if content[:4] in (JKS, JCEKS) else read_der(content)
        except KeystoreError as error:
            reason = f"a keystore that cannot be read: {error}"
            yield Gap(GapKind.MALFORMED, path, reason, caps=False)
            return
        if store is None:
            return
        yield _fact(path, store, _protection(store), tuple(self._refused(store)))
        found = (read_certificate(each, self._algorithms) for each in store.certificates)
        yield from certificate_facts(path, store.form, (each for each in found if each is not None))

    def _refused(self, store: Keystore) -> Iterator[str]:
        """What no module in approved mode does, and opening the keystore needs."""
        parts = (part for scheme in (*store.schemes, store.mac) for part in scheme)
        for part in dict.fromkeys(parts):
            is_own = part == _PROPRIETARY
            if is_own or (part not in _KEPT and self._algorithms.approved(part) is False):
                yield part
        if store.form in ("jks", "jceks"):
            yield f"{store.form.upper()} integrity check"


def _protection(store: Keystore) -> str:
    said = [
        " with ".join((each[0], " and ".join(each[1:])) if each[1:] else each)
        for each in store.schemes
    ]
    if store.mac:
        said.append("MAC by " + " with ".join(store.mac))
    return "; ".join(said)


def _fact(path: str, store: Keystore, protection: str, refused: tuple[str, ...]) -> Fact:
    holds = f"{store.entries} entries" if store.entries else "entries that do not show"
    return fact(
        FactKind.KEYSTORE,
        path,
        evidence=(f"{path}: {store.form}, {holds}{f'; {protection}' if protection else ''}",),
        form=store.form,
        protection=protection,
        entries=store.entries,
        unapproved=refused,
        secrets=bool(store.secrets or not (store.whole or store.entries)),
        sample=is_sample(path),
    )


def make(rules: RuleBook) -> KeystoreInspector:
    """The inspector; it judges by the algorithms of `rules`."""
    return KeystoreInspector(rules.algorithms)
