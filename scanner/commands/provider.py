"""`fips-scanner provider`: keeps FIPS providers that containers are given in simulated runs.

Downloads nothing: a provider comes from a file, from an image, or is built from a source that the
user gives, and only then something of it is executed.
"""

from __future__ import annotations

import hashlib
import platform
from pathlib import Path

from scanner.commands.progress import shown_progress
from scanner.commands.terminal import complain, put
from scanner.errors import UsageError
from scanner.facts import fact
from scanner.gate import FAILED, PASSED
from scanner.image import ImageFile, Visit, open_image, walk
from scanner.model import FactKind, FileEntry
from scanner.simulate.provider import (
    HOW_TO_GET,
    MAX_PROVIDER,
    FipsProvider,
    import_provider,
    known_providers,
    read_provider,
)

_ARCHITECTURES = {"x86_64": "amd64", "aarch64": "arm64"}
_PLACE = "/ossl-modules/fips.so"


def keep(source: str, *, platform_name: str | None, insecure: bool, quiet: bool) -> int:
    """Keep the provider in the file or image `source` for later scans.

    Raises:
        ScannerError: it has none, or it cannot be read.
    """
    path = Path(source)
    if path.is_file():
        content = _read(path)
    else:
        content, source = _from_image(source, platform_name, insecure=insecure, quiet=quiet)
    provider = read_provider(content, source)
    kept = import_provider(content, source)
    put(f"{_described(provider)}\n  kept as   {kept}\n")
    return PASSED


def build(source: Path, *, architecture: str | None, libc: str | None, quiet: bool) -> int:
    """Build providers from OpenSSL's source and keep them, for all targets that are not excluded.

    Raises:
        ScannerError: a tool is missing, or the source cannot be built.
    """
    from scanner.simulate.native.build_provider import TARGETS, build_provider

    wanted = [
        target
        for target in TARGETS.values()
        if target.architecture == (architecture or _own_architecture())
        and libc in (None, target.libc)
    ]
    if not wanted:
        known = sorted({target.architecture for target in TARGETS.values()})
        raise UsageError(f"cannot build for {architecture}; --arch takes {' and '.join(known)}")
    for target in wanted:
        with shown_progress(quiet=quiet) as progress:
            provider = build_provider(source, target, progress=progress)
        kept = import_provider(provider.content, provider.source)
        put(f"{_described(provider)}\n  kept as   {kept}\n")
    return PASSED


def show(architecture: str | None) -> int:
    """Show the providers of this machine, the one first that a scan looks at first."""
    wanted = architecture or _own_architecture()
    found = [each for each in known_providers() if each.architecture == wanted]
    if not found:
        complain(f"no FIPS provider for {wanted}: {HOW_TO_GET}; provider import keeps one")
        return FAILED
    for provider in found:
        put(f"{_described(provider)}\n")
    return PASSED


def _own_architecture() -> str:
    return _ARCHITECTURES.get(platform.machine(), platform.machine())


def _described(provider: FipsProvider) -> str:
    lines = [
        f"OpenSSL FIPS provider {provider.version or 'of unknown version'}, "
        f"{provider.architecture}",
        f"  from      {provider.source}",
        f"  needs     {provider.needs}",
        f"  sha256    {provider.sha256}",
    ]
    if provider.for_simulation:
        lines.append("  built for simulation only, not a validated module")
    return "\n".join(lines)


def _read(path: Path) -> bytes:
    try:
        with path.open("rb") as file:
            return file.read(MAX_PROVIDER + 1)
    except OSError as error:
        raise UsageError(f"cannot read {path}: {error.strerror or error}") from error


def _from_image(
    reference: str, platform_name: str | None, *, insecure: bool, quiet: bool
) -> tuple[bytes, str]:
    """The provider in an image, and what to call it."""
    finder = _Finder()
    with (
        shown_progress(quiet=quiet) as progress,
        open_image(
            reference, platform=platform_name, insecure=insecure, progress=progress
        ) as image,
    ):
        # In this process, so that the finder keeps what it found.
        walked = walk(image, lambda: finder, workers=1, progress=progress)
    for each in walked.facts:
        return finder.found[each.text("version")], f"{reference} ({each.path})"
    raise UsageError(
        f"{reference} has no OpenSSL FIPS provider (…{_PLACE}); name an image that has one, or "
        "a file"
    )


class _Finder:
    """A visitor that keeps FIPS providers. What is visible in the end, the walk tells."""

    def __init__(self) -> None:
        self.found: dict[str, bytes] = {}

    def wants(self, entry: FileEntry, head: bytes) -> bool:
        return (
            entry.path.endswith(_PLACE)
            and head.startswith(b"\x7fELF")
            and entry.size <= MAX_PROVIDER
        )

    def __call__(self, file: ImageFile) -> Visit:
        content = file.read(MAX_PROVIDER)
        key = hashlib.sha256(content).hexdigest()
        self.found[key] = content
        seen = fact(
            FactKind.MODULE_CODE,
            file.entry.path,
            module="openssl-fips-provider",
            version=key,
        )
        return Visit((seen,))
