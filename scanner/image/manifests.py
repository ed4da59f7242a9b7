"""Finds the manifest of one platform's image behind an index, and reads it.

Where manifests come from is the caller's business; every one is checked against its digest.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from scanner.errors import ImageFormatError, UsageError
from scanner.image.blobs import Blob
from scanner.image.config import (
    check_platform,
    parse_json,
    parse_platform,
    pick,
    platform_of,
    read_config,
)
from scanner.image.image import Layer
from scanner.image.limits import Limits
from scanner.model import ImageConfig, Platform

INDEX_TYPES = (
    "application/vnd.oci.image.index.v1+json",
    "application/vnd.docker.distribution.manifest.list.v2+json",
)
MANIFEST_TYPES = (
    "application/vnd.oci.image.manifest.v1+json",
    "application/vnd.docker.distribution.manifest.v2+json",
)
CONFIG_TYPES = (
    "application/vnd.oci.image.config.v1+json",
    "application/vnd.docker.container.image.v1+json",
)
_DIGEST = re.compile(r"sha256:[0-9a-f]{64}")
_MOST_FETCHES = 64
_MOST_DEPTH = 4


@dataclass(frozen=True, slots=True)
class Descriptor:
    """Points to a blob: what it is, how long, and its digest."""

    media_type: str
    digest: str
    size: int
    platform: Platform | None = None


@dataclass(frozen=True, slots=True)
class Manifest:
    """What an image is made of."""

    digest: str
    config: Descriptor
    layers: tuple[Descriptor, ...]


Fetch = Callable[[Descriptor], bytes]
"""Hands out the bytes a descriptor points to, unchecked but of bounded length."""


def descriptor(raw: object, what: str) -> Descriptor:
    """A descriptor out of JSON.

    Raises:
        ImageFormatError: it is none.
    """
    fields = raw if isinstance(raw, dict) else {}
    media_type, digest, size = fields.get("mediaType"), fields.get("digest"), fields.get("size")
    if not isinstance(digest, str) or not _DIGEST.fullmatch(digest):
        raise ImageFormatError(f"{what} has a wrong digest in its manifest; get the image again")
    if not isinstance(size, int) or isinstance(size, bool) or size < 0:
        raise ImageFormatError(f"{what} has a wrong size in its manifest; get the image again")
    told = fields.get("platform")
    return Descriptor(
        media_type if isinstance(media_type, str) else "",
        digest,
        size,
        platform_of(told) if isinstance(told, dict) and told.get("os") else None,
    )


def digest_of(data: bytes) -> str:
    """`sha256:…` of `data`."""
    return f"sha256:{hashlib.sha256(data).hexdigest()}"


class Resolver:
    """Follows indexes to a manifest."""

    def __init__(self, fetch: Fetch, reference: str, limits: Limits) -> None:
        self._fetch = fetch
        self._reference = reference
        self._limits = limits
        self._fetches = 0

    def get(self, target: Descriptor) -> bytes:
        """The bytes behind a descriptor, checked.

        Raises:
            ImageFormatError: they are not what was promised, or too many.
        """
        self._fetches += 1
        if self._fetches > _MOST_FETCHES:
            raise ImageFormatError(
                f"'{self._reference}' refers to more than {_MOST_FETCHES} manifests; name one "
                "by its digest"
            )
        if target.size > self._limits.manifest_bytes:
            raise ImageFormatError(
                f"{target.digest} of '{self._reference}' has {target.size} bytes, the limit is "
                f"{self._limits.manifest_bytes}"
            )
        data = self._fetch(target)
        found = digest_of(data)
        if found != target.digest:
            raise ImageFormatError(
                f"{target.digest} of '{self._reference}' has the digest {found}; the image is "
                "damaged, get it again"
            )
        return data

    def manifest(self, targets: Sequence[Descriptor], platform: str | None) -> Manifest:
        """The manifest for `platform` (None: this machine's) behind any of `targets`.

        Raises:
            ImageFormatError: what is there is not an image.
            UsageError: there is none for the platform.
        """
        wanted = parse_platform(platform) if platform else None
        found = [each for target in targets for each in self._manifests(target, 0)]
        if not found:
            raise ImageFormatError(f"'{self._reference}' holds no image; check the reference")
        if len(found) == 1 and wanted is None:
            return self._read(found[0])
        offered = [each.platform or self._platform(each) for each in found]
        return self._read(found[pick(offered, wanted, self._reference)])

    def _manifests(self, target: Descriptor, depth: int) -> Iterator[Descriptor]:
        known = target.media_type in MANIFEST_TYPES
        if known:
            yield target
            return
        raw = parse_json(self.get(target), f"the manifest of '{self._reference}'")
        if not isinstance(raw.get("manifests"), list):
            yield target
            return
        if depth >= _MOST_DEPTH:
            raise ImageFormatError(
                f"'{self._reference}' nests more than {_MOST_DEPTH} indexes; name a manifest "
                "by its digest"
            )
        for item in index_entries(raw, self._reference):
            yield from self._manifests(item, depth + 1)

    def _platform(self, target: Descriptor) -> Platform:
        manifest = self._read(target)
        raw = parse_json(self.get(manifest.config), f"the configuration of '{self._reference}'")
        return platform_of(raw)

    def _read(self, target: Descriptor) -> Manifest:
        what = f"the manifest of '{self._reference}'"
        raw = parse_json(self.get(target), what)
        if raw.get("schemaVersion") == 1:
            raise ImageFormatError(
                f"'{self._reference}' is in the retired schema 1 format; push it again with a "
                "current engine"
            )
        layers = raw.get("layers")
        if not isinstance(layers, list) or not isinstance(raw.get("config"), dict):
            raise ImageFormatError(f"{what} lists no layers; check the reference")
        config = descriptor(raw["config"], f"the configuration of '{self._reference}'")
        if config.media_type not in CONFIG_TYPES:
            raise ImageFormatError(
                f"'{self._reference}' is not a container image but "
                f"'{raw.get('artifactType') or config.media_type}'; check the reference"
            )
        if len(layers) > self._limits.layers * 4:
            raise ImageFormatError(f"{what} lists {len(layers)} layers; check the reference")
        return Manifest(
            target.digest,
            config,
            tuple(descriptor(each, f"a layer of '{self._reference}'") for each in layers),
        )

    def config(self, manifest: Manifest, platform: str | None) -> tuple[bytes, ImageConfig]:
        """The image's configuration, as it is and as values.

        Raises:
            ImageFormatError: it is damaged, or does not fit the manifest.
            UsageError: it is for another platform than the one asked for.
        """
        raw = self.get(manifest.config)
        advice = "the image is damaged, get it again"
        config = read_config(raw, len(manifest.layers), self._reference, advice)
        check_platform(config.platform, platform, self._reference)
        return raw, config


def index_entries(raw: dict[str, Any], reference: str) -> list[Descriptor]:
    """The images that an index lists; attestations and the like left out."""
    entries = []
    for item in raw.get("manifests") or ():
        if not isinstance(item, dict):
            raise ImageFormatError(f"the index of '{reference}' is damaged; get the image again")
        notes = item.get("annotations")
        if isinstance(notes, dict) and "vnd.docker.reference.type" in notes:
            continue
        entry = descriptor(item, f"the index of '{reference}'")
        if entry.platform is not None and entry.platform.os == "unknown":
            continue
        if entry.media_type in (*INDEX_TYPES, *MANIFEST_TYPES, ""):
            entries.append(entry)
    return entries


def layers_of(manifest: Manifest, make_blob: Callable[[Descriptor], Blob]) -> tuple[Layer, ...]:
    """The layers of a manifest, each with the blob that `make_blob` makes for it."""
    return tuple(
        Layer(make_blob(each), each.digest, encrypted=each.media_type.endswith("+encrypted"))
        for each in manifest.layers
    )


def single(offered: Sequence[str], reference: str) -> None:
    """Raises UsageError when one of several tags has to be chosen."""
    if len(offered) > 1:
        names = ", ".join(sorted(offered)[:20])
        raise UsageError(
            f"'{reference}' holds {len(offered)} images: add a colon and one of {names}"
        )
