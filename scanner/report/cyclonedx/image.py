"""The image, its operating system, and the package URLs of what is in it.

A package URL is given only where its type is known and every part of it can be vouched for.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping

from cyclonedx.model import ExternalReference, ExternalReferenceType, HashAlgorithm, HashType, XsUri
from cyclonedx.model.component import Component, ComponentType
from packageurl import PackageURL

from scanner.model import ImageInfo, PolicyResult, Report
from scanner.report.cyclonedx.values import plain, properties
from scanner.report.views.images import repository


def image_component(report: Report) -> Component:
    """The image: what it is called, its digest, and what the scanner says of it."""
    image = report.image
    digest = image.manifest_digest or image.digest
    hashes = []
    if image.manifest_digest.startswith("sha256:"):
        content = image.manifest_digest.removeprefix("sha256:")
        hashes = [HashType(alg=HashAlgorithm.SHA_256, content=content)]
    return Component(
        type=ComponentType.CONTAINER,
        name=plain(repository(image.reference)) or "image",
        version=plain(digest or _tag(image)) or None,
        bom_ref="image",
        purl=_image_purl(image),
        hashes=hashes,
        properties=properties(*_image_properties(report)),
    )


def _image_properties(report: Report) -> Iterator[tuple[str, object]]:
    image, verdict = report.image, report.verdict
    yield "image:reference", image.reference
    yield "image:platform", image.platform
    yield "verdict", verdict.kind.value
    yield "score", verdict.score
    for reason in verdict.reasons:
        yield "verdict:reason", reason
    for question, score in verdict.scores.items():
        yield f"score:{question.value}", score
    for finding in report.findings:
        ignored = f" ({finding.ignored_by})" if finding.ignored_by else ""
        yield "finding", f"{finding.id} {finding.severity.value}{ignored}"
    # CycloneDX has no place for what nobody could look at, and an inventory must not hide it.
    for gap in report.gaps:
        yield "gap", f"{gap.kind.value}: {gap.subject}: {gap.reason}"
    yield "rules", report.rules_digest
    yield "target", report.target
    if report.policy:
        yield from _policy_properties(report.policy)


def _policy_properties(result: PolicyResult) -> Iterator[tuple[str, object]]:
    yield "policy", result.source
    yield "policy:accepted", result.accepted.value
    yield "policy:accepted-score", result.accepted_score
    yield "policy:gate", "passed" if result.gate.passed else "failed"


def _tag(image: ImageInfo) -> str:
    named = image.reference.partition("@")[0]
    return named.rpartition(repository(image.reference))[2].removeprefix(":")


def _image_purl(image: ImageInfo) -> PackageURL | None:
    """`pkg:oci` of a manifest; of an image that only an engine knows, `pkg:docker` with its ID."""
    if image.reference.startswith(("oci:", "docker-archive:", "dir:")):
        return None  # a file's name says nothing of where the image is from
    name = repository(image.reference)
    _, _, last = name.rpartition("/")
    if not re.fullmatch(r"[a-z0-9][\w.-]*", last):
        return None
    arch = image.platform.split("/")[1] if "/" in image.platform else ""
    if image.manifest_digest:
        qualifiers = {"arch": arch, "repository_url": _full(name), "tag": _tag(image)}
        return _purl("oci", "", last, image.manifest_digest, qualifiers)
    if image.digest:
        return _purl("docker", name.rpartition("/")[0], last, image.digest, {"arch": arch})
    return None


def _full(name: str) -> str:
    """`nginx` with the registry that engines look in when a name has none."""
    host, slash, _ = name.partition("/")
    if slash and (host == "localhost" or "." in host or ":" in host):
        return name
    return f"docker.io/{name}" if slash else f"docker.io/library/{name}"


# --- packages ------------------------------------------------------------------------------

_TYPES: Mapping[str, tuple[str, str]] = {
    **{each: ("deb", each) for each in ("debian", "ubuntu")},
    **{each: ("apk", each) for each in ("alpine", "wolfi", "chainguard")},
    "rhel": ("rpm", "redhat"),
    **{
        each: ("rpm", each)
        for each in (
            *("fedora", "centos", "rocky", "almalinux", "ol", "amzn", "azurelinux", "mariner"),
            *("sles", "photon", "openeuler"),
        )
    },
    **dict.fromkeys(("opensuse-leap", "opensuse-tumbleweed"), ("rpm", "opensuse")),
}
"""`ID` of os-release → type and namespace of a package URL."""


def package_purl(package: str, image: ImageInfo) -> PackageURL | None:
    """The package URL of `name version` in the operating system's package database."""
    name, _, version = package.partition(" ")
    os_id, _, os_version = image.os.partition(" ")
    if not name or os_id not in _TYPES:
        return None
    kind, namespace = _TYPES[os_id]
    qualifiers = {"distro": f"{os_id}-{os_version}" if os_version else os_id}
    if kind == "rpm" and ":" in version:
        qualifiers["epoch"], _, version = version.partition(":")
    return _purl(kind, namespace, name, version, qualifiers)


_ECOSYSTEMS = (
    *("pypi", "nuget", "npm", "maven", "hex", "gem", "cran", "cpan", "composer", "cargo"),
    "golang",
)


def language_purl(ecosystem: str, name: str, version: str) -> PackageURL | None:
    """The package URL of a package of a language's registry."""
    kind = "golang" if ecosystem == "go" else ecosystem
    if kind not in _ECOSYSTEMS:
        return None
    separator = ":" if kind == "maven" else "/"
    namespace, _, last = name.rpartition(separator)
    return _purl(kind, namespace, last, version, {})


def _purl(
    kind: str, namespace: str, name: str, version: str, qualifiers: Mapping[str, str]
) -> PackageURL | None:
    given = {key: value for key, value in qualifiers.items() if value}
    try:
        return PackageURL(kind, namespace or None, plain(name), plain(version) or None, given)
    except ValueError:  # the type forbids what the image says
        return None


def os_component(image: ImageInfo) -> Component | None:
    """The image's operating system, by its os-release."""
    if not image.os:
        return None
    name, _, version = image.os.partition(" ")
    return Component(
        type=ComponentType.OPERATING_SYSTEM,
        name=plain(name),
        version=plain(version) or None,
        bom_ref="os",
    )


def certificate_page(number: int) -> ExternalReference:
    """NIST's page of a CMVP certificate."""
    url = (
        "https://csrc.nist.gov/projects/cryptographic-module-validation-program/certificate/"
        f"{number}"
    )
    return ExternalReference(type=ExternalReferenceType.CERTIFICATION_REPORT, url=XsUri(url))
