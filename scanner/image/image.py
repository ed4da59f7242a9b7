"""What every source of images has in common, and the three shapes that an image can have.

Names and interfaces only; the sources are in modules of their own.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterator
from dataclasses import dataclass
from types import TracebackType
from typing import Literal, Protocol, Self

from scanner.image.blobs import Blob
from scanner.model import ImageConfig

SourceName = Literal["docker", "registry", "oci", "docker-archive", "dir"]


class Image(Protocol):
    """An opened image."""

    reference: str
    """As the user wrote it."""
    digest: str
    """Of the manifest where the source knows it, else the image ID; `""` for a directory."""
    manifest_digest: str
    """`""` where the source does not tell."""
    image_id: str
    """What an engine that has loaded the image knows it by; `""` for a directory."""
    source: SourceName

    @property
    def platform(self) -> str:
        """As `linux/amd64`."""
        ...

    @property
    def config(self) -> ImageConfig:
        """The image's configuration."""
        ...

    def close(self) -> None:
        """Let go of files and connections."""
        ...

    def __enter__(self) -> Self: ...

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None: ...


@dataclass(frozen=True, slots=True)
class Layer:
    """One layer of an image, not yet read."""

    blob: Blob
    name: str
    """What gaps and messages call it: the digest of its content."""
    content_digest: str = ""
    """`sha256:…` of the decompressed layer, where that is what has to be checked."""
    encrypted: bool = False


class _Opened:
    """The common part of opened images."""

    def __init__(
        self,
        reference: str,
        source: SourceName,
        config: ImageConfig,
        *,
        manifest_digest: str = "",
        image_id: str = "",
    ) -> None:
        self.reference = reference
        self.source = source
        self.digest = manifest_digest or image_id
        self.manifest_digest = manifest_digest
        self.image_id = image_id
        self._config = config

    @property
    def config(self) -> ImageConfig:
        """The image's configuration."""
        return self._config

    @property
    def platform(self) -> str:
        """As `linux/amd64`."""
        return str(self._config.platform)

    def close(self) -> None:
        """Let go of files and connections."""

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()


class LayeredImage(_Opened):
    """An image whose layers can be read one by one, in any order, from several processes."""

    def __init__(
        self,
        reference: str,
        source: SourceName,
        config: ImageConfig,
        layers: tuple[Layer, ...],
        raw_config: bytes,
        *,
        manifest_digest: str = "",
        image_id: str = "",
    ) -> None:
        super().__init__(
            reference, source, config, manifest_digest=manifest_digest, image_id=image_id
        )
        self.layers = layers
        """Lowest first."""
        self.raw_config = raw_config


class StreamedImage(_Opened, ABC):
    """An image that arrives as one `docker save` stream, layers in no order to count on."""

    size: int | None = None
    """Bytes of the stream, roughly; None when unknown."""
    saved_as: str = ""
    """Which of several images in the stream it is: a tag, or the digest of its configuration."""

    @abstractmethod
    def stream(self) -> Iterator[bytes]:
        """The tar, from its start."""


class FolderImage(_Opened):
    """An unpacked image: a directory of the host."""

    def __init__(self, reference: str, config: ImageConfig, root: str) -> None:
        super().__init__(reference, "dir", config)
        self.root = root
        """Absolute, free of symbolic links."""
