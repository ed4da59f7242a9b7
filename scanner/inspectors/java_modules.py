"""Recognizes crypto libraries in Java archives by their classes, and tells their versions.

A class name proves the code is there; it does not prove that a program uses it.
"""

from __future__ import annotations

import re
from collections.abc import Container, Iterator
from contextlib import suppress
from dataclasses import dataclass

from scanner.facts import fact
from scanner.formats.jar import Jar, JarError, JarTooLargeError
from scanner.formats.jar_signature import signed_entries
from scanner.formats.properties import parse_properties
from scanner.model import Fact, FactKind


@dataclass(frozen=True, slots=True)
class _Mark:
    """A class that only one library has, and how that library calls itself elsewhere."""

    module: str
    class_path: str
    artifacts: tuple[str, ...]
    """Beginnings of Maven artifact and file names."""


_BC_FIPS = "org/bouncycastle/jcajce/provider/BouncyCastleFipsProvider"
_BC_TLS = "org/bouncycastle/jsse/provider/BouncyCastleJsseProvider"
_ACCP = "com/amazon/corretto/crypto/provider/AmazonCorrettoCryptoProvider"

MARKS = (
    _Mark("bc-fips", _BC_FIPS, ("bc-fips",)),
    _Mark("bctls-fips", _BC_TLS, ("bctls-fips",)),
    _Mark(
        "bouncy-castle",
        "org/bouncycastle/jce/provider/BouncyCastleProvider",
        ("bcprov-", "bcprov"),
    ),
    _Mark("accp", _ACCP, ("AmazonCorrettoCryptoProvider",)),
    _Mark("conscrypt", "org/conscrypt/OpenSSLProvider", ("conscrypt-", "conscrypt")),
)
_BY_LAST_NAME = {each.class_path.rsplit("/", 1)[-1] + ".class": each for each in MARKS}
_ENGINES = (
    "bouncycastle/crypto/engines/AESEngine.class",
    "spongycastle/crypto/engines/AESEngine.class",
)
_CHECKED = frozenset({"bc-fips", "bctls-fips", "accp-fips"})
"""Modules that are published as signed archives, and are validated as they were published."""
_ACCP_VERSION = "com/amazon/corretto/crypto/provider/version.properties"
_VERSION_IN_NAME = re.compile(r"-(\d+(?:\.[0-9A-Za-z]+)+)(?:-[^/]*)?\.jar$")


def modules_of(path: str, jar: Jar, native: Container[str] = ()) -> Iterator[Fact]:
    """MODULE_CODE facts for crypto libraries in one archive.

    Args:
        path: the outer archive's path in the image.
        jar: it, or an archive inside it.
        native: modules whose code its native libraries hold.
    """
    where = f"{path}!/{jar.inside}" if jar.inside else path
    found: set[str] = set()
    for name in jar.names:
        mark = _BY_LAST_NAME.get(name.rsplit("/", 1)[-1])
        if mark is None:
            continue
        is_relocated = not _at_home(name, mark)
        if is_relocated and not _moved(name, mark):
            continue
        module = _refined(mark, jar, native)
        if module is None:
            continue
        found.add(module)
        is_own = not is_relocated and _is_own_archive(mark, jar)
        yield fact(
            FactKind.MODULE_CODE,
            where,
            module=module,
            version=_version(mark, jar, is_own=is_own),
            form="jar",
            fips="BouncyCastleFipsProvider" if module == "bc-fips" else "",
            container=path if jar.inside else "",
            signed=jar.signed,
            shaded=not is_own,
            evidence=(name,),
        )
        if module in _CHECKED and is_own:
            yield from _integrity(where, jar)
    if found.isdisjoint({"bouncy-castle", "bc-fips"}) and (engine := _engine(jar)):
        yield fact(
            FactKind.MODULE_CODE,
            where,
            module="bouncy-castle",
            version="",
            form="jar",
            container=path if jar.inside else "",
            signed=jar.signed,
            shaded=True,
            evidence=(engine,),
        )


