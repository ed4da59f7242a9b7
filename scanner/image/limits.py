"""The bounds within which an image is read, since its content is hostile input.

Only numbers: whoever reaches a bound states the gap.
"""

from __future__ import annotations

from dataclasses import dataclass

KIB = 1 << 10
MIB = 1 << 20
GIB = 1 << 30


@dataclass(frozen=True, slots=True)
class Limits:
    """Upper bounds. Sizes in bytes."""

    layers: int = 1024
    layer_bytes: int = 64 * GIB
    """Of one layer, decompressed."""
    layer_entries: int = 2_000_000
    """Members of one layer."""
    path_length: int = 4096
    """As Linux's PATH_MAX."""
    path_depth: int = 256
    link_depth: int = 40
    """Symbolic links followed for one path, as Linux does."""
    link_steps: int = 20_000_000
    """Names looked up while symbolic links of one layer are followed."""
    header_bytes: int = MIB
    """Of one extended tar header (long names, pax records)."""
    buffered_file: int = 256 * MIB
    """Of a file in a compressed layer: it can only be looked at in memory."""
    manifest_bytes: int = 4 * MIB
    """Of one manifest, index or image configuration."""
    layer_gaps: int = 100
    """Gaps stated for one layer's own trouble; the rest is counted."""
    link_gaps: int = 100
    """Gaps stated for directories that are symbolic links below; the rest is counted."""
    zstd_window: int = 128 * MIB


DEFAULT_LIMITS = Limits()
