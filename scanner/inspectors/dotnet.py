"""States which .NET runtimes and applications are there, and what their JSON files say.

Managed code is not looked into here; which OpenSSL a runtime loads is for `scanner.link.dotnet`.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator
from typing import Any

from scanner.facts import fact
from scanner.image import ImageFile
from scanner.inspectors.package_facts import package_fact
from scanner.model import Fact, FactKind, FileEntry, Gap
from scanner.rulebook import RuleBook
from scanner.rules_packages import PackageTable

MAX_JSON = 16 << 20
MAX_LIBRARIES = 20_000
NATIVE_SHIM = "System.Security.Cryptography.Native.OpenSsl.so"
"""End of the file's name; newer versions put `lib` in front."""

_SHARED = re.compile(r".*/shared/(?P<framework>[A-Za-z0-9_.]+)/(?P<version>\d[^/]*)/[^/]+")
_CRYPTO_PACKAGES = re.compile(
    r"(?:BouncyCastle|Portable\.BouncyCastle|bc-fips|NSec|libsodium|Sodium|Chaos\.NaCl|Inferno"
    r"|Konscious|Isopoh|BCrypt|Scrypt|Blake|CryptSharp|PgpCore|MimeKit|Rebex|SSH\.NET|OpenSSL"
    r"|Geralt|Curve25519|Ed25519|wolfSSL|Botan)",
    re.IGNORECASE,
)


class DotnetInspector:
    """DOTNET_RUNTIME and DOTNET_APP facts."""

    name = "dotnet"

    def __init__(self, packages: PackageTable = PackageTable()) -> None:  # noqa: B008 - frozen
        self._packages = packages

    def wants(self, entry: FileEntry, head: bytes) -> bool:  # noqa: ARG002
        path = entry.path
        if path.endswith(".json"):
            return path.endswith((".runtimeconfig.json", ".deps.json"))
        return path.endswith(NATIVE_SHIM)

    def inspect(self, file: ImageFile) -> Iterable[Fact | Gap]:
        path = file.entry.path
        if path.endswith(".so"):
            return _runtime(path)
        content = json_object(file.read(MAX_JSON))
        if path.endswith(".runtimeconfig.json"):
            return _application(path, content)
        return (*_dependencies(path, content), *known_packages(path, content, self._packages))


def _runtime(path: str) -> Iterator[Fact]:
    """The native part of System.Security.Cryptography marks a runtime, shared or beside an app."""
    shared = _SHARED.fullmatch(path)
    yield fact(
        FactKind.DOTNET_RUNTIME,
        path,
        version=shared["version"] if shared else "",
        framework=shared["framework"] if shared else "",
        form="shared" if shared else "app",
    )


def _application(path: str, content: dict[str, Any]) -> Iterator[Fact]:
    version, included, properties = runtime_options(content)
    yield fact(
        FactKind.DOTNET_APP,
        path,
        name=path.rsplit("/", 1)[-1].removesuffix(".runtimeconfig.json"),
        framework_version=version,
        self_contained=included,
        properties=properties,
        packages=(),
    )


def runtime_options(content: dict[str, Any]) -> tuple[str, bool, tuple[str, ...]]:
    """Of a `runtimeconfig.json`: the framework's version, whether it is included, properties."""
    options = _object(content.get("runtimeOptions"))
    included = _frameworks(options.get("includedFrameworks"))
    frameworks = _frameworks(options.get("frameworks")) or _frameworks([options.get("framework")])
    named = included or frameworks
    version = named.get("Microsoft.NETCore.App") or next(iter(named.values()), "")
    settings = _object(options.get("configProperties"))
    return (
        version,
        bool(included),
        tuple(f"{key}={_plain(value)}" for key, value in sorted(settings.items())),
    )


def _dependencies(path: str, content: dict[str, Any]) -> Iterator[Fact]:
    if _SHARED.fullmatch(path):
        return
    packages, pack = dependencies(content)
    yield fact(
        FactKind.DOTNET_APP,
        path,
        name=path.rsplit("/", 1)[-1].removesuffix(".deps.json"),
        framework_version=pack,
        self_contained=bool(pack),
        properties=(),
        packages=packages,
    )


def dependencies(content: dict[str, Any]) -> tuple[tuple[str, ...], str]:
    """Of a `deps.json`: packages that bring crypto, and the version of a runtime in the program."""
    libraries = list(_object(content.get("libraries")))[:MAX_LIBRARIES]
    packages = tuple(sorted(name for name in libraries if _CRYPTO_PACKAGES.match(name)))
    pack = next(
        (name for name in libraries if name.startswith("runtimepack.Microsoft.NETCore.App.")), ""
    )
    return packages, pack.partition("/")[2]


def known_packages(path: str, content: dict[str, Any], table: PackageTable) -> Iterator[Fact]:
    """The packages of a `deps.json` that `table` knows."""
    if _SHARED.fullmatch(path):
        return
    for library in list(_object(content.get("libraries")))[:MAX_LIBRARIES]:
        name, _, version = library.partition("/")
        rule = table.find("nuget", name)
        if rule is not None:
            yield package_fact(path, "nuget", rule, version)


def json_object(data: bytes) -> dict[str, Any]:
    """The object that `data` is the JSON of. Raises ValueError or TypeError where it is none."""
    content = json.loads(data.decode("utf-8-sig"))
    if not isinstance(content, dict):
        raise TypeError("not a JSON object")
    return content


def _object(value: object) -> dict[str, Any]:
    return value if isinstance(value, dict) else {}


def _frameworks(value: object) -> dict[str, str]:
    entries = value if isinstance(value, list) else []
    return {
        str(each["name"]): str(each.get("version", ""))
        for each in entries
        if isinstance(each, dict) and "name" in each
    }


def _plain(value: object) -> str:
    return value if isinstance(value, str) else json.dumps(value)[:200]


def make(rules: RuleBook) -> DotnetInspector:
    """The inspector, by the packages that `rules` know."""
    return DotnetInspector(rules.packages)
