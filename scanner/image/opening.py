"""Opens an image from whatever source a reference names.

Reads no layer.
"""

from __future__ import annotations

from pathlib import Path

from scanner.errors import ImageNotFoundError, RegistryError, ScannerError, UsageError
from scanner.image.engine import NoEngineError, open_engine_image
from scanner.image.folder import open_folder
from scanner.image.image import Image
from scanner.image.layout import open_layout
from scanner.image.reference import ImageRef, parse_reference
from scanner.image.saved import open_archive
from scanner.progress import NoProgress, Progress

_ARCHIVES = (".tar", ".tar.gz", ".tgz", ".oci")
"""How names end that mean a file, though an image could have one of them."""


def open_image(
    reference: str,
    *,
    platform: str | None = None,
    insecure: bool = False,
    progress: Progress | None = None,
) -> Image:
    """The image that `reference` names, to be used as a context manager.

    `platform` picks from an image for several (`linux/arm64`; default: this machine's).
    `insecure` allows plain http to a registry on this machine.

    Raises:
        UsageError: the reference or the platform makes no sense, or a choice has to be made.
        ImageNotFoundError: there is no such image.
        ImageFormatError: the image is damaged.
        EngineError, RegistryError: the source fails.
    """
    ref = parse_reference(reference)
    (progress or NoProgress()).phase(f"opening {reference}")
    match ref.source:
        case "docker":
            return open_engine_image(ref, platform)
        case "registry":
            return _from_registry(ref, platform, insecure)
        case "docker-archive":
            return open_archive(reference, ref.path, ref.tag, platform)
        case "oci":
            return open_layout(reference, ref.path, ref.tag, ref.digest, platform)
        case "dir":
            return open_folder(reference, ref.path, platform)
    return _open_anywhere(ref, platform, insecure)


def _open_anywhere(ref: ImageRef, platform: str | None, insecure: bool) -> Image:
    try:
        return open_engine_image(ref, platform)
    except NoEngineError:
        engine = "no container engine answers"
    except ImageNotFoundError:
        engine = "the engine does not have it"
    except UsageError:
        engine = f"the engine has it for another platform than {platform}"
    try:
        return _from_registry(ref, platform, insecure)
    except (UsageError, RegistryError) as error:
        raise _nowhere(ref, engine, error) from None


def _from_registry(ref: ImageRef, platform: str | None, insecure: bool) -> Image:
    # Worker processes import this package too, and most never need an HTTP client.
    from scanner.image.registry import open_registry_image

    return open_registry_image(ref, platform, insecure)


def _nowhere(ref: ImageRef, engine: str, error: ScannerError) -> ScannerError:
    if Path(ref.text).is_file():
        return ImageNotFoundError(
            f"there is no image '{ref.text}', but a file: write docker-archive:{ref.text} "
            f"or oci:{ref.text}"
        )
    if Path(ref.text).is_dir():
        return ImageNotFoundError(
            f"there is no image '{ref.text}', but a directory: write dir:{ref.text} "
            f"or oci:{ref.text}"
        )
    if ref.text.endswith(_ARCHIVES):
        return type(error)(
            f"there is no such file: '{ref.text}'; nor is there an image of this name at hand: "
            f"{engine}, and {error}"
        )
    return type(error)(f"cannot get '{ref.text}': {engine}, and {error}")
