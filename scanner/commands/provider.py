"""`fips-scanner provider`: keeps a FIPS provider that containers are given in simulated runs.

Downloads nothing and executes nothing: a provider comes from a file or from an image.
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
    find_provider,
    import_provider,
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


def show(architecture: str | None) -> int:
    """Show the provider that a scan would give to images that have none."""
    wanted = architecture or _ARCHITECTURES.get(platform.machine(), platform.machine())
    provider = find_provider(wanted)
    if provider is None:
        complain(f"no FIPS provider for {wanted}: {HOW_TO_GET}, and keep it with provider import")
        return FAILED
    put(f"{_described(provider)}\n")
    return PASSED


def _described(provider: FipsProvider) -> str:
    glibc = ".".join(map(str, provider.glibc)) if any(provider.glibc) else "none"
    return (
        f"OpenSSL FIPS provider {provider.version or 'of unknown version'}, "
        f"{provider.architecture}\n"
        f"  from      {provider.source}\n"
        f"  needs     GNU C library {glibc}\n"
        f"  sha256    {provider.sha256}"
    )


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
