"""Lists what the scanner's own image is made of, as CycloneDX: Debian's packages and Python's.

The image is asked itself, in a container without network. Which cryptography all that brings is the
scanner's own `cyclonedx` report.

    python -m scripts.image_sbom fips-scanner:latest dist/self-scan
"""

from __future__ import annotations

import json
import sys
import uuid
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import docker
from cyclonedx.model.bom import Bom
from cyclonedx.model.component import Component, ComponentType
from cyclonedx.model.dependency import Dependency
from cyclonedx.model.license import LicenseExpression
from cyclonedx.output.json import JsonV1Dot6
from cyclonedx.schema import SchemaVersion
from cyclonedx.validation.json import JsonStrictValidator
from packageurl import PackageURL

from scripts.building import connect, fail, say

FILE = "sbom.cdx.json"
ASK_DEBIAN = ["dpkg-query", "-W", "-f", "${Package}\\t${Version}\\t${Architecture}\\n"]
ASK_PYTHON = [
    "/opt/fips-scanner/bin/python",
    "-c",
    "import importlib.metadata as m, json\n"
    "print(json.dumps(sorted({(d.name, d.version, d.metadata.get('License-Expression') or '')"
    " for d in m.distributions()})))",
]


def sbom(client: docker.DockerClient, image: str) -> str:
    """The SBOM of `image`, valid by CycloneDX's schema. The same image gives the same text."""
    found = client.images.get(image)
    about = Component(
        name="fips-scanner",
        type=ComponentType.CONTAINER,
        bom_ref="image",
        version=str(found.labels.get("org.opencontainers.image.version", "")),
        description=str(found.id),
    )
    bom = Bom(components=[*_debian(_ask(client, image, ASK_DEBIAN)), *_python(client, image)])
    # The time is that of the image and the number is made of its ID: neither is of this run.
    bom.metadata.timestamp = datetime.fromisoformat(found.attrs["Created"][:19]).replace(tzinfo=UTC)
    bom.serial_number = uuid.uuid5(uuid.NAMESPACE_OID, str(found.id))
    bom.metadata.component = about
    parts = [Dependency(each.bom_ref) for each in bom.components]
    bom.dependencies = [Dependency(about.bom_ref, parts), *parts]
    text: str = JsonV1Dot6(bom).output_as_string(indent=1)
    problem = JsonStrictValidator(SchemaVersion.V1_6).validate_str(text)
    if problem:
        fail(f"the SBOM of {image} is not valid: {problem}")
    return f"{text}\n"


def _debian(listed: str) -> Iterator[Component]:
    for line in listed.splitlines():
        name, version, architecture = line.split("\t")
        purl = PackageURL(
            "deb", "debian", name, version, {"arch": architecture, "distro": "debian-13"}
        )
        yield Component(name=name, version=version, purl=purl, bom_ref=purl.to_string())


def _python(client: docker.DockerClient, image: str) -> Iterator[Component]:
    for name, version, terms in json.loads(_ask(client, image, ASK_PYTHON)):
        purl = PackageURL("pypi", None, name.lower().replace("_", "-"), version)
        licenses = [LicenseExpression(terms)] if terms else []
        yield Component(
            name=name, version=version, purl=purl, bom_ref=purl.to_string(), licenses=licenses
        )


def _ask(client: docker.DockerClient, image: str, command: list[str]) -> str:
    said = client.containers.run(
        image,
        command[1:],
        entrypoint=command[0],
        remove=True,
        network_mode="none",
        read_only=True,
        mem_limit="256m",
        pids_limit=32,
    )
    return str(said.decode())


def main(arguments: list[str]) -> int:
    """Write the SBOM of an image into a folder; returns the exit code."""
    if len(arguments) != 2:
        say("name an image and a folder: image_sbom fips-scanner:latest dist/self-scan")
        return 2
    image, folder = arguments[0], Path(arguments[1])
    text = sbom(connect(), image)
    folder.mkdir(parents=True, exist_ok=True)
    (folder / FILE).write_text(text)
    say(f"{folder / FILE} lists {len(json.loads(text)['components'])} packages")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
