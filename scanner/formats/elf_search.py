"""Reads the data of an ELF file piece by piece, for what no section header points at."""

from __future__ import annotations

from collections.abc import Iterator
from typing import BinaryIO

from scanner.formats.elf import PF_X, PT_LOAD, Elf, Segment, read_upto

MAX_SEARCH = 512 << 20
"""Bytes of one file that are searched."""
STEP = 4 << 20
"""Bytes by which one piece begins after the other."""


def data_pieces(stream: BinaryIO, elf: Elf, overlap: int) -> Iterator[tuple[Segment, int, bytes]]:
    """The loaded segments of `elf`, in pieces; those with instructions come last.

    Args:
        overlap: bytes that a piece shares with the next one, so that nothing is cut in two.

    Yields:
        The segment, the piece's offset in the file, and its `STEP` bytes and `overlap` more.
    """
    left = MAX_SEARCH
    loaded = [each for each in elf.segments if each.type == PT_LOAD]
    # A linker may join data and instructions (`ld -N`).
    for segment in sorted(loaded, key=lambda each: each.flags & PF_X):
        position = segment.offset
        end = position + min(segment.file_size, left)
        left -= end - position
        while position < end:
            piece = read_upto(stream, position, min(STEP + overlap, end - position))
            if not piece:
                break
            yield segment, position, piece
            position += STEP
