"""The baseline of `fips-scanner scan --baseline`: which report of the file is an image's, if any.

Says on standard error what is odd about it; compares nothing itself.
"""

from __future__ import annotations

from pathlib import Path

from scanner.commands.report_files import STDIN, name_of, reports_in
from scanner.commands.terminal import say
from scanner.errors import UsageError
from scanner.model import Report
from scanner.policy import Baseline


class Baselines:
    """The reports of an earlier scan.

    Raises:
        UsageError: the file cannot be read, or holds no report.
    """

    def __init__(self, file: Path | None, *, quiet: bool = False) -> None:
        self._quiet = quiet
        self._said: set[str] = set()
        self._reports: tuple[Report, ...] = ()
        self._name = ""
        if file is not None:
            self._name = name_of(file) if file == STDIN else file.name
            self._reports = reports_in(file).reports
            if not self._reports:
                raise UsageError(f"the baseline {name_of(file)} holds no report")

    def of(self, report: Report, *, alone: bool) -> Baseline | None:
        """What of `report` was there before; None where nothing is known of that.

        Args:
            alone: whether no other image is scanned with it. One report is then its baseline
                whatever it is called.
        """
        if not self._name:
            return None
        # Heavy, and needed by few scans.
        from scanner.diff.compare import counterpart
        from scanner.policy.baseline import baseline_from, oddities

        only = self._reports[0] if alone and len(self._reports) == 1 else None
        old = only or counterpart(report, self._reports)
        if old is None:
            self._say(f"{self._name} has no report on {report.image.reference}: all of it is new")
            return None
        for each in oddities(old, report, self._name):
            self._say(each)
        return baseline_from(old, report, self._name)

    def _say(self, text: str) -> None:
        # Once, and not again for each image.
        if not self._quiet and text not in self._said:
            self._said.add(text)
            say(f"baseline: {text}")
