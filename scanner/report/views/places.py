"""Where a finding is: file, line, layer, and what was seen there.

Looks things up in the report; concludes nothing.
"""

from __future__ import annotations

import re
from collections.abc import Container
from dataclasses import dataclass

from scanner.model import Finding, LayerInfo, Question, Report
from scanner.report.order import RUNS, main_first


@dataclass(frozen=True, slots=True)
class Place:
    """One place of a finding."""

    location: str
    """As the finding has it: a path, the name of a run, or `""` for the configuration."""
    path: str
    """The file, without a line; `""` where the place is none."""
    lines: tuple[int, ...] = ()
    """Lines of that file, where they are known."""
    seen: tuple[str, ...] = ()
    """What was seen there, without the place itself."""
    layer: int | None = None
    """Index in the report's layers."""


def places(report: Report, finding: Finding) -> list[Place]:
    """The places of `finding`: what the image starts first, then in the order of reports."""
    started = {use.consumer for use in report.uses if use.started}
    return places_of(report, finding, started)


def places_of(report: Report, finding: Finding, started: Container[str]) -> list[Place]:
    """`places` for a caller who knows which programs the image starts."""
    about: dict[str, list[str]] = {}
    unplaced: list[str] = []
    locations = finding.locations or ("",)
    known = set(locations)
    for line in finding.evidence:
        at = _place_in(line, known)
        if at is None:
            unplaced.append(line)
        else:
            about.setdefault(at, []).append(line[len(at) :])
    used = _used(report) if finding.question in _OF_MODULES else {}
    named = {_told(each)[1].partition("; ")[0] for lines in about.values() for each in lines}
    found = []
    for location in main_first(locations, started):
        path, first = _file_of(report, location)
        numbers = [first] if first else []
        texts = []
        for each in about.get(location, []):
            number, text = _told(each)
            numbers += [number] if number else []
            texts.append(text)
        if not texts and len(known) == 1:
            texts = unplaced
        if not texts and finding.question in _OF_MODULES:
            # Evidence of many places is cut; that a program uses the same is known all the same.
            texts = [each for each in used.get(location, []) if each in named]
        found.append(
            Place(
                location,
                path,
                tuple(dict.fromkeys(numbers)),
                tuple(dict.fromkeys(each for each in texts if each)),
                report.layer_of(location) if path else None,
            )
        )
    return found


def place_words(place: Place) -> str:
    """A place that is no file in words; of a file its path with the first line."""
    if place.path:
        return f"{place.path}:{place.lines[0]}" if place.lines else place.path
    if place.location in RUNS:
        return f"simulated run: {place.location}"
    return place.location or "the image's configuration"


def layer_words(report: Report, layer: int | None) -> str:
    """`layer 3 of 7, RUN apt-get install …`; nothing where that is not known."""
    if layer is None or not 0 <= layer < len(report.layers):
        return ""
    made_by = instruction(report.layers[layer])
    return f"layer {layer + 1} of {len(report.layers)}" + (f", {made_by}" if made_by else "")


_LONGEST = 2000
_SHELL = re.compile(r"^(?:RUN +)?(?:\|\d+ .*?)?/bin/sh -c +(?!#\(nop\))")
_NO_RUN = re.compile(r"^/bin/sh -c +#\(nop\) +")
_CONTENT = re.compile(r"\b((?:file|dir|multi):[0-9a-f]{12})[0-9a-f]{52}\b")


def instruction(layer: LayerInfo) -> str:
    """The build instruction of a layer as a Dockerfile has it, in one line."""
    text = " ".join(layer.created_by[:_LONGEST].split())
    text = text.removesuffix("# buildkit").rstrip()
    text = _NO_RUN.sub("", text)
    text = _SHELL.sub("RUN ", text)
    return _CONTENT.sub(r"\1", text)


_OF_MODULES = (Question.MODULE, Question.VALIDATION, Question.ACTIVATION)


def _used(report: Report) -> dict[str, list[str]]:
    """Program → the modules that serve it, each as evidence names it."""
    found: dict[str, list[str]] = {}
    for use in report.uses:
        module = " ".join(part for part in (use.module.name, use.module.version) if part)
        found.setdefault(use.consumer, []).append(f"{module} ({use.kind})")
    return found


_END = re.compile("[: ]")
_LINE = re.compile(r":(\d{1,9})(?:: *| +|$)")


def _told(rest: str) -> tuple[int, str]:
    """A line number, 0 for none, and a text, from what evidence says after the place."""
    match = _LINE.match(rest)
    if match:
        return int(match[1]), rest[match.end() :].strip()
    return 0, rest.removeprefix(":").strip()


def _place_in(line: str, known: Container[str]) -> str | None:
    """The place with which a line of evidence begins, the longest of those `known`."""
    if line in known:
        return line
    ends = [match.start() for match in _END.finditer(line)]
    return next((line[:at] for at in reversed(ends) if at and line[:at] in known), None)


def _file_of(report: Report, location: str) -> tuple[str, int]:
    """The file and the line, 0 for none, of a location."""
    if not location.startswith("/"):
        return "", 0
    if location not in report.origins:
        path, colon, line = location.rpartition(":")
        if colon and line.isdecimal() and path and len(line) < 10:
            return path, int(line)
    return location, 0
