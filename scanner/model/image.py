"""What is known of an image and its files before anybody looks into them."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

SOURCES = ("docker", "registry", "oci", "docker-archive", "dir")
"""Where images come from, as written before the colon of a reference."""


def split_source(reference: str) -> tuple[str, str]:
    """The source that `reference` begins with, `""` where it names none, and the rest of it."""
    source, colon, rest = reference.partition(":")
    return (source, rest) if colon and source in SOURCES else ("", reference)


class FileKind(StrEnum):
    """Kinds of entries a layer can hold; devices and sockets are `OTHER`."""

    FILE = "file"
    DIRECTORY = "directory"
    SYMLINK = "symlink"
    HARDLINK = "hardlink"
    OTHER = "other"


@dataclass(frozen=True, slots=True)
class FileEntry:
    """One path of a layer or of the squashed view, without its content."""

    path: str
    """Absolute and normalized: begins with `/`, holds no `.` or `..`."""
    kind: FileKind
    size: int
    """Bytes, as the layer declares them."""
    mode: int
    """Permission bits, set-uid and set-gid included."""
    uid: int
    gid: int
    link_target: str = ""
    """Of a symbolic link: as written. Of a hard link: the absolute path in the same layer."""
    layer: int = 0
    """Index of the layer that brought the entry, 0 for the lowest."""

    @property
    def executable(self) -> bool:
        return bool(self.mode & 0o111)


@dataclass(frozen=True, slots=True)
class Platform:
    """What an image was built for, in the words of the OCI image specification."""

    os: str
    architecture: str
    variant: str = ""

    def __str__(self) -> str:
        return "/".join(part for part in (self.os, self.architecture, self.variant) if part)


@dataclass(frozen=True, slots=True)
class HealthCheck:
    """The image's own health check; times in seconds, 0 for the engine's default."""

    test: tuple[str, ...]
    interval: float = 0.0
    timeout: float = 0.0
    start_period: float = 0.0
    retries: int = 0


@dataclass(frozen=True, slots=True)
class ImageConfig:
    """The part of an image's configuration that decides how a container of it starts."""

    platform: Platform
    env: tuple[tuple[str, str], ...] = ()
    entrypoint: tuple[str, ...] = ()
    cmd: tuple[str, ...] = ()
    user: str = ""
    working_dir: str = ""
    exposed_ports: tuple[str, ...] = ()
    """As in the image: `443/tcp`."""
    labels: tuple[tuple[str, str], ...] = ()
    healthcheck: HealthCheck | None = None
    layer_digests: tuple[str, ...] = ()
    """diffIDs, lowest layer first."""
    created_by: tuple[str, ...] = ()
    """The build instruction of each layer, where the history tells, lowest first."""
    malformed: tuple[str, ...] = ()
    """Fields that are there and could not be understood; they count as absent, or in part."""

    @property
    def command(self) -> tuple[str, ...]:
        """What the container executes: entrypoint and command together."""
        return self.entrypoint + self.cmd

    def env_get(self, name: str) -> str | None:
        """The value of environment variable `name`, or None; the last one counts."""
        return dict(self.env).get(name)


@dataclass(frozen=True, slots=True)
class ImageInfo:
    """Which image a report is about."""

    reference: str
    digest: str
    """Manifest digest where the source knows it, else the image ID; `""` for a directory."""
    platform: str
    os: str = ""
    """`ID VERSION_ID` of os-release, or `""`."""
    layers: int = 0
    files: int = 0
    asked_by: tuple[str, ...] = ()
    """Files that named it, for people: `compose.yaml:4 (service web)`. Empty where the user did."""
    manifest_digest: str = ""
    """What a registry knows it by, and signatures are attached to; `""` where the source has only
    the image ID. Of an image that an engine has pulled it may be that of an index."""


@dataclass(frozen=True, slots=True)
class LayerInfo:
    """A layer, for people who want to know which build step brought a file."""

    diff_id: str
    """Digest of the uncompressed layer; `""` where the source has none."""
    created_by: str
    """The build instruction, where the image's history tells."""
    files: int = 0
    """Entries of the squashed view that this layer brought."""
    size: int = 0
    """Bytes of these files."""
