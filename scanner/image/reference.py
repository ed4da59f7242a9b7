"""Reads what a user writes to name an image.

Decides nothing about whether the image exists; no network and no engine is asked.
"""

from __future__ import annotations

import os
import re
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from scanner.errors import UsageError

DEFAULT_REGISTRY = "docker.io"
"""What a name without a host means to every engine."""

Source = Literal["auto", "docker", "registry", "oci", "docker-archive", "dir"]
_SOURCES: tuple[Source, ...] = ("docker", "registry", "oci", "docker-archive", "dir")

_COMPONENT = r"[a-z0-9]+(?:(?:\.|_|__|-+)[a-z0-9]+)*"
_NAME = re.compile(rf"{_COMPONENT}(?:/{_COMPONENT})*")
_TAG = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.-]{0,127}")
_DIGEST = re.compile(r"sha256:[0-9a-f]{64}")
_HOST = re.compile(
    r"(?:[A-Za-z0-9](?:[A-Za-z0-9-]*[A-Za-z0-9])?(?:\.[A-Za-z0-9](?:[A-Za-z0-9-]*[A-Za-z0-9])?)*"
    r"|\[[0-9a-fA-F:]+\])(?::[0-9]{1,5})?"
)
_IMAGE_ID = re.compile(r"(?:sha256:)?[0-9a-f]{12,64}")


@dataclass(frozen=True, slots=True)
class ImageRef:
    """Where to look for an image, and under which name."""

    text: str
    """As the user wrote it."""
    source: Source
    """`auto`: the engine first, then a registry."""
    path: str = ""
    """Of an archive, a layout or a directory."""
    host: str = ""
    """Of a registry, with its port."""
    repository: str = ""
    tag: str = ""
    """Of a repository, or the name of one of several images in an archive or layout."""
    digest: str = ""

    @property
    def name(self) -> str:
        """What an engine knows the image by."""
        if not self.repository:
            return self.tag or self.digest
        host = "" if self.host == DEFAULT_REGISTRY else f"{self.host}/"
        repository = self.repository
        if not host:
            repository = repository.removeprefix("library/")
        tag = f":{self.tag}" if self.tag else ""
        digest = f"@{self.digest}" if self.digest else ""
        return f"{host}{repository}{tag}{digest}"


def parse_reference(text: str) -> ImageRef:
    """What `text` refers to.

    Looks at the file system only to tell a colon in a file's name from the one before a tag, and
    a path that is there from one that is not.

    Raises:
        UsageError: it cannot be a reference to an image.
    """
    source, separator, rest = text.partition(":")
    for known in _SOURCES:
        if separator and source == known:
            if not rest:
                raise UsageError(f"'{text}' names no image: write something after '{known}:'")
            return _of_source(text, known, rest)
    if text.startswith(("/", "./", "../", "~")):
        raise _is_a_path(text)
    try:
        return _named(text, "auto", text)
    except UsageError:
        if text and Path(text).exists():
            raise _is_a_path(text) from None
        raise


def _is_a_path(text: str) -> UsageError:
    if not os.path.lexists(text):
        return UsageError(f"there is no such file or directory: '{text}'")
    return UsageError(
        f"'{text}' looks like a path: write docker-archive:{text}, oci:{text} or dir:{text}"
    )


def _of_source(text: str, source: Source, rest: str) -> ImageRef:
    if source == "dir":
        return ImageRef(text, source, path=rest)
    if source in ("oci", "docker-archive"):
        return _of_file(text, source, rest)
    if source == "registry":
        rest = rest.removeprefix("//")
    return _named(text, source, rest)


def _of_file(text: str, source: Source, rest: str) -> ImageRef:
    if ":" not in rest and "@" not in rest:
        return ImageRef(text, source, path=rest)
    if Path(rest).exists():
        return ImageRef(text, source, path=rest)
    path, at, digest = rest.rpartition("@")
    if at and _DIGEST.fullmatch(digest):
        return ImageRef(text, source, path=path, digest=digest)
    path, colon, tag = rest.partition(":")
    if not path or not tag:
        missing = "tag" if colon and path else "path"
        raise UsageError(f"'{text}' has no {missing}: write {source}:PATH or {source}:PATH:TAG")
    return ImageRef(text, source, path=path, tag=tag)


def _named(text: str, source: Source, rest: str) -> ImageRef:
    if source in ("auto", "docker") and _IMAGE_ID.fullmatch(rest):
        # An engine's image ID, or its beginning; a repository may be called so too.
        if rest.startswith("sha256:"):
            return ImageRef(text, "docker", digest=rest)
        return ImageRef(text, source, host=DEFAULT_REGISTRY, repository=f"library/{rest}")
    name, at, digest = rest.partition("@")
    if at and not _DIGEST.fullmatch(digest):
        raise UsageError(f"'{text}' has a wrong digest: write sha256: and 64 hexadecimal digits")
    host, slash, remainder = name.partition("/")
    if slash and ("." in host or ":" in host or host == "localhost"):
        name = remainder
    else:
        host = DEFAULT_REGISTRY
    if not _HOST.fullmatch(host):
        raise UsageError(
            f"'{text}' has a wrong host '{host}': write host, host:port or [IPv6]:port"
        )
    repository, colon, tag = name.partition(":")
    if colon and not _TAG.fullmatch(tag):
        raise UsageError(f"'{text}' has a wrong tag: letters, digits, '_', '.' and '-' are allowed")
    if not _NAME.fullmatch(repository):
        raise UsageError(
            f"'{text}' is not an image name: lower-case letters and digits, parted by '.', '_', "
            "'-' or '/', are allowed"
        )
    if host in (DEFAULT_REGISTRY, f"index.{DEFAULT_REGISTRY}"):
        host = DEFAULT_REGISTRY
        if "/" not in repository:
            repository = f"library/{repository}"
    if not tag and not digest:
        tag = "latest"
    return ImageRef(text, source, host=host, repository=repository, tag=tag, digest=digest)
