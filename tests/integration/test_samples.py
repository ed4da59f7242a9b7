"""Every sample image, built and scanned: the report says what its `expected.yaml` says."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path

import pytest

from scanner.model import VerdictKind
from scanner.rulebook import RuleBook, default_rules
from scripts import expectations
from scripts.build_samples import SAMPLES, sample_names

NAMES = sample_names()


@pytest.mark.docker
@pytest.mark.slow
@pytest.mark.parametrize("name", NAMES)
def test_report_is_as_expected(
    name: str, sample: Callable[[str], str], fips_provider: Path
) -> None:
    expected = expectations.load(SAMPLES / name / "expected.yaml")
    report, log = expectations.scan(f"docker:{sample(name)}", fips_provider)
    assert report is not None, log
    problems = expectations.disagreements(expected, report)
    assert not problems, f"{problems}\n{log}"


@pytest.mark.parametrize("name", NAMES)
def test_expectation_names_rules_that_exist(name: str) -> None:
    expected = expectations.load(SAMPLES / name / "expected.yaml")
    known = set(RuleBook.load(default_rules()).checks)
    assert not {*expected.must, *expected.must_not} - known
    assert not set(expected.must) & set(expected.must_not)
    assert expected.verdict in set(VerdictKind)


@pytest.mark.parametrize("name", NAMES)
def test_sample_can_be_built_from_other_bases(name: str) -> None:
    """Every base is an argument, so that the sample builds where no registry is reachable."""
    text = (SAMPLES / name / "Dockerfile").read_text()
    arguments = set(re.findall(r"^ARG (\w+)=", text, re.MULTILINE))
    bases = re.findall(r"^FROM (\S+)", text, re.MULTILINE)
    assert bases
    assert all(base == "scratch" or base[2:-1] in arguments for base in bases)


def test_there_is_a_sample_for_every_verdict() -> None:
    """But for `undetermined`, which says something about the scan and not about an image."""
    verdicts = {expectations.load(SAMPLES / name / "expected.yaml").verdict for name in NAMES}
    assert verdicts == set(VerdictKind) - {VerdictKind.UNDETERMINED}
