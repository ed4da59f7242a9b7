"""Docker archives on disk: what `docker save` writes, read at any place in any order.

Only the index of the archive and its manifest are read here; layers are left to the walk.
"""

from __future__ import annotations

import json
import os
import posixpath
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from scanner.errors import ImageFormatError, ImageNotFoundError, UsageError
from scanner.image.blobs import FileBlob, cannot_read, opened
from scanner.image.config import check_platform, read_config, texts
from scanner.image.image import Layer, LayeredImage, StreamedImage
from scanner.image.limits import DEFAULT_LIMITS, Limits
from scanner.image.streams import Hashed, StreamError, TooLongError, compression, plain
from scanner.image.tar import Part, StreamSource, TarError, WindowSource, read_members
from scanner.model import ImageConfig

_LINK_STEPS = 8


@dataclass(frozen=True, slots=True)
class Saved:
    """One image of a `manifest.json`."""

    config: str
    layers: tuple[str, ...]
    tags: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class ArchiveIndex:
    """Where the files of a tar lie. Names are normalized."""

    path: str
    files: Mapping[str, tuple[int, int]]
    """Offset and size."""
    links: Mapping[str, str]

    def blob(self, name: str, digest: str = "") -> FileBlob | None:
        """The file called `name`, links within the archive followed."""
        name = posixpath.normpath(name)
        for _ in range(_LINK_STEPS):
            if name not in self.links:
                break
            name = self.links[name]
        found = self.files.get(name)
        return FileBlob(self.path, found[0], found[1], digest) if found else None


def index_archive(path: str, limits: Limits = DEFAULT_LIMITS) -> ArchiveIndex:
    """Read the headers of an uncompressed tar.

    Raises:
        ImageFormatError: it cannot be read, is no tar or is cut short.
    """
    files: dict[str, tuple[int, int]] = {}
    links: dict[str, str] = {}
    with opened(path) as descriptor:
        size = _size(path, descriptor)
        try:
            for member in read_members(WindowSource(descriptor, 0, size), limits):
                name = posixpath.normpath(member.name)
                if member.type in "12":
                    base = posixpath.dirname(name) if member.type == "2" else ""
                    links[name] = posixpath.normpath(posixpath.join(base, member.link))
                elif member.type in "07":
                    files[name] = (member.offset, member.size)
                if len(files) + len(links) > limits.layer_entries:
                    raise TarError(f"holds more than {limits.layer_entries} entries")
        except TarError as error:
            what = f"the archive '{path}' {error}" if files else f"'{path}' is not a tar archive"
            raise ImageFormatError(f"{what}; save the image again, or check the path") from None
        except OSError as error:
            raise cannot_read(path, error) from None
    if not files:
        raise ImageFormatError(f"the archive '{path}' is empty; save the image again")
    return ArchiveIndex(path, files, links)


def _size(path: str, descriptor: int) -> int:
    size = os.lseek(descriptor, 0, os.SEEK_END)
    if size == 0:
        raise ImageFormatError(f"the archive '{path}' is empty; save the image again")
    return size


def is_compressed(path: str) -> bool:
    """Whether the file as a whole is compressed.

    Raises:
        ImageFormatError: it cannot be read.
    """
    with opened(path) as descriptor:
        try:
            return bool(compression(os.pread(descriptor, 8, 0)))
        except OSError as error:
            raise cannot_read(path, error) from None


def read_blob(blob: FileBlob, limit: int, what: str) -> bytes:
    """A whole small file.

    Raises:
        ImageFormatError: it is larger than `limit`.
    """
    if blob.size > limit:
        raise ImageFormatError(f"{what} has {blob.size} bytes, the limit is {limit}")
    return b"".join(blob.chunks())


def pick_saved(manifest: bytes | None, wanted: str, reference: str) -> Saved:
    """The image called `wanted` of a `manifest.json`; the only one when nothing is wanted.

    Raises:
        ImageFormatError: the manifest is missing or wrong.
        ImageNotFoundError, UsageError: no image is called so, or a name is needed.
    """
    if manifest is None:
        raise ImageFormatError(
            f"'{reference}' has no manifest.json, so docker save did not write it; "
            "write oci: for an OCI layout"
        )
    images = tuple(_saved(manifest, reference))
    if not images:
        raise ImageFormatError(f"'{reference}' holds no image; save it again")
    names = ", ".join(sorted({tag for each in images for tag in each.tags})[:20])
    if not wanted:
        if len(images) > 1:
            raise UsageError(
                f"'{reference}' holds {len(images)} images: add a colon and one of "
                f"{names or 'none'}"
            )
        return images[0]
    found = [each for each in images if _called(each, wanted)]
    if not found:
        raise ImageNotFoundError(
            f"'{reference}' does not hold '{wanted}': it holds {names or 'images without a name'}"
        )
    return found[0]


def _saved(manifest: bytes, reference: str) -> Iterator[Saved]:
    damaged = ImageFormatError(f"the manifest.json of '{reference}' is damaged; save it again")
    try:
        items = json.loads(manifest)
    except (ValueError, RecursionError):
        raise damaged from None
    if not isinstance(items, list):
        raise damaged
    for item in items:
        if not isinstance(item, dict) or not isinstance(item.get("Config"), str):
            raise damaged
        yield Saved(item["Config"], texts(item.get("Layers")), texts(item.get("RepoTags")))


