"""Scans several images side by side, each in a process of its own.

Prints nothing, and decides nothing about images.
"""

from scanner.several.crew import Watcher, scan_several, why_ended
from scanner.several.work import explained

__all__ = ["Watcher", "explained", "scan_several", "why_ended"]
