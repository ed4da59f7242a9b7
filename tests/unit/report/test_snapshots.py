"""What users see, as a whole. To accept a change: pytest tests/unit/report --update-snapshots."""

from collections.abc import Callable

import pytest

from scanner.report import Look
from scanner.report.formats import RENDERERS
from tests.unit.report.conftest import SNAPSHOTS
from tests.unit.report.reports import ALL

ENDINGS = {name: each.extension.removeprefix(".") for name, each in RENDERERS.items()}
# An attestation is about a manifest, and of the other images none is known.
SHOWN = [
    (name, output)
    for name in ALL
    for output in RENDERERS
    if output != "attestation" or ALL[name].image.manifest_digest
]


@pytest.mark.parametrize(("name", "output"), SHOWN)
def test_report(name: str, output: str, snapshot: Callable[[str, str], None]) -> None:
    snapshot(f"{name}.{ENDINGS[output]}", RENDERERS[output].one(ALL[name], Look()))


def test_verbose_report(snapshot: Callable[[str, str], None]) -> None:
    text = RENDERERS["text"].one(ALL["not-ready-nginx"], Look(verbose=True))
    snapshot("not-ready-nginx-verbose.txt", text)


def test_colored_report(snapshot: Callable[[str, str], None]) -> None:
    text = RENDERERS["text"].one(ALL["undetermined-no-engine"], Look(color=True))
    snapshot("undetermined-no-engine-color.ansi", text)


def test_every_snapshot_has_a_test() -> None:
    expected = {f"{name}.{ENDINGS[output]}" for name, output in SHOWN}
    expected |= {"not-ready-nginx-verbose.txt", "undetermined-no-engine-color.ansi"}
    assert {path.name for path in SNAPSHOTS.iterdir() if path.is_file()} == expected
