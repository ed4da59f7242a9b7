"""Finds a FIPS provider for OpenSSL 3 that a container can be given, and writes its configuration.

Looks on this machine only and downloads nothing. Never executes the provider here.
"""

from __future__ import annotations

import hashlib
import hmac
import io
import lzma
import os
import re
import struct
import tarfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import zstandard

from scanner.errors import UsageError

MAX_PROVIDER = 64 * 2**20
"""Bytes; those known have 1 to 4 MiB."""

HOW_TO_GET = (
    "give one with --fips-provider FILE: a fips.so, or the package openssl-provider-fips of "
    "Debian 13 (apt-get download openssl-provider-fips, where apt has Debian 13's sources; "
    "Debian 12 has no such package)"
)
"""What a user can do who has none."""

# The key OpenSSL builds with unless told otherwise (FIPS_KEY in its Configure script).
_INTEGRITY_KEY = bytes.fromhex("f4556650ac31d35461610bac4ed81b1a181b2d8a43ea2854cbae22ca74560813")
_MACHINES = {62: "amd64", 183: "arm64", 21: "ppc64le", 22: "s390x", 243: "riscv64"}
_MULTIARCH = {"amd64": "x86_64", "arm64": "aarch64", "ppc64le": "powerpc64le"}
_GLIBC = re.compile(rb"GLIBC_(\d+)\.(\d+)")
_VERSION = re.compile(rb"\0(\d+\.\d+\.\d+[-+.0-9A-Za-z]{0,60})\0")


@dataclass(frozen=True, slots=True)
class FipsProvider:
    """A FIPS provider: the file `fips.so` and what is known of it."""

    source: str
    """Where it comes from, for a person."""
    content: bytes
    version: str
    """As it says of itself; `""` when it cannot be read off."""
    architecture: str
    """In the words of the OCI image specification: `amd64`."""
    glibc: tuple[int, int]
    """The oldest GNU C library it runs with; (0, 0) when it does not need one."""

    @property
    def sha256(self) -> str:
        return hashlib.sha256(self.content).hexdigest()

    @property
    def module_mac(self) -> str:
        """What `openssl fipsinstall` writes as `module-mac`."""
        digest = hmac.new(_INTEGRITY_KEY, self.content, hashlib.sha256).digest()
        return ":".join(f"{byte:02X}" for byte in digest)


def read_provider(content: bytes, source: str) -> FipsProvider:
    """A provider from the bytes of a `fips.so`, or of a Debian package that holds one.

    Raises:
        UsageError: it is neither.
    """
    if content.startswith(b"!<arch>\n"):
        content = _from_debian_package(content, source)
    if content[:4] != b"\x7fELF" or len(content) < 64 or b"OSSL_provider_init" not in content:
        raise UsageError(f"{source} is not a FIPS provider (fips.so) of OpenSSL 3; {HOW_TO_GET}")
    order = "<" if content[5] == 1 else ">"
    machine = struct.unpack_from(f"{order}H", content, 18)[0]
    needed = [(int(major), int(minor)) for major, minor in _GLIBC.findall(content)]
    near = max(content.find(b"OpenSSL FIPS Provider"), 0)
    version = _VERSION.search(content, near)
    return FipsProvider(
        source=source,
        content=content,
        version=version[1].decode() if version else "",
        architecture=_MACHINES.get(machine, f"ELF machine {machine}"),
        glibc=max(needed, default=(0, 0)),
    )


def find_provider(architecture: str, explicit: Path | None = None) -> FipsProvider | None:
    """The provider to give to containers of images that have none.

    Looks at `explicit`, then in the cache, then where this machine's own OpenSSL has it.

    Raises:
        UsageError: `explicit` cannot be read, or is no provider for `architecture`.
    """
    if explicit is not None:
        provider = read_provider(_read(explicit), str(explicit))
        if provider.architecture != architecture:
            raise UsageError(
                f"{explicit} is for {provider.architecture}, the image for {architecture}: "
                "give a FIPS provider of the image's architecture"
            )
        return provider
    for path in (cache_path(architecture), *_system_paths(architecture)):
        try:
            provider = read_provider(_read(path), str(path))
        except UsageError:
            continue
        if provider.architecture == architecture:
            return provider
    return None


