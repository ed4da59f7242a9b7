"""Identifiers and times of documents that want them: made from the report, so that they stay.

Reads no clock and draws no random number.
"""

from __future__ import annotations

import hashlib
from datetime import UTC, datetime, time
from uuid import UUID, uuid5

from scanner.model import Report
from scanner.report import json

_NAMESPACE = UUID("1d3c6b0e-6a5f-5f0e-9d0a-5b7f3f3f8a41")
"""Of identifiers that the scanner makes. It must never change: documents refer to each other."""


def document_uuid(report: Report, format_name: str) -> UUID:
    """The identifier of a document of a format: the same for the same report, and for no other."""
    content = hashlib.sha256(json.render(report).encode()).hexdigest()
    return uuid5(_NAMESPACE, f"{format_name}\0{content}")


def subject_uuid(format_name: str, subject: str) -> UUID:
    """The identifier of what documents of a format are about: the same in each of them."""
    return part_uuid(_NAMESPACE, format_name, "subject", subject)


def part_uuid(whole: UUID, *parts: str) -> UUID:
    """The identifier of a part of something."""
    return uuid5(whole, "\0".join(parts).encode("utf-8", "backslashreplace").decode())


def short_id(*parts: str) -> str:
    """A short name for what `parts` tell, fit for any syntax: 16 hexadecimal digits."""
    text = "\0".join(parts).encode("utf-8", "backslashreplace")
    return hashlib.sha256(text).hexdigest()[:16]


def moment(report: Report) -> datetime:
    """The day that a report was made for, as the moment at which it began in UTC."""
    return datetime.combine(report.date, time(), UTC)
