"""Builds the sample images, each from the Dockerfile that users build it from.

Public images named in `ARG` defaults are replaced by local ones, and Python wheels are put into
the build context; nothing else about a sample may differ here.
"""

from __future__ import annotations

import io
import platform
import re
import sys
import tarfile
import time
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import docker

from scripts import base_images
from scripts.building import CACHE, ROOT, build, build_context, connect, fetch_wheels, say

SAMPLES = ROOT / "sample_images"
REPOSITORY = "fips-samples"
WORKERS = 2
PYTHON_OF_BASE = "3.11"
PROVIDER_SAMPLE = "openssl-fips-active"


def sample_names() -> list[str]:
    """Every sample there is, sorted."""
    return sorted(path.parent.name for path in SAMPLES.glob("*/Dockerfile"))


def image_of(name: str) -> str:
    """The tag under which the sample `name` is built."""
    return f"{REPOSITORY}/{name}:latest"


def build_sample(client: docker.DockerClient, name: str, local: Mapping[str, str]) -> float:
    """Build one sample; returns the seconds it took."""
    started = time.monotonic()
    folder = SAMPLES / name
    arguments = {
        argument: local[default]
        for argument, default in re.findall(
            r"^ARG (\w+)=(\S+)$", (folder / "Dockerfile").read_text(), re.MULTILINE
        )
        if default in local
    }
    files = {path.name: path for path in folder.iterdir() if path.name != "expected.yaml"}
    if (requirements := folder / "requirements.txt").exists():
        wheels = fetch_wheels(
            f"sample-{name}",
            "--python-version",
            PYTHON_OF_BASE,
            "--no-deps",
            "-r",
            str(requirements),
        )
        files |= {wheel.name: wheel for wheel in wheels}
        arguments["PIP_NO_INDEX"] = "1"
    build(client, image_of(name), build_context(files, {}), arguments=arguments)
    return time.monotonic() - started


def build_all(client: docker.DockerClient, names: list[str]) -> None:
    """Build the samples `names` and all that they are built from; what is there is kept."""
    local = base_images.ensure(client)
    with ThreadPoolExecutor(WORKERS) as pool:
        results = [(name, pool.submit(build_sample, client, name, local)) for name in names]
        for name, result in results:
            if (seconds := result.result()) > 5:
                say(f"built {image_of(name)} in {seconds:.0f} s")
    say(f"{len(names)} sample images are ready")


def fips_provider(client: docker.DockerClient) -> Path:
    """A `fips.so` for simulated runs of images that have none, out of the sample that has one."""
    path = CACHE / "provider" / "fips.so"
    if not path.exists():
        path.parent.mkdir(parents=True, exist_ok=True)
        container = client.containers.create(image_of(PROVIDER_SAMPLE))
        try:
            source = f"/usr/lib/{platform.machine()}-linux-gnu/ossl-modules/fips.so"
            stream, _ = container.get_archive(source)
            content = io.BytesIO(b"".join(stream))
        finally:
            container.remove(force=True)
        with tarfile.open(fileobj=content) as archive:
            archive.extractall(path.parent, filter="data")
    return path


def main(arguments: list[str]) -> int:
    """Build the samples named, or all; returns the exit code."""
    known = sample_names()
    if unknown := set(arguments) - set(known):
        say(f"no such sample: {', '.join(sorted(unknown))}; there are: {', '.join(known)}")
        return 2
    build_all(connect(), arguments or known)
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
