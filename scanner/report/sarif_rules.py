"""The parts of a SARIF run that are about rules and their results; `sarif` puts them together.

Repeats what findings say. Text of an image is made visible, and never an address or a link.
"""

from __future__ import annotations

import hashlib
import re
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote

from scanner.model import Confidence, Finding, Report, Severity
from scanner.report.escape import encodable, visible
from scanner.report.markdown_text import paragraphs
from scanner.report.views.images import repository
from scanner.report.views.places import Place, layer_words, place_words, places_of
from scanner.report.views.prose import blocks

Json = dict[str, Any]

IMAGE_ROOT = "IMAGEROOT"
IMAGE = "IMAGE"
SOURCES = "%SRCROOT%"
BASES: Mapping[str, str] = {
    SOURCES: "The folder of the scan: of files that named the image, and of the policy.",
    IMAGE_ROOT: "The root folder of the image's file system.",
    IMAGE: "Where images are named: what is no file of an image is told of the image as a whole.",
}
"""What relative addresses are relative to, told without any address of the machine of the scan."""

LEVELS: Mapping[Severity, str] = {
    Severity.CRITICAL: "error",
    Severity.HIGH: "error",
    Severity.MEDIUM: "warning",
    Severity.LOW: "note",
    Severity.INFO: "note",
}
# GitHub calls 9.0 and above critical, from 7.0 high, from 4.0 medium, below low; what is for
# information has no place on that scale.
_SECURITY_SEVERITY: Mapping[Severity, str] = {
    Severity.CRITICAL: "9.5",
    Severity.HIGH: "8.0",
    Severity.MEDIUM: "5.5",
    Severity.LOW: "2.5",
}
_PRECISION: Mapping[Confidence, str] = {
    Confidence.HIGH: "high",
    Confidence.MEDIUM: "medium",
    Confidence.LOW: "low",
}
HELP = "https://csrc.nist.gov/projects/cryptographic-module-validation-program"
_SENTENCE = 400
_SUMMARY = 1024
"""Characters that GitHub takes of a rule's descriptions."""
_BROUGHT = 150
_SEEN = 3
_LINES = 10


def rules(findings: Iterable[Finding]) -> list[Json]:
    """A rule for each of the checks that found something, in the order of the findings."""
    return [_rule(each) for each in {each.id: each for each in findings}.values()]


def _rule(finding: Finding) -> Json:
    severity = finding.rule_severity or finding.severity
    properties: Json = {
        "tags": ["security", "cryptography", "fips-140-3", finding.question.value],
        "precision": _PRECISION[finding.confidence],
    }
    if finding.severity in _SECURITY_SEVERITY:
        properties["security-severity"] = _SECURITY_SEVERITY[finding.severity]
    return {
        "id": one_line(finding.id, 255),
        "name": name_of(finding.id),
        "shortDescription": {"text": _sentence(finding.title)},
        "fullDescription": {"text": one_line(_joined(finding.why), _SUMMARY)},
        "help": {"text": _help_text(finding), "markdown": _help_markdown(finding)},
        "helpUri": _help_uri(finding.references),
        "defaultConfiguration": {"level": LEVELS[severity]},
        "properties": properties,
    }


def name_of(id_: str) -> str:
    """`openssl-provider-missing` as SARIF wants names: `OpensslProviderMissing`."""
    parts = re.findall(r"[A-Za-z0-9]+", id_[:255])
    return "".join(part[:1].upper() + part[1:] for part in parts) or "Unnamed"


@dataclass(frozen=True, slots=True)
class Spot:
    """A result to be made: a finding, one place of it, and what tells it from all others."""

    finding: Finding
    rule: int
    """Index of its rule."""
    place: Place
    key: str
    number: int
    """1, and more where a place is named again."""
    first: bool
    """Whether it is the first of its finding."""


def spots(report: Report, findings: Sequence[Finding]) -> list[Spot]:
    """What there are results of: each place of each finding."""
    indexes = {id_: at for at, id_ in enumerate(dict.fromkeys(each.id for each in findings))}
    started = {use.consumer for use in report.uses if use.started}
    image = repository(report.image.reference)
    seen: Counter[str] = Counter()
    found = []
    for finding in findings:
        for at, place in enumerate(places_of(report, finding, started)):
            key = "\n".join((finding.id, image, place.path or place.location))
            seen[key] += 1
            found.append(Spot(finding, indexes[finding.id], place, key, seen[key], at == 0))
    return found