def import_provider(content: bytes, source: str = "the given file") -> Path:
    """Keep a provider for later scans.

    Returns:
        Where it was put.

    Raises:
        UsageError: it is no provider, or the cache cannot be written.
    """
    provider = read_provider(content, source)
    path = cache_path(provider.architecture)
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        partial = path.with_name(f"fips.so.{os.getpid()}")
        partial.write_bytes(provider.content)
        partial.replace(path)
    except OSError as error:
        raise UsageError(f"cannot keep the FIPS provider: {error}; set XDG_CACHE_HOME") from error
    return path


def cache_path(architecture: str) -> Path:
    """Where a provider for `architecture` is kept between scans."""
    base = os.environ.get("XDG_CACHE_HOME") or str(Path.home() / ".cache")
    return Path(base) / "fips-scanner" / "providers" / architecture / "fips.so"


def provider_section(provider: FipsProvider, path: str) -> str:
    """The configuration section of `provider` at `path` in the container.

    The checks are those that `openssl fipsinstall` switches on by default, since that is what
    production images have; its self-tests run at each start, as no status is stored.
    """
    return (
        "[fips_scanner_provider]\n"
        f"module = {path}\n"
        "activate = 1\n"
        "conditional-errors = 1\n"
        "security-checks = 1\n"
        f"module-mac = {provider.module_mac}\n"
    )


def _read(path: Path) -> bytes:
    try:
        with path.open("rb") as file:
            content = file.read(MAX_PROVIDER + 1)
    except OSError as error:
        reason = error.strerror or error
        raise UsageError(f"cannot read the FIPS provider {path}: {reason}; {HOW_TO_GET}") from error
    if len(content) > MAX_PROVIDER:
        raise UsageError(f"{path} is too large to be a FIPS provider; {HOW_TO_GET}")
    return content


def _system_paths(architecture: str) -> Iterator[Path]:
    multiarch = f"{_MULTIARCH.get(architecture, architecture)}-linux-gnu"
    for folder in (f"/usr/lib/{multiarch}", "/usr/lib64", "/usr/lib", "/usr/local/lib64"):
        yield Path(folder) / "ossl-modules" / "fips.so"


def _from_debian_package(package: bytes, source: str) -> bytes:
    problem = UsageError(f"{source} is a Debian package without a fips.so; {HOW_TO_GET}")
    at = 8
    while at + 60 <= len(package):
        name = package[at : at + 16].strip()
        try:
            size = int(package[at + 48 : at + 58])
        except ValueError:
            raise problem from None
        body = package[at + 60 : at + 60 + size]
        at += 60 + max(size, 0) + (size & 1)
        if not name.startswith(b"data.tar"):
            continue
        try:
            with tarfile.open(fileobj=io.BytesIO(_unpacked(name, body))) as tar:
                for member in tar:
                    if member.isfile() and member.name.endswith("/fips.so"):
                        file = tar.extractfile(member)
                        return file.read(MAX_PROVIDER) if file else b""
        except (tarfile.TarError, lzma.LZMAError, zstandard.ZstdError, EOFError) as error:
            raise problem from error
    raise problem


def _unpacked(name: bytes, body: bytes) -> bytes:
    if name.rstrip(b"/").endswith(b".zst"):
        with zstandard.ZstdDecompressor().stream_reader(body) as stream:
            return stream.read(MAX_PROVIDER)
    if name.rstrip(b"/").endswith((b".xz", b".lzma")):
        return lzma.LZMADecompressor().decompress(body, MAX_PROVIDER)
    return body
