"""States what native programs hold of .NET: single-file bundles, NativeAOT code, OpenSSL's shim.

The binary inspector calls it for files that carry a mark of them; which OpenSSL such a program
loads is for `scanner.link.dotnet`.
"""

from __future__ import annotations

import io
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import BinaryIO

from scanner.facts import fact
from scanner.fingerprint import Fingerprints
from scanner.formats.dotnet_bundle import (
    ASSEMBLY,
    DEPS_JSON,
    NATIVE,
    RUNTIME_CONFIG,
    BundleError,
    Member,
    read_bundle,
    read_member,
)
from scanner.formats.elf import MAGIC, Elf, ElfError, read_elf
from scanner.image import ImageFile
from scanner.inspectors.dotnet import (
    MAX_JSON,
    NATIVE_SHIM,
    dependencies,
    json_object,
    known_packages,
    runtime_options,
)
from scanner.model import Fact, FactKind, Gap, GapKind
from scanner.rules_packages import PackageTable

MAX_NATIVE = 128 << 20
"""Bytes of a packed native library that are looked into, and of all of one program."""
MAX_NAMED = 200
_MAX_SEARCH = 256 << 20
_OVERLAP = 128

# The build number ends the version: 10.0.526 is 10.0.5, 8.0.2826 is 8.0.28, 4.700.22 is 3.1.
_VERSION = re.compile(rb"@\(#\)Version (\d{1,2})\.(\d{1,3})\.(\d{1,2}?)(\d\d)\.\d{1,6} @Commit")
_OVERRIDE = re.compile(rb"(?:CLR|DOTNET)_OPENSSL_VERSION_OVERRIDE")
# What calls the shim: since .NET 7 one assembly, before several, and TLS.
_CALLERS = ("System.Security.Cryptography", "System.Net.Security", "System.Net.Quic")


@dataclass(frozen=True, slots=True)
class NativeDotnet:
    """What a file holds of .NET."""

    seen: tuple[Fact | Gap, ...] = ()
    is_bundle: bool = False
    """What lies behind its end is a bundle, and was read."""


def inspect_native(
    file: ImageFile,
    stream: BinaryIO,
    elf: Elf,
    marks: frozenset[str],
    prints: Fingerprints,
    table: PackageTable,
) -> NativeDotnet:
    """What the program or library `elf`, read from `stream`, holds of .NET."""
    seen: list[Fact | Gap] = []
    members: tuple[Member, ...] | None = None
    if "dotnet-bundle" in marks:
        try:
            members = read_bundle(stream, file.entry.size)
        except BundleError as error:
            reason = f"its .NET single-file bundle cannot be read: it {error}"
            return NativeDotnet((Gap(GapKind.MALFORMED, file.entry.path, reason),))
    if members is not None:
        seen += _bundle(file.entry.path, stream, members, prints, table)
    is_aot = elf.section("__managedcode") is not None
    has_shim = "dotnet-openssl" in marks and not file.entry.path.endswith(NATIVE_SHIM)
    version, override = _texts_of_runtime(file) if is_aot or has_shim else ("", "")
    if is_aot:
        seen.append(_aot(file.entry.path, version, has_shim=has_shim))
    if has_shim:
        form = "native-aot" if is_aot else "single-file"
        seen.append(
            fact(
                FactKind.DOTNET_RUNTIME,
                file.entry.path,
                version=version,
                framework="",
                form=form,
                override=override,
            )
        )
    return NativeDotnet(tuple(seen), is_bundle=members is not None)


def _aot(path: str, version: str, *, has_shim: bool) -> Fact:
    return fact(
        FactKind.DOTNET_APP,
        path,
        name=path.rsplit("/", 1)[-1],
        framework_version=version,
        self_contained=True,
        properties=(),
        packages=(),
        form="native-aot",
        calls_crypto="" if has_shim else "no",
    )


def _texts_of_runtime(file: ImageFile) -> tuple[str, str]:
    """Version of the runtime, and the variable that chooses its OpenSSL; `""` where not told."""
    version = override = ""
    tail = b""
    position = 0
    for chunk in file.chunks():
        window = tail + chunk
        if not version and (found := _VERSION.search(window)):
            major, minor, patch = int(found[1]), int(found[2]), int(found[3] or 0)
            version = "3.1" if (major, minor) == (4, 700) else f"{major}.{minor}.{patch}"
        if not override and (named := _OVERRIDE.search(window)):
            override = named[0].decode()
        position += len(chunk)
        if (version and override) or position >= _MAX_SEARCH:
            break
        tail = chunk[-_OVERLAP:]
    return version, override


def _bundle(
    path: str,
    stream: BinaryIO,
    members: Sequence[Member],
    prints: Fingerprints,
    table: PackageTable,
) -> Iterator[Fact | Gap]:
    version, included = "", False
    properties: tuple[str, ...] = ()
    packages: tuple[str, ...] = ()
    needs: dict[str, None] = {}
    budget = MAX_NATIVE
    for member in members:
        try:
            if member.type == RUNTIME_CONFIG:
                content = json_object(read_member(stream, member, MAX_JSON))
                version, included, properties = runtime_options(content)
            elif member.type == DEPS_JSON:
                content = json_object(read_member(stream, member, MAX_JSON))
                packages, _ = dependencies(content)
                yield from known_packages(path, content, table)
            elif member.type == NATIVE or member.name.endswith(".so"):
                data = read_member(stream, member, budget)
                budget -= len(data)
                needs |= dict.fromkeys(_needed(data))
                if member.compressed_size:
                    yield from _code(path, member, data, prints)
        except (BundleError, ValueError, TypeError) as error:
            yield Gap(GapKind.MALFORMED, path, f"{member.name} in its bundle: {error}")
    yield fact(
        FactKind.DOTNET_APP,
        path,
        name=path.rsplit("/", 1)[-1],
        framework_version=version,
        self_contained=included,
        properties=properties,
        packages=packages or _assemblies(members),
        form="single-file",
        calls_crypto=_calls_crypto(members) if included else "",
        natives=tuple(m.name for m in members if m.type == NATIVE)[:MAX_NAMED],
        needs=tuple(needs)[:MAX_NAMED],
    )


def _calls_crypto(members: Sequence[Member]) -> str:
    """`no` where the program brings all its assemblies, and none that calls the shim."""
    return "" if any(each.name.startswith(_CALLERS) for each in members) else "no"


def _assemblies(members: Sequence[Member]) -> tuple[str, ...]:
    """Assemblies with cryptography of their own, as packages whose version is not known."""
    names = (each.name.removesuffix(".dll") for each in members if each.type == ASSEMBLY)
    found, _ = dependencies({"libraries": {f"{name}/": {} for name in names}})
    return found


def _needed(data: bytes) -> tuple[str, ...]:
    if not data.startswith(MAGIC):
        return ()
    try:
        return read_elf(io.BytesIO(data)).needed
    except ElfError:
        return ()


def _code(path: str, member: Member, data: bytes, prints: Fingerprints) -> Iterator[Fact]:
    """Crypto code in a packed member; that of others is found in the program's own bytes."""
    for hit in prints.scan([data]).hits:
        yield fact(
            FactKind.MODULE_CODE,
            path,
            evidence=(f"in {member.name}", *hit.texts),
            module=hit.module,
            version=hit.versions[0] if hit.versions else "",
            form="static",
            fips=hit.fips,
            **dict(hit.values),
        )