def result_of(report: Report, spot: Spot) -> Json:
    """The result of one place."""
    finding, place = spot.finding, spot.place
    properties: Json = {
        "question": finding.question.value,
        "severity": finding.severity.value,
        "confidence": finding.confidence.value,
        "image": visible(report.image.reference),
    }
    if finding.rule_severity:
        properties["ruleSeverity"] = finding.rule_severity.value
    if place.seen:
        properties["seen"] = [visible(each, 2 * _SENTENCE) for each in place.seen]
    if place.layer is not None and place.layer < len(report.layers):
        layer = report.layers[place.layer]
        properties["layer"] = {
            "index": place.layer,
            "diffID": visible(layer.diff_id),
            "createdBy": visible(layer.created_by, _SUMMARY),
        }
    result: Json = {
        "ruleId": one_line(finding.id, 255),
        "ruleIndex": spot.rule,
        "level": LEVELS[finding.severity],
        "message": {"text": _message(report, finding, place)},
        "locations": [location(report, place)],
        "partialFingerprints": _fingerprints(spot.key, spot.number),
        "properties": properties,
    }
    if len(place.lines) > 1:
        result["relatedLocations"] = [
            {"id": number, "physicalLocation": _physical(report, place, line)}
            for number, line in enumerate(place.lines[1 : _LINES + 1], start=1)
        ]
    if finding.ignored_by:
        suppression = {
            "kind": "external",
            "status": "accepted",
            "justification": one_line(finding.ignored_because),
        }
        result["suppressions"] = [suppression]
    return result


def _message(report: Report, finding: Finding, place: Place) -> str:
    """What a person understands alone: what, where, what to do, and what brought it."""
    parts = [f"{_sentence(finding.title).rstrip('.')}: {one_line(place_words(place))}."]
    if place.seen:
        shown = [one_line(each.partition("; ")[0], _SENTENCE) for each in place.seen[:_SEEN]]
        more = f" and {len(place.seen) - _SEEN} more" if len(place.seen) > _SEEN else ""
        parts.append(f"Seen there: {'; '.join(shown)}{more}.")
    if finding.ignored_by:
        parts.append(f"Set aside: {one_line(finding.ignored_because)}.")
    prose = next((lines[0] for is_code, lines in blocks(finding.fix) if not is_code), "")
    if prose:
        parts.append(f"What to do: {one_line(prose, _SENTENCE).rstrip(':.')}.")
    brought = one_line(layer_words(report, place.layer), _BROUGHT)
    named = f"Image {one_line(report.image.reference)}"
    parts.append(f"{named}, {brought}." if brought else f"{named}.")
    return " ".join(parts)


def location(report: Report, place: Place) -> Json:
    """A place as SARIF has it. Viewers want a file, so the image stands for what is none."""
    found: Json = {"physicalLocation": _physical(report, place, next(iter(place.lines), 0))}
    words = layer_words(report, place.layer)
    if not place.path:
        found["logicalLocations"] = [
            {
                "name": one_line(place_words(place)),
                "kind": "run" if place.location else "configuration",
            }
        ]
    elif words and place.layer is not None:
        layer = report.layers[place.layer]
        found["logicalLocations"] = [
            {
                "name": f"layer {place.layer + 1}",
                "fullyQualifiedName": visible(layer.diff_id) or f"layer {place.layer + 1}",
                "kind": "layer",
            }
        ]
        found["message"] = {"text": one_line(words)}
    return found


def _physical(report: Report, place: Place, line: int) -> Json:
    artifact = {"uri": address(place.path), "uriBaseId": IMAGE_ROOT}
    if not place.path and (named := _named(report.image.asked_by)):
        artifact, line = {"uri": address(named[0]), "uriBaseId": SOURCES}, named[1]
    elif not place.path:
        artifact = {"uri": address(repository(report.image.reference)), "uriBaseId": IMAGE}
    # GitHub asks for all four, also where the place is the whole file.
    region = {"startLine": max(1, line), "startColumn": 1, "endLine": max(1, line), "endColumn": 1}
    if line:
        del region["endLine"], region["endColumn"]
    return {"artifactLocation": artifact, "region": region}


