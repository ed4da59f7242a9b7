"""Runs an image under simulated FIPS conditions and tells what changes.

Says nothing of whether an image is ready. Objects of docker and testcontainers stay in here.
"""

from __future__ import annotations

from scanner.simulate.engine import EngineInfo, engine_available
from scanner.simulate.limits import RunLimits
from scanner.simulate.provider import FipsProvider, find_provider, import_provider
from scanner.simulate.results import Simulation
from scanner.simulate.run import simulate

__all__ = [
    "EngineInfo",
    "FipsProvider",
    "RunLimits",
    "Simulation",
    "engine_available",
    "find_provider",
    "import_provider",
    "simulate",
]
