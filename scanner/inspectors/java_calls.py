"""States which algorithms Java classes ask for by name, and which providers they register.

Reads bytecode and runs none; that a class is there does not prove that it is ever run.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, field

from scanner.facts import fact
from scanner.formats.jar import Jar, JarTooLargeError
from scanner.formats.java_class import JavaClassError, StaticCall, static_calls
from scanner.model import Fact, FactKind
from scanner.rulebook import RuleBook

MAX_CALLS = 300
"""Different calls that are stated of one archive."""
MAX_PLACES = 5

_FACTORIES = frozenset(
    (
        *("java/security/MessageDigest", "java/security/Signature", "java/security/SecureRandom"),
        *("java/security/KeyPairGenerator", "java/security/KeyStore", "javax/crypto/Cipher"),
        *("javax/crypto/Mac", "javax/crypto/KeyGenerator", "javax/crypto/KeyAgreement"),
        *("javax/crypto/SecretKeyFactory", "javax/crypto/KEM", "javax/net/ssl/SSLContext"),
    )
)
"""Classes of the JDK whose `getInstance` takes the name of an algorithm."""
_BY_METHOD = {
    "org/apache/commons/codec/digest/DigestUtils": re.compile(r"(?:get)?(md2|md5|sha1)(?![0-9_])"),
    "org/springframework/util/DigestUtils": re.compile(r"(?:append)?(md5)Digest"),
    "com/google/common/hash/Hashing": re.compile(r"(md5|sha1)$"),
}
"""Classes of common libraries that name the algorithm in the method."""
_REGISTRY = "java/security/Security"
_REGISTERS = frozenset({"addProvider", "insertProviderAt"})
_INSTALLS = "com/amazon/corretto/crypto/provider/AmazonCorrettoCryptoProvider"
_APPROVES = "org/bouncycastle/crypto/CryptoServicesRegistrar"
_SYSTEM_CLASS = "java/lang/System"
_PROPERTY = "org.bouncycastle.fips.approved_only"

_OWN_FOLDERS = ("WEB-INF/classes/", "BOOT-INF/classes/")
_SYSTEM = ("/usr/share/", "/usr/lib/", "/usr/lib64/", "/nix/store/")
_LIBRARY_FOLDERS = frozenset(
    (
        *("lib", "libs", "lib64", "jars", "plugins", "modules", "ext", "extensions", "bin"),
        *(
            "dependency",
            "dependencies",
            "bundles",
            "site-packages",
            "dist-packages",
            "node_modules",
        ),
        *("endorsed", "agents", "repository", ".m2"),
    )
)
_COMMON = re.compile(
    r"(?:.*/)?(?:bouncycastle|spongycastle|conscrypt"
    r"|org/(?:apache|springframework|eclipse|hibernate|jboss|wildfly|postgresql|mozilla|codehaus)"
    r"|com/(?:google|fasterxml|amazonaws|mysql|sun|oracle|microsoft|ibm|nimbusds|squareup)"
    r"|io/(?:netty|grpc|vertx|quarkus|micronaut|jsonwebtoken|opentelemetry)"
    r"|software/amazon|kotlinx?|scala|akka|javax|jakarta|groovy|okhttp3|reactor)/"
)
"""Packages of well-known libraries, which may be merged into an archive under any others."""
_IDENTIFIES = (
    "Bundle-SymbolicName",
    "Automatic-Module-Name",
    "Implementation-Title",
    "Specification-Title",
)
_VERSION = re.compile(r"-\d[^/]*$")
_NO_ALGORITHM = ("Security.", "KeyStore.", "System.", "AmazonCorrettoCryptoProvider.")
_TLS = re.compile(r"TLSv?(\d(?:\.\d)?)?")


@dataclass(slots=True)
class _Seen:
    count: int = 0
    line: int = 0
    places: list[str] = field(default_factory=list)


class JavaCalls:
    """SOURCE_CALL facts of classes. The approval of an algorithm comes from the rules' tables."""

    def __init__(self, rules: RuleBook) -> None:
        self._rules = rules

    def of_archive(self, path: str, jar: Jar) -> Iterator[Fact]:
        """What the classes of one archive ask for.

        Args:
            path: the outer archive's path in the image.
            jar: it, or an archive inside it.

        Raises:
            JarTooLargeError: after all facts, where its classes are more than are looked into.
        """
        found: defaultdict[tuple[str, str, bool], _Seen] = defaultdict(_Seen)
        parts = _Parts(path, jar)
        where = f"{path}!/{jar.inside}" if jar.inside else path
        too_large: JarTooLargeError | None = None
        try:
            for name, content in jar.contents(_is_class):
                if len(found) <= MAX_CALLS:
                    self._add(name, content, parts.is_own(name), found)
        except JarTooLargeError as error:
            too_large = error
        yield from self._facts(where, found, parts.package)
        if too_large is not None:
            raise too_large

    def of_class(self, path: str, content: bytes) -> Iterator[Fact]:
        """What a class that lies in a folder of the image asks for."""
        found: defaultdict[tuple[str, str, bool], _Seen] = defaultdict(_Seen)
        is_own = not path.startswith(_SYSTEM) and _LIBRARY_FOLDERS.isdisjoint(path.split("/")[:-1])
        self._add(path, content, is_own, found)
        yield from self._facts(path, found, "")

    def _add(
        self,
        name: str,
        content: bytes,
        is_own: bool,
        found: defaultdict[tuple[str, str, bool], _Seen],
    ) -> None:
        if not may_call(content):
            return
        try:
            calls = static_calls(content, _is_wanted)
        except JavaClassError:
            return
        base = name.rpartition("/")[2].removesuffix(".class")
        for call in calls:
            if call.owner == _SYSTEM_CLASS and call.text != _PROPERTY:
                continue
            seen = found[(_api(call), _asked_for(call), is_own)]
            seen.line = seen.line or call.line
            seen.count += 1
            place = f"{base}.java:{call.line}" if call.line else base
            if len(seen.places) < MAX_PLACES and place not in seen.places:
                seen.places.append(place)

    def _facts(
        self, where: str, found: defaultdict[tuple[str, str, bool], _Seen], package: str
    ) -> Iterator[Fact]:
        for (api, algorithm, is_own), seen in sorted(found.items())[:MAX_CALLS]:
            yield fact(
                FactKind.SOURCE_CALL,
                where,
                language="java",
                api=api,
                algorithm=algorithm,
                approved=self._approved(api, algorithm),
                line=seen.line,
                count=seen.count,
                own=is_own,
                package="" if is_own else package,
                evidence=(f"{api}({algorithm}) in {', '.join(seen.places)}",),
            )

    def _approved(self, api: str, algorithm: str) -> str:
        if not algorithm or api.startswith(_NO_ALGORITHM):
            return ""
        if api.startswith("SSLContext."):
            told = _TLS.fullmatch(algorithm)
            version = f"TLS {told[1] if told and told[1] and '.' in told[1] else '1.0'}"
            if told and not told[1]:  # the newest that both sides have
                return "yes"
            protocol = self._rules.tls.protocol(version) if told else None
            return "" if protocol is None else "yes" if protocol.approved else "no"
        rule = self._rules.algorithms.find(algorithm)
        return rule.approved if rule is not None else ""