def _called(saved: Saved, wanted: str) -> bool:
    if wanted.removeprefix("sha256:") in posixpath.basename(saved.config).removesuffix(".json"):
        return len(wanted) >= 12
    return any(
        tag in (wanted, f"{wanted}:latest") or tag.endswith(f":{wanted}") for tag in saved.tags
    )


def open_archive(
    reference: str, path: str, tag: str, platform: str | None, limits: Limits = DEFAULT_LIMITS
) -> LayeredImage | StreamedImage:
    """The image `tag` (or the only one) of the docker archive at `path`.

    Raises:
        ImageFormatError: the archive is damaged, or is none.
        ImageNotFoundError, UsageError: it does not hold what is asked for.
    """
    if is_compressed(path):
        return _open_compressed(reference, path, tag, platform, limits)
    index = index_archive(path, limits)
    blob = index.blob("manifest.json")
    if blob is None:
        pick_saved(None, tag, reference)
    assert blob is not None
    manifest = read_blob(blob, limits.manifest_bytes, f"the manifest.json of '{reference}'")
    saved = pick_saved(manifest, tag, reference)
    blob = index.blob(saved.config)
    if blob is None:
        raise ImageFormatError(
            f"'{reference}' lacks its configuration {saved.config}; save it again"
        )
    raw = read_blob(blob, limits.manifest_bytes, f"the configuration of '{reference}'")
    config, image_id = saved_config(raw, saved, platform, reference)
    layers = tuple(
        Layer(_layer_blob(index, name, reference), digest, digest)
        for name, digest in zip(saved.layers, config.layer_digests, strict=True)
    )
    return LayeredImage(reference, "docker-archive", config, layers, raw, image_id=image_id)


def _layer_blob(index: ArchiveIndex, name: str, reference: str) -> FileBlob:
    blob = index.blob(name)
    if blob is None:
        raise ImageFormatError(f"'{reference}' lacks its layer {name}; save it again")
    return blob


def saved_config(
    raw: bytes, saved: Saved, platform: str | None, reference: str
) -> tuple[ImageConfig, str]:
    """The configuration of an image and its ID, which is the digest of the configuration.

    Raises:
        ImageFormatError: it does not fit its name or its layers.
        UsageError: it is for another platform than the one asked for.
    """
    hashed = Hashed(iter((raw,)))
    for _ in hashed:
        pass
    promised = posixpath.basename(saved.config).removesuffix(".json")
    if len(promised) == 64 and hashed.digest != f"sha256:{promised}":
        raise ImageFormatError(
            f"the configuration of '{reference}' has the digest {hashed.digest} instead of "
            f"sha256:{promised}; save the image again"
        )
    config = read_config(raw, len(saved.layers), reference, "save the image again")
    check_platform(config.platform, platform, reference)
    return config, hashed.digest


class CompressedArchive(StreamedImage):
    """A docker archive that is compressed as a whole, so that it can only be streamed."""

    def __init__(
        self,
        reference: str,
        path: str,
        tag: str,
        config: ImageConfig,
        image_id: str,
        limits: Limits,
    ) -> None:
        super().__init__(reference, "docker-archive", config, image_id=image_id)
        self.saved_as = tag
        self._path = path
        self._limits = limits

    def stream(self) -> Iterator[bytes]:
        return unpacked(self._path, self.reference, self._limits)


def unpacked(path: str, reference: str, limits: Limits) -> Iterator[bytes]:
    """The decompressed bytes of the file at `path`.

    Raises:
        ImageFormatError: they are damaged.
    """
    with opened(path) as descriptor:
        size = _size(path, descriptor)
    try:
        yield from plain(FileBlob(path, 0, size).chunks(), limits)
    except (StreamError, TooLongError) as error:
        raise ImageFormatError(f"'{reference}' {error}; save the image again") from None


def _open_compressed(
    reference: str, path: str, tag: str, platform: str | None, limits: Limits
) -> CompressedArchive:
    # The manifest tends to come last. A pass of its own makes mistakes known before the scan.
    texts_found: dict[str, bytes] = {}
    stream = StreamSource(unpacked(path, reference, limits))
    try:
        for member in read_members(stream, limits):
            name = posixpath.normpath(member.name)
            is_text = name.endswith(".json") or name.startswith("blobs/")
            if member.type in "07" and is_text and member.size <= limits.manifest_bytes:
                content = b"".join(Part(stream, member.stored).chunks())
                if content[:1] in (b"{", b"["):
                    texts_found[name] = content
    except TarError as error:
        raise ImageFormatError(f"the archive '{path}' {error}; save the image again") from None
    saved = pick_saved(texts_found.get("manifest.json"), tag, reference)
    raw = texts_found.get(posixpath.normpath(saved.config))
    if raw is None:
        raise ImageFormatError(
            f"'{reference}' lacks its configuration {saved.config}; save it again"
        )
    config, image_id = saved_config(raw, saved, platform, reference)
    return CompressedArchive(reference, path, tag, config, image_id, limits)
