"""States what the operating system's own files say about cryptography, line by line.

Names what of it is not approved; whether a program reads the file is found out elsewhere.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator

from scanner.facts import fact
from scanner.formats import system_policy
from scanner.formats.system_policy import Line
from scanner.image import ImageFile
from scanner.model import Fact, FactKind, FileEntry
from scanner.rulebook import RuleBook
from scanner.rules_algorithms import AlgorithmTable
from scanner.server_settings import consequence

MAX_FILE = 256 << 10

_Reader = Callable[[str], Iterator[Line]]
_FILES: tuple[tuple[re.Pattern[str], str, _Reader], ...] = tuple(
    (re.compile(pattern), component, read)
    for pattern, component, read in (
        (r"/etc/crypto-policies/(?:config|state/current)", "crypto-policies",
         system_policy.crypto_policy),
        (r"/(?:etc|usr/etc|usr/local/etc)/ssh/sshd_config(?:\.d/[^/]+\.conf)?", "openssh-server",
         system_policy.ssh),
        (r"/(?:etc|usr/etc|usr/local/etc)/ssh/ssh_config(?:\.d/[^/]+\.conf)?", "openssh-client",
         system_policy.ssh),
        (r"/etc/krb5\.conf(?:\.d/[^/]+)?|/etc/(?:krb5kdc|krb5)/kdc\.conf"
         r"|/var/(?:lib/)?(?:kerberos/)?krb5kdc/kdc\.conf", "krb5", system_policy.krb5),
        (r"/etc/pam\.d/[^/]+|/etc/pam\.conf", "pam", system_policy.pam),
        (r"/etc/gnutls/config|/etc/crypto-policies/back-ends/gnutls\.config", "gnutls",
         system_policy.gnutls),
        (r"/etc/login\.defs", "login", system_policy.login_defs),
        (r"/etc/shadow", "shadow", system_policy.shadow),
        (r"(?:.*/)?pkcs11\.txt", "nss", system_policy.nss),
    )
)  # fmt: skip
_MARKS = {"/etc/system-fips": "system-fips", "/etc/gcrypt/fips_enabled": "libgcrypt"}
_BEGINNINGS = ("/etc/", "/usr/etc/ssh/", "/usr/local/etc/ssh/", "/var/")
_WEAK_HASHES = frozenset({"md5", "des", "bigcrypt", "sha1crypt"})
_UNAPPROVED_HASHES = _WEAK_HASHES | {"blowfish", "yescrypt", "gost_yescrypt", "scrypt"}
"""Ways to hash passwords that are built on no approved hash."""
_FAMILIES = {
    "aes": ("aes256-cts", "aes256-sha2"),
    "rc4": ("rc4-hmac",),
    "des3": ("des3-cbc-sha1",),
    "des": ("des-cbc-crc",),
    "camellia": ("camellia256-cts-cmac",),
}
_SSH_ADVICE = {
    "Ciphers": "Ciphers aes256-gcm@openssh.com,aes128-gcm@openssh.com,aes256-ctr,aes128-ctr",
    "MACs": "MACs hmac-sha2-256-etm@openssh.com,hmac-sha2-512-etm@openssh.com,hmac-sha2-256",
    "KexAlgorithms": "KexAlgorithms ecdh-sha2-nistp256,ecdh-sha2-nistp384,"
    "diffie-hellman-group16-sha512",
}
_SSH_KEYS = "ecdsa-sha2-nistp256,ecdsa-sha2-nistp384,rsa-sha2-512,rsa-sha2-256"


class PolicyInspector:
    """SYSTEM_POLICY facts."""

    name = "policy"

    def __init__(self, algorithms: AlgorithmTable) -> None:
        self._algorithms = algorithms

    def wants(self, entry: FileEntry, head: bytes) -> bool:  # noqa: ARG002
        path = entry.path
        if not path.startswith(_BEGINNINGS) and not path.endswith("/pkcs11.txt"):
            return False
        return path in _MARKS or any(pattern.fullmatch(path) for pattern, _, _ in _FILES)

    def inspect(self, file: ImageFile) -> Iterator[Fact]:
        path = file.entry.path
        if mark := _MARKS.get(path):
            yield _fact(path, mark, Line("present", "yes", 0), "fips")
            return
        for pattern, component, read in _FILES:
            if pattern.fullmatch(path):
                text = file.read(MAX_FILE).decode("utf-8", "replace")
                for line in read(text):
                    yield self._judged(path, component, line)

    def _judged(self, path: str, component: str, line: Line) -> Fact:
        if component == "crypto-policies":
            policy = line.value.partition(":")[0]
            state = {"FIPS": "fips", "LEGACY": "unapproved"}.get(policy, "default")
            return _fact(path, component, line, state)
        if component == "nss":
            return _fact(
                path, component, line, "fips" if "FIPS" in line.value.split(",") else "off"
            )
        if component.startswith("openssh"):
            return self._ssh(path, component, line)
        if component == "gnutls":
            # Lists of what is disabled take away from the default only.
            allows = "enabled" in line.name or line.name.startswith("secure")
            refused = allows and self._algorithms.approved(line.value) is False
            bad = (line.value,) if refused else ()
            return _fact(path, component, line, "unapproved" if bad else "default", bad)
        if component == "krb5":
            return self._krb5(path, line)
        way = line.name if component == "shadow" else line.value
        bad = (way,) if way in _UNAPPROVED_HASHES else ()
        advice = "" if not bad else _password_advice(component)
        return _fact(path, component, line, "unapproved" if bad else "approved", bad, advice)

    def _ssh(self, path: str, component: str, line: Line) -> Fact:
        value = line.value
        if value.startswith("-"):
            return _fact(path, component, line, "default")  # the default list, less some
        names = [each for each in value.lstrip("+^").split(",") if each]
        bad = tuple(each for each in names if self._algorithms.approved(each) is False)
        known = [each for each in names if self._algorithms.find(each) is not None]
        is_all = len(bad) == len(names) > 0 and value[:1] not in "+^"
        state = "only-unapproved" if is_all else "unapproved" if bad else "approved"
        if not known:
            state = "default"
        advice = _SSH_ADVICE.get(line.name, f"{line.name} {_SSH_KEYS}") if bad else ""
        return _fact(path, component, line, state, bad, advice)

    def _krb5(self, path: str, line: Line) -> Fact:
        if line.name.startswith("allow_"):
            on = line.value.lower() in ("true", "yes", "on", "1", "t", "y")
            bad: tuple[str, ...] = (line.name,) if on else ()
            advice = f"{line.name} = false" if on else ""
            return _fact(path, "krb5", line, "unapproved" if on else "approved", bad, advice)
        words = [each.partition(":")[0] for each in re.split(r"[\s,]+", line.value) if each]
        named = [each for each in words if each[0] != "-" and each.upper() != "DEFAULT"]
        meant = [name for each in named for name in _FAMILIES.get(each.lower(), (each,))]
        bad = tuple(each for each in meant if self._algorithms.approved(each) is False)
        is_all = len(bad) == len(meant) > 0 and len(named) == len(words)
        state = "only-unapproved" if is_all else "unapproved" if bad else "approved"
        advice = f"{line.name} = aes256-sha2 aes128-sha2" if bad else ""
        return _fact(path, "krb5", line, state, bad, advice)


def _password_advice(component: str) -> str:
    if component == "login":
        return "ENCRYPT_METHOD SHA512"
    return "password required pam_unix.so sha512" if component == "pam" else "set it anew as sha512"


def _fact(
    path: str,
    component: str,
    line: Line,
    state: str,
    unapproved: tuple[str, ...] = (),
    advice: str = "",
) -> Fact:
    place = f"{path}:{line.number}" if line.number else path
    allowed = () if unapproved == (line.value,) else unapproved
    said = f"{place} {line.name} {line.value[:160]}{consequence(allowed, advice)}"
    return fact(
        FactKind.SYSTEM_POLICY,
        path,
        evidence=(said,),
        component=component,
        name=line.name,
        value=line.value,
        line=line.number,
        block=line.block,
        state=state,
        unapproved=unapproved,
        advice=advice,
    )


def make(rules: RuleBook) -> PolicyInspector:
    """The inspector; it judges by the algorithms of `rules`."""
    return PolicyInspector(rules.algorithms)