def may_call(content: bytes) -> bool:
    """Whether a class may hold a call that is told; for leaving out most of them unread."""
    return (
        b"getInstance" in content
        or b"java/security/Security" in content
        or b"DigestUtils" in content
        or b"common/hash/Hashing" in content
        or b"CryptoServicesRegistrar" in content
        or b"AmazonCorrettoCryptoProvider" in content
        or _PROPERTY.encode() in content
    )


def _is_class(name: str) -> bool:
    return name.endswith(".class")


def _is_wanted(owner: str, method: str) -> bool:
    if method == "getInstance":
        return owner in _FACTORIES
    if owner in (_REGISTRY, _INSTALLS):
        return method in _REGISTERS or method == "install"
    if owner == _APPROVES:
        return method == "setApprovedOnlyMode"
    if owner == _SYSTEM_CLASS:
        return method == "setProperty"
    named = _BY_METHOD.get(owner)
    return named is not None and named.match(method) is not None


def _api(call: StaticCall) -> str:
    return f"{call.owner.rpartition('/')[2]}.{call.method}"


def _asked_for(call: StaticCall) -> str:
    """The algorithm, or of a provider that is registered its class."""
    if call.owner == _REGISTRY:
        return call.made[-1].replace("/", ".") if call.made else ""
    if call.owner == _INSTALLS:
        return call.owner.replace("/", ".")
    named = _BY_METHOD.get(call.owner)
    told = named.match(call.method) if named else None
    return told[1].upper() if told else call.text


# --- own code and others' ------------------------------------------------------------------


class _Parts:
    """Which classes of an archive are the application's own, and what the others are called."""

    def __init__(self, path: str, jar: Jar) -> None:
        self.package = _package(jar)
        self._is_layered = any(each.startswith(_OWN_FOLDERS) for each in jar.names)
        self._own = _is_module(path, jar) if jar.inside else _is_application(path, jar)
        # Of an archive into which others were merged, the main class tells whose the rest is.
        main = jar.manifest.get("Main-Class", "").split(".")[:-1]
        is_merged = len(jar.artifacts) > 1 or (not jar.artifacts and len(_roots(jar)) > 3)
        self._home = "/".join(main[:3]) + "/" if is_merged and main else ""

    def is_own(self, name: str) -> bool:
        if not self._own:
            return False
        if self._is_layered and not name.startswith(_OWN_FOLDERS):
            return False
        if self._is_layered:
            return _COMMON.match(name.split("/classes/", 1)[1]) is None
        return name.startswith(self._home) and _COMMON.match(name) is None


def _is_module(path: str, jar: Jar) -> bool:
    """Whether an archive inside another one is a part of the application: only in an EAR."""
    return path.endswith(".ear") and "/" not in jar.inside and not path.startswith(_SYSTEM)


def _is_application(path: str, jar: Jar) -> bool:
    """Whether an archive of the image is not a library that somebody else made.

    Build tools put the application's own archive among its libraries; those all say what they are.
    """
    if path.startswith(_SYSTEM):
        return False
    if _LIBRARY_FOLDERS.isdisjoint(path.split("/")[:-1]):
        return True
    return not jar.artifacts and not any(jar.manifest.get(each) for each in _IDENTIFIES)


def _roots(jar: Jar) -> set[str]:
    return {"/".join(each.split("/")[:2]) for each in jar.names if each.endswith(".class")}


def _package(jar: Jar) -> str:
    if len(jar.artifacts) == 1:
        only = jar.artifacts[0]
        return f"{only.group}:{only.artifact}"
    told = (jar.manifest.get(each, "") for each in _IDENTIFIES)
    named = next((each for each in told if each), "")
    return named.partition(";")[0] or _VERSION.sub("", jar.name.rpartition(".")[0])
