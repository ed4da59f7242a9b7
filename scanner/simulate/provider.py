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
from scanner.formats.elf import ElfError, read_elf

MAX_PROVIDER = 64 * 2**20
"""Bytes; those known have 1 to 4 MiB."""

HOW_TO_GET = (
    "give one with --fips-provider FILE (apt-get download openssl-provider-fips, on Debian 13), "
    "or build one: fips-scanner provider build openssl-3.5.7.tar.gz; see the README, "
    '"A FIPS provider for OpenSSL 3"'
)
"""What a user can do who has none."""

MARK = "-simulation"
"""Ends the version of providers that `native/build_provider.py` builds: they say so themselves."""

PACKAGED = Path("/usr/share/fips-scanner/providers")
"""Where the scanner's own image has those that were built for it."""

# The key OpenSSL builds with unless told otherwise (FIPS_KEY in its Configure script).
_INTEGRITY_KEY = bytes.fromhex("f4556650ac31d35461610bac4ed81b1a181b2d8a43ea2854cbae22ca74560813")
_MACHINES = {62: "amd64", 183: "arm64", 21: "ppc64le", 22: "s390x", 243: "riscv64"}
_MULTIARCH = {
    "amd64": "x86_64", "arm64": "aarch64", "ppc64le": "powerpc64le", "s390x": "s390x",
}  # fmt: skip
_BUILT = "built"
_GLIBC = re.compile(rb"GLIBC_(\d+)\.(\d+)")
_MUSL = re.compile(r"libc\.so|libc\.musl-.*")
"""What a library linked with musl needs; one linked with the GNU C library needs `libc.so.6`."""
_VERSION = re.compile(rb"\0(\d+\.\d+\.\d+[-+.0-9A-Za-z]{0,60})\0")


@dataclass(frozen=True, slots=True)
class Libc:
    """The C library of an image's programs."""

    name: str = ""
    """`glibc`, `musl`, or `""` where none is known."""
    version: tuple[int, int] | None = None
    """Major and minor version, where they are known."""


UNKNOWN_LIBC = Libc()


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
    libc: str = ""
    """`glibc` or `musl`; `""` when it needs neither."""

    @property
    def for_simulation(self) -> bool:
        """Whether it was built to be used in simulated runs and nowhere else."""
        return self.version.endswith(MARK)

    @property
    def described(self) -> str:
        """What the report calls it, where it was given to a container."""
        if self.for_simulation:
            version = self.version.removesuffix(MARK)
            return f"FIPS provider {version} built for simulation, not a validated module"
        return f"FIPS provider {self.version}"

    @property
    def needs(self) -> str:
        """The C library it needs, for a person."""
        if self.libc == "glibc":
            return f"the GNU C library {self.glibc[0]}.{self.glibc[1]} or later"
        return self.libc or "no C library"

    def refused_by(self, libc: Libc) -> str:
        """Why programs with `libc` cannot load it, or `""`."""
        if not libc.name or not self.libc:
            return ""
        if libc.name != self.libc:
            has = "musl" if libc.name == "musl" else "the GNU C library"
            return f"the image uses {has}, and the FIPS provider needs {self.needs}"
        if libc.version is not None and libc.version < self.glibc:
            has = ".".join(map(str, libc.version))
            return (
                f"the image has the GNU C library {has}, and the FIPS provider needs {self.needs}"
            )
        return ""

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
    glibc = max(needed, default=(0, 0))
    return FipsProvider(
        source=source,
        content=content,
        version=version[1].decode() if version else "",
        architecture=_MACHINES.get(machine, f"ELF machine {machine}"),
        glibc=glibc,
        libc="glibc" if any(glibc) else _musl(content),
    )


def _musl(content: bytes) -> str:
    try:
        needed = read_elf(io.BytesIO(content)).needed
    except ElfError:
        return ""
    return "musl" if any(_MUSL.fullmatch(each) for each in needed) else ""


def find_provider(
    architecture: str, explicit: Path | None = None, libc: Libc = UNKNOWN_LIBC
) -> FipsProvider | None:
    """The provider to give to containers of images that have none.

    That is `explicit` where it is given, else the first of `known_providers` that programs with
    `libc` can load; where they can load none, the first, for the report to say why.

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
    known = [each for each in known_providers() if each.architecture == architecture]
    fitting = [each for each in known if not each.refused_by(libc)]
    if libc.name == "glibc" and libc.version is None:
        # The one that loads most widely, as nothing tells which version the image has.
        fitting.sort(key=lambda each: each.glibc)
    return next(iter(fitting or known), None)


def known_providers() -> tuple[FipsProvider, ...]:
    """All providers on this machine, in the order of preference.

    Those that were imported, that of this machine's own OpenSSL, and those built for simulation.
    """
    cache = cache_folder()
    folders = (
        *sorted(each for each in cache.glob("*") if each.name != _BUILT),
        *(each / "ossl-modules" for each in _system_folders()),
        *sorted((cache / _BUILT).glob("*")),
        *sorted(PACKAGED.glob("*")),
    )
    found: dict[str, FipsProvider] = {}
    for folder in folders:
        path = folder / "fips.so"
        try:
            provider = read_provider(_read(path), str(path))
        except UsageError:
            continue
        found.setdefault(provider.sha256, provider)
    return tuple(found.values())


def import_provider(content: bytes, source: str = "the given file") -> Path:
    """Keep a provider for later scans, apart from those for other C libraries.

    Returns:
        Where it was put.

    Raises:
        UsageError: it is no provider, or the cache cannot be written.
    """
    provider = read_provider(content, source)
    path = cache_path(provider)
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        partial = path.with_name(f"fips.so.{os.getpid()}")
        partial.write_bytes(provider.content)
        partial.replace(path)
    except OSError as error:
        raise UsageError(f"cannot keep the FIPS provider: {error}; set XDG_CACHE_HOME") from error
    return path


def cache_path(provider: FipsProvider) -> Path:
    """Where `provider` is kept between scans."""
    base = cache_folder() / _BUILT if provider.for_simulation else cache_folder()
    return base / "-".join(filter(None, (provider.architecture, provider.libc))) / "fips.so"


def cache_folder() -> Path:
    """Where this user keeps providers."""
    base = os.environ.get("XDG_CACHE_HOME") or str(Path.home() / ".cache")
    return Path(base) / "fips-scanner" / "providers"


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


def _system_folders() -> Iterator[Path]:
    for multiarch in _MULTIARCH.values():
        yield Path(f"/usr/lib/{multiarch}-linux-gnu")
    yield from (Path("/usr/lib64"), Path("/usr/lib"), Path("/usr/local/lib64"))


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
