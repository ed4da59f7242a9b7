"""Builds the scanner's own image from the Dockerfile at the root, without any image registry.

Only what the Dockerfile's `.dockerignore` lets through may reach the image, the wheels that it
would otherwise take from a package index, and the FIPS providers that it would otherwise build.
"""

from __future__ import annotations

import hashlib
import platform
import sys
import tomllib

import docker

from scanner import __version__
from scanner.simulate.native.build_provider import TARGETS
from scripts import base_images
from scripts.build_provider import provider
from scripts.building import ROOT, build, build_context, connect, fetch_wheels, say

TAG = "fips-scanner:latest"
BASE = "debian:trixie-slim"
PYTHON_OF_BASE = "3.13"
ARCHITECTURES = {"x86_64": "amd64", "aarch64": "arm64"}
NAMES = (
    "pyproject.toml",
    "hatch_build.py",
    "README.md",
    "LICENSE",
    "Dockerfile",
    "scanner",
    "rules",
    "ci/gate.sh",
)


def build_scanner(client: docker.DockerClient) -> str:
    """Build the image; returns its tag. What is there is kept."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())
    needed = sorted([*project["project"]["dependencies"], *project["build-system"]["requires"]])
    key = hashlib.sha256("\n".join([PYTHON_OF_BASE, *needed]).encode()).hexdigest()[:12]
    wheels = fetch_wheels(f"scanner-{key}", "--python-version", PYTHON_OF_BASE, *needed)
    files = {name: ROOT / name for name in NAMES if (ROOT / name).exists()}
    files |= {f"wheels/{wheel.name}": wheel for wheel in wheels}
    files |= {
        f"providers/{target.name}/fips.so": provider(target)
        for target in TARGETS.values()
        if target.architecture == ARCHITECTURES.get(platform.machine())
    }
    arguments = {
        "BASE": base_images.ensure(client)[BASE],
        "PIP_NO_INDEX": "1",
        "VERSION": __version__,
    }
    build(client, TAG, build_context(files, {}), arguments=arguments)
    return TAG


if __name__ == "__main__":
    say(f"{build_scanner(connect())} is ready")
    sys.exit(0)
