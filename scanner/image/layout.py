"""OCI image layouts, as a directory or as a tar of one.

Finds blobs; what a manifest says is `manifests`' business.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any, Protocol

from scanner.errors import ImageFormatError, ImageNotFoundError
from scanner.image.blobs import FileBlob, cannot_read
from scanner.image.config import parse_json
from scanner.image.image import LayeredImage
from scanner.image.limits import DEFAULT_LIMITS, Limits
from scanner.image.manifests import (
    Descriptor,
    Resolver,
    index_entries,
    layers_of,
    single,
)
from scanner.image.saved import ArchiveIndex, index_archive, is_compressed, read_blob

_TAG_NOTES = ("org.opencontainers.image.ref.name", "io.containerd.image.name")


class _Files(Protocol):
    def blob(self, name: str, digest: str = "") -> FileBlob | None: ...


class _Folder:
    """The files of a layout in a directory."""

    def __init__(self, root: Path) -> None:
        self._root = root

    def blob(self, name: str, digest: str = "") -> FileBlob | None:
        """The file called `name`, or None."""
        path = self._root / name
        try:
            if not path.is_file():
                return None
            return FileBlob(str(path.absolute()), 0, path.stat().st_size, digest)
        except OSError as error:
            raise cannot_read(str(path), error) from None


def open_layout(
    reference: str,
    path: str,
    tag: str,
    digest: str,
    platform: str | None,
    limits: Limits = DEFAULT_LIMITS,
) -> LayeredImage:
    """The image `tag` or `digest` (or the only one) of the OCI layout at `path`.

    Raises:
        ImageFormatError: the layout is damaged, or is none.
        ImageNotFoundError, UsageError: it does not hold what is asked for.
    """
    files = _files(reference, path, limits)
    index = files.blob("index.json")
    if index is None:
        hint = (
            "write docker-archive: for what docker save writes"
            if files.blob("manifest.json")
            else "check the path"
        )
        raise ImageFormatError(f"'{reference}' has no index.json, so it is no OCI layout; {hint}")
    raw = parse_json(
        read_blob(index, limits.manifest_bytes, f"the index.json of '{reference}'"),
        f"the index.json of '{reference}'",
    )

    def fetch(target: Descriptor) -> bytes:
        return read_blob(_blob(files, target, reference), limits.manifest_bytes, target.digest)

    resolver = Resolver(fetch, reference, limits)
    manifest = resolver.manifest(_choose(raw, tag, digest, reference), platform)
    raw_config, config = resolver.config(manifest, platform)
    return LayeredImage(
        reference,
        "oci",
        config,
        layers_of(manifest, lambda each: _blob(files, each, reference)),
        raw_config,
        manifest_digest=manifest.digest,
        image_id=manifest.config.digest,
    )


def _files(reference: str, path: str, limits: Limits) -> _Files:
    place = Path(path)
    try:
        is_folder = place.is_dir()
        if not is_folder and not place.exists():
            raise ImageNotFoundError(f"there is no OCI layout '{path}': check the path")
    except OSError as error:
        raise cannot_read(path, error) from None
    if is_folder:
        return _Folder(place)
    if is_compressed(path):
        raise ImageFormatError(
            f"'{reference}' is compressed as a whole, so its blobs cannot be found: unpack it first"
        )
    found: ArchiveIndex = index_archive(str(place.absolute()), limits)
    return found


def _blob(files: _Files, target: Descriptor, reference: str) -> FileBlob:
    blob = files.blob(f"blobs/{target.digest.replace(':', '/', 1)}", target.digest)
    if blob is None:
        raise ImageFormatError(f"'{reference}' lacks {target.digest}; get the image again")
    if blob.size != target.size:
        raise ImageFormatError(
            f"{target.digest} of '{reference}' has {blob.size} bytes instead of {target.size}; "
            "the image is damaged, get it again"
        )
    return blob


def _choose(raw: dict[str, Any], tag: str, digest: str, reference: str) -> list[Descriptor]:
    entries = index_entries(raw, reference)
    if digest:
        found = [each for each in entries if each.digest == digest]
        if not found:
            raise ImageNotFoundError(f"'{reference}': the layout's index does not list {digest}")
        return found
    tags = _tags(raw)
    if not tag:
        # Several platforms of one image carry one tag, or none.
        single(sorted({names[0] for names in tags.values() if names}), reference)
        return entries
    found = [
        each
        for each in entries
        if any(name == tag or name.endswith(f":{tag}") for name in tags.get(each.digest, ()))
    ]
    if not found:
        names = ", ".join(sorted({name for names in tags.values() for name in names})[:20])
        raise ImageNotFoundError(
            f"'{reference}' does not hold '{tag}': it holds {names or 'no tag'}"
        )
    return found


def _tags(raw: dict[str, Any]) -> dict[str, list[str]]:
    tags: dict[str, list[str]] = {}
    for item in raw.get("manifests") or ():
        notes = item.get("annotations")
        if isinstance(notes, dict) and isinstance(item.get("digest"), str):
            names = [notes[key] for key in _TAG_NOTES if isinstance(notes.get(key), str)]
            tags.setdefault(item["digest"], []).extend(names)
    return tags
