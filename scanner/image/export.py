"""Writes an image the way `docker save` does, for an engine to load.

Passes layers through as they are; nothing is kept and nothing is written to disk.
"""

from __future__ import annotations

import json
import tarfile
from collections.abc import Iterator

from scanner.errors import EngineError
from scanner.image.blobs import Blob
from scanner.image.image import Image, LayeredImage
from scanner.image.saved import CompressedArchive
from scanner.image.streams import DigestError, compression, verified
from scanner.image.visit import wrong_digest

_END = bytes(1024)


def docker_archive_stream(image: Image) -> Iterator[bytes]:
    """A tar that `docker load` takes.

    The engine then knows the image as `image.image_id`; it gets no tag.

    Raises:
        EngineError: an engine cannot load the image: a directory, or layers in zstd.
        ImageFormatError: a layer is not what its digest promised.
    """
    if isinstance(image, CompressedArchive):
        return image.stream()
    if not isinstance(image, LayeredImage):
        raise EngineError(f"'{image.reference}' cannot be loaded into an engine")
    return _archive(image)


def _archive(image: LayeredImage) -> Iterator[bytes]:
    config = f"{image.image_id.removeprefix('sha256:')}.json"
    names = [f"{position:04}.tar" for position in range(len(image.layers))]
    manifest = json.dumps([{"Config": config, "RepoTags": None, "Layers": names}]).encode()
    yield from _file(config, len(image.raw_config), iter((image.raw_config,)))
    yield from _file("manifest.json", len(manifest), iter((manifest,)))
    for name, layer in zip(names, image.layers, strict=True):
        if layer.encrypted:
            raise EngineError(f"'{image.reference}' has an encrypted layer, which no engine loads")
        yield from _file(name, layer.blob.size, _checked(layer.blob, image.reference))
    yield _END


def _file(name: str, size: int, chunks: Iterator[bytes]) -> Iterator[bytes]:
    info = tarfile.TarInfo(name)
    info.size = size
    yield info.tobuf(tarfile.GNU_FORMAT)
    yield from chunks
    yield bytes(-size % tarfile.BLOCKSIZE)


def _checked(blob: Blob, reference: str) -> Iterator[bytes]:
    chunks = blob.chunks()
    if blob.digest:
        chunks = verified(chunks, blob.digest, blob.size)
    first = True
    try:
        for chunk in chunks:
            if first and compression(chunk[:8]) == "zstd":
                raise EngineError(
                    f"'{reference}' has a layer in zstd, which engines do not load from archives: "
                    "pull it with the engine"
                )
            first = False
            yield chunk
    except DigestError as error:
        raise wrong_digest(blob.digest, reference, error) from None
