"""Reads the files in which an operating system says which cryptography its programs may use.

Each by its own syntax: crypto-policies, OpenSSH, MIT Kerberos, PAM, shadow and NSS. Judges nothing.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass

MAX_LINES = 20_000
MAX_VALUE = 2000


@dataclass(frozen=True, slots=True)
class Line:
    """One setting, and where it stands."""

    name: str
    value: str
    number: int
    block: str = ""
    """What it stands in: `Match User git`, `[libdefaults]`."""


def _lines(text: str, comment: str = "#") -> Iterator[tuple[int, str]]:
    for number, raw in enumerate(text.splitlines()[:MAX_LINES], 1):
        line = raw.strip()
        if line and not line.startswith(tuple(comment)):
            yield number, line


def crypto_policy(text: str) -> Iterator[Line]:
    """The policy that `/etc/crypto-policies/config` asks for, or `state/current` records."""
    for number, line in _lines(text):
        yield Line("policy", line.partition("#")[0].strip()[:MAX_VALUE].upper(), number)
        return


_WORD = re.compile(r"([A-Za-z0-9]{1,60})(?:\s*=\s*|\s+)(.*)")
_SSH = {
    each.lower(): each
    for each in (
        "Ciphers", "MACs", "KexAlgorithms", "HostKeyAlgorithms", "PubkeyAcceptedAlgorithms",
        "PubkeyAcceptedKeyTypes", "HostbasedAcceptedAlgorithms", "HostbasedAcceptedKeyTypes",
        "HostbasedKeyTypes", "CASignatureAlgorithms",
    )
}  # fmt: skip


def ssh(text: str) -> Iterator[Line]:
    """The lists of algorithms in a configuration of OpenSSH; of several the first one counts."""
    block = ""
    seen: set[tuple[str, str]] = set()
    for number, line in _lines(text):
        found = _WORD.match(line)
        if found is None:
            continue
        keyword, value = found[1].lower(), found[2].strip().strip('"')
        if keyword in ("match", "host"):
            block = "" if value == "*" else f"{found[1]} {value[:100]}"
        elif keyword in _SSH and (keyword, block) not in seen:
            seen.add((keyword, block))
            yield Line(_SSH[keyword], value.partition(" #")[0].strip()[:MAX_VALUE], number, block)


_KRB5 = re.compile(
    r"(permitted_enctypes|default_t[kg][ts]_enctypes|supported_enctypes|master_key_type"
    r"|allow_weak_crypto|allow_des3|allow_rc4)\s*=\s*(.*)"
)


def krb5(text: str) -> Iterator[Line]:
    """Encryption types in `krb5.conf` and `kdc.conf`."""
    section = ""
    for number, line in _lines(text, "#;"):
        if line.startswith("["):
            section = line[:60]
        elif found := _KRB5.fullmatch(line):
            yield Line(found[1], found[2].strip()[:MAX_VALUE], number, section)


_GNUTLS = re.compile(
    r"(override-mode|(?:insecure|secure)-(?:hash|sig|sig-for-cert)"
    r"|(?:tls-)?(?:disabled|enabled)-[a-z]{1,20})\s*=\s*(.*)"
)


def gnutls(text: str) -> Iterator[Line]:
    """What a system-wide configuration of GnuTLS disables, or with an allow list enables."""
    section = ""
    for number, line in _lines(text):
        if line.startswith("["):
            section = line[:60]
        elif found := _GNUTLS.fullmatch(line):
            yield Line(found[1], found[2].strip()[:MAX_VALUE], number, section)


_HASHES = ("md5", "bigcrypt", "sha256", "sha512", "blowfish", "gost_yescrypt", "yescrypt")
_PAM = re.compile(r"-?password\s.*?\bpam_unix\.so\b(.*)")


def pam(text: str) -> Iterator[Line]:
    """How `pam_unix` hashes new passwords."""
    for number, line in _lines(text):
        if found := _PAM.match(line):
            options = found[1].split()
            for each in _HASHES:
                if each in options:
                    yield Line("pam_unix", each, number)


def login_defs(text: str) -> Iterator[Line]:
    """How `passwd` and `chpasswd` hash passwords where PAM does not."""
    for number, line in _lines(text):
        words = line.split()
        if len(words) == 2 and words[0] == "ENCRYPT_METHOD":
            yield Line("ENCRYPT_METHOD", words[1].lower(), number)


_SHADOW = (
    ("$1$", "md5"),
    ("$2", "blowfish"),
    ("$5$", "sha256"),
    ("$6$", "sha512"),
    ("$7$", "scrypt"),
    ("$gy$", "gost_yescrypt"),
    ("$y$", "yescrypt"),
    ("$sha1", "sha1crypt"),
)


def shadow(text: str) -> Iterator[Line]:
    """How many passwords are hashed in which way; never the hashes."""
    counted: Counter[str] = Counter()
    for _, line in _lines(text):
        stored = line.split(":")[1:2]
        value = stored[0].lstrip("!") if stored else ""
        found = next((name for prefix, name in _SHADOW if value.startswith(prefix)), "")
        if not found and len(value) == 13 and value.isascii():
            found = "des"
        if found:
            counted[found] += 1
    for name, count in sorted(counted.items()):
        yield Line(name, str(count), 0)


def nss(text: str) -> Iterator[Line]:
    """Whether NSS's module list in `pkcs11.txt` switches its FIPS mode on."""
    for number, line in _lines(text):
        if line.startswith("NSS=") and (found := re.search(r"\b[Ff]lags=([A-Za-z,]{1,200})", line)):
            flags = found[1].split(",")
            if "internal" in flags:
                yield Line("Flags", found[1], number)
