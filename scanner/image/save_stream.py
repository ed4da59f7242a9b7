"""Reads what `docker save` streams, in one pass and in whatever order it comes.

Layers pass before the manifest that tells their order, so each is looked at as it comes and
put in its place afterwards. Engines before 25 write `<id>/layer.tar`; later ones an OCI layout
with a `manifest.json` beside it. Nothing is spooled to disk.
"""

from __future__ import annotations

import posixpath
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from itertools import chain

from scanner.errors import ImageFormatError
from scanner.image.arriving import visit_stream
from scanner.image.config import read_config
from scanner.image.files import Visitor
from scanner.image.image import StreamedImage
from scanner.image.layer import LayerBuilder, LayerScan
from scanner.image.limits import Limits
from scanner.image.saved import pick_saved
from scanner.image.streams import DigestError, Hashed, StreamError, TooLongError, drain, plain
from scanner.image.tar import Part, StreamSource, TarError, TarMember, read_members
from scanner.image.visit import wrong_digest
from scanner.model import GapKind
from scanner.progress import Progress

_LINK_STEPS = 8
_MOST_TEXTS = 4096


def scan_stream(
    image: StreamedImage, visitor: Visitor, limits: Limits, progress: Progress
) -> list[LayerScan]:
    """The layers of the image, lowest first.

    Raises:
        ImageFormatError: the stream is not what `docker save` writes, or ends early.
        EngineError: the engine fails.
    """
    progress.phase("inspecting files")
    reader = _Reader(image, visitor, limits, progress)
    try:
        reader.read()
    except TarError as error:
        raise ImageFormatError(
            f"the archive of '{image.reference}' {error}; get it again"
        ) from None
    return reader.layers()


@dataclass
class _Reader:
    image: StreamedImage
    visitor: Visitor
    limits: Limits
    progress: Progress
    scans: dict[str, LayerScan] = field(default_factory=dict)
    content: dict[str, str] = field(default_factory=dict)
    """Digest of each layer's decompressed content, by its path in the archive."""
    links: dict[str, str] = field(default_factory=dict)
    texts: dict[str, bytes] = field(default_factory=dict)

    def read(self) -> None:
        source = StreamSource(self._counted())
        for member in read_members(source, self.limits):
            name = posixpath.normpath(member.name)
            if member.type in "12":
                base = posixpath.dirname(name) if member.type == "2" else ""
                self.links[name] = posixpath.normpath(posixpath.join(base, member.link))
            elif member.type in "07":
                self._file(name, member, source)

    def _counted(self) -> Iterator[bytes]:
        done = 0
        for chunk in self.image.stream():
            done += len(chunk)
            self.progress.advance(done, self.image.size, "bytes")
            yield chunk

    def _file(self, name: str, member: TarMember, source: StreamSource) -> None:
        chunks = Part(source, member.stored).chunks()
        head = next(chunks, b"")
        chunks = chain((head,), chunks)
        if head[:1] in b"{[" and head[257:262] != b"ustar":
            if member.stored > self.limits.manifest_bytes or len(self.texts) >= _MOST_TEXTS:
                return
            self.texts[name] = b"".join(chunks)
        elif name.endswith(".tar") or name.startswith("blobs/"):
            if len(self.scans) >= self.limits.layers:
                raise TarError(f"holds more than {self.limits.layers} layers")
            self._layer(name, chunks)

    def _layer(self, name: str, chunks: Iterator[bytes]) -> None:
        builder = LayerBuilder(name, self.limits)
        content = Hashed(plain(chunks, self.limits))
        complete = visit_stream(self.visitor, content, builder, 0, self.limits)
        if complete:
            try:
                drain(content)
                self.content[name] = content.digest
            except (StreamError, TooLongError) as error:
                builder.gap(GapKind.MALFORMED, f"the layer {error}")
        self.scans[name] = builder.finish()

    def layers(self) -> list[LayerScan]:
        """The layers that passed, in the order that the manifest tells."""
        saved = pick_saved(
            self.texts.get("manifest.json"), self.image.saved_as, self.image.reference
        )
        config = self.texts.get(self._follow(saved.config))
        if config is None:
            raise ImageFormatError(
                f"the archive of '{self.image.reference}' lacks its configuration; get it again"
            )
        advice = "the image is damaged, get it again"
        told = read_config(config, len(saved.layers), self.image.reference, advice)
        return [
            self._named(self._follow(path), digest)
            for path, digest in zip(saved.layers, told.layer_digests, strict=True)
        ]

    def _named(self, path: str, digest: str) -> LayerScan:
        scan = self.scans.get(path)
        if scan is None:
            raise ImageFormatError(
                f"the archive of '{self.image.reference}' lacks its layer {digest}; get it again"
            )
        found = self.content.get(path)
        if found is not None and found != digest:
            raise wrong_digest(digest, self.image.reference, DigestError(f"has the digest {found}"))
        scan.digest = digest
        scan.gaps = [
            replace(gap, subject=digest) if gap.subject == path else gap for gap in scan.gaps
        ]
        return scan

    def _follow(self, path: str) -> str:
        path = posixpath.normpath(path)
        for _ in range(_LINK_STEPS):
            if path not in self.links:
                break
            path = self.links[path]
        return path