def _engine(jar: Jar) -> str:
    """A cipher of Bouncy Castle where its provider was left out, as minimizing tools do it."""
    return next((name for name in jar.names if name.endswith(_ENGINES)), "")


def _integrity(where: str, jar: Jar) -> Iterator[Fact]:
    """Whether the archive is as it was signed; nothing is said of one that is too large."""
    with suppress(JarTooLargeError):
        entries = signed_entries(jar)
        yield fact(
            FactKind.INTEGRITY,
            where,
            form="jar",
            computed=entries.computed,
            stored=entries.stored,
            evidence=entries.differing,
        )


def module_of_class(path: str) -> str | None:
    """The library of which the class file at `path` in the image is the mark, or None."""
    mark = _BY_LAST_NAME.get(path.rpartition("/")[2])
    if mark is None or not path.endswith(f"/{mark.class_path}.class"):
        return None
    # Of the TLS provider only the archive tells which variant it is.
    return None if mark.class_path == _BC_TLS else mark.module


def _at_home(name: str, mark: _Mark) -> bool:
    # Classes of a WAR, a Spring Boot archive or a multi-release archive lie below a folder.
    tail = mark.class_path + ".class"
    if not name.endswith(tail):
        return False
    before = name[: -len(tail)]
    return before in ("", "WEB-INF/classes/", "BOOT-INF/classes/") or before.startswith(
        "META-INF/versions/"
    )


def _moved(name: str, mark: _Mark) -> bool:
    """Whether a relocating build tool put the class under another package."""
    return name.endswith("/" + mark.class_path.split("/", 1)[1] + ".class")


def _refined(mark: _Mark, jar: Jar, native: Container[str]) -> str | None:
    """The module's id, once what else is in the archive is known; None for one of no concern."""
    if mark.class_path == _BC_TLS:
        # The plain and the FIPS variant have the same classes; the plain one computes through
        # bcprov, which is recognized by itself.
        return "bctls-fips" if "fips" in _self_description(jar) else None
    if mark.class_path == _ACCP:
        if "aws-lc" in native or "aws-lc-fips" in native:
            return "accp-fips" if "aws-lc-fips" in native else "accp"
        return "accp-fips" if _is_accp_fips(jar) else "accp"
    return mark.module


def _self_description(jar: Jar) -> str:
    keys = ("Bundle-SymbolicName", "Automatic-Module-Name", "Extension-Name", "Application-Name")
    told = (jar.manifest.get(key, "") for key in keys)
    made_of = (each.artifact for each in jar.artifacts)
    return " ".join((jar.name, *told, *made_of)).lower()


def _is_accp_fips(jar: Jar) -> bool:
    if "fips" in _self_description(jar):
        return True
    try:
        text = jar.read(_ACCP_VERSION).decode("utf-8", "replace")
    except JarError:
        return False
    settings = parse_properties(text, limit=50).items()
    return any("fips" in f"{key}={value}".lower() and value != "false" for key, value in settings)


def _is_own_archive(mark: _Mark, jar: Jar) -> bool:
    """Whether the archive is the library itself, and not one it was merged into."""
    if jar.name.startswith(mark.artifacts):
        return True
    own = [each for each in jar.artifacts if each.artifact.startswith(mark.artifacts)]
    if own:
        return len(own) == len(jar.artifacts)
    package = mark.class_path.split("/")[1]
    described = _self_description(jar).removeprefix(jar.name.lower())
    return package in described or (mark.module.startswith("bc") and "bouncy" in described)


def _version(mark: _Mark, jar: Jar, *, is_own: bool) -> str:
    for each in jar.artifacts:
        if each.artifact.startswith(mark.artifacts) and each.version:
            return each.version
    if not is_own:
        return ""
    if in_name := _VERSION_IN_NAME.search(jar.name):
        return in_name[1]
    for key in ("Implementation-Version", "Bundle-Version", "Specification-Version"):
        if version := jar.manifest.get(key):
            return version
    return ""