_NAMED = re.compile(r"(?P<file>[^/:\s][^:]*):(?P<line>[1-9]\d{0,8})(?: .*)?", re.DOTALL)


def _named(asked_by: Iterable[str]) -> tuple[str, int] | None:
    """The first file that named the image and lies below the scan's folder, and the line."""
    for each in asked_by:
        match = _NAMED.fullmatch(each)
        if match and match["file"] != "standard input" and is_below(match["file"]):
            return match["file"], int(match["line"])
    return None


def is_below(file: str) -> bool:
    """Whether a file of the scan's machine is told relative to the folder of the scan."""
    return bool(file) and not file.startswith("/") and ".." not in file.split("/")


_LONGEST_ADDRESS = 1000
_HALF = re.compile(r"(?:%[C-F][0-9A-F](?:%[89AB][0-9A-F]){0,3})?(?:%[0-9A-F]?)?\Z")
"""A character at the end that may have been cut."""


def address(path: str) -> str:
    """A path as a relative address, percent-encoded: never one that leaves its base."""
    try:
        raw = path.encode("utf-8", "surrogateescape")
    except UnicodeEncodeError:  # a surrogate that stands for no byte of a file name
        raw = encodable(path).encode()
    parts = [part for part in raw.split(b"/") if part not in (b"", b".", b"..")]
    uri = "/".join(quote(part, safe="!$&'()*+,;=@~") for part in parts) or "."
    if len(uri) <= _LONGEST_ADDRESS:
        return uri
    digest = hashlib.sha256(raw).hexdigest()[:16]
    return f"{_HALF.sub('', uri[:_LONGEST_ADDRESS])}...{digest}"


def _fingerprints(key: str, number: int) -> dict[str, str]:
    """The same for the same problem in every build. Only the first is read by GitHub."""
    digest = hashlib.sha256(encodable(key).encode()).hexdigest()
    return {
        "primaryLocationLineHash": f"{digest[:16]}:{number}",
        "fipsScanner/v1": digest if number == 1 else f"{digest}:{number}",
    }


def one_line(text: str, limit: int = 300) -> str:
    """Text for a SARIF message: visible, and without what makes a link there."""
    return visible(" ".join(text.split()), limit).replace("](", "] (")


def _sentence(text: str) -> str:
    return one_line(text, _SENTENCE) or "no title"


def _joined(text: str) -> str:
    return " ".join(line for is_code, lines in blocks(text) if not is_code for line in lines)


def _help_text(finding: Finding) -> str:
    lines = [_sentence(finding.title), ""]
    for label, text in (("Why", finding.why), ("What to do", finding.fix)):
        lines += [f"{label}:"]
        for is_code, block in blocks(text):
            lines += [f"    {line}" if is_code else line for line in block]
        lines.append("")
    lines += [f"Reference: {uri}" for each in finding.references if (uri := web(each))]
    lines.append(f"More: fips-scanner explain {one_line(finding.id)}")
    return "\n".join(lines).replace("](", "] (")


def _help_markdown(finding: Finding) -> str:
    lines = ["**Why**", "", *paragraphs(finding.why), ""]
    lines += ["**What to do**", "", *paragraphs(finding.fix), ""]
    references = [f"- <{uri}>" for each in finding.references if (uri := web(each))]
    if references:
        lines += ["**References**", "", *references, ""]
    lines.append(f"More: `fips-scanner explain {one_line(finding.id).replace('`', '')}`")
    return "\n".join(lines)


def _help_uri(references: Iterable[str]) -> str:
    return next(filter(None, map(web, references)), HELP)


_PART = r"(?:[A-Za-z0-9._~:/?@!$&'()*+,;=-]|%[0-9A-Fa-f]{2})*"
_WEB = re.compile(rf"https?://[A-Za-z0-9.-]+(?::\d{{1,5}})?(?:[/?]{_PART})?(?:#{_PART})?")


def web(reference: str) -> str:
    """A reference that is an address in the web, or nothing."""
    return reference if _WEB.fullmatch(reference) else ""
