"""Images in a registry, over the OCI distribution API; no engine takes part.

Checks every manifest and blob against its digest, and writes nothing to disk.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import requests
from urllib3.exceptions import HTTPError

from scanner.errors import ImageNotFoundError, RegistryError
from scanner.image.http import RegistryHost, read_at_most
from scanner.image.image import LayeredImage
from scanner.image.limits import DEFAULT_LIMITS, Limits
from scanner.image.manifests import (
    INDEX_TYPES,
    MANIFEST_TYPES,
    Descriptor,
    Resolver,
    digest_of,
    layers_of,
)
from scanner.image.reference import ImageRef
from scanner.image.streams import PIECE

_ACCEPT = ", ".join((*INDEX_TYPES, *MANIFEST_TYPES))
_RESUMES = 5
"""Times that a broken download of one blob is taken up again."""


@dataclass(frozen=True, slots=True)
class RegistryBlob:
    """A blob in a repository."""

    registry: RegistryHost
    digest: str
    size: int

    def chunks(self) -> Iterator[bytes]:
        """All bytes; a download that breaks off is taken up where it ended.

        Raises:
            RegistryError: the registry refuses, or fails again and again.
        """
        done = 0
        for _ in range(_RESUMES + 1):
            headers = {"Range": f"bytes={done}-"} if done else {}
            with self.registry.get(f"blobs/{self.digest}", headers) as response:
                _expect(response, self.registry, self.digest)
                skip = done if response.status_code == 200 else 0
                try:
                    for chunk in response.raw.stream(PIECE, decode_content=False):
                        fresh = chunk[skip:]
                        skip -= min(skip, len(chunk))
                        done += len(fresh)
                        if fresh:
                            yield fresh
                except (HTTPError, requests.RequestException, OSError):
                    pass
            if done >= self.size:
                return
        raise RegistryError(
            f"registry '{self.registry.host}' breaks off sending {self.digest}; try again"
        )


class RegistryImage(LayeredImage):
    """An image that is read straight from its registry."""

    registry: RegistryHost

    def close(self) -> None:
        self.registry.close()


def open_registry_image(
    ref: ImageRef, platform: str | None, insecure: bool, limits: Limits = DEFAULT_LIMITS
) -> RegistryImage:
    """The image that `ref` names.

    Raises:
        ImageNotFoundError: the registry does not have it, or does not let us see it.
        RegistryError: the registry cannot be reached or fails.
        ImageFormatError: what it sends is not what its digest promised, or no image.
        UsageError: there is none for the platform; `insecure` for another machine.
    """
    registry = RegistryHost(ref.host, ref.repository, insecure)
    try:
        return _open(ref, registry, platform, limits)
    except BaseException:
        registry.close()
        raise


def _open(
    ref: ImageRef, registry: RegistryHost, platform: str | None, limits: Limits
) -> RegistryImage:
    known: dict[str, bytes] = {}
    name = ref.digest or ref.tag or "latest"
    first, media_type = _manifest(registry, name, limits)
    digest = ref.digest or digest_of(first)
    known[digest] = first

    def fetch(target: Descriptor) -> bytes:
        if target.digest not in known:
            if target.media_type in (*INDEX_TYPES, *MANIFEST_TYPES):
                known[target.digest], _ = _manifest(registry, target.digest, limits)
            else:
                known[target.digest] = _blob(registry, target.digest, limits)
        return known[target.digest]

    resolver = Resolver(fetch, ref.text, limits)
    top = Descriptor(media_type, digest, len(first))
    manifest = resolver.manifest((top,), platform)
    raw, config = resolver.config(manifest, platform)
    image = RegistryImage(
        ref.text,
        "registry",
        config,
        layers_of(manifest, lambda each: RegistryBlob(registry, each.digest, each.size)),
        raw,
        manifest_digest=manifest.digest,
        image_id=manifest.config.digest,
    )
    image.registry = registry
    return image


def _manifest(registry: RegistryHost, name: str, limits: Limits) -> tuple[bytes, str]:
    with registry.get(f"manifests/{name}", {"Accept": _ACCEPT}) as response:
        _expect(response, registry, name)
        media_type = response.headers.get("Content-Type", "").partition(";")[0].strip()
        return _body(response, registry, limits), media_type


def _blob(registry: RegistryHost, digest: str, limits: Limits) -> bytes:
    with registry.get(f"blobs/{digest}") as response:
        _expect(response, registry, digest)
        return _body(response, registry, limits)


def _body(response: requests.Response, registry: RegistryHost, limits: Limits) -> bytes:
    try:
        data = read_at_most(response, limits.manifest_bytes)
    except requests.RequestException:
        raise RegistryError(
            f"registry '{registry.host}' breaks off in the middle of an answer; try again"
        ) from None
    if data is None:
        raise RegistryError(
            f"registry '{registry.host}' sends a manifest of more than "
            f"{limits.manifest_bytes} bytes; check the reference"
        )
    return data


def _expect(response: requests.Response, registry: RegistryHost, name: str) -> None:
    status = response.status_code
    if status in (200, 206):
        return
    separator = "@" if ":" in name else ":"
    image = f"{registry.host}/{registry.repository}{separator}{name}"
    if status == 404:
        raise ImageNotFoundError(f"registry '{registry.host}' has no '{image}': check the name")
    if status in (401, 403):
        raise RegistryError(
            f"registry '{registry.host}' does not let us read '{image}': log in with docker login, "
            "and check the name"
        )
    raise RegistryError(
        f"registry '{registry.host}' answers with status {status} for '{image}'; try again later"
    )
