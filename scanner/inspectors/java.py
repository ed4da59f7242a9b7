"""States which JVMs, security settings, and Java archives with crypto code an image holds.

Looks at one file at a time and judges none; what reaches a running JVM is for
`scanner.link.java`.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator

from scanner.facts import fact
from scanner.fingerprint import Hit
from scanner.formats.jar import (
    ARCHIVE_SUFFIXES,
    Jar,
    JarEncryptedError,
    JarError,
    JarTooLargeError,
    Problem,
    walk_jars,
)
from scanner.formats.properties import parse_properties
from scanner.image import ImageFile
from scanner.inspectors.java_calls import JavaCalls
from scanner.inspectors.java_modules import module_of_class, modules_of
from scanner.inspectors.java_natives import NativeCode, native_facts
from scanner.inspectors.java_packages import MavenPackages
from scanner.model import Fact, FactKind, FileEntry, Gap, GapKind
from scanner.rulebook import RuleBook

MAX_SECURITY = 1 << 20
MAX_JAR = 1 << 30
MAX_CLASS = 16 << 20
MAX_NESTED_NAMES = 500
MAX_MODULES = 500
MAX_PROBLEMS = 20
"""Archives inside one file whose trouble is told one by one; the rest is counted."""

_CLASS = b"\xca\xfe\xba\xbe"
_SETTING_SUFFIXES = (".properties", ".security", ".config", ".conf", ".txt")
_SELECTS = (b"security.provider.", b"fips.provider.", b"org.bouncycastle.fips", b"jdk.tls.dis")
_NUMBERED = re.compile(r"(fips|security)\.provider\.(\d{1,3})")
_DISABLED = "jdk.tls.disabledAlgorithms"
_KEPT = (
    "keystore.type",
    "fips.keystore.type",
    "security.useSystemPropertiesFile",
    "org.bouncycastle.fips.approved_only",
    "ssl.KeyManagerFactory.algorithm",
    "ssl.TrustManagerFactory.algorithm",
    "securerandom.strongAlgorithms",
    "RestrictedSecurity",
    "include",
    _DISABLED,
    "security.overridePropertiesFile",
)
_JVM = re.compile(r"(?P<home>.*?)/lib/(?:[a-z0-9_]+/)?[a-z0-9_]+/libjvm\.so")
"""jlink may put a runtime anywhere, `/` included, with another virtual machine than `server`."""
_VERSION_IN_PATH = re.compile(
    r"(?:jdk|jre|java|openjdk|semeru|temurin|corretto|zulu)[-_]?(?:1\.)?(\d[\d.+_u-]*)"
)


class JavaInspector:
    """JAVA_RUNTIME, JAVA_SECURITY, JAVA_ARCHIVE facts; what is in archives and classes."""

    name = "java"

    def __init__(self, rules: RuleBook) -> None:
        self._calls = JavaCalls(rules)
        self._natives = NativeCode(rules)
        self._packages = MavenPackages(rules.packages)

    def wants(self, entry: FileEntry, head: bytes) -> bool:
        path = entry.path
        if path.lower().endswith(ARCHIVE_SUFFIXES):
            return head.startswith((b"PK\3\4", b"PK\5\6", b"#!"))
        if path.endswith(".class"):
            return head.startswith(_CLASS)
        if path.endswith(("/release", "/libjvm.so")):
            return path.endswith("/libjvm.so") or b"JAVA_VERSION=" in head
        if path.endswith("/java.security"):
            return True
        return path.endswith(_SETTING_SUFFIXES) and _may_select_providers(path, head)

    def inspect(self, file: ImageFile) -> Iterable[Fact | Gap]:
        path = file.entry.path
        if path.lower().endswith(ARCHIVE_SUFFIXES):
            return self._archive(file)
        if path.endswith(".class"):
            return (*_single_class(path), *self._calls.of_class(path, file.read(MAX_CLASS)))
        if path.endswith("/release"):
            return (_release(path, file.read(MAX_SECURITY).decode("utf-8", "replace")),)
        if path.endswith("/libjvm.so"):
            return _jvm_library(path)
        return _security(path, file.read(MAX_SECURITY).decode("iso-8859-1"))

    def _archive(self, file: ImageFile) -> Iterator[Fact | Gap]:
        path = file.entry.path
        if file.entry.size > MAX_JAR:
            yield _gap(path, JarTooLargeError(f"{file.entry.size} bytes"))
            return
        nested: list[str] = []
        problems = 0
        outer: Jar | None = None
        with file.open() as stream:
            try:
                for seen in walk_jars(stream, file.entry.size, path.rsplit("/", 1)[-1]):
                    if isinstance(seen, Problem):
                        problems += 1
                        if problems > MAX_PROBLEMS:
                            continue
                        yield _gap(f"{path}!/{seen.inside}", seen.error)
                        continue
                    if seen.inside:
                        nested.append(seen.inside)
                    else:
                        outer = seen
                    yield from _code_of(path, seen, self._natives)
                    yield from self._packages.of_archive(path, seen)
                    yield from _calls_of(path, seen, self._calls)
            except JarError as error:
                yield _gap(path, error)
        if problems > MAX_PROBLEMS:
            yield Gap(
                GapKind.TOO_MANY,
                path,
                f"{problems - MAX_PROBLEMS:,} more archives inside it could not be read, or were "
                "too many to try: their crypto stays unknown",
            )
        main_class = outer.manifest.get("Main-Class", "") if outer else ""
        named = tuple(outer.manifest.get("Class-Path", "").split()) if outer else ()
        if outer and (main_class or nested or named or path.endswith((".war", ".ear"))):
            yield fact(
                FactKind.JAVA_ARCHIVE,
                path,
                main_class=outer.manifest.get("Start-Class", main_class),
                nested=tuple(nested[:MAX_NESTED_NAMES]),
                launcher=main_class.startswith("org.springframework.boot.loader"),
                class_path=named[:MAX_NESTED_NAMES],
            )


def _may_select_providers(path: str, head: bytes) -> bool:
    if any(key in head for key in _SELECTS):
        return True
    # A whole copy of java.security names its providers behind more comments than `head` holds.
    name = path.rsplit("/", 1)[-1]
    return "security" in name and head.lstrip().startswith((b"#", b"!"))


# --- runtimes ------------------------------------------------------------------------------


def _release(path: str, text: str) -> Fact:
    fields = {
        key: value.strip().strip('"')
        for key, equals, value in (line.partition("=") for line in text.split("\n")[:200])
        if equals
    }
    home = path.rsplit("/", 1)[0] or "/"
    return fact(
        FactKind.JAVA_RUNTIME,
        path,
        version=fields.get("JAVA_VERSION", ""),
        vendor=fields.get("IMPLEMENTOR", ""),
        home=home,
        openj9="openj9" in fields.get("JVM_VARIANT", "").lower(),
        modules=tuple(fields.get("MODULES", "").split())[:MAX_MODULES],
        evidence=(f"JAVA_VERSION={fields.get('JAVA_VERSION', '')}",),
    )


def _jvm_library(path: str) -> Iterator[Fact]:
    found = _JVM.fullmatch(path)
    home = found["home"] if found else path.rpartition("/")[0]
    home = home.removesuffix("/jre") or "/"
    version = _VERSION_IN_PATH.search(home)
    yield fact(
        FactKind.JAVA_RUNTIME,
        path,
        version=version[1].rstrip("-._") if version else "",
        vendor="",
        home=home,
        openj9="/j9vm/" in path or "openj9" in home,
    )


# --- security settings ---------------------------------------------------------------------


def _security(path: str, text: str) -> Iterator[Fact]:
    settings = parse_properties(text)
    numbered: dict[str, dict[int, str]] = {"security": {}, "fips": {}}
    for key, value in settings.items():
        if found := _NUMBERED.fullmatch(key):
            numbered[found[1]][int(found[2])] = value
    is_master = path.endswith("/java.security")
    is_overlay = any("fips" in key or key == _DISABLED for key in settings)
    if not is_master and not any(numbered.values()) and not is_overlay:
        return
    kept = tuple(
        f"{key}={settings[key]}"
        for key in settings
        if key.startswith(_KEPT) or _NUMBERED.fullmatch(key)
    )
    home = re.fullmatch(r"(.*?)(?:/jre)?/(?:conf|lib)/security/java\.security", path)
    yield fact(
        FactKind.JAVA_SECURITY,
        path,
        providers=tuple(value for _, value in sorted(numbered["security"].items())),
        fips_providers=tuple(value for _, value in sorted(numbered["fips"].items())),
        keystore_type=settings.get("keystore.type", ""),
        use_system_properties=settings.get("security.useSystemPropertiesFile", ""),
        approved_only=settings.get("org.bouncycastle.fips.approved_only", ""),
        master=is_master,
        home=(home[1] or "/") if home else "",
        disabled_tls=_listed(settings.get("jdk.tls.disabledAlgorithms", "")),
        properties=kept[:300],
    )


def _listed(value: str) -> tuple[str, ...]:
    return tuple(part.strip() for part in value.split(",") if part.strip())


# --- classes and archives ------------------------------------------------------------------


def _single_class(path: str) -> Iterator[Fact]:
    """A library whose classes lie unpacked in a folder, told by the one class it is known by."""
    module = module_of_class(path)
    if module is not None:
        yield fact(
            FactKind.MODULE_CODE,
            path,
            module=module,
            version="",
            form="jar",
            signed=False,
            shaded=True,
            evidence=(path,),
        )


def _code_of(path: str, jar: Jar, natives: NativeCode) -> Iterator[Fact | Gap]:
    hits: dict[str, tuple[str, Hit]] = {}
    try:
        natives.look_into(jar, hits)
    except JarTooLargeError as error:
        reason = f"not all of its native libraries were looked into: {error}"
        yield Gap(GapKind.TOO_LARGE, path, reason)
    found = tuple(modules_of(path, jar, hits))
    yield from found
    yield from native_facts(path, jar, hits, explained=bool(found))


def _calls_of(path: str, jar: Jar, calls: JavaCalls) -> Iterator[Fact | Gap]:
    try:
        yield from calls.of_archive(path, jar)
    except JarTooLargeError as error:
        reason = f"not all of its classes were looked into for what they ask for: {error}"
        yield Gap(GapKind.TOO_LARGE, path, reason, caps=False)


def _gap(path: str, error: JarError) -> Gap:
    if isinstance(error, JarTooLargeError):
        kind = GapKind.TOO_LARGE
    elif isinstance(error, JarEncryptedError):
        kind = GapKind.ENCRYPTED
    else:
        kind = GapKind.MALFORMED
    return Gap(kind, path, f"the archive could not be read, its crypto stays unknown: {error}")


def make(rules: RuleBook) -> JavaInspector:
    """The inspector; it judges algorithms' names by the tables of `rules`."""
    return JavaInspector(rules)
