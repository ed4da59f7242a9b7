"""Writes a report as a bill of materials: CycloneDX 1.6 in JSON, with cryptographic assets.

States what was seen; the verdict stands in properties, which CycloneDX has no field for.
"""

from __future__ import annotations

from scanner.model import Report
from scanner.report.look import Look


def render(report: Report, look: Look | None = None) -> str:
    """`report` as a CycloneDX document."""
    del look  # it is for programs
    # The library is not needed for any other format.
    from scanner.report.cyclonedx.bom import bill_of_materials

    return bill_of_materials(report)
