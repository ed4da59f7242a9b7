"""Where the rules that come with the scanner lie. Reads none of them."""

from __future__ import annotations

from pathlib import Path


def default_rules() -> Path:
    """The folder of the rules that come with the scanner: of the wheel, or of the repository."""
    package = Path(__file__).resolve().parent
    installed = package / "_rules"
    return installed if installed.is_dir() else package.parent / "rules"
