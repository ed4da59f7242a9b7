"""Writes a report as OSCAL assessment results, in JSON, for auditors and their tools.

Maps what was seen to controls of NIST SP 800-53; whether a control as a whole is met is for an
assessor to say, who knows more than one image.
"""

from __future__ import annotations

import json

from scanner.model import Report
from scanner.report.identity import document_uuid
from scanner.report.look import Look
from scanner.report.oscal.document import assessment_results


def render(report: Report, look: Look | None = None) -> str:
    """`report` as an OSCAL document of assessment results."""
    del look  # it is for programs
    made = assessment_results(report, document_uuid(report, "oscal"))
    return f"{json.dumps({'assessment-results': made}, indent=2)}\n"
