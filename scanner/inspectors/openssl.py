"""States which OpenSSL configuration and integrity files are there, and what they hold.

Does not say what a library makes of them: that is the business of `scanner.link.openssl`.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator

from scanner.facts import fact
from scanner.formats.checksums import read_chk, read_hmac
from scanner.image import ImageFile
from scanner.model import Fact, FactKind, FileEntry, Gap
from scanner.rulebook import RuleBook

MAX_CONFIG = 64 << 10

_FOLDERS = ("/ssl/", "/pki/", "/openssl")
_NAMES = frozenset({"openssl.cnf", "fipsmodule.cnf", "fips_local.cnf", "symcrypt_prov.cnf"})
_CONTENT = re.compile(
    rb"^\s*(?:openssl_conf|nodejs_conf|\.include|providers|alg_section|default_properties"
    rb"|fips_mode|module-mac)\s*=?|^\s*\[\s*(?:provider_sect|openssl_init|fips_sect)\s*\]",
    re.MULTILINE,
)
_HMAC = re.compile(r"\.?(?P<library>(?:lib)?[A-Za-z0-9_+-]+[A-Za-z0-9_.+-]*?)\.hmac")


class OpenSslInspector:
    """OPENSSL_CONFIG_FILE and INTEGRITY_FILE facts."""

    name = "openssl"

    def wants(self, entry: FileEntry, head: bytes) -> bool:
        path = entry.path
        if path.endswith((".cnf", ".conf", ".config", ".txt")):
            return _is_config(path, head)
        return path.endswith((".hmac", ".chk")) and entry.size < MAX_CONFIG

    def inspect(self, file: ImageFile) -> Iterable[Fact | Gap]:
        path = file.entry.path
        if not path.endswith((".hmac", ".chk")):
            yield from _config(file)
            return
        name = path.rsplit("/", 1)[-1]
        folder = path[: -len(name)]
        if name.endswith(".chk"):
            covers = folder + name.removesuffix(".chk") + ".so"
            says = read_chk(file.read(MAX_CONFIG))
            yield fact(FactKind.INTEGRITY_FILE, path, form="chk", covers=covers, says=says)
        elif found := _HMAC.fullmatch(name):
            # /usr/lib64/fipscheck/libcrypto.so.10.hmac covers the library one level up.
            folder = folder.removesuffix("fipscheck/")
            covers = folder + found["library"]
            says = read_hmac(file.read(MAX_CONFIG).decode("utf-8", "replace"))
            yield fact(FactKind.INTEGRITY_FILE, path, form="hmac", covers=covers, says=says)


def _is_config(path: str, head: bytes) -> bool:
    name = path.rsplit("/", 1)[-1]
    if path.endswith(".txt"):
        # What Red Hat's openssl.cnf includes is a link into this folder.
        return "/crypto-policies/" in path and name.startswith("openssl")
    if name in _NAMES or (path.endswith(".cnf") and any(each in path for each in _FOLDERS)):
        return True
    return _CONTENT.search(head) is not None


def _config(file: ImageFile) -> Iterator[Fact]:
    path = file.entry.path
    text = file.read(MAX_CONFIG).decode("utf-8", "replace")
    yield fact(FactKind.OPENSSL_CONFIG_FILE, path, text=text)
    if re.search(r"^\s*module-mac\s*=", text, re.MULTILINE):
        yield fact(FactKind.INTEGRITY_FILE, path, form="fipsmodule.cnf", covers="fips.so")


def make(rules: RuleBook) -> OpenSslInspector:  # noqa: ARG001 - one signature for all makers
    """The inspector; it needs no rules."""
    return OpenSslInspector()
