"""Tells which layer brought the files that a report names, and what built each layer.

Looks things up in the squashed view; opens nothing.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from scanner.image import ImageView
from scanner.model import FileKind, ImageConfig, LayerInfo, Report


def layers_of(config: ImageConfig, view: ImageView) -> tuple[LayerInfo, ...]:
    """The layers of an image, lowest first, with what each left in the squashed view."""
    # Steps that cannot be told apart from steps without a layer say nothing of any layer.
    steps = config.created_by if len(config.created_by) == len(config.layer_digests) else ()
    files = [0] * len(config.layer_digests)
    sizes = [0] * len(config.layer_digests)
    for path in view.paths():
        entry = view.entry(path)
        if entry and entry.kind is not FileKind.DIRECTORY and entry.layer < len(files):
            files[entry.layer] += 1
            sizes[entry.layer] += entry.size if entry.kind is FileKind.FILE else 0
    return tuple(
        LayerInfo(digest, steps[at] if steps else "", files[at], sizes[at])
        for at, digest in enumerate(config.layer_digests)
    )


def with_origins(report: Report, view: ImageView) -> Report:
    """`report` with the layer of every file that it names."""
    if not report.layers:
        return report
    found = {}
    for place in dict.fromkeys(_places(report)):
        path = _file_of(place, view)
        entry = view.entry(path) if path else None
        if path and entry and entry.layer < len(report.layers):
            found[path] = entry.layer
    return replace(report, origins=dict(sorted(found.items())))


def _places(report: Report) -> Iterator[str]:
    for use in report.uses:
        yield use.consumer
        yield from (each.path for each in (use.module, use.library) if each)
    for finding in report.findings:
        yield from finding.locations
    yield from (asset.path for asset in report.assets)
    yield from (gap.subject for gap in report.gaps)
    for run in report.conditions:
        for program in run.programs:
            yield program.program
            yield from program.opened
        for call in run.calls:
            yield call.program
            yield call.library


def _file_of(place: str, view: ImageView) -> str | None:
    """The path in `place`, which may go on with a line or a member of an archive."""
    if not place.startswith("/"):
        return None
    path = place.partition("!/")[0]
    while path and path not in view:
        path, _, line = path.rpartition(":")
        if not line.isdigit():
            return None
    return path or None
