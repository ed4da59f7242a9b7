"""States the operating system, its packages, the files of those that matter, and loader paths.

Lists only files of which somebody asks who brought them: libraries, programs, archives, crypto
configuration, and all of the distribution's own package management. Says nothing of which package
is good.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator

from scanner.facts import fact
from scanner.formats import apk, dpkg, rpm_header, rpmdb
from scanner.image import ImageFile
from scanner.model import Fact, FactKind, FileEntry, Gap, GapKind
from scanner.rulebook import RuleBook

MAX_TEXT = 64 << 20
MAX_SMALL = 256 << 10
MAX_TOOL_FILES = 2000

_OS_RELEASE = frozenset({"/etc/os-release", "/usr/lib/os-release", "/etc/redhat-release"})
_APK = frozenset({"/lib/apk/db/installed", "/usr/lib/apk/db/installed"})
_RPM_FOLDERS = ("/var/lib/rpm/", "/usr/lib/sysimage/rpm/", "/usr/share/rpm/")
_RPM_NAMES = frozenset({"rpmdb.sqlite", "Packages.db", "Packages", "rpmdb.sqlite-wal"})

# File names under which crypto code comes, whoever packages it.
_CRYPTO_FILE = re.compile(
    r"/(?:ossl-modules|ossl-modules-3|engines-[\d.]+)/[^/]+\.so$"
    r"|/(?:java\.security|nss\.fips\.cfg|fipsmodule\.cnf|openssl\.cnf|fips_local\.cnf"
    r"|[^/]*\.hmac|[^/]*\.chk|openssl|node|libjvm\.so|jce\.jar"
    r"|(?:lib)?System\.Security\.Cryptography\.Native\.OpenSsl\.so"
    r"|(?:bc|bct|bcp)[a-z]+-?(?:fips|jdk)?[^/]*\.jar"
    r"|lib(?:crypto|ssl|gnutls|nettle|hogweed|gcrypt|nss3|nssutil3|softokn3|freebl|mbed|wolfssl"
    r"|sodium|botan|crypto\+\+|cryptopp|symcrypt|kcapi|s2n|tls|ring|aws-lc|bearssl|tomcrypt"
    r"|polarssl|bcrypt|argon2|krb5|k5crypto|ssh|ssh2|gost|p11-kit|crypt)[^/]*\.so[^/]*)$"
    # Whatever else may hold code of its own.
    r"|\.so(?:\.[0-9.]+)?$|/s?bin/[^/]+$|\.(?:zip|whl|tar|tgz|tar\.(?:gz|xz|bz2|zst))$"
)
_DULL = ("/usr/share/doc/", "/usr/share/man/", "/usr/share/locale/", "/usr/share/bash-completion/")


class OsPackagesInspector:
    """OS_RELEASE, PACKAGE, PACKAGE_FILES and LD_CONFIG facts."""

    name = "os-packages"

    def __init__(self, tools: frozenset[str], libraries: tuple[str, ...] = ()) -> None:
        self._tools = tools
        self._libraries = re.compile("|".join(f"(?:{each})" for each in libraries) or r"(?!)")

    def wants(self, entry: FileEntry, head: bytes) -> bool:  # noqa: ARG002
        path = entry.path
        if path.startswith("/var/lib/dpkg/"):
            return (
                path == "/var/lib/dpkg/status"
                or path.startswith("/var/lib/dpkg/status.d/")
                or (path.startswith("/var/lib/dpkg/info/") and path.endswith(".list"))
            )
        if path.startswith("/etc/ld"):
            return _is_loader_config(path)
        if path.startswith(_RPM_FOLDERS):
            return path.rsplit("/", 1)[-1] in _RPM_NAMES
        return path in _OS_RELEASE or path in _APK

    def inspect(self, file: ImageFile) -> Iterable[Fact | Gap]:
        path = file.entry.path
        if path in _OS_RELEASE:
            yield from _os_release(path, _text(file, MAX_SMALL))
        elif path.startswith("/etc/ld"):
            yield _loader_config(path, _text(file, MAX_SMALL))
        elif path in _APK:
            for found in apk.parse_installed(_text(file, MAX_TEXT)):
                yield from self._package(path, "apk", found.name, found.version, found.source)
                yield from self._files(path, "apk", found.name, found.files)
        elif path.startswith(_RPM_FOLDERS):
            yield from self._rpm(file)
        else:
            yield from self._dpkg(path, _text(file, MAX_TEXT))

    def _dpkg(self, path: str, text: str) -> Iterator[Fact]:
        if path.endswith(".list"):
            name = dpkg.package_of_list(path)
            yield from self._files(path, "dpkg", name, dpkg.parse_list(text))
        elif path.endswith(".md5sums"):
            name = dpkg.package_of_list(path)
            yield from self._files(path, "dpkg", name, dpkg.parse_md5sums(text))
        else:
            for found in dpkg.parse_status(text):
                yield from self._package(path, "dpkg", found.name, found.version, found.source)

    def _rpm(self, file: ImageFile) -> Iterator[Fact | Gap]:
        path = file.entry.path
        if path.endswith("-wal"):
            if file.entry.size:
                yield Gap(
                    GapKind.NOT_SUPPORTED,
                    path,
                    "the package database was not closed: packages that are only in its journal "
                    "are not seen",
                    caps=False,
                )
            return
        damaged = 0
        try:
            for blob in rpmdb.headers(file.read(rpmdb.MAX_SIZE)):
                try:
                    found = rpm_header.parse_header(blob)
                except rpm_header.RpmHeaderError:
                    damaged += 1
                    continue
                yield from self._package(path, "rpm", found.name, found.version, found.source)
                yield from self._files(path, "rpm", found.name, found.files)
        except rpmdb.RpmDatabaseError as error:
            reason = f"the package database could not be read, owners stay unknown: {error}"
            yield Gap(GapKind.MALFORMED, path, reason)
        if damaged:
            yield Gap(GapKind.MALFORMED, path, f"{damaged} packages could not be read")

    def _package(
        self, path: str, manager: str, name: str, version: str, source: str
    ) -> Iterator[Fact]:
        yield fact(
            FactKind.PACKAGE, path, manager=manager, name=name, version=version, source=source
        )

    def _files(self, path: str, manager: str, name: str, files: Iterable[str]) -> Iterator[Fact]:
        if name in self._tools:
            chosen = [each for each in files if not each.startswith(_DULL)][:MAX_TOOL_FILES]
        else:
            chosen = [each for each in files if self._matters(each)]
        if chosen:
            yield fact(
                FactKind.PACKAGE_FILES, path, manager=manager, name=name, files=tuple(chosen)
            )

    def _matters(self, path: str) -> bool:
        if path.startswith(_DULL):
            return False
        return (
            _CRYPTO_FILE.search(path) is not None
            or self._libraries.fullmatch(path.rsplit("/", 1)[-1]) is not None
        )


def _text(file: ImageFile, limit: int) -> str:
    return file.read(limit).decode("utf-8", "replace")


def _os_release(path: str, text: str) -> Iterator[Fact]:
    if path == "/etc/redhat-release":
        # From release 7 on os-release says it better; two answers would only disagree.
        old = re.match(r"(Red Hat|CentOS).*release ([3-6](?:\.\d+)*)", text)
        if old:
            identity = "rhel" if old[1] == "Red Hat" else "centos"
            yield fact(
                FactKind.OS_RELEASE, path, id=identity, version=old[2], name=text.strip()[:200]
            )
        return
    fields: dict[str, str] = {}
    for line in text.split("\n")[:500]:
        key, equals, value = line.strip().partition("=")
        if equals and key.isidentifier():
            fields[key] = value.strip().strip("\"'")
    yield fact(
        FactKind.OS_RELEASE,
        path,
        id=fields.get("ID", "linux"),
        version=fields.get("VERSION_ID", ""),
        name=fields.get("PRETTY_NAME", ""),
        like=tuple(fields.get("ID_LIKE", "").split()),
        variant=fields.get("VARIANT_ID", ""),
    )


def _is_loader_config(path: str) -> bool:
    return (
        path == "/etc/ld.so.conf"
        or (path.startswith("/etc/ld.so.conf.d/") and path.endswith(".conf"))
        or (path.startswith("/etc/ld-musl-") and path.endswith(".path"))
    )


def _loader_config(path: str, text: str) -> Fact:
    if path.endswith(".path"):
        folders = tuple(part for part in re.split(r"[\n:]", text) if part.startswith("/"))
        return fact(FactKind.LD_CONFIG, path, paths=folders, includes=(), form="musl")
    paths: list[str] = []
    includes: list[str] = []
    for line in text.split("\n")[:10_000]:
        words = line.split("#", 1)[0].split()
        if words[:1] == ["include"]:
            includes.extend(words[1:])
        elif words[:1] != ["hwcap"]:
            parts = (part for word in words for part in re.split(r"[,:]", word))
            # /lib=libc5 names a library type behind the folder.
            paths.extend(part.split("=", 1)[0] for part in parts if part.startswith("/"))
    return fact(
        FactKind.LD_CONFIG, path, paths=tuple(paths), includes=tuple(includes), form="glibc"
    )


def make(rules: RuleBook) -> OsPackagesInspector:
    """The inspector, told by `rules` which packages are tools and how libraries are named."""
    libraries = (name for module in rules.modules.values() for name in module.libraries)
    return OsPackagesInspector(frozenset(rules.os_tools), tuple(libraries))
