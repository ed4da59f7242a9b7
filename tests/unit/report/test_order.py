"""The order in which things were found does not matter to what is written."""

import random
from dataclasses import replace
from typing import Any

import pytest

from scanner.model import Report
from scanner.report import Look
from scanner.report.formats import RENDERERS
from tests.unit.report.gated import WAIVED_POSTGRES
from tests.unit.report.nginx import NOT_READY_NGINX


def mixed(report: Report, chance: random.Random) -> Report:
    def mix(values: tuple[Any, ...]) -> tuple[Any, ...]:
        return tuple(chance.sample(values, len(values)))

    return replace(
        report,
        uses=mix(report.uses),
        findings=mix(
            tuple(replace(each, locations=mix(each.locations)) for each in report.findings)
        ),
        conditions=mix(report.conditions),
        gaps=mix(report.gaps),
        assets=mix(report.assets),
        origins=dict(mix(tuple(report.origins.items()))),
        verdict=replace(report.verdict, points_lost=mix(report.verdict.points_lost)),
    )


@pytest.mark.parametrize("report", [NOT_READY_NGINX, WAIVED_POSTGRES], ids=["nginx", "postgres"])
@pytest.mark.parametrize("name", ["sarif", "junit", "csv", "markdown"])
def test_order_does_not_matter(name: str, report: Report) -> None:
    render = RENDERERS[name].one
    expected = render(report, Look())
    chance = random.Random(11)
    for _ in range(4):
        assert render(mixed(report, chance), Look(40, color=True, verbose=True)) == expected
