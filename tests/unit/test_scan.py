"""The pipeline as a whole, on directories, without a container."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from pathlib import Path

import pytest

from scanner.errors import UsageError
from scanner.model import GapKind, VerdictKind
from scanner.rulebook import RuleBook
from scanner.scan import MAX_GAPS, ScanOptions, scan


def test_more_gaps_of_a_kind_than_anybody_reads_are_counted(tmp_path: Path) -> None:
    for number in range(MAX_GAPS + 1234):
        (tmp_path / f"{number}.jar").write_bytes(b"PK\3\4 no archive")
    report = scan(
        f"dir:{tmp_path}",
        rules=RuleBook.load(),
        today=date(2026, 9, 1),
        options=ScanOptions(static=True),
    )
    broken = [gap for gap in report.gaps if gap.kind is GapKind.MALFORMED]
    assert len(broken) == MAX_GAPS + 1
    assert broken[-1].reason == "and 1,234 more gaps of the kind malformed"
    assert broken[-1].caps
    assert report.verdict.kind is VerdictKind.UNDETERMINED


DAY = date(2026, 9, 1)


def test_a_report_says_for_which_target_it_was_made(rootfs: Path) -> None:
    for target in ("generic", "openshift"):
        options = ScanOptions(static=True, target=target)
        report = scan(f"dir:{rootfs}", rules=RuleBook.load(), today=DAY, options=options)
        assert report.target == target


def test_rules_without_targets_know_the_generic_one(rootfs: Path) -> None:
    rules = replace(RuleBook.load(), targets={})
    options = ScanOptions(static=True)
    assert scan(f"dir:{rootfs}", rules=rules, today=DAY, options=options).target == "generic"


@pytest.mark.parametrize(
    ("options", "says"),
    [
        (ScanOptions(target="aks"), "aks-azurelinux3, aks-ubuntu2204, generic, openshift"),
        (ScanOptions(conditions=("baseline", "nodes")), "baseline, node, enforced"),
    ],
)
def test_what_there_is_not_is_said_before_the_image_is_opened(
    options: ScanOptions, says: str
) -> None:
    with pytest.raises(UsageError, match=says):
        scan("dir:/no/such/folder", rules=RuleBook.load(), today=DAY, options=options)


def test_a_folder_that_is_no_root_of_an_image_is_not_called_free_of_cryptography(
    tmp_path: Path, rootfs: Path
) -> None:
    def verdict(folder: Path) -> VerdictKind:
        options = ScanOptions(static=True)
        report = scan(f"dir:{folder}", rules=RuleBook.load(), today=DAY, options=options)
        return report.verdict.kind

    sources = tmp_path / "sources"
    sources.mkdir()
    (sources / "README").write_text("A project.")
    assert verdict(sources) is VerdictKind.UNDETERMINED
    (sources / "etc").mkdir()
    (sources / "etc/hosts").write_text("127.0.0.1 localhost\n")
    assert verdict(sources) is VerdictKind.NO_CRYPTO
    assert verdict(rootfs) is VerdictKind.NO_CRYPTO
