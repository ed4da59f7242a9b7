"""What docs/formats.md says of formats is what there is."""

import re
from pathlib import Path

from scanner.report.csv_table import COLUMNS
from scanner.report.formats import RENDERERS

TEXT = (Path(__file__).parents[3] / "docs" / "formats.md").read_text()
PARTS = dict(re.findall(r"(?ms)^## (.+?)\n(.*?)(?=^## |\Z)", TEXT))


def test_every_format_is_described() -> None:
    assert list(PARTS) == list(RENDERERS)


def test_it_is_said_which_formats_take_several_images() -> None:
    rows = dict(re.findall(r"(?m)^\| \[(\w+)\]\(#\1\) \|.*\| (yes|no)\b[^|]*\|$", TEXT))
    assert {name: each.many is not None for name, each in RENDERERS.items()} == {
        name: answer == "yes" for name, answer in rows.items()
    }


def test_every_column_is_described() -> None:
    rows = re.findall(r"(?m)^\| (`.*?`) \|", PARTS["csv"])
    described = [name for row in rows for name in re.findall(r"`(\w+)`", row)]
    assert sorted(described) == sorted(COLUMNS)
