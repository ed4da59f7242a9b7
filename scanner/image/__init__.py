"""Container images: opened from wherever they are, read layer by layer, and squashed.

Nothing is extracted to disk and nothing of an image is executed or trusted. Knows nothing of
cryptography.
"""

from scanner.image.config import config_gaps
from scanner.image.export import docker_archive_stream
from scanner.image.files import (
    FileTooLargeError,
    ImageFile,
    MemoryFile,
    Visit,
    Visitor,
    WindowFile,
)
from scanner.image.image import Image
from scanner.image.limits import Limits
from scanner.image.opening import open_image
from scanner.image.reference import ImageRef, parse_reference
from scanner.image.squash import Walk
from scanner.image.view import ImageView
from scanner.image.walker import walk

__all__ = [
    "FileTooLargeError",
    "Image",
    "ImageFile",
    "ImageRef",
    "ImageView",
    "Limits",
    "MemoryFile",
    "Visit",
    "Visitor",
    "Walk",
    "WindowFile",
    "config_gaps",
    "docker_archive_stream",
    "open_image",
    "parse_reference",
    "walk",
]
